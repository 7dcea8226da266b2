"""Rules of lead tables, which trainer, validator and replay must read alike: CSV or JSON lines in UTF-8, gzipped or not.

- Text: UTF-8, with or without a byte order mark; a gzip file is recognised by its first two bytes and unpacked within a limit.
- Kind: JSON lines when the first line begins with `{`, otherwise CSV.
- CSV: fields separated by semicolons when the first line holds more semicolons than commas, otherwise by commas. The first line names
  the columns, each with a name of its own. Every other line has as many fields as the first; empty lines are skipped. Row numbers
  in errors count the header as row 1 and leave out empty lines.
- JSON lines: one flat object per line. A column holds numbers when all of its values are numbers, true, false or missing, otherwise
  texts.
- Missing values: exactly the words in `MISSING`, null, and numbers that are not finite. Blanks belong to a text: " NA" is a text.
- Times: ISO 8601, in UTC unless the time has an offset, or Unix seconds.

An error names the row and the column, never a value: leads are personal data.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias

from leadmodel_artifact.lead import LeadError, instant

MISSING = frozenset({"", "NA", "NaN", "nan", "null", "NULL", "None"})
YES = frozenset({"1", "1.0", "true", "yes", "y", "t"})
NO = frozenset({"0", "0.0", "false", "no", "n", "f"})

MAX_CELLS = 100_000_000  # rows times columns; a training within its memory has far fewer
ROW_CELLS = 4  # a row takes as much memory as so many cells more
MAX_RATIO, UNSUSPECTED = (
    200,
    32 << 20,
)  # times its own bytes that a gzip file unpacks to; bytes that no ratio matters for

Value: TypeAlias = float | str | None  # None: missing


class TableError(ValueError):
    """The bytes are no table of leads; the message says where, and never shows a value."""


@dataclass(frozen=True)
class Table:
    """The names of n columns, and the rows: n values each, to be iterated once. `first_row` is the number of the first row."""

    names: Sequence[str]
    rows: Iterator[Sequence[Value]]
    first_row: int


def read(data: bytes, max_bytes: int, max_cells: int = MAX_CELLS) -> Table:
    """The table in `data`, of which a gzip file may unpack to `max_bytes`; CSV rows are read while they are iterated.

    JSON lines are kept in memory and have at most `max_cells` cells.

    Raises:
        TableError: at once for a bad header or JSON line, during the iteration for a bad CSV row.
    """
    text = open_text(data, max_bytes)
    with named_errors():
        head = text.readline()
        if is_json_lines(head):
            columns = json_columns(chain([head], text), max_cells)
            return Table(list(columns), zip(*columns.values(), strict=True), 1)
        names, rows = csv_rows(head, text)
    return Table(names, _values(names, rows), 2)


def _values(names: Sequence[str], rows: Iterator[list[str]]) -> Iterator[Sequence[Value]]:
    with named_errors():
        for number_, row in enumerate(rows, 2):
            check_width(row, number_, len(names))
            yield [None if text in MISSING else text for text in row]


# --- bytes and text -------------------------------------------------------------------------------------------------------


def open_bytes(data: bytes, max_bytes: int) -> "_Unpacked | io.BytesIO":
    """The bytes as a stream, unpacked when they are gzip; reading beyond `max_bytes` of unpacked bytes raises TableError."""
    return _Unpacked(data, max_bytes) if data.startswith(b"\x1f\x8b") else io.BytesIO(data)


def open_text(data: bytes, max_bytes: int) -> io.TextIOWrapper:
    """The bytes as lines of text with their own line ends; to be read inside `named_errors`."""
    return io.TextIOWrapper(open_bytes(data, max_bytes), encoding="utf-8-sig", newline="")


class _Unpacked(gzip.GzipFile):
    """A gzip file that stops a small file from unpacking to a huge one."""

    def __init__(self, data: bytes, max_bytes: int) -> None:
        super().__init__(fileobj=io.BytesIO(data))
        self.max_bytes = min(max_bytes, max(UNSUSPECTED, MAX_RATIO * len(data)))

    def read(self, size: int | None = -1) -> bytes:
        self._check()
        return super().read(size)

    def read1(self, size: int = -1) -> bytes:
        self._check()
        return super().read1(size)

    def _check(self) -> None:
        if self.tell() > self.max_bytes:
            raise TableError(f"the leads unpack to more than {self.max_bytes} bytes")


@contextmanager
def named_errors() -> Iterator[None]:
    """Turn errors of reading bytes, UTF-8 and CSV into TableErrors."""
    try:
        yield
    except UnicodeDecodeError:
        raise TableError("the leads are not UTF-8 text") from None
    except (OSError, EOFError, zlib.error):
        raise TableError("the gzip file is damaged or cut off") from None
    except csv.Error:
        raise TableError("the file has no header line or is no CSV") from None


# --- CSV ----------------------------------------------------------------------------------------------------------------------


def delimiter_of(head: str) -> str:
    """The delimiter of a CSV whose first line is `head`."""
    return ";" if head.count(";") > head.count(",") else ","


def csv_rows(head: str, lines: Iterable[str]) -> tuple[list[str], Iterator[list[str]]]:
    """The names in the first line `head`, and the rows in the other lines, without empty ones and with widths not yet checked.

    Raises:
        TableError: when a name is empty or stands twice. Iterating the rows raises csv.Error; see `named_errors`.
    """
    reader = csv.reader(chain([head], lines), delimiter=delimiter_of(head))
    names = next(reader, [])
    if len(set(names)) != len(names) or not all(names):
        raise TableError("each column needs a name of its own in the header line")
    return names, filter(None, reader)


def check_size(rows: int, columns: int, max_cells: int) -> None:
    """Raise a TableError where a table has more than so many cells: a small file can unpack to more than memory holds."""
    if rows * (columns + ROW_CELLS) > max_cells:
        raise TableError(
            f"{rows} leads of {columns} columns are too many, at most {max_cells} cells fit; take fewer leads"
        )


def check_width(row: Sequence[str], number_: int, width: int) -> None:
    """Raise a TableError that names the row when the row does not have `width` fields."""
    if len(row) != width:
        raise TableError(f"row {number_} has {len(row)} fields, the header has {width}")


# --- JSON lines -----------------------------------------------------------------------------------------------------------


def is_json_lines(head: str) -> bool:
    """Whether a table whose first line is `head` holds JSON lines."""
    return head.lstrip()[:1] == "{"


def json_columns(lines: Iterable[str], max_cells: int = MAX_CELLS) -> dict[str, list[Value]]:
    """Columns of n values in order of first sight: each all numbers or all texts, None where a lead has no value.

    Raises:
        TableError: naming the line that is no flat JSON object.
    """
    leads, names = [], dict[str, None]()
    for number_, line in enumerate(lines, 1):
        if line.strip():
            leads.append(_lead(line, number_))
            names.update(dict.fromkeys(leads[-1]))
            check_size(len(leads), len(names), max_cells)
    return {name: _column([lead.get(name) for lead in leads]) for name in names}


def _lead(line: str, number_: int) -> Mapping[str, Any]:
    try:
        lead = json.loads(line)
    except (ValueError, RecursionError):
        lead = None
    if not isinstance(lead, dict):
        raise TableError(f"line {number_} is no JSON object")
    if any(isinstance(value, dict | list) for value in lead.values()):
        raise TableError(f"line {number_} is no flat JSON object")
    return lead


def _column(values: list[Any]) -> list[Value]:
    if all(value is None or isinstance(value, bool | int | float) for value in values):
        return [number(value) for value in values]
    return [None if value is None or value in MISSING or value != value else str(value) for value in values]  # noqa: PLR0124  # NaN


# --- values --------------------------------------------------------------------------------------------------------------------


def number(value: Any) -> float | None:
    """The finite number that a text or a number stands for, as Python's `float` reads it; None for anything else."""
    try:
        result = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return result if result - result == 0 else None


def outcome(value: Any) -> bool | None:
    """The outcome that a label stands for: yes/no, true/false, 1/0 in any case, blanks around it ignored; None for anything else."""
    word = str(value).strip().lower()
    return True if word in YES else False if word in NO else None


def seconds(value: Any) -> float | None:
    """Unix seconds of a time: ISO 8601 (UTC without an offset), or else Unix seconds as a number or a text; None for anything else."""
    try:
        return instant(value).timestamp()
    except LeadError:
        unix = number(value)  # tried second: ISO 8601 is the rule, and its text may look like a number
    try:
        return None if unix is None else instant(unix).timestamp()
    except LeadError:
        return None
