"""Sums of the rows of tables over the features of a text: the plain definition, and the same whole numbers quickly.

Several tables are summed in one pass, over rows as in `rows`. Sums are whole numbers, hence the same in any order, and on any machine.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from sys import intern
from typing import NamedTuple

from leadmodel_text.document import Table
from leadmodel_text.features import GRAM, GRAM_MARK, word_features
from leadmodel_text.kept_values import KeptValues
from leadmodel_text.pieces import GAP, ZERO
from leadmodel_text.rows import COLUMN_BITS, COLUMN_MASK, OFFSET, Rows

MAX_CACHED = 4096  # words; then the cache begins anew
_ITEMS = frozenset({GAP, ZERO})


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
    factor = _factor(table, known)
    return [total * factor + bias for total, bias in zip(sums, table.bias, strict=True)]


def _factor(table: Table, known: int) -> float:
    return table.scale / math.sqrt(known) if known else 0.0


class Column(NamedTuple):
    """A column of a table, and the column against which it is weighed; None: against 0."""

    table: int
    column: int
    against: int | None


class Sums:
    """What the tables know of one text: per table, whole sums of each column, and counts of its features and words."""

    __slots__ = ("_columns", "_starts", "_tables", "distinct", "pairs")

    def __init__(
        self,
        packed: Rows,
        total: int,
        distinct: Collection[str],
        pairs: Mapping[tuple[str, str], int],
    ) -> None:
        self._tables, self._starts, self._columns = packed.tables, packed.starts, packed.unpack(total)
        self.distinct = distinct  # the words of the text, each once
        self.pairs = pairs  # those of the text that a table knows, with their packed rows

    def whole(self, table: int) -> list[int]:
        """Return the whole sum of each column of a table."""
        begin = self._starts[table]
        end = begin + len(self._tables[table].bias)
        shift = OFFSET * self._columns[end]
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
        biases, begin = self._tables[table].bias, self._starts[table]
        *columns, known = self._columns[begin : begin + len(biases) + 1]
        factor, shift = _factor(self._tables[table], known), OFFSET * known
        return [(column - shift) * factor + bias for column, bias in zip(columns, biases)]  # noqa: B905 - strict costs a microsecond

    def score(self, table: int) -> float:
        """Return the score of the text in a table of one column, equal to that of `plain_scores` bit for bit."""
        each, begin = self._tables[table], self._starts[table]
        known = self._columns[begin + 1]
        return (self._columns[begin] - OFFSET * known) * _factor(each, known) + each.bias[0]


class Tables:
    """Tables that are summed side by side; whole words are cached with their grams."""

    def __init__(self, tables: Sequence[Table]) -> None:
        self._packed = Rows(tables)
        self._rows = self._packed.of
        # By their two words, so that those of a text need not be joined; gaps and numbers make no pair.
        self._pair_rows = {
            two: row
            for feature, row in self._rows.items()
            if " " in feature and _ITEMS.isdisjoint(two := (*map(intern, feature.split(" ")),))
        }
        self._ones = [
            start + len(table.bias) for start, table in zip(self._packed.starts, tables, strict=True)
        ]
        self._counts = sum(COLUMN_MASK << COLUMN_BITS * column for column in self._ones)
        self._words = KeptValues(self._word, MAX_CACHED)
        self.name = lru_cache(MAX_CACHED)(self._name)

    @property
    def cached_words(self) -> int:
        """How many words are cached, at most MAX_CACHED."""
        return len(self._words)

    def sums(self, words: Sequence[str]) -> Sums:
        """Sum the rows of all features that are present in the words of a text, each once."""
        distinct, get = set(words), self._pair_rows.get
        pairs = {two: row for two in pairwise(words) if (row := get(two))}
        total, kept = sum(pairs.values()), self._words
        grams: list[str] = []
        for word in distinct:
            row, known = kept[word]
            total += row
            grams += known
        if len(set(grams)) < len(grams):
            total -= self._repeated(grams)
        return Sums(self._packed, total, distinct, pairs)

    def heaviest(self, sums: Sums, column: Column, limit: int) -> list[tuple[int, str]]:
        """Return the words (with their grams) and pairs of a text that lift a column most, the heaviest first, behind the lift with its sign turned."""
        rows = [self._words[word][0] for word in sums.distinct]
        lifts = self._lifts([*rows, *sums.pairs.values()], column)
        weights = zip(lifts, [*sums.distinct, *map(" ".join, sums.pairs)], strict=True)
        return sorted([(-lift, feature) for lift, feature in weights if lift > 0])[:limit]

    def _name(self, word: str, column: Column) -> str:
        """Return the feature of a word that speaks for a column: the word, or the heaviest of its grams where the table does not know the word."""
        rows, ones = self._rows, COLUMN_BITS * self._ones[column.table]
        known = [feature for feature in word_features(word) if rows.get(feature, 0) >> ones & COLUMN_MASK]
        if word in known:
            return word
        return max(zip(self._lifts([rows[gram] for gram in known], column), known, strict=True))[1]

    def _lifts(self, rows: Iterable[int], column: Column) -> list[int]:
        """Return how far each row lifts a column above the one that it is weighed against."""
        first = self._packed.starts[column.table]
        high = COLUMN_BITS * (first + column.column)
        if column.against is None:
            ones = COLUMN_BITS * self._ones[column.table] - high
            parts = [row >> high for row in rows]
            return [(part & COLUMN_MASK) - OFFSET * (part >> ones & COLUMN_MASK) for part in parts]
        low = COLUMN_BITS * (first + column.against)
        return [(row >> high & COLUMN_MASK) - (row >> low & COLUMN_MASK) for row in rows]

    def _repeated(self, grams: Sequence[str]) -> int:
        """Sum the rows of grams that stand in an earlier word, too."""
        seen: set[str] = set()
        total = 0
        for gram in grams:
            if gram in seen:
                total += self._rows[gram]
            seen.add(gram)
        return total

    def _word(self, word: str) -> tuple[int, tuple[str, ...]]:
        """Return the sum of the rows of a word and its grams, and the grams, which other words may share."""
        get, own = self._rows.get, self._rows.get(word, 0) if word != GAP else 0
        known: dict[str, int] = {}
        for at in range(len(word) - GRAM + 1):
            gram = GRAM_MARK + word[at : at + GRAM]
            row = get(gram)
            if row:
                known[gram] = row
        total = own + sum(known.values())
        if word != ZERO:
            total += (own & self._counts) << COLUMN_BITS  # the count of words is the next column
        return total, tuple(known)
