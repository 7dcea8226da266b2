"""Leads with outcomes, read from bytes: CSV (comma or semicolon), JSON lines, either gzipped.

Everything comes out as columns of strings, numbers and None, in file order. What the columns mean is decided by the trainer.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

MAX_BYTES = 4 * 1024**3
_MISSING = {"", "NA", "NaN", "nan", "null", "NULL", "None"}
_TRUE, _FALSE = {"1", "1.0", "true", "yes", "y", "t"}, {"0", "0.0", "false", "no", "n", "f"}


class RowsError(ValueError):
    """The file is no table of leads; the message says where, never what stands there."""


@dataclass(frozen=True)
class Rows:
    """Columns of equal length."""

    columns: dict[str, list[Any]]

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def take(self, places: Sequence[int]) -> "Rows":
        """These rows, in this order."""
        return Rows({name: [column[i] for i in places] for name, column in self.columns.items()})

    def leads(self) -> Iterator[dict[str, Any]]:
        """One mapping a row, missing values left out."""
        names = list(self.columns)
        for values in zip(*self.columns.values(), strict=True):
            yield {name: value for name, value in zip(names, values, strict=True) if value is not None}


def read(data: bytes) -> Rows:
    """Read a table of leads. Raises RowsError."""
    if data[:2] == b"\x1f\x8b":
        data = _unpack(data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RowsError("the leads are not UTF-8 text") from None
    rows = _read_json_lines(text) if text.lstrip()[:1] == "{" else _read_csv(text)
    if not len(rows):
        raise RowsError("the file holds no leads")
    return rows


def _unpack(data: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            found = packed.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise RowsError("the gzip file is damaged or cut off") from None
    if len(found) > MAX_BYTES:
        raise RowsError(f"the leads unpack to more than {MAX_BYTES} bytes")
    return found


def _read_csv(text: str) -> Rows:
    head = text[: text.find("\n")] if "\n" in text else text
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=";" if head.count(";") > head.count(",") else ","
    )
    try:
        names = next(reader)
        table = [row for row in reader if row]
    except (StopIteration, csv.Error):
        raise RowsError("the file has no header line or is no CSV") from None
    if len(set(names)) != len(names) or not all(names):
        raise RowsError("each column needs a name of its own in the header line")
    for number, row in enumerate(table, 2):
        if len(row) != len(names):
            raise RowsError(f"row {number} has {len(row)} fields, the header has {len(names)}")
    return Rows({name: [_value(row[i]) for row in table] for i, name in enumerate(names)})


def _value(text: str) -> str | None:
    return None if text in _MISSING else text


def _read_json_lines(text: str) -> Rows:
    leads: list[dict[str, Any]] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            lead = json.loads(line)
        except (ValueError, RecursionError):
            raise RowsError(f"line {number} is no JSON object") from None
        if not isinstance(lead, dict) or any(isinstance(value, dict | list) for value in lead.values()):
            raise RowsError(f"line {number} is no flat JSON object")
        leads.append(lead)
    names = list(dict.fromkeys(name for lead in leads for name in lead))
    return Rows({name: [lead.get(name) for lead in leads] for name in names})


def labels(column: Sequence[Any], name: str) -> list[bool]:
    """Outcomes: yes/no, true/false, 1/0. Raises RowsError naming the column."""
    found: list[bool] = []
    for place, value in enumerate(column):
        word = str(value).strip().lower()
        if word not in _TRUE and word not in _FALSE:
            raise RowsError(f"label {name!r} of row {place + 1} is neither yes/no, true/false nor 1/0")
        found.append(word in _TRUE)
    return found


def number(value: Any) -> float | None:
    """A finite number, or None."""
    if value is None or isinstance(value, bool):
        return None if value is None else float(value)
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if found - found == 0 else None


def write_csv(rows: Rows) -> bytes:
    """A gzipped CSV, the same bytes for the same rows."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows(zip(*(["" if v is None else v for v in c] for c in rows.columns.values()), strict=True))
    return gzip.compress(text.getvalue().encode(), mtime=0)
