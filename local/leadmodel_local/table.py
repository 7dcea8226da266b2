"""The table of `get`: the very columns of the CRD, as kubectl prints them. Also one LeadModel as a document."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from leadmodel_local import files
from leadmodel_local.files import Place
from leadmodel_operator.resource.columns import COLUMNS
from leadmodel_operator.resource.vocabulary import API_VERSION, KIND

_CONDITION = re.compile(r'\.status\.conditions\[\?\(@\.type=="(\w+)"\)\]\.(\w+)')


def document(place: Place) -> dict[str, Any]:
    """The LeadModel as `kubectl get -o json` would give it."""
    about = files.read_json(place.object) or {}
    status = (files.read_json(place.status) or {}).get("status") or {}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": place.key.name,
            "namespace": place.key.namespace,
            "uid": about.get("uid"),
            "generation": about.get("generation"),
            "creationTimestamp": about.get("created"),
            "annotations": about.get("annotations") or {},
        },
        "spec": about.get("spec") or {},
        "status": status,
    }


def value(found: dict[str, Any], path: str) -> Any:
    """What a column's path names, or None."""
    condition = _CONDITION.fullmatch(path)
    if condition:
        there = (found.get("status") or {}).get("conditions") or []
        return next((c.get(condition[2]) for c in there if c["type"] == condition[1]), None)
    here: Any = found
    for part in path.strip(".").split("."):
        here = here.get(part) if isinstance(here, dict) else None
    return here


def age(since: str | None, now: datetime) -> str:
    """How long ago, as kubectl says it."""
    if since is None:
        return "<unknown>"
    seconds = max(0, int((now - datetime.fromisoformat(since)).total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= 2 * size or (seconds >= size and unit == "d"):
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def rows(there: Sequence[Place], now: datetime, *, wide: bool = False) -> list[list[str]]:
    """Header and one row a LeadModel."""
    columns = [column for column in COLUMNS if wide or not column.priority]
    several = len({place.key.namespace for place in there}) > 1
    header = [*(["NAMESPACE"] if several else []), "NAME", *(column.name.upper() for column in columns)]
    found = [header]
    for place in there:
        shown = document(place)
        cells = [*([place.key.namespace] if several else []), place.key.name]
        for column in columns:
            cell = value(shown, column.path)
            cells.append(age(cell, now) if column.type == "date" else "" if cell is None else str(cell))
        found.append(cells)
    return found


def text(table: Sequence[Sequence[str]]) -> str:
    """Columns side by side, three blanks between, as kubectl does."""
    widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
    lines = ("   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in table)
    return "\n".join(line.rstrip() for line in lines)
