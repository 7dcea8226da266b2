"""The table of `get`: the printer columns of the CRD, laid out as kubectl does. Pure functions of documents."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from leadmodel_operator.resource.columns import COLUMNS

_CONDITION = re.compile(r'\.status\.conditions\[\?\(@\.type=="(\w+)"\)\]\.(\w+)')


def value(document: Mapping[str, Any], path: str) -> Any:
    """Return the value at a printer column's JSONPath, or None."""
    condition = _CONDITION.fullmatch(path)
    if condition:
        conditions = (document.get("status") or {}).get("conditions") or []
        return next((c.get(condition[2]) for c in conditions if c["type"] == condition[1]), None)
    node: Any = document
    for part in path.strip(".").split("."):
        node = node.get(part) if isinstance(node, Mapping) else None
    return node


def age(since: str | None, now: datetime) -> str:
    """Write the time since an instant in kubectl's short form, such as `8d` or `90m`."""
    if since is None:
        return "<unknown>"
    try:
        seconds = max(0, int((now - datetime.fromisoformat(since)).total_seconds()))
    except (TypeError, ValueError):
        return "<unknown>"
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size or (seconds >= size and unit == "d"):
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def rows(
    documents: Sequence[Mapping[str, Any]], now: datetime, *, wide: bool = False, everywhere: bool = False
) -> list[list[str]]:
    """Build the header and one row per LeadModel; namespaces are shown where all were asked, and where there are several."""
    columns = [column for column in COLUMNS if wide or not column.priority]
    several = everywhere or len({document["metadata"]["namespace"] for document in documents}) > 1
    table = [[*(["NAMESPACE"] if several else []), "NAME", *(column.name.upper() for column in columns)]]
    for document in documents:
        metadata = document["metadata"]
        cells = [*([metadata["namespace"]] if several else []), metadata["name"]]
        for column in columns:
            cell = value(document, column.path)
            cells.append(age(cell, now) if column.type == "date" else "" if cell is None else str(cell))
        table.append(cells)
    return table


def text(table: Sequence[Sequence[str]]) -> str:
    """Lay out columns side by side with three blanks between, as kubectl does."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = ("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
    return "\n".join(line.rstrip() for line in lines)
