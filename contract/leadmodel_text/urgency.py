"""The urgency of a text: cues of deadlines and pressure as sequences of words, and the noisy-or of their weights with a linear score.

The noisy-or (J. Pearl, 1988) takes each cue as a reason that may hold by itself: 1 − (1 − linear) · Π (1 − weight).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple, TypeAlias

from leadmodel_text.document import Cue, ScoreHead
from leadmodel_text.pieces import GAP


class Match(NamedTuple):
    """A cue, and the words of the text from `first` to before `end` that match it."""

    cue: Cue
    first: int
    end: int


# The sequences that begin with a word, the longest first, each with its cue.
_Begins: TypeAlias = dict[str, list[tuple[tuple[str, ...], Cue]]]


class Cues:
    """Cues by the first word of each of their sequences, the longest sequence first."""

    def __init__(self, cues: Iterable[Cue]) -> None:
        listed = [(words, cue) for cue in cues for words in cue.words]
        listed.sort(key=lambda item: (-len(item[0]), item[1].language, item[1].name))
        self._begins: _Begins = {}
        self._of_language: dict[str, _Begins] = {}
        for words, cue in listed:
            for begins in (self._begins, self._of_language.setdefault(cue.language, {})):
                begins.setdefault(words[0], []).append((words, cue))

    def matches(self, words: Sequence[str], languages: Collection[str]) -> list[Match]:
        """Return the cues of `languages` in a text from left to right; words of one cue are not read again for another.

        So a longer sequence such as "not urgent" takes "urgent" away from the cue of that word.
        """
        begins = self._begins
        if len(languages) == 1:
            [language] = languages
            begins = self._of_language.get(language, {})
        matches: list[Match] = []
        end = 0
        for place in [place for place, word in enumerate(words) if word in begins]:
            if place < end:
                continue
            for sequence, cue in begins[words[place]]:
                behind = place + len(sequence)
                if cue.language in languages and tuple(words[place:behind]) == sequence:
                    matches.append(Match(cue, place, behind))
                    end = behind
                    break
        return matches


def without_denials(words: Sequence[str], matches: Iterable[Match]) -> Sequence[str]:
    """Return the words of a text with a gap for each word of a cue without weight, such as "not urgent"; the same object without such a cue."""
    kept = words
    for match in matches:
        if not match.cue.weight:
            kept = [*kept[: match.first], *[GAP] * (match.end - match.first), *kept[match.end :]]
    return kept


def noisy_or(linear: float, matches: Iterable[Match]) -> float:
    """Return the urgency of a text with a linear probability and cues, of which each name counts once."""
    weights: dict[str, float] = {}
    for match in matches:
        weights[match.cue.name] = max(match.cue.weight, weights.get(match.cue.name, 0.0))
    calm = 1 - linear
    for name in sorted(weights):  # one order, so that the product is the same on every machine
        calm *= 1 - weights[name]
    return 1 - calm


def level(head: ScoreHead, score: float) -> str:
    """Return the level of an urgency: low, medium or high."""
    if score >= head.high:
        return "high"
    return "medium" if score >= head.medium else "low"
