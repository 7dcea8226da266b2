"""Leads with outcomes, read from bytes into columns: CSV or JSON lines by the rules of the contract, or Parquet."""

import csv
import gzip
import io
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import partial
from itertools import chain, count, islice

import numpy as np

from leadmodel_messages.table import line_of
from leadmodel_messages.table_bytes import (
    TableError,
    first_line,
    named_errors,
    open_bytes,
    open_text,
    refuse_other_formats,
)
from leadmodel_messages.table_csv import csv_rows, delimiter_of, wrong_width
from leadmodel_messages.table_json import is_json_lines, json_columns
from leadmodel_messages.table_values import Value, outcome
from leadmodel_training.columns import (
    CHUNK,
    Column,
    Rows,
    Texts,
    each,
    joined,
    numbered_texts,
    piece_of,
    plain,
    row_number,
    texts,
)
from leadmodel_training.cut import cut
from leadmodel_training.parquet import read_parquet

MAX_BYTES = 4 * 1024**3
EMPTY = frozenset({""})  # an empty field is missing, whatever its column holds


def read(data: bytes, unread: Collection[str] = ()) -> Rows:
    """Read a table of leads; of the columns `unread` a Parquet file may hold what no lead has.

    Raises:
        TableError: when the bytes are no table or hold no leads; the message says where, and never shows a value.
    """
    rows = read_parquet(data, unread) if data.startswith(b"PAR1") else _read_text(data)
    if not len(rows):
        raise TableError("the file holds no leads; give a table with one row per lead")
    return rows


def _read_text(data: bytes) -> Rows:
    text, place_of = open_text(data, MAX_BYTES), partial(_place_of, data)
    with named_errors(data, MAX_BYTES):
        refuse_other_formats(data, MAX_BYTES)
        head, empty = first_line(text)
        if is_json_lines(head):
            values = json_columns(chain([head], text), first=empty + 1)
            return Rows({name: _column(column) for name, column in values.items()}, place_of)
        names, rows = csv_rows(head, text)
        plainly = None if empty else _read_plain(data, head, names)
        columns = columns_of(names, rows, data) if plainly is None else plainly
    return Rows(columns, place_of, delimiter_of(head) == ";")


def _place_of(data: bytes, row: int) -> str:
    return f"line {line_of(data, MAX_BYTES, row)}"


def _read_plain(data: bytes, head: str, names: Sequence[str]) -> dict[str, Column] | None:
    """Columns cut by numpy; None when the file is not plain and needs the csv module."""
    if not names:
        return None
    plainly = cut(open_bytes(data, MAX_BYTES), delimiter_of(head), len(names), MAX_BYTES)
    if plainly is None:
        return None
    pieces = [[numbered_texts(*piece, EMPTY) for piece in column] for column in plainly]
    return dict(zip(names, map(joined, pieces), strict=True))


def columns_of(names: Sequence[str], rows: Iterator[list[str]], data: bytes) -> dict[str, Column]:
    """Columns of texts, made in pieces, so that never more than one piece is in memory as Python's objects.

    Raises:
        TableError: A row does not have a field per name; the message names its line in `data`.
    """
    pieces: list[list[Texts]] = [[] for _ in names]
    for first in count(0, CHUNK):
        chunk: list[list[str]] = []
        try:
            chunk.extend(islice(rows, CHUNK))
        finally:  # a row that is too short is named before damage that comes after the row
            _check_widths(chunk, first, len(names), data)
        if not chunk:
            break
        for column_pieces, column in zip(pieces, zip(*chunk, strict=True), strict=True):
            column_pieces.append(piece_of(column, EMPTY))
    return {name: joined(column_pieces) for name, column_pieces in zip(names, pieces, strict=True)}


def _check_widths(rows: Sequence[list[str]], first: int, width: int, data: bytes) -> None:
    if {*map(len, rows)} - {width}:
        number, row = next((i, row) for i, row in enumerate(rows, first) if len(row) != width)
        raise wrong_width(row, width, line_of(data, MAX_BYTES, number))


def _column(values: list[Value]) -> Column:
    """A column of JSON lines as an array of numbers, or as texts."""
    if any(isinstance(value, str) for value in values):
        return texts([None if value is None else str(value) for value in values])
    return np.array([np.nan if value is None else value for value in values], np.float64)


def labels(
    column: Column, name: str, positive: str | None = None, place_of: Callable[[int], str] = row_number
) -> list[bool]:
    """Outcomes of n rows: yes/no, true/false or 1/0, or whether the label is the word `positive`; `place_of` names a row.

    Raises:
        TableError: naming the column and the first row that has no outcome.
    """
    outcomes = each(partial(outcome, positive=positive), column, object)
    unknown = [i for i, outcome in enumerate(outcomes.tolist()) if outcome is None]
    if unknown:
        wrong = "is empty" if positive else "is neither yes/no, true/false nor 1/0"
        remedy = (
            "" if positive else "; if another word means that the lead converted, name it with --positive"
        )
        raise TableError(
            f"label {name!r} in {place_of(unknown[0])} {wrong} ({len(unknown)} of {len(column)} rows){remedy}"
        )
    return [bool(outcome) for outcome in outcomes.tolist()]


def write_csv(rows: Rows) -> bytes:
    """A gzipped CSV: the same rows always give the same bytes; a missing value is an empty field."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows(zip(*map(plain, rows.columns.values()), strict=True))
    return gzip.compress(text.getvalue().encode(), compresslevel=6, mtime=0)
