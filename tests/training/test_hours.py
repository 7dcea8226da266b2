"""Hours of the day come from times of day; dates and midnights that stand for an unknown time give none."""

import numpy as np
import pytest

from leadmodel_training.hours import have_hours, hours_of

DAY_S, HOUR_S = 86_400.0, 3600.0
DAYS = np.arange(1000) * DAY_S


@pytest.mark.parametrize(
    "times",
    [
        DAYS,  # dates
        DAYS + 22 * HOUR_S,  # dates of another zone
        DAYS + np.where(np.arange(1000) % 365 < 180, 22, 23) * HOUR_S,  # of a zone with daylight saving
        np.full(1000, np.nan),
    ],
)
def test_dates_have_no_hours(times):
    assert not have_hours(times)
    assert hours_of(times) == [None] * 1000


def test_times_of_day_have_hours():
    seconds = np.random.default_rng(1).integers(0, 86_400, 1000).astype(float)
    assert have_hours(DAYS + seconds)
    assert hours_of(DAYS + seconds) == (seconds // HOUR_S).astype(int).tolist()
    whole = (seconds // HOUR_S) * HOUR_S  # times cut to the hour
    assert hours_of(DAYS + whole) == (whole / HOUR_S).astype(int).tolist()


def test_midnights_that_stand_for_no_time_are_unknown():
    seconds = np.random.default_rng(1).integers(0, 86_400, 1000).astype(float)
    seconds[::3] = 0.0
    hours = hours_of(DAYS + seconds)
    assert all(hour is None for hour in hours[::3])
    assert hours[1] == int(seconds[1] // HOUR_S)
    assert have_hours(DAYS + seconds)
