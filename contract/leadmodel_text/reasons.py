"""The reasons behind a label: the features of a text that speak most for the label, each from the vocabulary, with the place in the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeAlias

from leadmodel_text.features import word_features
from leadmodel_text.tables import Sums, Tables
from leadmodel_text.tokens import spans
from leadmodel_text.urgency import Match

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

LIMIT = 3  # reasons of a label
DIGITS = 2  # of the weight of a reason


Place: TypeAlias = tuple[int, int, int]  # lift with its sign turned, first item, and the item behind the last


def heaviest(
    tables: Tables, words: Sequence[str], known: set[str], lift: Callable[[int], int]
) -> list[Place]:
    """Return the words (with their grams) and the known pairs of a text that lift a column most, the heaviest first."""
    first = {word: place for place, word in reversed([*enumerate(words)])}
    places = [(-lift(tables.word(word)), place, place + 1) for word, place in first.items()]
    if known:
        pairs = {f"{one} {two}": place for place, (one, two) in reversed([*enumerate(pairwise(words))])}
        places += [(-lift(tables.feature(two)), pairs[two], pairs[two] + 2) for two in known]
    places.sort()
    return [place for place in places[:LIMIT] if place[0] < 0]


class Places:
    """Where the items of one text stand, as code points; they are counted when a first place is asked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._spans: list[tuple[int, int]] | None = None

    def at(self, first: int, end: int) -> list[int]:
        """Give start and end of the items from `first` to before `end`."""
        if self._spans is None:
            self._spans = spans(self._text)
        return [self._spans[first][0], self._spans[end - 1][1]]


class Column(NamedTuple):
    """A column of a table, and the column against which its reasons are weighed; None: against 0."""

    table: int
    column: int
    against: int | None


def of_column(
    tables: Tables, words: Sequence[str], sums: Sums, column: Column, places: Places
) -> list[dict[str, Any]]:
    """Return the heaviest reasons for a column as objects for JSON; weights are in units of the column's score."""
    lift, factor = tables.lift(*column), sums.factor(column.table)
    return [
        {
            "text": " ".join(words[first:end])
            if end > first + 1
            else _known(tables, words[first], column.table, lift),
            "at": places.at(first, end),
            "weight": round(-weight * factor, DIGITS),
        }
        for weight, first, end in heaviest(tables, words, sums.pairs, lift)
    ]


def _known(tables: Tables, word: str, table: int, lift: Callable[[int], int]) -> str:
    """Return the feature that stands for a word: the word where the table knows it, else its heaviest gram."""
    if tables.knows(table, tables.feature(word)):
        return word
    rows = {feature: tables.feature(feature) for feature in word_features(word)}
    return max((lift(row), feature) for feature, row in rows.items() if tables.knows(table, row))[1]


def of_cues(matches: Sequence[Match], places: Places) -> list[dict[str, Any]]:
    """Return the cues of urgency in a text as objects for JSON, each name once."""
    named = {match.cue.name: match for match in reversed(matches) if match.cue.weight > 0}
    return [{"cue": name, "at": places.at(match.first, match.end)} for name, match in reversed(named.items())]
