"""Sums of the rows of tables over the features of a text: the plain definition, and the same whole numbers quickly.

Several tables are summed in one pass. A feature's rows in all tables stand side by side in one whole number, 32 bits per column, so that
one addition adds all columns. Sums are whole numbers, hence the same in any order, and on any machine.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, pairwise
from operator import itemgetter

from leadmodel_text.document import MAX_FEATURES, Table
from leadmodel_text.features import pair, word_features

MAX_CACHED = 4096  # words; then the cache begins anew
_BYTES = 4  # of a column
_MASK = 2 ** (8 * _BYTES) - 1
_OFFSET = 128  # added to each weight, so that no column is ever negative
_UNSIGNED = bytes((byte + _OFFSET) % 256 for byte in range(256))
_PLACES = MAX_FEATURES + 1  # a feature's place in a table, or none


def plain_scores(table: Table, present: Iterable[str]) -> list[float]:
    """Return the scores of a text with the features `present`, one per column, by the definition of `document.Table`."""
    columns = len(table.bias)
    places = {feature: place for place, feature in enumerate(table.features)}
    sums, known = [0] * columns, 0
    for feature in set(present):
        if feature in places:
            begin = places[feature] * columns
            row = struct.unpack(f"{columns}b", table.weights[begin : begin + columns])
            sums, known = [total + weight for total, weight in zip(sums, row, strict=True)], known + 1
    return _scores(table, sums, known)


def _scores(table: Table, sums: Sequence[int], known: int) -> list[float]:
    factor = _factor(table, known)
    return [total * factor + bias for total, bias in zip(sums, table.bias)]  # noqa: B905 - strict costs a microsecond


def _factor(table: Table, known: int) -> float:
    return table.scale / math.sqrt(known) if known else 0.0


class Sums:
    """What the tables know of one text: per table, whole sums of each column, and counts of its features and words."""

    __slots__ = ("_columns", "_starts", "_tables", "pairs", "rows")

    def __init__(
        self,
        tables: Sequence[Table],
        starts: Sequence[int],
        columns: Sequence[int],
        rows: list[tuple[str, int]],
        pairs: set[str],
    ) -> None:
        self._tables, self._starts, self._columns = tables, starts, columns
        self.rows = rows  # each distinct word of the text with its packed row
        self.pairs = pairs  # those of the text that a table knows

    def whole(self, table: int) -> list[int]:
        """Return the whole sum of each column of a table."""
        begin = self._starts[table]
        end = begin + len(self._tables[table].bias)
        shift = _OFFSET * self._columns[end]
        return [column - shift for column in self._columns[begin:end]]

    def features(self, table: int) -> int:
        """Return how many features of the text are in a table."""
        return self._columns[self._starts[table] + len(self._tables[table].bias)]

    def words(self, table: int) -> int:
        """Return how many distinct words of the text are in a table; grams, pairs and "0" are no words."""
        return self._columns[self._starts[table] + len(self._tables[table].bias) + 1]

    def factor(self, table: int) -> float:
        """Return what one unit of a whole sum adds to a score; 0 where no feature is known."""
        return _factor(self._tables[table], self.features(table))

    def scores(self, table: int) -> list[float]:
        """Return the scores of the text, equal to those of `plain_scores` bit for bit."""
        return _scores(self._tables[table], self.whole(table), self.features(table))


class Tables:
    """Tables that are summed side by side; rows are packed when first needed, and whole words are cached with their grams."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._tables = tuple(tables)
        self._weights = [table.weights.translate(_UNSIGNED) for table in tables]
        self._starts: list[int] = []
        columns = 0
        for table in tables:
            self._starts.append(columns)
            columns += len(table.bias) + 2
        self._size = _BYTES * columns
        self._unpack = struct.Struct(f"<{columns}I").unpack
        ones = bytearray(self._size)
        for start, table in zip(self._starts, tables, strict=True):
            ones[_BYTES * (start + len(table.bias))] = 0xFF
        self._counts = int.from_bytes(ones, "little")
        self._rows = _places(tables)
        self._words: dict[str, tuple[int, tuple[str, ...]]] = {}

    @property
    def cached_words(self) -> int:
        """How many words are cached, at most MAX_CACHED."""
        return len(self._words)

    def sums(self, words: Sequence[str]) -> Sums:
        """Sum the rows of all features that are present in the words of a text, each once."""
        distinct = set(words)
        cached = list(map(self._words.get, distinct))
        entries = [entry for entry in cached if entry is not None]
        if len(entries) < len(cached):
            entries = [self._words.get(word) or self._add_word(word) for word in distinct]
        rows = list(map(itemgetter(0), entries))
        total = sum(rows)
        grams = list(chain.from_iterable(map(itemgetter(1), entries)))
        if len(set(grams)) < len(grams):
            total -= self._repeated(grams)
        pairs = self._pairs(words, distinct)
        total += sum(map(self._row, pairs))
        columns = self._unpack(total.to_bytes(self._size, "little"))
        return Sums(self._tables, self._starts, columns, list(zip(distinct, rows, strict=True)), pairs)

    def feature(self, feature: str) -> int:
        """Give the packed row of one feature, 0 where no table knows the feature."""
        return self._row(feature) if feature in self._rows else 0

    def knows(self, table: int, row: int) -> bool:
        """Tell whether a packed row has features of a table."""
        return bool(row >> self._shift(table, len(self._tables[table].bias)) & _MASK)

    def lift(self, table: int, column: int, against: int | None) -> Callable[[int], int]:
        """Return a function of a packed row: how far it lifts a column above the column `against`, or above 0 where that is None."""
        high = self._shift(table, column)
        low = self._shift(table, len(self._tables[table].bias) if against is None else against)
        offset = (
            _OFFSET if against is None else 1
        )  # the column of counts, or another one with the same offset
        return lambda row: (row >> high & _MASK) - offset * (row >> low & _MASK)

    def _shift(self, table: int, column: int) -> int:
        return 8 * _BYTES * (self._starts[table] + column)

    def _pairs(self, words: Sequence[str], distinct: set[str]) -> set[str]:
        """Return the pairs of neighbours that a table knows."""
        if "" in distinct or "0" in distinct:
            two = (pair(first, second) for first, second in pairwise(words))
            return self._rows.keys() & {feature for feature in two if feature is not None}
        return self._rows.keys() & set(map(" ".join, pairwise(words)))

    def _repeated(self, grams: Sequence[str]) -> int:
        """Sum the rows of grams that stand in an earlier word, too."""
        seen: set[str] = set()
        total = 0
        for gram in grams:
            if gram in seen:
                total += self._row(gram)
            seen.add(gram)
        return total

    def _add_word(self, word: str) -> tuple[int, tuple[str, ...]]:
        """Sum the rows of a word and its grams, and keep the sum beside the grams that other words may share."""
        if len(self._words) >= MAX_CACHED:
            self._words.clear()
        known = [feature for feature in word_features(word) if feature in self._rows]
        total = sum(map(self._row, known))
        if word in known and word != "0":
            total += (self._row(word) & self._counts) << (8 * _BYTES)  # the count of words is the next column
        if word in known:
            known.remove(word)
        entry = self._words[word] = (total, tuple(known))
        return entry

    def _row(self, feature: str) -> int:
        """Give the packed row of a known feature; a place in the tables is negative, and makes room for the row once that is packed."""
        row = self._rows[feature]
        if row < 0:
            row = self._rows[feature] = self._packed(-row)
        return row

    def _packed(self, places: int) -> int:
        row = bytearray(self._size)
        for table, start, weights in zip(self._tables, self._starts, self._weights, strict=True):
            places, place = divmod(places, _PLACES)
            if place:
                columns = len(table.bias)
                end = _BYTES * (start + columns)
                row[_BYTES * start : end : _BYTES] = weights[(place - 1) * columns : place * columns]
                row[end] = 1
        return int.from_bytes(row, "little")


def _places(tables: Sequence[Table]) -> dict[str, int]:
    """Return, per feature, its places in all tables as the digits of one negative number; digit 0 stands for none."""
    rows: dict[str, int] = {}
    step = 1
    for table in tables:
        for place, feature in enumerate(table.features, 1):
            rows[feature] = rows.get(feature, 0) - place * step
        step *= _PLACES
    return rows
