"""Calibration of scores: whether a score of .2 means that two of ten leads convert."""

import math
from collections.abc import Sequence


def brier_skill(scores: Sequence[float], labels: Sequence[bool | int]) -> float | None:
    """1 − Brier score / Brier score of always answering the base rate (A. H. Murphy, J. Appl. Meteorology 12, 1973).

    `scores` are n probabilities, `labels` n truths, n ≥ 1. None with rows of one class only.
    """
    n = len(scores)
    base_rate = sum(map(bool, labels)) / n
    worst = base_rate * (1 - base_rate)
    if worst == 0:
        return None
    return 1 - math.fsum((s - bool(y)) ** 2 for s, y in zip(scores, labels, strict=True)) / n / worst


def observed_expected(scores: Sequence[float], labels: Sequence[bool | int]) -> float | None:
    """Ratio of conversions to the sum of the scores (O/E); None when the scores sum to 0."""
    expected = math.fsum(scores)
    return sum(map(bool, labels)) / expected if expected > 0 else None


def calibration_slope(scores: Sequence[float], labels: Sequence[bool | int]) -> float | None:
    """Slope of a logistic regression of the label on logit(score) (D. R. Cox, Biometrika 45, 1958); 1 is ideal.

    Newton's method from intercept 0 and slope 1, at most 50 steps. None where the method does not converge, for instance with rows of
    one class.
    """
    logits = [math.log(p / (1 - p)) for p in (min(max(s, 1e-12), 1 - 1e-12) for s in scores)]
    intercept, slope = 0.0, 1.0
    for _ in range(50):
        step = _newton_step(logits, labels, intercept, slope)
        if step is None:
            return None
        intercept, slope = intercept + step[0], slope + step[1]
        if not (math.isfinite(intercept) and abs(slope) < 1e6):
            return None
        if abs(step[0]) + abs(step[1]) < 1e-10:
            return slope
    return None


def _newton_step(
    xs: Sequence[float], labels: Sequence[bool | int], a: float, b: float
) -> tuple[float, float] | None:
    """Change of intercept `a` and slope `b`; None where the Hessian is singular."""
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
