"""Measures how large PSI (population stability index) gets without drift: windows of consecutive holdout rows against all of them.

The windows follow the rules of serving (bins, hours that count, shrinking, bias term). The result is for people: no decision uses it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmodel_artifact.model import FeatureKind, FeatureReference, Reference
from leadmodel_artifact.reference import bin_indices, expected_shares
from leadmodel_messages.window import FeatureWindow
from leadmodel_messages.window_psi import feature_psi
from leadmodel_statistics.stability import MIN_REFERENCE_ROWS

WINDOW, MIN_WINDOW, STEPS = 1000, 150, 200  # rows of a window at most, at least; number of windows
QUANTILE = 0.999


def psi_quantile(
    reference: Reference, columns: Sequence[Sequence[Any]], hours: Sequence[int | None]
) -> float | None:
    """The 99.9 % quantile, over windows, of the largest PSI among features and score; None for too few rows.

    Args:
        reference: The distributions on the holdout.
        columns: Raw values, one sequence of length n per feature of the reference, in time order.
        hours: Hours of the day in UTC, length n, None where unknown.
    """
    rows = len(hours)
    size = min(WINDOW, rows // 5)
    if size < MIN_WINDOW:
        return None
    starts = np.unique(np.linspace(0, rows - size, STEPS).astype(int))
    hour = np.array([-1 if h is None else h for h in hours])
    largest = np.zeros(len(starts))
    for feature, column in zip(reference.features, columns, strict=True):
        bins = _bins(feature, column)
        largest = np.maximum(largest, _psis(feature, bins, hour, starts, size))
    return float(np.quantile(largest, QUANTILE))


def _bins(feature: FeatureReference, column: Sequence[Any]) -> NDArray[np.int_]:
    """The bin of each row, shape (n,), −1 for a missing number."""
    if feature.kind is FeatureKind.CATEGORICAL:
        return np.array(bin_indices(feature, column))
    known = np.array([value is not None for value in column])
    bins = np.full(len(column), -1)
    bins[known] = bin_indices(feature, [value for value in column if value is not None])
    return bins


def _psis(
    feature: FeatureReference,
    bins: NDArray[np.int_],
    hour: NDArray[np.int_],
    starts: NDArray[np.int_],
    size: int,
) -> list[float]:
    shares = np.array(expected_shares(feature))
    rows_by_hour = [sum(row) for row in feature.counts_by_hour]
    kinds = len(feature.counts)
    values = []
    for start in starts:
        b, h = bins[start : start + size], hour[start : start + size]
        counted = b >= 0
        if rows_by_hour:
            counted &= (h >= 0) & (np.array([*rows_by_hour, 0])[h] >= MIN_REFERENCE_ROWS)
        by_hour = np.bincount(h[counted], minlength=24) if rows_by_hour else np.array([counted.sum()])
        window = FeatureWindow(
            kind=feature.kind,
            n=int(counted.sum()),
            n_ref=sum(feature.counts),
            shrink=feature.shrink,
            observed=tuple(np.bincount(b[counted], minlength=kinds).tolist()),
            expected=tuple((by_hour @ shares).tolist()),
        )
        result = feature_psi(window, by_hour.tolist(), rows_by_hour)
        values.append(result.value if result is not None else 0.0)
    return values
