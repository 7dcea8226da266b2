"""The rows of tables as whole numbers: the columns of all tables side by side, 32 bits each, so that one addition adds all of them."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import chain, count, repeat

from leadmodel_text.document import Table

COLUMN_BITS = 32
COLUMN_MASK = 2**COLUMN_BITS - 1
OFFSET = 128  # added to each weight, so that no column is ever negative
_BYTES = COLUMN_BITS // 8
_UNSIGNED = bytes((byte + OFFSET) % 256 for byte in range(256))


class Rows:
    """The rows of some tables, by feature.

    A row has for each table its weights, each with OFFSET added; then a one, so that a sum tells how many features of the table it holds;
    then a zero, a column for the caller. All columns of a table that does not know the feature are zero.
    """

    def __init__(self, tables: Sequence[Table]) -> None:
        self.tables = tuple(tables)
        self.starts: list[int] = []  # the first column of each table
        columns = 0
        for table in tables:
            self.starts.append(columns)
            columns += len(table.bias) + 2
        self._struct = struct.Struct(f"<{columns}I")
        features = list(dict.fromkeys(chain.from_iterable(table.features for table in tables)))
        cells = bytearray(self._struct.size * len(features))
        for start, table in zip(self.starts, tables, strict=True):
            for column, values in enumerate(_columns(table, features), start):
                cells[_BYTES * column :: self._struct.size] = values
        # Each feature that a table knows, with its row.
        parts = struct.iter_unpack(f"{self._struct.size}s", cells) if cells else ()
        rows = [int.from_bytes(part, "little") for (part,) in parts]
        self.of = dict(zip(features, rows, strict=True))

    def unpack(self, total: int) -> tuple[int, ...]:
        """Return the columns of a sum of rows."""
        return self._struct.unpack(total.to_bytes(self._struct.size, "little"))


def _columns(table: Table, features: Sequence[str]) -> Iterator[bytes]:
    """Return the columns of weights of a table, then that of ones, one byte for each of `features`."""
    width, weights = len(table.bias), table.weights.translate(_UNSIGNED)
    columns = [*(weights[column::width] for column in range(width)), b"\1" * len(table.features)]
    if features[: len(table.features)] == list(table.features):  # as those of the first table are
        missing = bytes(len(features) - len(table.features))
        return (column + missing for column in columns)
    places = dict(zip(table.features, count(1)))
    order = list(map(places.get, features, repeat(0)))
    return (bytes(map((b"\0" + column).__getitem__, order)) for column in columns)
