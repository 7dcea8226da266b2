"""The intent of a text: probabilities of the classes from their scores, and whether they are sure enough to be answered."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import NamedTuple

from leadmodel_text.document import ClassHead

_ROUNDED = 1 + 1e-9  # more than roundings add to a share


class Guess(NamedTuple):
    """The places of the two likeliest classes with their probabilities, and the probability that the text is a case for any class."""

    first: int
    confidence: float
    second: int
    second_confidence: float
    scope: float


def logistic(score: float) -> float:
    """Return 1 / (1 + exp(−score)), without overflow."""
    if score >= 0:
        return 1 / (1 + exp(-score))
    power = exp(score)
    return power / (1 + power)


def softmax(scores: Sequence[float], temperature: float) -> list[float]:
    """Return the probabilities of classes from their scores, divided by the temperature (Guo et al., 2017)."""
    powers = _powers(scores, max(scores), temperature)
    total = sum(powers)
    return [power / total for power in powers]


def _powers(scores: Sequence[float], top: float, temperature: float) -> list[float]:
    return [*map(exp, [(score - top) / temperature for score in scores])]


def guess(head: ClassHead, scores: Sequence[float], scope: float) -> Guess:
    """Return what a text most likely is from its scores per class and its score of being in scope."""
    ranked = sorted(scores)
    first, second = scores.index(ranked[-1]), scores.index(ranked[-2])
    if second == first:  # two classes with one score
        second = scores.index(ranked[-2], first + 1)
    powers = _powers(scores, ranked[-1], head.temperature)
    total = sum(powers)
    return Guess(first, powers[first] / total, second, powers[second] / total, logistic(scope))


def reaches(gap: float, others: int, least: float, of: float = 1.0) -> bool | None:
    """Return whether the largest share of a softmax is at least a bound; None where the two largest scores alone do not tell.

    Args:
        gap: the second score less the largest, divided by the temperature.
        others: how many scores there are beside the largest, none of them above the second.
        least: the bound; a share so close to it that roundings decide is not told.
        of: what all shares add up to.
    """
    power = exp(gap)
    if of > least * (1 + others * power) * _ROUNDED:
        return True
    return False if of * _ROUNDED < least * (1 + power) else None


def answered(head: ClassHead, scores: Sequence[float], scope: float, known: float) -> int | None:
    """Return the place of the class that `guess` finds; None where `refusal` has a reason. The arguments are those of both."""
    inside = logistic(scope)
    if known < head.min_known or inside < head.min_scope:
        return None
    ranked = sorted(scores)
    top = ranked[-1]
    likely = reaches((ranked[-2] - top) / head.temperature, len(scores) - 1, head.min_confidence, inside)
    if likely is None:
        likely = 1 / sum(_powers(scores, top, head.temperature)) * inside >= head.min_confidence
    return scores.index(top) if likely else None


def refusal(head: ClassHead, likeliest: Guess, known: float) -> str | None:
    """Return why the likeliest class is no answer; None where it is one.

    Args:
        head: the head with its bounds.
        likeliest: the guess.
        known: share of the text's distinct words that the head knows.
    """
    if known < head.min_known or likeliest.scope < head.min_scope:
        return "out_of_scope"
    if likeliest.confidence * likeliest.scope < head.min_confidence:
        return "low_confidence"
    return None
