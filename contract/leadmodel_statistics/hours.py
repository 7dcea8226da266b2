"""Hour matching: the share of leads that a reference predicts per bin and UTC hour, and per UTC hour."""

import math
from collections.abc import Sequence

HOUR_S = 3600.0
MIN_SHRINK, MAX_SHRINK = 2.0, 1e5
BORROWED_ROWS = 100.0  # rows of the whole day that are mixed into the two hours beside an hour


def shrink_strength(by_hour: Sequence[Sequence[int]]) -> float:
    """Shrink strength K = (1 − ρ)/ρ of an hour × bin table of counts, in rows, within [2, 1e5].

    ρ is the intra-class correlation of a Dirichlet-multinomial by the method of moments (J. E. Mosimann, Biometrika 49, 1962; estimated
    from Pearson's X² as by S. S. Brier, Biometrika 67, 1980): X² = Σ (r_hb − r_h r_b/R)² / (r_h r_b/R) and
    ρ = max(0, (X² − (H−1)(B−1)) / ((B−1)(R − Σ r_h²/R − (H−1)))). Hours that are alike give a large K, so that the share of the
    whole day is used; hours that differ give a small K.
    """
    rows = [row for row in by_hour if sum(row)]
    bins = range(len(by_hour[0])) if by_hour else range(0)
    totals = {b: count for b in bins if (count := sum(row[b] for row in rows))}
    total = sum(totals.values())
    hours, used_bins = len(rows), len(totals)
    if hours < 2 or used_bins < 2:
        return MAX_SHRINK
    x2 = 0.0
    for row in rows:
        size = sum(row)
        x2 += math.fsum((row[b] - size * r / total) ** 2 / (size * r / total) for b, r in totals.items())
    scale = (used_bins - 1) * (total - sum(sum(row) ** 2 for row in rows) / total - (hours - 1))
    rho = max(0.0, (x2 - (hours - 1) * (used_bins - 1)) / scale) if scale > 0 else 0.0
    return min(max((1 - rho) / rho, MIN_SHRINK), MAX_SHRINK) if rho > 0 else MAX_SHRINK


def marginal_shares(counts: Sequence[int]) -> tuple[float, ...]:
    """m_b = (r_b + .5) / (R + .5 B): the share of each of B bins over all hours, from B counts."""
    total, size = sum(counts), len(counts)
    return tuple((count + 0.5) / (total + 0.5 * size) for count in counts)


def hourly_shares(
    counts: Sequence[int], counts_by_hour: Sequence[Sequence[int]], shrink: float
) -> tuple[tuple[float, ...], ...]:
    """q(b|h) = (r_hb + K m_hb) / (r_h + K): the share of each of B bins at each of 24 hours.

    m_hb = (r_(h−1)b + r_(h+1)b + 100 m_b) / (r_(h−1) + r_(h+1) + 100): a quiet hour borrows from the two hours beside it, which are
    like it, before it borrows from the whole day, which is unlike the night.

    Args:
        counts: rows r_b per bin over all hours, B counts.
        counts_by_hour: rows r_hb per hour and bin, 24 × B counts; empty without an hour reference: the answer is then m_b alone, once.
        shrink: K in rows (`shrink_strength`).
    """
    marginal = marginal_shares(counts)
    if not counts_by_hour:
        return (marginal,)
    shares: list[tuple[float, ...]] = []
    for h, row in enumerate(counts_by_hour):
        neighbours = zip(counts_by_hour[h - 1], counts_by_hour[(h + 1) % 24], marginal, strict=True)
        beside = [before + after + BORROWED_ROWS * m for before, after, m in neighbours]
        beside_total, weight = sum(beside), sum(row) + shrink
        shares.append(
            tuple(
                [(count + shrink * b / beside_total) / weight for count, b in zip(row, beside, strict=True)]
            )
        )
    return tuple(shares)


def expected_hours(counts: Sequence[int], begun: float, now: float) -> tuple[float, ...]:
    """Expected share of each UTC hour among leads counted from `begun` to `now` (Unix seconds), the last 24 clock hours at most.

    `counts` are the reference's leads per hour, 24 counts. An hour that was watched for ten minutes is expected to have brought a sixth
    of its leads; otherwise a window that begins at night, as after each nightly rollout, would look like drift. All 0 when nothing was
    watched.
    """
    hour = now // HOUR_S
    total = sum(counts) + 12
    weights = [0.0] * 24
    for back in range(24):
        watched_s = min(now, (hour - back + 1) * HOUR_S) - max(begun, (hour - back) * HOUR_S)
        h = int((hour - back) % 24)
        weights[h] = max(0.0, watched_s) * (counts[h] + 0.5) / total
    sum_ = math.fsum(weights)
    return tuple(weight / sum_ for weight in weights) if sum_ > 0 else tuple(weights)
