"""Leads with outcomes, read from bytes: CSV (comma or semicolon), JSON lines, either gzipped, or Parquet.

Everything comes out as columns, in file order: texts (None: missing), or numbers (NaN: missing). A text is kept once a piece of
50,000 rows and a number a row says which it is: a million leads fit, and what is asked of a text is asked once. What the columns
mean is decided by the trainer.
"""

import csv
import gzip
import io
import json
import math
import zlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count, islice
from typing import Any, TypeAlias

import numpy as np
from numpy.dtypes import StringDType
from numpy.typing import NDArray

from leadmodel_training.cut import cut

MAX_BYTES = 4 * 1024**3
CHUNK = 50_000
TEXT = StringDType(na_object=None)
_MISSING = {"", "NA", "NaN", "nan", "null", "NULL", "None"}
_TRUE, _FALSE = {"1", "1.0", "true", "yes", "y", "t"}, {"0", "0.0", "false", "no", "n", "f"}


class RowsError(ValueError):
    """The file is no table of leads; the message says where, never what stands there."""


@dataclass(frozen=True)
class Values:
    """Texts, None where one is missing; as numbers they are read once."""

    texts: NDArray[Any]

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """What they are as numbers, NaN where one is none."""
        return np.array([number(text) for text in self.texts.tolist()], np.float64)


@dataclass(frozen=True)
class Texts:
    """A column of n texts: `values` each text once a piece, `places` n, which of them a row has."""

    values: Values
    places: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, rows: Any) -> "Texts":
        return Texts(self.values, self.places[rows])

    def __iter__(self) -> Iterator[str | None]:
        return iter(np.array(self.values.texts.tolist(), dtype=object)[self.places].tolist())


Column: TypeAlias = Sequence[Any] | NDArray[Any] | Texts


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
                name: column[places]
                if isinstance(column, np.ndarray | Texts)
                else [column[i] for i in places]
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


def distinct(column: Column) -> tuple[list[Any], NDArray[Any]]:
    """Values as Python's own (None: missing; one may stand there more than once), and n places: which of them a row has."""
    if isinstance(column, Texts):
        return column.values.texts.tolist(), column.places
    return plain(column), np.arange(len(column))


def each(find: Callable[[Any], Any], column: Column, dtype: Any = np.float64) -> NDArray[Any]:
    """What `find` says of the value of each of n rows (None: NaN among numbers); it is asked once a distinct value."""
    values, places = distinct(column)
    found: NDArray[Any] = np.array([find(value) for value in values], dtype)[places]
    return found


def texts(values: Sequence[str | None]) -> Texts:
    """A column of these texts, None where one is missing."""
    return _joined([_piece(values[i : i + CHUNK]) for i in range(0, len(values), CHUNK)])


def _piece(values: Sequence[str | None], missing: Collection[str] = ()) -> Texts:
    """Texts numbered in order of first sight; the loop over rows is C's."""
    seen: defaultdict[str | None, int] = defaultdict(count().__next__)
    places = np.fromiter(map(seen.__getitem__, values), np.int32, len(values))
    return _texts(seen, places, missing)


def _texts(values: Iterable[str | None], places: NDArray[Any], missing: Collection[str]) -> Texts:
    known = np.array([None if value in missing else value for value in values], TEXT)
    return Texts(Values(known), places.astype(np.int32))


def _joined(pieces: Sequence[Texts]) -> Texts:
    values = [piece.values.texts for piece in pieces]
    starts = np.cumsum([0, *map(len, values)], dtype=np.int32)
    places = [piece.places + start for piece, start in zip(pieces, starts, strict=False)]
    return Texts(
        Values(np.concatenate([np.empty(0, TEXT), *values])),
        np.concatenate([np.empty(0, np.int32), *places]),
    )


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
    text = io.TextIOWrapper(_opened(data), encoding="utf-8-sig", newline="")
    try:
        head = text.readline()
        if head.lstrip()[:1] == "{":
            return _read_json_lines(chain([head], text))
        return _read_csv(head, text, _opened(data))
    except UnicodeDecodeError:
        raise RowsError("the leads are not UTF-8 text") from None
    except (OSError, EOFError, zlib.error):
        raise RowsError("the gzip file is damaged or cut off") from None


