"""Ranking quality of scores: AUC, its variance, the paired difference of two scorers and a lower bound.

The functions only measure; the gate decides which figures are good enough.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z_95 = 1.6448536269514722  # one-sided 95 % quantile of the normal distribution


class NotMeasurable(ValueError):  # noqa: N818  # the name of the validation's outcome
    """Rows do not allow a ranking: all have one class, or a score is not finite."""


@dataclass(frozen=True)
class Paired:
    """AUCs of two scorers on the same rows: `delta` = `auc_a` − `auc_b`, `se` the standard error of `delta`."""

    auc_a: float
    auc_b: float
    delta: float
    se: float


def auc(scores: Sequence[float], labels: Sequence[bool | int]) -> float:
    """Area under the ROC curve = P(positive above negative) + ½ P(tie).

    `scores` are n finite numbers, `labels` n truths.

    Raises:
        NotMeasurable: with rows of one class only, or a score that is not finite.
    """
    return delong(scores, labels)[0]


def delong(scores: Sequence[float], labels: Sequence[bool | int]) -> tuple[float, float]:
    """AUC and the variance of the AUC, in O(n log n).

    Variance by E. R. DeLong, D. M. DeLong and D. L. Clarke-Pearson, Biometrics 44 (1988); mid-ranks by X. Sun and W. Xu, IEEE Signal
    Processing Letters 21 (2014). `scores` are n finite numbers, `labels` n truths.

    Raises:
        NotMeasurable: with rows of one class only, or a score that is not finite.
    """
    v10, v01 = _placements(scores, labels)
    area = math.fsum(v10) / len(v10)
    return area, _variance_of_mean(v10, area) + _variance_of_mean(v01, area)


def delong_paired(a: Sequence[float], b: Sequence[float], labels: Sequence[bool | int]) -> Paired:
    """AUC of `a` minus AUC of `b` on the same n rows, with the standard error by DeLong's covariance (1988).

    Raises:
        NotMeasurable: with rows of one class only, or a score that is not finite.
    """
    (a10, a01), (b10, b01) = _placements(a, labels), _placements(b, labels)
    area_a, area_b = math.fsum(a10) / len(a10), math.fsum(b10) / len(b10)
    d10 = [x - y for x, y in zip(a10, b10, strict=True)]
    d01 = [x - y for x, y in zip(a01, b01, strict=True)]
    delta = area_a - area_b
    variance = _variance_of_mean(d10, delta) + _variance_of_mean(d01, delta)
    return Paired(area_a, area_b, delta, math.sqrt(variance))


def _variance_of_mean(values: Sequence[float], mean: float) -> float:
    """Variance of the mean of placements; 0 for a single row, which shows no spread."""
    n = len(values)
    if n < 2:
        return 0.0
    return math.fsum((value - mean) * (value - mean) for value in values) / (n - 1) / n


def _placements(scores: Sequence[float], labels: Sequence[bool | int]) -> tuple[list[float], list[float]]:
    """For each positive the share of negatives below it, for each negative the share of positives above it."""
    if len(scores) != len(labels):
        raise ValueError("scores and labels must have the same length")
    if not all(math.isfinite(value) for value in scores):
        raise NotMeasurable("a score is not finite")
    positive = [s for s, y in zip(scores, labels, strict=True) if y]
    negative = [s for s, y in zip(scores, labels, strict=True) if not y]
    if not positive or not negative:
        raise NotMeasurable("the rows hold one class only")
    m, n = len(positive), len(negative)
    pooled = mid_ranks([*positive, *negative])
    within_positive, within_negative = mid_ranks(positive), mid_ranks(negative)
    v10 = [(pooled[i] - within_positive[i]) / n for i in range(m)]
    v01 = [1.0 - (pooled[m + j] - within_negative[j]) / m for j in range(n)]
    return v10, v01


def mid_ranks(values: Sequence[float]) -> list[float]:
    """Ranks of n values, from 1; tied values share the mean of their ranks."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in range(start, end + 1):
            ranks[order[place]] = (start + end) / 2 + 1
        start = end + 1
    return ranks


def logit_lower_bound(area: float, variance: float, smaller_class: int, z: float = Z_95) -> float:
    """One-sided lower confidence bound of an AUC on the logit scale: logit(a) − z √v / (a (1 − a)), mapped back.

    Logit interval by M. S. Pepe, "The Statistical Evaluation of Medical Tests" (2003). The AUC is clamped to
    [.5/n, 1 − .5/n], n = `smaller_class` = rows of the smaller class, so that a perfect ranking has a bound too.
    """
    edge = 0.5 / smaller_class
    a = min(max(area, edge), 1 - edge)
    bound = math.log(a / (1 - a)) - z * math.sqrt(variance) / (a * (1 - a))
    return 1 / (1 + math.exp(-bound)) if bound > -700 else 0.0
