"""Leads with outcomes, read from bytes into columns: CSV or JSON lines by the rules of the contract, or Parquet."""

import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from itertools import chain, count, islice
from typing import Any

import numpy as np

from leadmodel_messages import table
from leadmodel_messages.table import MISSING, TableError, Value
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
    texts,
)
from leadmodel_training.cut import cut
from leadmodel_training.parquet import read_parquet

MAX_BYTES = 4 * 1024**3


def read(data: bytes) -> Rows:
    """Read a table of leads.

    Raises:
        TableError: when the bytes are no table or hold no leads; the message says where, and never shows a value.
    """
    rows = read_parquet(data) if data.startswith(b"PAR1") else _read_text(data)
    if not len(rows):
        raise TableError("the file holds no leads")
    return rows


def _read_text(data: bytes) -> Rows:
    text = table.open_text(data, MAX_BYTES)
    with table.named_errors():
        head = text.readline()
        if table.is_json_lines(head):
            columns = table.json_columns(chain([head], text))
            return Rows({name: _column(values) for name, values in columns.items()})
        names, rows = table.csv_rows(head, text)
        plainly = _read_plain(data, head, names)
        return Rows(columns_of(names, rows)) if plainly is None else plainly


def _read_plain(data: bytes, head: str, names: Sequence[str]) -> Rows | None:
    """Rows cut by numpy; None when the file is not plain and needs the csv module."""
    if not names:
        return None
    plainly = cut(table.open_bytes(data, MAX_BYTES), table.delimiter_of(head), len(names), MAX_BYTES)
    if plainly is None:
        return None
    pieces = [[numbered_texts(*piece, MISSING) for piece in column] for column in plainly]
    return Rows(dict(zip(names, map(joined, pieces), strict=True)))


def columns_of(names: Sequence[str], rows: Iterator[list[str]]) -> dict[str, Column]:
    """Columns of texts, made in pieces, so that never more than one piece is in memory as Python's objects."""
    pieces: list[list[Texts]] = [[] for _ in names]
    for first in count(2, CHUNK):
        chunk: list[list[str]] = []
        try:
            chunk.extend(islice(rows, CHUNK))
        finally:  # a row that is too short is named before damage that comes after the row
            _check_widths(chunk, first, len(names))
        if not chunk:
            break
        for column_pieces, column in zip(pieces, zip(*chunk, strict=True), strict=True):
            column_pieces.append(piece_of(column, MISSING))
    return {name: joined(column_pieces) for name, column_pieces in zip(names, pieces, strict=True)}


def _check_widths(rows: Sequence[list[str]], first: int, width: int) -> None:
    if {*map(len, rows)} - {width}:
        for number, row in enumerate(rows, first):
            table.check_width(row, number, width)


def _column(values: list[Value]) -> Column:
    """A column of JSON lines as an array of numbers, or as texts."""
    if any(isinstance(value, str) for value in values):
        return texts([None if value is None else str(value) for value in values])
    return np.array([np.nan if value is None else value for value in values], np.float64)


def labels(column: Column, name: str) -> list[bool]:
    """Outcomes of n rows: yes/no, true/false or 1/0.

    Raises:
        TableError: naming the column and the first row that has no outcome.
    """
    values = each(_outcome, column)
    unknown = np.flatnonzero(np.isnan(values))
    if len(unknown):
        raise TableError(f"label {name!r} of row {unknown[0] + 1} is neither yes/no, true/false nor 1/0")
    outcomes: list[bool] = (values == 1).tolist()
    return outcomes


def _outcome(value: Any) -> float:
    outcome = table.outcome(value)
    return np.nan if outcome is None else float(outcome)


def write_csv(rows: Rows) -> bytes:
    """A gzipped CSV: the same rows always give the same bytes; a missing value is an empty field."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(rows.columns)
    writer.writerows(zip(*map(plain, rows.columns.values()), strict=True))
    return gzip.compress(text.getvalue().encode(), compresslevel=6, mtime=0)
