"""The intent of a text: probabilities of the classes from their scores, and whether they are sure enough to be answered."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import NamedTuple

from leadmodel_text.document import ClassHead


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
    return [exp((score - top) / temperature) for score in scores]


def guess(head: ClassHead, scores: Sequence[float], scope: float) -> Guess:
    """Return what a text most likely is from its scores per class and its score of being in scope."""
    ranked = sorted(scores)
    first, second = scores.index(ranked[-1]), scores.index(ranked[-2])
    if second == first:  # two classes with one score
        second = scores.index(ranked[-2], first + 1)
    powers = _powers(scores, ranked[-1], head.temperature)
    total = sum(powers)
    return Guess(first, powers[first] / total, second, powers[second] / total, logistic(scope))


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
