"""Which hours of the day the leads of a training came at; dates without a time of day, and midnights that stand for one, are no hours."""

import numpy as np

from leadmodel_artifact.reference import DATE_HOURS
from leadmodel_training.columns import plain
from leadmodel_training.features import Floats

DAY_S, HOUR_S = 86_400, 3600
ODD_SHARE = 0.2  # of the leads in one second of the day: more than that stands for an unknown time


def hours_of(times: Floats) -> list[int | None]:
    """The UTC hour of each lead; None where the lead has no time, or none of a time of day.

    Args:
        times: Unix seconds, shape (n,), NaN where a lead has no time.
    """
    return [None if hour is None else int(hour) for hour in plain(_hours(times))]


def have_hours(times: Floats) -> bool:
    """Whether at least half of the leads came at a known hour of the day."""
    return bool(2 * np.count_nonzero(~np.isnan(_hours(times))) >= len(times))


def _hours(times: Floats) -> Floats:
    seconds = times % DAY_S
    values, counts = np.unique(seconds[~np.isnan(seconds)], return_counts=True)
    if len(values) <= DATE_HOURS:  # dates: midnight in UTC, or of a zone with daylight saving
        return np.full(len(times), np.nan)
    odd = values[counts > ODD_SHARE * counts.sum()]
    hours: Floats = np.where(np.isin(seconds, odd), np.nan, seconds // HOUR_S)
    return hours
