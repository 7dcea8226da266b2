"""Features that only count time are found, whatever they are called; features of leads are not."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from leadmodel_artifact.model import Feature, FeatureKind
from leadmodel_training import calendar_features as module
from leadmodel_training.calendar_features import calendar_features

START, DAY_S = datetime(2023, 3, 4, tzinfo=UTC), 86_400.0


def instants(count: int, days: float, *, seed: int = 1) -> np.ndarray:
    chance = np.random.default_rng(seed)
    return np.sort(START.timestamp() + chance.uniform(0, days * DAY_S, count))


def of_dates(times, function) -> np.ndarray:
    return np.array([float(function(datetime.fromtimestamp(t, UTC))) for t in times])


CALENDARS = {
    "month": lambda d: d.month,
    "year": lambda d: d.year,
    "week number": lambda d: d.isocalendar().week,
    "day of the year": lambda d: d.timetuple().tm_yday,
    "day of the month": lambda d: d.day,
    "weekday": lambda d: d.weekday(),
    "weekend": lambda d: d.weekday() >= 5,
    "quarter": lambda d: (d.month - 1) // 3,
    "summer": lambda d: 4 <= d.month <= 9,
    "months as 202303": lambda d: d.year * 100 + d.month,
    "days since then": lambda d: (d - START).days,
    "a month of another zone": lambda d: (d + timedelta(hours=3)).month,
    "a rate of the day": lambda d: hash((d.date().toordinal(), 7)) % 1000,
}


def found(times, values, kind=FeatureKind.NUMERIC) -> bool:
    feature = Feature(
        "it", kind, "it", levels=tuple(map(str, range(50))) if kind is FeatureKind.CATEGORICAL else ()
    )
    return calendar_features((feature,), values[:, None], times) == ("it",)


@pytest.mark.parametrize("name", CALENDARS)
@pytest.mark.parametrize(("count", "days"), [(3000, 900), (40_000, 900), (5000, 250)])
def test_what_counts_time_is_found(name, count, days):
    times = instants(count, days)
    if name == "year" and days < 300:
        times += 200 * DAY_S  # a turn of the year
    values = of_dates(times, CALENDARS[name])
    assert found(times, values)
    shuffled = np.random.default_rng(2).permutation(values)
    assert not found(times, shuffled)  # the control: the same values, not in time


def test_words_and_serial_numbers_too():
    times = instants(3000, 900)
    assert found(times, of_dates(times, lambda d: d.month - 1), FeatureKind.CATEGORICAL)
    assert found(times, np.arange(3000.0) * 7 + 100_000)
    assert found(times, -np.arange(3000.0))
    gaps = np.arange(3000.0)
    gaps[::50] = np.nan
    assert found(times, gaps)


def of_leads(name: str, times) -> np.ndarray:
    chance, count = np.random.default_rng(5), len(times)
    share = (times - times[0]) / (times[-1] - times[0])
    match name:
        case "noise":
            return chance.normal(size=count)
        case "levels":
            return chance.integers(0, 5, count).astype(float)
        case "rare":
            return (chance.random(count) < 0.02).astype(float)
        case "grows":  # with the years, and differs from lead to lead
            return 10 + 20 * share + chance.normal(0, 5, count)
        case "season":  # more of it in summer
            return (chance.random(count) < 0.3 + 0.3 * np.sin(share * 12)).astype(float)
        case "a step":  # a new form since one date: an event, which drift should see
            return (share > 0.6).astype(float)
        case "three versions":
            return np.floor(share * 3)
        case "campaigns":  # most leads of a week come from its campaign
            week = (times // (7 * DAY_S)) % 10
            return np.where(chance.random(count) < 0.7, week, chance.integers(0, 10, count))
        case _:
            return np.full(count, 3.0)


@pytest.mark.parametrize(
    "name",
    ["noise", "levels", "rare", "grows", "season", "a step", "three versions", "campaigns", "constant"],
)
@pytest.mark.parametrize("count", [500, 3000, 40_000])
def test_what_describes_leads_is_watched(name, count):
    times = instants(count, 900)
    assert not found(times, of_leads(name, times))


def test_the_control_without_a_least_number_of_changes_an_event_would_go_unseen(monkeypatch):
    monkeypatch.setattr(module, "MIN_CHANGES", 0)
    times = instants(3000, 900)
    assert found(times, of_leads("a step", times))


def test_few_leads_or_none_with_a_time_prove_nothing():
    times = instants(300, 100)
    assert not found(times, of_dates(times, CALENDARS["month"]))
    times = np.full(3000, np.nan)
    assert not found(times, np.arange(3000.0))


def test_the_same_leads_give_the_same_answer():
    times = instants(40_000, 900)
    values = of_dates(times, CALENDARS["week number"])
    answers = {found(times, values) for _ in range(3)}
    assert answers == {True}
