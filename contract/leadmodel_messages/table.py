"""Rules of lead tables, which trainer, validator and replay must read alike: CSV or JSON lines in UTF-8, gzipped or not.

- Text: UTF-8, with or without a byte order mark; a gzip file is recognised by its first two bytes and unpacked within a limit.
- Kind: JSON lines when the first line that is not empty begins with `{`, otherwise CSV.
- CSV: fields separated by what the first line holds most of: commas, semicolons, tabs or `|`. The first line names
  the columns, each with a name of its own. Every other line has as many fields as the first; empty lines are skipped.
- JSON lines: one flat object per line. A column holds numbers when all of its values are numbers that a float holds exactly, or
  missing; otherwise texts, as `text_of` writes values.
- Missing values: an empty field, null, and numbers that are not finite. What else means missing depends on what a column holds: see
  `numbers.py` for numbers, and `leadmodel_artifact.values` for words.
- Times: ISO 8601, in UTC unless the time has an offset, or Unix seconds from 1973 to 5138, so that a year or milliseconds are no time.

An error names the line and the column, never a value: leads are personal data. A line is one of the file (unpacked, if it is gzip) as a text
editor counts: the header and empty lines count, and a row begins in a line and may end in a later one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice

from leadmodel_messages.table_bytes import first_line, named_errors, open_text, refuse_other_formats
from leadmodel_messages.table_csv import csv_begins, csv_rows, delimiter_of, wrong_width
from leadmodel_messages.table_json import MAX_CELLS, is_json_lines, json_begins, json_columns
from leadmodel_messages.table_values import Value


@dataclass(frozen=True)
class Table:
    """The names of n columns, and the rows: n values each, to be iterated once."""

    names: Sequence[str]
    rows: Iterator[Sequence[Value]]
    semicolons: bool = False  # whether semicolons separate the fields


def read(data: bytes, max_bytes: int, max_cells: int = MAX_CELLS) -> Table:
    """The table in `data`, of which a gzip file may unpack to `max_bytes`; CSV rows are read while they are iterated.

    JSON lines are kept in memory and have at most `max_cells` cells.

    Raises:
        TableError: at once for a bad header or JSON line, during the iteration for a bad CSV row.
    """
    text = open_text(data, max_bytes)
    with named_errors(data, max_bytes):
        refuse_other_formats(data, max_bytes)
        head, empty = first_line(text)
        if is_json_lines(head):
            columns = json_columns(chain([head], text), max_cells, empty + 1)
            return Table(list(columns), zip(*columns.values(), strict=True))
        names, rows = csv_rows(head, text)

    def values() -> Iterator[Sequence[Value]]:
        with named_errors(data, max_bytes):
            for number, row in enumerate(rows):
                if len(row) != len(names):
                    raise wrong_width(row, len(names), line_of(data, max_bytes, number))
                yield [text or None for text in row]

    return Table(names, values(), delimiter_of(head) == ";")


def line_of(data: bytes, max_bytes: int, row: int) -> int:
    """The line of the file in which a row begins; rows count from 0, as they were read from the same bytes before.

    The file is read once more up to the row, so that nobody who meets no error keeps a number per row.
    """
    text = open_text(data, max_bytes)
    head, empty = first_line(text)
    begins = json_begins(chain([head], text)) if is_json_lines(head) else csv_begins(head, text)
    return empty + next(islice(begins, row, None))
