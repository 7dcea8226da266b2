"""Leads in Parquet → rows. Needs pyarrow, which the training image leaves out: it is larger than everything else together."""

import io
from typing import Any

import numpy as np

from leadmodel_messages.table import TableError
from leadmodel_training.columns import Column, Rows, texts


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
        table = parquet.read_table(io.BytesIO(data))
    except pa.ArrowException:
        raise TableError("the Parquet file is damaged or cut off") from None
    return Rows({name: _column(name, table.column(name), pa) for name in table.column_names})


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
