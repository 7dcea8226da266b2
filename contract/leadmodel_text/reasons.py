"""The reasons behind a label: the features of a text that speak most for the label, each from the vocabulary, with the place in the text."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from leadmodel_text.features import word_features
from leadmodel_text.tables import Sums, Tables
from leadmodel_text.tokens import spans
from leadmodel_text.urgency import Match

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

LIMIT = 3  # reasons of a label
DIGITS = 2  # of the weight of a reason


def heaviest(tables: Tables, sums: Sums, lift: Callable[[int], int]) -> list[tuple[int, str]]:
    """Return the words (with their grams) and the known pairs of a text that lift a column most, the heaviest first, with the lift's sign turned."""
    weights = [(-lift(row), word) for word, row in sums.rows]
    weights += [(-lift(tables.feature(two)), two) for two in sums.pairs]
    weights.sort()
    return [(weight, feature) for weight, feature in weights[:LIMIT] if weight < 0]


def items(words: Sequence[str], feature: str) -> tuple[int, int]:
    """Return the first item of a word or pair in a text, and the item behind its last one."""
    one, _, other = feature.partition(" ")
    place = words.index(one)
    if not other:
        return place, place + 1
    while words[place + 1] != other:
        place = words.index(one, place + 1)
    return place, place + 2


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
            "text": feature if " " in feature else _known(tables, feature, column.table, lift),
            "at": places.at(*items(words, feature)),
            "weight": round(-weight * factor, DIGITS),
        }
        for weight, feature in heaviest(tables, sums, lift)
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
