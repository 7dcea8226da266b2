"""The rows of a CSV: its delimiter, the names of its columns, and rows of as many fields."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

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
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(chain([head], lines), delimiter=delimiter_of(head))
    names = next(reader, [])
    _check_names(names)
    return names, filter(None, reader) if len(names) == 1 else (
        row for row in reader if len(row) > 1 or (row and row[0].strip())
    )


def _check_names(names: Sequence[str]) -> None:
    """Raise a TableError that names columns by their place: without a header line the names would be a lead."""
    needed = "each column needs a name of its own in the header line"
    if "" in names:
        raise TableError(f"{needed}: column {names.index('') + 1} has none")
    for place, name in enumerate(names):
        if (first := names.index(name)) != place:
            raise TableError(f"{needed}: columns {first + 1} and {place + 1} have the same")


def check_width(row: Sequence[str], number_: int, width: int) -> None:
    """Raise a TableError that names the row when the row does not have `width` fields."""
    if len(row) != width:
        raise TableError(
            f"row {number_} has {len(row)} fields, the header has {width}; write a field that holds the delimiter in quotes"
        )
