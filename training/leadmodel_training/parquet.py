"""Leads in Parquet → rows. Needs pyarrow, which the training image leaves out: it is larger than everything else together."""

import io
from collections.abc import Collection
from typing import Any

import numpy as np

from leadmodel_artifact.values import EXACT, text_of
from leadmodel_messages.table_bytes import TableError
from leadmodel_messages.table_json import MAX_CELLS, check_size
from leadmodel_training.columns import Column, Rows, texts

BATCH = 4096  # rows
MAX_BYTES = 2 << 30  # in memory, half of what a training has by default


def read_parquet(data: bytes, unread: Collection[str] = ()) -> Rows:
    """Read a Parquet file: numbers, texts, booleans and instants; columns `unread` may hold anything. Raises TableError."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise TableError(
            "the leads are Parquet: install leadmodel[training,parquet], or send CSV or JSON lines"
        ) from None
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        _check_names(file.schema_arrow.names)
        check_size(file.metadata.num_rows, file.metadata.num_columns, MAX_CELLS)
        table = _read_bounded(file, pa)
    except pa.ArrowException:
        raise TableError("the Parquet file is damaged or cut off") from None
    return Rows({name: _read(name, table.column(name), pa, unread) for name in table.column_names})


def _read_bounded(file: Any, pa: Any) -> Any:
    """Read batch by batch up to a limit: a page of a few bytes can stand for gigabytes of one repeated text."""
    batches, size = [], 0
    for batch in file.iter_batches(batch_size=BATCH):
        size += batch.nbytes
        if size > MAX_BYTES:
            raise TableError(f"the Parquet file unpacks to more than {MAX_BYTES} bytes")
        batches.append(batch)
    return pa.Table.from_batches(batches, schema=file.schema_arrow)


def _check_names(names: list[str]) -> None:
    if "" in names or len({*names}) != len(names):
        raise TableError("each column of the Parquet file needs a name of its own")


def _read(name: str, column: Any, pa: Any, unread: Collection[str]) -> Column:
    try:
        return _column(column, pa)
    except (pa.ArrowException, ValueError, OverflowError):
        if name in unread:
            return texts([None] * len(column))
        raise TableError(
            f"column {name!r} of the Parquet file is {column.type}; leads are numbers, texts, booleans and instants: "
            "convert it, or leave it out with --exclude"
        ) from None


def _column(column: Any, pa: Any) -> Column:
    """The values of a column. Raises ValueError for a type that no lead has."""
    kind, types = column.type, pa.types
    if types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if types.is_floating(kind):
        return _finite(column.cast(pa.float64()).to_numpy())
    if types.is_integer(kind) and _is_exact(column):
        return _finite(column.cast(pa.float64()).to_numpy())
    if types.is_decimal(kind) and (kind.scale > 0 or _is_exact(column)):
        return _finite(np.array([np.nan if v is None else float(v) for v in column.to_pylist()], np.float64))
    if types.is_timestamp(kind):
        column = column.cast(pa.timestamp("us", kind.tz), safe=False)
    elif types.is_time(kind) or types.is_duration(kind) or types.is_nested(kind):
        raise ValueError("no value of a lead")
    return texts([_text(value) for value in column.to_pylist()])


def _finite(numbers: Any) -> Column:
    values = np.asarray(numbers, dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _is_exact(column: Any) -> bool:
    """Whether floats hold all whole numbers of a column; ids of 64 bits stay texts, so that neighbours differ."""
    from pyarrow import compute

    ends = compute.min_max(column)
    low, high = ends["min"].as_py(), ends["max"].as_py()
    return low is None or (low >= -EXACT and high <= EXACT)


def _text(value: Any) -> str | None:
    """The text of a value; instants as ISO 8601."""
    if value is None or value == "":
        return None
    if isinstance(value, bytes):
        return value.decode()
    return str(value.isoformat()) if hasattr(value, "isoformat") else text_of(value)
