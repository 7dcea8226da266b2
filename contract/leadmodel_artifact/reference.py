"""The reference of a model: how the holdout's rows fall into bins, per UTC hour; live leads are compared with the reference.

The trainer builds a reference, the predictor finds bins and expected shares; the comparison is made on the drift window.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import repeat

from leadmodel_artifact.model import FeatureKind, FeatureReference, Reference
from leadmodel_statistics.hours import MAX_SHRINK, hourly_shares, marginal_shares, shrink_strength

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

BINS = 10
DATE_HOURS = 2  # UTC hours in which the midnights of a time zone fall
SCORE = "score"  # the name under which the model's score is watched like a feature


def bin_index(reference: FeatureReference, value: float | str | None) -> int:
    """The bin of a value. Unknown levels and missing categories fall into other, the last bin.

    Raises:
        ValueError: when the reference has numbers and the value is missing or a text.
    """
    if reference.kind is FeatureKind.CATEGORICAL:
        levels = reference.levels
        return levels.index(value) if value in levels else len(levels)
    if value is None or isinstance(value, str):
        raise ValueError("a number is needed to find its bin")
    return bisect_right(reference.edges, value)


def bin_indices(reference: FeatureReference, values: Sequence[Any]) -> list[int]:
    """The bins of n values, each as `bin_index` finds one, in a loop that runs in C."""
    if reference.kind is FeatureKind.CATEGORICAL:
        bins = {value: bin_index(reference, value) for value in {*values}}
        return list(map(bins.__getitem__, values))
    return list(map(bisect_right, repeat(reference.edges), values))


def deciles(values: Sequence[float], bins: int = BINS) -> tuple[float, ...]:
    """Edges between `bins` bins of equal size: the inner quantiles (linear between order statistics; Hyndman and Fan 1996, type 7).

    An edge stands once, and none is the smallest value; so values with many ties have fewer edges.
    """
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
    """The reference of one feature. Missing numbers are left out; missing and unknown levels are other.

    Args:
        name: the feature's name.
        kind: the feature's kind.
        values: n raw values, None for a missing value.
        hours: n UTC hours, None for a row without a time; None instead of the list: no hour reference.
        levels: levels of a categorical feature.
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


def missing_reference(reference: FeatureReference, all_rows: FeatureReference) -> FeatureReference | None:
    """How many of the reference's rows have a value, and how many have none, as a reference of two bins.

    Args:
        reference: a feature's reference, which counts rows with a value.
        all_rows: the reference of the score, which every row has.

    Returns:
        None for a category, whose missing values are counted as other, and where the counts do not fit together.
    """
    known, rows = sum(reference.counts), sum(all_rows.counts)
    if reference.kind is FeatureKind.CATEGORICAL or not 0 <= known <= rows:
        return None
    by_hour: list[tuple[int, int]] = []
    for row, whole in zip(reference.counts_by_hour, all_rows.counts_by_hour, strict=False):
        by_hour.append((sum(row), max(0, sum(whole) - sum(row))))
    return FeatureReference(
        name=reference.name,
        kind=FeatureKind.CATEGORICAL,
        mean=0.0,
        std=0.0,
        levels=("known",),
        counts=(known, rows - known),
        counts_by_hour=tuple(by_hour) if len(by_hour) == 24 else (),
        shrink=shrink_strength(by_hour) if len(by_hour) == 24 else MAX_SHRINK,
    )


def _std(numbers: Sequence[float]) -> float:
    if len(numbers) < 2:
        return 0.0
    mean = math.fsum(numbers) / len(numbers)
    return math.sqrt(math.fsum((x - mean) ** 2 for x in numbers) / len(numbers))


def comparable(reference: Reference) -> Reference:
    """The reference without its hours where these are no hours of the day.

    Dates without a time of day fall into one UTC hour, or into two where the offset changed in the year. Compared hour by hour, the leads
    of every other hour would be left out, and drift would go unseen.
    """
    if not reference.hours or sum(count > 0 for count in reference.hours) > DATE_HOURS:
        return reference
    features = (replace(f, counts_by_hour=(), shrink=MAX_SHRINK) for f in reference.features)
    return replace(reference, hours=(), features=tuple(features))


def marginal(reference: FeatureReference) -> tuple[float, ...]:
    """Share of each bin over all hours."""
    return marginal_shares(reference.counts)


def expected_shares(reference: FeatureReference) -> tuple[tuple[float, ...], ...]:
    """Expected share of each bin at each of 24 UTC hours; without an hour reference the marginal shares, once."""
    return hourly_shares(reference.counts, reference.counts_by_hour, reference.shrink)
