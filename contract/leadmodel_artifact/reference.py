"""The reference leads are compared with: how holdout rows fall into bins, hour by hour.

Building it from rows, finding the bin of a value, and the expected share of a bin at an hour. Comparing live leads with it is done
on the window document.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import repeat

from leadmodel_artifact.artifact import FeatureKind, FeatureReference

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

BINS = 10
SCORE = "score"  # the name under which the model's answer is watched like a feature
MIN_SHRINK, MAX_SHRINK = 2.0, 1e5
HOUR_S = 3600.0
BORROWED = 100.0  # rows of the whole day mixed into the hours beside an hour


def bin_count(reference: FeatureReference) -> int:
    """How many bins: numbers have one more than edges, categories one more than levels (other)."""
    return len(reference.counts)


def bin_index(reference: FeatureReference, value: float | str | None) -> int:
    """The bin of a value. Unknown levels and missing categories are other; numbers must be there."""
    if reference.kind is FeatureKind.CATEGORICAL:
        levels = reference.levels
        return levels.index(value) if value in levels else len(levels)
    if value is None or isinstance(value, str):
        raise ValueError("a number is needed to find its bin")
    return bisect_right(reference.edges, value)


def bin_indices(reference: FeatureReference, values: Sequence[Any]) -> list[int]:
    """The bin of each of n values, as `bin_index` finds it; for many values the loop is C's."""
    if reference.kind is FeatureKind.CATEGORICAL:
        found = {value: bin_index(reference, value) for value in {*values}}
        return list(map(found.__getitem__, values))
    return list(map(bisect_right, repeat(reference.edges), values))


def deciles(values: Sequence[float], bins: int = BINS) -> tuple[float, ...]:
    """Inner quantiles (linear between order statistics), each once, none at the very end of the values."""
    ordered = sorted(values)
    if not ordered:
        return ()
    edges: list[float] = []
    for i in range(1, bins):
        place = i / bins * (len(ordered) - 1)
        low = math.floor(place)
        high = min(low + 1, len(ordered) - 1)
        edge = ordered[low] + (ordered[high] - ordered[low]) * (place - low)
        if edge > ordered[0] and (not edges or edge > edges[-1]):
            edges.append(edge)
    return tuple(edges)


def build(
    name: str,
    kind: FeatureKind,
    values: Sequence[Any],
    hours: Sequence[int | None] | None,
    *,
    levels: Sequence[str] = (),
) -> FeatureReference:
    """The reference of one feature. `values` n raw values (None: missing), `hours` n UTC hours or None for no hour reference.

    Missing numbers are left out; missing and unknown levels are other.
    """
    categorical = kind is FeatureKind.CATEGORICAL
    kept = [i for i, value in enumerate(values) if categorical or value is not None]
    numbers = [] if categorical else [float(values[i]) for i in kept]
    empty = FeatureReference(
        name=name,
        kind=kind,
        mean=math.fsum(numbers) / len(numbers) if numbers else 0.0,
        std=_std(numbers),
        edges=() if categorical else deciles(numbers),
        levels=tuple(levels) if categorical else (),
    )
    return _counted(empty, [values[i] for i in kept], None if hours is None else [hours[i] for i in kept])


def _counted(
    empty: FeatureReference, values: Sequence[Any], hours: Sequence[int | None] | None
) -> FeatureReference:
    size = (len(empty.levels) if empty.kind is FeatureKind.CATEGORICAL else len(empty.edges)) + 1
    bins = bin_indices(empty, values)
    rows = Counter(bins)
    cells = Counter(zip(hours or (), bins, strict=False))
    by_hour = [[cells[hour, b] for b in range(size)] for hour in range(24)]
    known = hours is not None
    return FeatureReference(
        name=empty.name,
        kind=empty.kind,
        mean=empty.mean,
        std=empty.std,
        edges=empty.edges,
        levels=empty.levels,
        counts=tuple(rows[b] for b in range(size)),
        counts_by_hour=tuple(map(tuple, by_hour)) if known else (),
        shrink=shrink_strength(by_hour) if known else MAX_SHRINK,
    )