def _opened(data: bytes) -> "_Unpacked | io.BytesIO":
    return _Unpacked(fileobj=io.BytesIO(data)) if data[:2] == b"\x1f\x8b" else io.BytesIO(data)


class _Unpacked(gzip.GzipFile):
    """A small file that unpacks to a huge one is stopped."""

    def read1(self, size: int = -1) -> bytes:
        if self.tell() > MAX_BYTES:
            raise RowsError(f"the leads unpack to more than {MAX_BYTES} bytes")
        return super().read1(size)


def _read_csv(head: str, lines: Iterable[str], again: io.BufferedIOBase) -> Rows:
    """Rows by numpy where the file is plain, else by the csv module from line to line."""
    delimiter = ";" if head.count(";") > head.count(",") else ","
    reader = csv.reader(chain([head], lines), delimiter=delimiter)
    try:
        names = next(reader, [])
        if len(set(names)) != len(names) or not all(names):
            raise RowsError("each column needs a name of its own in the header line")
        plainly = cut(again, delimiter, len(names), MAX_BYTES) if names else None
        if plainly is None:
            return Rows(columns_of(names, filter(None, reader)))
    except csv.Error:
        raise RowsError("the file has no header line or is no CSV") from None
    pieces = [[_texts(*piece, _MISSING) for piece in column] for column in plainly]
    return Rows(dict(zip(names, map(_joined, pieces), strict=True)))


def columns_of(names: Sequence[str], rows: Iterator[list[str]]) -> dict[str, Column]:
    """Columns of texts, made of pieces, so that never more than a piece is there as objects."""
    pieces: list[list[Texts]] = [[] for _ in names]
    for first in count(2, CHUNK):
        chunk: list[list[str]] = []
        try:
            chunk.extend(islice(rows, CHUNK))
        finally:  # a row that is too short is named before damage that comes after it
            _check_widths(chunk, first, len(names))
        if not chunk:
            break
        for found, column in zip(pieces, zip(*chunk, strict=True), strict=True):
            found.append(_piece(column, _MISSING))
    return {name: _joined(found) for name, found in zip(names, pieces, strict=True)}


def _check_widths(rows: Sequence[list[str]], first: int, width: int) -> None:
    if {*map(len, rows)} - {width}:
        number, row = next((i, row) for i, row in enumerate(rows, first) if len(row) != width)
        raise RowsError(f"row {number} has {len(row)} fields, the header has {width}")


def _read_json_lines(lines: Iterable[str]) -> Rows:
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
    return texts([None if value is None or value in _MISSING else str(value) for value in values])


def labels(column: Column, name: str) -> list[bool]:
    """Outcomes: yes/no, true/false, 1/0. Raises RowsError naming the column."""
    found = each(_outcome, column)
    unknown = np.flatnonzero(np.isnan(found))
    if len(unknown):
        raise RowsError(f"label {name!r} of row {unknown[0] + 1} is neither yes/no, true/false nor 1/0")
    outcomes: list[bool] = (found == 1).tolist()
    return outcomes


def _outcome(value: Any) -> float:
    word = str(value).strip().lower()
    return 1.0 if word in _TRUE else 0.0 if word in _FALSE else np.nan


def number(value: Any) -> float | None:
    """A finite number, or None."""
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if found - found == 0 else None


def write_csv(rows: Rows) -> bytes:
    """A gzipped CSV, the same bytes for the same rows; what is missing is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows(zip(*map(plain, rows.columns.values()), strict=True))
    return gzip.compress(text.getvalue().encode(), compresslevel=6, mtime=0)
