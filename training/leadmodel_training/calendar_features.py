"""Finds the features that only count time: month, week number, year, serial numbers, rates of the day.

Such a feature tells when a lead came and nothing of the lead, so that every window of live leads differs from the reference in it. A model may
use it, drift may not. A feature counts time if leads of one date (or month, week, weekday, …) have one value, or if its values rise or
fall with time.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from leadmodel_artifact.model import Feature, FeatureKind
from leadmodel_training.features import Floats

DAY_S = 86_400
SAMPLE = 20_000  # rows
MIN_PAIRS = 200  # of leads of the same date, month, …
DETERMINED = 0.95  # agreement of two such leads: 0 as of any two leads, 1 always
MAX_COMMON = 0.9  # agreement of any two leads; above, hardly anything varies
MIN_CHANGES = 8  # of a value from date to date; fewer are events, which drift should see
COUNTING, MIN_COUNTS = 0.99, 100  # rank correlation with time, and distinct values

Integers = NDArray[np.int64]


def calendar_features(
    features: Sequence[Feature], table: Floats, times: Floats, seed: int = 0
) -> tuple[str, ...]:
    """The names of the features that only count time.

    Args:
        features: The features of the table's columns.
        table: Values as `encode` gives them, shape (n, features).
        times: Unix seconds, shape (n,), NaN where a lead has no time.
        seed: Seed of the sample of rows.
    """
    known = np.flatnonzero(~np.isnan(times))
    chance = np.random.default_rng(seed)
    rows = chance.permutation(known)[:SAMPLE]
    if len(rows) < 2 * MIN_PAIRS:
        return ()
    calendars = [(_pairs(units), returns) for units, returns in _calendars(times[rows])]
    days = (times[rows] // DAY_S).astype(np.int64)
    return tuple(
        feature.name
        for i, feature in enumerate(features)
        if feature.kind in {FeatureKind.NUMERIC, FeatureKind.CATEGORICAL}
        and _counts_time(table[rows, i], times[rows], days, calendars)
    )


def _calendars(times: Floats) -> Iterator[tuple[Integers, bool]]:
    """For each kind of calendar the unit in which each lead came, and whether its units are few or return."""
    dates = (times // DAY_S).astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype(np.int64)
    days = dates.astype(np.int64)
    yield days, False
    yield (days + 3) // 7, False  # week
    yield months, False
    yield months // 12, True  # year
    yield (days + 3) % 7, True  # weekday
    yield months % 12, True  # month of the year
    yield months % 12 // 3, True  # quarter
    yield (dates - dates.astype("datetime64[M]")).astype(np.int64), True  # day of the month
    yield (dates - dates.astype("datetime64[Y]")).astype(np.int64) // 7, True  # week of the year


def _pairs(units: Integers) -> tuple[Integers, Integers]:
    """Pairs of rows of the same unit, each row in one pair at most; rows are in random order already."""
    order = np.argsort(units, kind="stable")
    first, second = order[:-1:2], order[1::2]
    same = units[first] == units[second]
    return first[same], second[same]


def _counts_time(
    values: Floats, times: Floats, days: Integers, calendars: Sequence[tuple[tuple[Integers, Integers], bool]]
) -> bool:
    codes, counts = np.unique(values, return_inverse=True, return_counts=True, equal_nan=True)[1:]
    common = float(np.sum((counts / len(values)) ** 2))
    if common > MAX_COMMON:
        return False
    if len(counts) >= MIN_COUNTS and _rises(values, times):
        return True
    for (first, second), returns in calendars:
        if len(first) < MIN_PAIRS:
            continue
        agreement = (float(np.mean(codes[first] == codes[second])) - common) / (1 - common)
        if agreement >= DETERMINED and (returns or _changes(codes, days) >= MIN_CHANGES):
            return True
    return False


def _rises(values: Floats, times: Floats) -> bool:
    """Whether the values rise or fall with time (C. Spearman, 1904)."""
    known = ~np.isnan(values)
    return bool(abs(np.corrcoef(rankdata(values[known]), rankdata(times[known]))[0, 1]) >= COUNTING)


def _changes(codes: NDArray[np.intp], days: Integers) -> int:
    """How often the value of a date differs from that of the date before."""
    _, first = np.unique(days, return_index=True)  # in the order of the dates
    return int(np.count_nonzero(np.diff(codes[first])))
