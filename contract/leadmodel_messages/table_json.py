"""The columns of JSON lines: numbers where a float holds all of them exactly, otherwise texts."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from leadmodel_artifact.values import EXACT, text_of
from leadmodel_messages.table_bytes import TableError
from leadmodel_messages.table_values import Value

MAX_CELLS = 100_000_000  # rows times columns; a training within its memory has far fewer
ROW_CELLS = 4  # a row takes as much memory as so many cells more


def is_json_lines(head: str) -> bool:
    """Whether a table whose first line is `head` holds JSON lines."""
    return head.lstrip()[:1] == "{"


def json_columns(lines: Iterable[str], max_cells: int = MAX_CELLS, first: int = 1) -> dict[str, list[Value]]:
    """Columns of n values in order of first sight: each all numbers or all texts, None where a lead has no value.

    Raises:
        TableError: naming the line that is no flat JSON object.
    """
    leads, names = [], dict[str, None]()
    for number_, line in enumerate(lines, first):
        if line.strip():
            leads.append(_lead(line, number_))
            names.update(dict.fromkeys(leads[-1]))
            check_size(len(leads), len(names), max_cells)
    return {name: _column([lead.get(name) for lead in leads]) for name in names}


def json_begins(lines: Iterable[str]) -> Iterator[int]:
    """The line of each lead of `json_columns`; the first of `lines` is line 1."""
    return (number for number, line in enumerate(lines, 1) if line.strip())


def _lead(line: str, number_: int) -> Mapping[str, Any]:
    try:
        lead = json.loads(line)
    except (ValueError, RecursionError):
        lead = None
    if not isinstance(lead, dict):
        raise TableError(f"line {number_} is no JSON object; write one object per line, as `jq -c .` does")
    if any(isinstance(value, dict | list) for value in lead.values()):
        raise TableError(
            f"line {number_} is no flat JSON object; write what is nested as fields of their own"
        )
    if "" in lead:
        raise TableError(f"line {number_} has a field without a name; name the field, or leave it out")
    if ("\\ud" in line or "\\uD" in line) and not _is_whole(lead):
        raise TableError(
            f"line {number_} holds half of a character; was a text cut within an emoji? Write it whole, or leave it out"
        )
    return lead


def _is_whole(lead: Mapping[str, Any]) -> bool:
    try:
        json.dumps(lead, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _column(values: list[Any]) -> list[Value]:
    present = [None if _is_missing(value) else value for value in values]
    if all(value is None or _is_exact(value) for value in present):
        return [None if value is None else float(value) for value in present]
    return [None if value is None else text_of(value) for value in present]


def _is_missing(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and not math.isfinite(value))


def _is_exact(value: Any) -> bool:
    """Whether a float holds the value exactly; ids of 64 bits stay texts, so that neighbours differ."""
    return isinstance(value, float) or (type(value) is int and abs(value) <= EXACT)


def check_size(rows: int, columns: int, max_cells: int) -> None:
    """Raise a TableError where a table has more than so many cells: a small file can unpack to more than memory holds."""
    if rows * (columns + ROW_CELLS) > max_cells:
        raise TableError(
            f"{rows} leads of {columns} columns are too many, at most {max_cells} cells fit; take fewer leads"
        )
