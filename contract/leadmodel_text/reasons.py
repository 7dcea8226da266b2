"""The reasons behind a label: the features of a text that speak most for the label, each from the vocabulary, with the place in the text."""

from __future__ import annotations

from collections.abc import Sequence

from leadmodel_text.tables import Column, Sums, Tables
from leadmodel_text.tokens import Reading
from leadmodel_text.urgency import Match

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

LIMIT = 3  # reasons of a label
DIGITS = 2  # of the weight of a reason


def items(words: Sequence[str], feature: str) -> tuple[int, int]:
    """Return the first item of a word or pair in a text, and the item behind its last one."""
    one, _, other = feature.partition(" ")
    place = words.index(one)
    if not other:
        return place, place + 1
    while words[place + 1] != other:
        place = words.index(one, place + 1)
    return place, place + 2


def of_column(
    tables: Tables, reading: Reading, words: Sequence[str], sums: Sums, column: Column
) -> list[dict[str, Any]]:
    """Return the heaviest reasons for a column among the summed words as objects for JSON; weights are in units of the column's score."""
    factor = sums.factor(column.table)
    return [
        {
            "text": feature if " " in feature else tables.name(feature, column),
            "at": [*reading.span(*items(words, feature))],
            "weight": round(-weight * factor, DIGITS),
        }
        for weight, feature in tables.heaviest(sums, column, LIMIT)
    ]


def of_cues(matches: Sequence[Match], reading: Reading) -> list[dict[str, Any]]:
    """Return the cues of urgency in a text as objects for JSON, each name once."""
    named = {match.cue.name: match for match in reversed(matches) if match.cue.weight > 0}
    return [
        {"cue": name, "at": [*reading.span(match.first, match.end)]}
        for name, match in reversed(named.items())
    ]
