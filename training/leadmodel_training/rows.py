"""Leads with outcomes, read from bytes: CSV (comma or semicolon), JSON lines, either gzipped, or Parquet.

Everything comes out as columns, in file order: texts (None: missing), or numbers (NaN: missing). They are kept as arrays, so that
a million leads fit. What the columns mean is decided by the trainer.
"""

import csv
import gzip
import io
import json
import math
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, TypeAlias

import numpy as np
from numpy.dtypes import StringDType
from numpy.typing import NDArray

MAX_BYTES = 4 * 1024**3
CHUNK = 50_000
TEXT = StringDType(na_object=None)
_MISSING = {"", "NA", "NaN", "nan", "null", "NULL", "None"}
_TRUE, _FALSE = {"1", "1.0", "true", "yes", "y", "t"}, {"0", "0.0", "false", "no", "n", "f"}

Column: TypeAlias = Sequence[Any] | NDArray[Any]


class RowsError(ValueError):
    """The file is no table of leads; the message says where, never what stands there."""


@dataclass(frozen=True)
class Rows:
    """Columns of equal length."""

    columns: Mapping[str, Column]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def take(self, places: Sequence[int] | NDArray[np.intp]) -> "Rows":
        """These rows, in this order."""
        return Rows(
            {
                name: column[places] if isinstance(column, np.ndarray) else [column[i] for i in places]
                for name, column in self.columns.items()
            }
        )

    def leads(self) -> Iterator[dict[str, Any]]:
        """One mapping a row, missing values left out."""
        names = list(self.columns)
        for values in zip(*map(plain, self.columns.values()), strict=True):
            yield {name: value for name, value in zip(names, values, strict=True) if value is not None}


def plain(column: Column) -> list[Any]:
    """The values of a column as Python's own, None where one is missing."""
    if not isinstance(column, np.ndarray):
        return list(column)
    if column.dtype == np.float64:
        return [None if math.isnan(value) else value for value in column.tolist()]
    found: list[Any] = column.tolist()
    return found


def read(data: bytes) -> Rows:
    """Read a table of leads. Raises RowsError."""
    if data[:4] == b"PAR1":
        from leadmodel_training.parquet import read_parquet

        rows = read_parquet(data)
    else:
        rows = _read_text(data)
    if not len(rows):
        raise RowsError("the file holds no leads")
    return rows


def _read_text(data: bytes) -> Rows:
    packed = data[:2] == b"\x1f\x8b"
    source = gzip.GzipFile(fileobj=io.BytesIO(data)) if packed else io.BytesIO(data)
    text = io.TextIOWrapper(source, encoding="utf-8-sig", newline="")
    try:
        head = text.readline()
        lines = _bounded(head, text, source)
        return _read_json_lines(lines) if head.lstrip()[:1] == "{" else _read_csv(head, lines)
    except UnicodeDecodeError:
        raise RowsError("the leads are not UTF-8 text") from None
    except (OSError, EOFError, zlib.error):
        raise RowsError("the gzip file is damaged or cut off") from None


def _bounded(head: str, text: io.TextIOWrapper, source: io.BytesIO | gzip.GzipFile) -> Iterator[str]:
    """The lines; a small file that unpacks to a huge one is stopped."""
    yield head
    for line in text:
        if source.tell() > MAX_BYTES:
            raise RowsError(f"the leads unpack to more than {MAX_BYTES} bytes")
        yield line


def _read_csv(head: str, lines: Iterator[str]) -> Rows:
    reader = csv.reader(lines, delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        names = next(reader, [])
        if len(set(names)) != len(names) or not all(names):
            raise RowsError("each column needs a name of its own in the header line")
        return Rows(_columns(names, _fields(reader, len(names))))
    except csv.Error:
        raise RowsError("the file has no header line or is no CSV") from None


def _fields(reader: Iterable[list[str]], width: int) -> Iterator[Sequence[str | None]]:
    for number, row in enumerate(filter(None, reader), 2):
        if len(row) != width:
            raise RowsError(f"row {number} has {len(row)} fields, the header has {width}")
        yield [None if value in _MISSING else value for value in row]


def _columns(names: Sequence[str], rows: Iterator[Sequence[str | None]]) -> dict[str, Column]:
    """Columns of texts, made of pieces, so that never more than a piece is there as objects."""
    pieces: list[list[NDArray[Any]]] = [[] for _ in names]
    while chunk := list(islice(rows, CHUNK)):
        for i, column in enumerate(zip(*chunk, strict=True)):
            pieces[i].append(np.array(column, dtype=TEXT))
    return {
        name: np.concatenate(found) if found else np.empty(0, TEXT)
        for name, found in zip(names, pieces, strict=True)
    }


def _read_json_lines(lines: Iterator[str]) -> Rows:
    leads: list[dict[str, Any]] = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            leads.append(_lead(line, number))
    names = list(dict.fromkeys(name for lead in leads for name in lead))
    return Rows({name: _column([lead.get(name) for lead in leads]) for name in names})


def _lead(line: str, number: int) -> dict[str, Any]:
    try:
        lead = json.loads(line)
    except (ValueError, RecursionError):
        lead = None
    if not isinstance(lead, dict):
        raise RowsError(f"line {number} is no JSON object")
    if any(isinstance(value, dict | list) for value in lead.values()):
        raise RowsError(f"line {number} is no flat JSON object")
    return lead


def _column(values: list[Any]) -> Column:
    """Numbers where all are numbers (or true and false), else texts."""
    if all(value is None or isinstance(value, bool | int | float) for value in values):
        return np.array([np.nan if (n := number(value)) is None else n for value in values])
    return np.array([None if value is None or value in _MISSING else str(value) for value in values], TEXT)


def labels(column: Column, name: str) -> list[bool]:
    """Outcomes: yes/no, true/false, 1/0. Raises RowsError naming the column."""
    words = {value: str(value).strip().lower() for value in set(plain(column))}
    known = {value: word in _TRUE for value, word in words.items() if word in _TRUE or word in _FALSE}
    found: list[bool] = []
    for place, value in enumerate(plain(column)):
        if value not in known:
            raise RowsError(f"label {name!r} of row {place + 1} is neither yes/no, true/false nor 1/0")
        found.append(known[value])
    return found


def number(value: Any) -> float | None:
    """A finite number, or None."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found - found == 0 else None


def write_csv(rows: Rows) -> bytes:
    """A gzipped CSV, the same bytes for the same rows."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows(
        zip(*(["" if v is None else v for v in plain(c)] for c in rows.columns.values()), strict=True)
    )
    return gzip.compress(text.getvalue().encode(), compresslevel=6, mtime=0)
