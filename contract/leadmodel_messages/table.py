"""Rules of lead tables, which trainer, validator and replay must read alike: CSV or JSON lines in UTF-8, gzipped or not.

- Text: UTF-8, with or without a byte order mark; a gzip file is recognised by its first two bytes and unpacked within a limit.
- Kind: JSON lines when the first line that is not empty begins with `{`, otherwise CSV.
- CSV: fields separated by what the first line holds most of: commas, semicolons, tabs or `|`. The first line names
  the columns, each with a name of its own. Every other line has as many fields as the first; empty lines are skipped. Row numbers
  in errors count the header as row 1 and leave out empty lines.
- JSON lines: one flat object per line. A column holds numbers when all of its values are numbers that a float holds exactly, or missing;
  otherwise texts, as `text_of` writes values.
- Missing values: an empty field, null, and numbers that are not finite. What else means missing depends on what a column holds: see
  `numbers.py` for numbers, and `leadmodel_artifact.values` for words.
- Times: ISO 8601, in UTC unless the time has an offset, or Unix seconds from 1973 to 5138, so that a year or milliseconds are no time.

An error names the row and the column, never a value: leads are personal data.
"""

import codecs
import csv
import gzip
import io
import json
import math
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, TypeAlias

from leadmodel_artifact.lead import MAX_UNIX, MIN_UNIX, LeadError, instant
from leadmodel_artifact.values import EXACT, number_of, text_of

MAX_FIELD = 1 << 24  # characters
DELIMITERS = ",;\t|"
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
            return Table(list(columns), zip(*columns.values(), strict=True), 1)
        names, rows = csv_rows(head, text)

    def values() -> Iterator[Sequence[Value]]:
        with named_errors(data, max_bytes):
            for number_, row in enumerate(rows, 2):
                check_width(row, number_, len(names))
                yield [text or None for text in row]

    return Table(names, values(), 2, delimiter_of(head) == ";")


# --- bytes and text -------------------------------------------------------------------------------------------------------


_BLOCK = 8192  # bytes; as many as a text reader takes at once
_UTF_16 = "UTF-16 text; save as CSV (UTF-8), or use `iconv -f UTF-16 -t UTF-8`"
_OTHERS = {
    b"PAR1": "Parquet, which only training reads, and not within gzip; give CSV or JSON lines",
    b"PK\x03\x04": "an Excel or zip file; save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an Excel file; save the sheet as CSV (UTF-8)",
    b"\xff\xfe": _UTF_16,
    b"\xfe\xff": _UTF_16,
    b"[": "a JSON list; write one object per line, as `jq -c '.[]'` does",
    b"BZh9": "packed by bzip2; unpack the file, or pack it by gzip",
    b"\xfd7zXZ": "packed by xz; unpack the file, or pack it by gzip",
    b"\x28\xb5\x2f\xfd": "packed by zstd; unpack the file, or pack it by gzip",
}


def refuse_other_formats(data: bytes, max_bytes: int) -> None:
    """Raise a TableError that says how to convert a file of a format that is recognised but not read, gzipped or not.

    To be called inside `named_errors`.
    """
    start = open_bytes(data, max_bytes).read1(_BLOCK).removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"\0" in start[:2]:
        raise TableError("the leads are UTF-16 text without a mark; save as CSV (UTF-8)")
    for mark, remedy in _OTHERS.items():
        if start.startswith(mark):
            raise TableError(f"the leads are {remedy}")


