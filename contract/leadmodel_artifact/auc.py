"""How well scores rank, with their uncertainty: AUC, DeLong's variance, the paired difference, and calibration beside rank.

Pure functions on sequences. What must hold of these figures is the gate's business.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

Z_95 = 1.6448536269514722  # one-sided 95 % normal quantile


class NotMeasurable(ValueError):  # noqa: N818  # the outcome's own word
    """There is nothing to rank: only one class, or a score that is not finite."""


@dataclass(frozen=True)
class Paired:
    """Two scorers on the same rows: delta = a − b, se its standard error."""

    auc_a: float
    auc_b: float
    delta: float
    se: float


def auc(scores: Sequence[float], labels: Sequence[bool | int]) -> float:
    """Area under the ROC curve = P(positive above negative) + ½ P(tie). Raises NotMeasurable."""
    return delong(scores, labels)[0]


def delong(scores: Sequence[float], labels: Sequence[bool | int]) -> tuple[float, float]:
    """AUC and its variance (DeLong, DeLong, Clarke-Pearson 1988; mid-ranks as Sun & Xu 2014), O(n log n).

    `scores` n finite numbers, `labels` n truths. Raises NotMeasurable with one class or a score that is not finite.
    """
    v10, v01 = _placements(scores, labels)
    area = math.fsum(v10) / len(v10)
    return area, _variance(v10, v10, area, area) + _variance(v01, v01, area, area)


def delong_paired(a: Sequence[float], b: Sequence[float], labels: Sequence[bool | int]) -> Paired:
    """AUC of `a` minus AUC of `b` on the same rows, with DeLong's covariance. Raises NotMeasurable."""
    (a10, a01), (b10, b01) = _placements(a, labels), _placements(b, labels)
    area_a, area_b = math.fsum(a10) / len(a10), math.fsum(b10) / len(b10)
    d10 = [x - y for x, y in zip(a10, b10, strict=True)]
    d01 = [x - y for x, y in zip(a01, b01, strict=True)]
    delta = area_a - area_b
    variance = _variance(d10, d10, delta, delta) + _variance(d01, d01, delta, delta)
    return Paired(area_a, area_b, delta, math.sqrt(variance))


def _variance(x: Sequence[float], y: Sequence[float], mean_x: float, mean_y: float) -> float:
    """Covariance of the mean of placements; 0 where one row says nothing of spread."""
    n = len(x)
    if n < 2:
        return 0.0
    return math.fsum((p - mean_x) * (q - mean_y) for p, q in zip(x, y, strict=True)) / (n - 1) / n


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
    every = mid_ranks([*positive, *negative])
    within_positive, within_negative = mid_ranks(positive), mid_ranks(negative)
    v10 = [(every[i] - within_positive[i]) / n for i in range(m)]
    v01 = [1.0 - (every[m + j] - within_negative[j]) / m for j in range(n)]
    return v10, v01


def mid_ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; ties share the mean of theirs."""
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
    """One-sided lower bound of an AUC on the logit scale: logit(a) − z √v / (a (1 − a)).

    The AUC is clamped to [.5/n, 1 − .5/n], n = rows of the smaller class, so that a perfect ranking has a bound too.
    """
    edge = 0.5 / smaller_class
    a = min(max(area, edge), 1 - edge)
    bound = math.log(a / (1 - a)) - z * math.sqrt(variance) / (a * (1 - a))
    return 1 / (1 + math.exp(-bound)) if bound > -700 else 0.0


def brier_skill(scores: Sequence[float], labels: Sequence[bool | int]) -> float | None:
    """1 − Brier score / Brier score of always saying the base rate (Murphy 1973); None with one class only."""
    n = len(scores)
    base = sum(map(bool, labels)) / n
    worst = base * (1 - base)
    if worst == 0:
        return None
    return 1 - math.fsum((s - bool(y)) ** 2 for s, y in zip(scores, labels, strict=True)) / n / worst


def observed_expected(scores: Sequence[float], labels: Sequence[bool | int]) -> float | None:
    """Conversions over the sum of scores; None when the scores sum to nothing."""
    expected = math.fsum(scores)
    return sum(map(bool, labels)) / expected if expected > 0 else None


def calibration_slope(scores: Sequence[float], labels: Sequence[bool | int]) -> float | None:
    """Slope of a logistic regression of the label on logit(score) (Cox 1958), by Newton's method; None where it does not settle."""
    xs = [math.log(min(max(s, 1e-12), 1 - 1e-12) / (1 - min(max(s, 1e-12), 1 - 1e-12))) for s in scores]
    a, b = 0.0, 1.0
    for _ in range(50):
        step = _newton_step(xs, labels, a, b)
        if step is None:
            return None
        a, b = a + step[0], b + step[1]
        if not (math.isfinite(a) and abs(b) < 1e6):
            return None
        if abs(step[0]) + abs(step[1]) < 1e-10:
            return b
    return None


def _newton_step(
    xs: Sequence[float], labels: Sequence[bool | int], a: float, b: float
) -> tuple[float, float] | None:
    g0 = g1 = h00 = h01 = h11 = 0.0
    for x, y in zip(xs, labels, strict=True):
        p = 1 / (1 + math.exp(-min(max(a + b * x, -700.0), 700.0)))
        w = p * (1 - p)
        g0 += bool(y) - p
        g1 += (bool(y) - p) * x
        h00 += w
        h01 += w * x
        h11 += w * x * x
    determinant = h00 * h11 - h01 * h01
    if determinant <= 1e-300:
        return None
    return (h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant
