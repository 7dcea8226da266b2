"""The rows of a CSV: its delimiter, the names of its columns, and rows of as many fields."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from leadmodel_messages.table_bytes import MAX_FIELD, TableError

DELIMITERS = ",;\t|"


def delimiter_of(head: str) -> str:
    """The delimiter of a CSV whose first line is `head`."""
    return max(DELIMITERS, key=head.count)  # the first of equals


def csv_rows(head: str, lines: Iterable[str]) -> tuple[list[str], Iterator[list[str]]]:
    """The names in the first line `head`, and the rows in the other lines, without empty ones and with widths not yet checked.

    Raises:
        TableError: when a name is empty or stands twice. Iterating the rows raises csv.Error; see `named_errors`.
    """
    names, reader = _header(head, lines)
    _check_names(names)
    return names, filter(None, reader) if len(names) == 1 else (row for row in reader if _is_filled(row))


def csv_begins(head: str, lines: Iterable[str]) -> Iterator[int]:
    """The line in which each row of `csv_rows` begins; `head` begins in line 1."""
    names, reader = _header(head, lines)
    end = reader.line_num
    for row in reader:
        if row if len(names) == 1 else _is_filled(row):
            yield end + 1
        end = reader.line_num


def _header(head: str, lines: Iterable[str]) -> tuple[list[str], Any]:
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(chain([head], lines), delimiter=delimiter_of(head))
    return next(reader, []), reader


def _is_filled(row: Sequence[str]) -> bool:
    return len(row) > 1 or bool(row and row[0].strip())


def _check_names(names: Sequence[str]) -> None:
    """Raise a TableError that names columns by their place: without a header line the names would be a lead."""
    needed = "each column needs a name of its own in the header line"
    if "" in names:
        raise TableError(f"{needed}: column {names.index('') + 1} has none")
    for place, name in enumerate(names):
        if (first := names.index(name)) != place:
            raise TableError(f"{needed}: columns {first + 1} and {place + 1} have the same")


def wrong_width(row: Sequence[str], width: int, line: int) -> TableError:
    """The error of a row that begins in `line` and does not have `width` fields."""
    return TableError(
        f"line {line} has {len(row)} fields, the header has {width}; write a field that holds the delimiter in quotes"
    )