def _std(numbers: Sequence[float]) -> float:
    if len(numbers) < 2:
        return 0.0
    mean = math.fsum(numbers) / len(numbers)
    return math.sqrt(math.fsum((x - mean) ** 2 for x in numbers) / len(numbers))


def shrink_strength(by_hour: Sequence[Sequence[int]]) -> float:
    """K = (1 − ρ)/ρ by the method of moments on the hour × bin table (as for a Dirichlet-multinomial), within [2, 1e5].

    X² = Σ (r_hb − r_h r_b/R)² / (r_h r_b/R), ρ = max(0, (X² − (H−1)(B−1)) / ((B−1)(R − Σ r_h²/R − (H−1)))).
    Hours alike: K large, the marginal is used; hours unlike: K small.
    """
    rows = [row for row in by_hour if sum(row)]
    bins = range(len(by_hour[0])) if by_hour else range(0)
    marginal = {b: total for b in bins if (total := sum(row[b] for row in rows))}
    total = sum(marginal.values())
    h, b_count = len(rows), len(marginal)
    if h < 2 or b_count < 2:
        return MAX_SHRINK
    x2 = 0.0
    for row in rows:
        size = sum(row)
        x2 += math.fsum((row[b] - size * r / total) ** 2 / (size * r / total) for b, r in marginal.items())
    below = (b_count - 1) * (total - sum(sum(row) ** 2 for row in rows) / total - (h - 1))
    rho = max(0.0, (x2 - (h - 1) * (b_count - 1)) / below) if below > 0 else 0.0
    return min(max((1 - rho) / rho, MIN_SHRINK), MAX_SHRINK) if rho > 0 else MAX_SHRINK


def marginal(reference: FeatureReference) -> tuple[float, ...]:
    """m_b = (r_b + .5) / (R + .5 B): the share of each bin over all hours."""
    total, size = sum(reference.counts), len(reference.counts)
    return tuple((count + 0.5) / (total + 0.5 * size) for count in reference.counts)


def expected_shares(reference: FeatureReference) -> tuple[tuple[float, ...], ...]:
    """q(b|h) = (r_hb + K m_hb) / (r_h + K) for 24 hours; without an hour reference the marginal, once.

    m_hb = (r_(h−1)b + r_(h+1)b + 100 m_b) / (r_(h−1) + r_(h+1) + 100): a quiet hour borrows from the hours beside it, which are
    like it, before it borrows from the whole day, which at night is not.
    """
    shares = marginal(reference)
    rows, k = reference.counts_by_hour, reference.shrink
    if not rows:
        return (shares,)
    found: list[tuple[float, ...]] = []
    for h, row in enumerate(rows):
        beside = [
            a + b + BORROWED * m for a, b, m in zip(rows[h - 1], rows[(h + 1) % 24], shares, strict=True)
        ]
        near, below = sum(beside), sum(row) + k
        found.append(tuple([(count + k * b / near) / below for count, b in zip(row, beside, strict=True)]))
    return tuple(found)


def expected_hours(counts: Sequence[int], begun: float, now: float) -> tuple[float, ...]:
    """The share of each hour among leads counted from `begun` (Unix seconds) to `now`, the current and the 23 hours before at most.

    An hour that was watched for ten minutes is expected to have brought a sixth of its leads: without that, a window that begins
    at night, as after each nightly rollout, looks like a world without days.
    """
    hour = now // HOUR_S
    total = sum(counts) + 12
    found = [0.0] * 24
    for back in range(24):
        watched = min(now, (hour - back + 1) * HOUR_S) - max(begun, (hour - back) * HOUR_S)
        h = int((hour - back) % 24)
        found[h] = max(0.0, watched) * (counts[h] + 0.5) / total
    sum_ = math.fsum(found)
    return tuple(share / sum_ for share in found) if sum_ > 0 else tuple(found)