def first_line(text: io.TextIOWrapper) -> tuple[str, int]:
    """The first line that is not empty, and how many empty lines come before it."""
    empty = 0
    while (line := text.readline()) and not line.strip("\r\n "):
        empty += 1
    return line, empty


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
        suspect = max(UNSUSPECTED, MAX_RATIO * len(data))
        self.max_bytes = min(max_bytes, suspect)
        self._remedy = (
            f", over {MAX_RATIO} times the {len(data)} bytes of the gzip file, which no table of leads needs: give the file without gzip, "
            "or leave out columns that repeat one value"
            if suspect < max_bytes
            else ", the most that is read: take fewer leads, or leave out columns that no model reads"
        )

    def read(self, size: int | None = -1) -> bytes:
        self._check()
        return super().read(size)

    def read1(self, size: int = -1) -> bytes:
        self._check()
        return super().read1(size)

    def _check(self) -> None:
        if self.tell() > self.max_bytes:
            raise TableError(f"the leads unpack to more than {self.max_bytes} bytes{self._remedy}")


@contextmanager
def named_errors(data: bytes, max_bytes: int) -> Iterator[None]:
    """Turn errors of reading `data`, its UTF-8 and its CSV into TableErrors."""
    try:
        yield
    except UnicodeDecodeError:
        raise TableError(
            f"line {_undecodable_line(open_bytes(data, max_bytes))} is not UTF-8 text; save the leads as CSV (UTF-8), "
            "or use `iconv -f WINDOWS-1252 -t UTF-8`"
        ) from None
    except (OSError, EOFError, zlib.error):
        raise TableError("the gzip file is damaged or cut off; write it again, or fetch it again") from None
    except csv.Error as error:
        if "limit" in str(error):
            message = f"a field has more than {MAX_FIELD} characters, so the file is no CSV; is a quote never closed? Write each quote within a field twice"
            raise TableError(message) from None
        raise TableError(
            "the file has no header line or is no CSV; write the names of the columns into the first line"
        ) from None


def _undecodable_line(source: "_Unpacked | io.BytesIO") -> int:
    """The number of the first line that is not UTF-8, empty lines counted; read in blocks, for a line may be huge."""
    decoder, line = codecs.getincrementaldecoder("utf-8")(), 1
    while block := source.read1(_BLOCK):
        try:
            decoder.decode(block)
        except UnicodeDecodeError as error:
            return line + error.object[: error.start].count(b"\n")
        line += block.count(b"\n")
    return line


# --- CSV ----------------------------------------------------------------------------------------------------------------------


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


def check_size(rows: int, columns: int, max_cells: int) -> None:
    """Raise a TableError where a table has more than so many cells: a small file can unpack to more than memory holds."""
    if rows * (columns + ROW_CELLS) > max_cells:
        raise TableError(
            f"{rows} leads of {columns} columns are too many, at most {max_cells} cells fit; take fewer leads"
        )


def check_width(row: Sequence[str], number_: int, width: int) -> None:
    """Raise a TableError that names the row when the row does not have `width` fields."""
    if len(row) != width:
        raise TableError(
            f"row {number_} has {len(row)} fields, the header has {width}; write a field that holds the delimiter in quotes"
        )


# --- JSON lines -----------------------------------------------------------------------------------------------------------


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


# --- values --------------------------------------------------------------------------------------------------------------------


def number(value: Any) -> float | None:
    """The finite number that a text or a number stands for; None for anything else."""
    try:
        result = number_of(value) if isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return result if result is not None and math.isfinite(result) else None


def outcome(value: Any, positive: str | None = None) -> bool | None:
    """The outcome that a label stands for; None for anything else.

    Args:
        value: yes/no, true/false or 1/0, in any case, blanks around it ignored.
        positive: the word of a lead that converted instead; every other word then is the label of a lead that did not.
    """
    word = text_of(value).strip().lower()
    if positive is not None:
        return None if value is None or not word else word == positive.strip().lower()
    return True if word in YES else False if word in NO else None


def seconds(value: Any) -> float | None:
    """Unix seconds of a time: ISO 8601 (UTC without an offset), or else Unix seconds as a number or a text; None for anything else."""
    if not isinstance(value, str) and not (isinstance(value, int | float) and MIN_UNIX <= value < MAX_UNIX):
        return None
    try:
        return instant(value).timestamp()
    except LeadError:
        return None
