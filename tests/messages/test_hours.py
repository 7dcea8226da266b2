"""Hours of the day are compared with the hours that were watched, so that a window begun at night is no drift."""

import math

import pytest

from leadmodel_messages.window import HoursWindow
from leadmodel_messages.window_psi import hours_psi
from leadmodel_statistics.hours import expected_hours

DAY = [6, 4, 3, 3, 3, 5, 12, 26, 48, 62, 66, 62, 52, 56, 62, 60, 54, 46, 38, 34, 32, 28, 20, 11]
COUNTS = [20 * count for count in DAY]
MIDNIGHT = 1_767_571_200.0  # 2026-01-05


def seen(begun: float, now: float, leads_per_day: float = 20_000) -> HoursWindow:
    """What comes between two instants when nothing is out of order, without noise."""
    observed = [0.0] * 24
    for minute in range(int(begun), int(now), 60):
        h = int(minute // 3600 % 24)
        observed[h] += leads_per_day * DAY[h] / sum(DAY) / 60
    counts = tuple(map(round, observed))
    expected = expected_hours(COUNTS, begun, now)
    return HoursWindow(sum(counts), sum(COUNTS), counts, tuple(sum(counts) * share for share in expected))


@pytest.mark.parametrize("hours", [1.5, 3, 6, 7.9, 12, 20, 23.1, 23.9])
def test_a_window_begun_at_night_is_no_drift(hours):
    found = hours_psi(seen(MIDNIGHT + 5400, MIDNIGHT + 5400 + hours * 3600))
    assert found is None or found.value == 0.0


def test_against_the_whole_day_it_would_be(monkeypatch):
    window = seen(MIDNIGHT + 5400, MIDNIGHT + 8 * 3600)
    marginal = tuple(window.n * count / sum(COUNTS) for count in COUNTS)
    assert hours_psi(HoursWindow(window.n, window.n_ref, window.observed, marginal)).value > 1


def with_leads(now: float, observed: list[int], week: list[int] = COUNTS) -> float:
    """PSI at an instant after a window begun at 01:30."""
    n = sum(observed)
    expected = expected_hours(week, MIDNIGHT + 5400, now)
    return hours_psi(HoursWindow(n, sum(week), tuple(observed), tuple(n * share for share in expected))).value


def test_a_night_bot_stands_out_the_same_night():
    now = MIDNIGHT + 7 * 3600
    observed = list(seen(MIDNIGHT + 5400, now).observed)
    for hour in (2, 3, 4):
        observed[hour] += 2000
    assert with_leads(now, observed) > 0.25


def test_a_saturday_morning_among_workdays_is_no_drift():
    """At eight, when offices open and on Saturdays do not; of the hours that were watched alone it would be three times as much."""
    weekend = [9, 7, 5, 4, 4, 5, 8, 13, 22, 32, 40, 44, 42, 40, 40, 40, 40, 42, 44, 46, 44, 36, 24, 14]
    now = MIDNIGHT + 8.5 * 3600
    watched = [0.0, 0.5, *[1.0] * 6, 0.5, *[0.0] * 15]
    observed = [round(22 * share * count) for share, count in zip(watched, weekend, strict=True)]
    found = with_leads(now, observed)
    assert found < 0.1
    assert found * 24 / 8 > 0.15


def test_shares_sum_to_one_and_know_a_day_at_most():
    assert math.fsum(expected_hours(COUNTS, MIDNIGHT, MIDNIGHT + 600)) == pytest.approx(1)
    long = expected_hours(COUNTS, MIDNIGHT - 10 * 86400, MIDNIGHT + 86400 - 1)
    assert long == pytest.approx([(c + 0.5) / (sum(COUNTS) + 12) for c in COUNTS], rel=1e-3)
    assert expected_hours(COUNTS, MIDNIGHT, MIDNIGHT) == (0.0,) * 24
