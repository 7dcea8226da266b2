"""Leads in Parquet → rows. Needs pyarrow, which the training image leaves out: it is larger than everything else together."""

import io
from typing import Any

import numpy as np

from leadmodel_messages.table import MAX_CELLS, TableError, check_size
from leadmodel_training.columns import Column, Rows, texts

BATCH = 4096  # rows
MAX_BYTES = 2 << 30  # in memory, half of what a training has by default


def read_parquet(data: bytes) -> Rows:
    """Read a Parquet file: numbers, texts, booleans and instants. Raises TableError."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise TableError(
            "the leads are Parquet: install leadmodel[training,parquet], or send CSV or JSON lines"
        ) from None
    try:
        file = parquet.ParquetFile(io.BytesIO(data))
        check_size(file.metadata.num_rows, file.metadata.num_columns, MAX_CELLS)
        table = _read_bounded(file, pa)
    except pa.ArrowException:
        raise TableError("the Parquet file is damaged or cut off") from None
    return Rows({name: _column(name, table.column(name), pa) for name in table.column_names})


def _read_bounded(file: Any, pa: Any) -> Any:
    """Read batch by batch up to a limit: a page of a few bytes can stand for gigabytes of one repeated text."""
    batches, size = [], 0
    for batch in file.iter_batches(batch_size=BATCH):
        size += batch.nbytes
        if size > MAX_BYTES:
            raise TableError(f"the Parquet file unpacks to more than {MAX_BYTES} bytes")
        batches.append(batch)
    return pa.Table.from_batches(batches, schema=file.schema_arrow)


def _column(name: str, column: Any, pa: Any) -> Column:
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    if pa.types.is_decimal(kind):
        return np.asarray(column.cast(pa.float64()).to_numpy(), dtype=np.float64)
    if pa.types.is_temporal(kind) and not pa.types.is_time(kind) and not pa.types.is_duration(kind):
        return texts([None if v is None else v.isoformat() for v in column.to_pylist()])
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind):
        return texts([v or None for v in column.to_pylist()])
    raise TableError(
        f"column {name!r} of the Parquet file is {kind}; leads are numbers, texts, booleans and instants"
    )
