"""Hours of the day are compared with the hours that were watched, so that a window begun at night is no drift."""

import math

import pytest

from leadmodel_artifact.reference import expected_hours
from leadmodel_artifact.window import HoursWindow, hours_psi

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


def test_a_night_bot_stands_out_at_once():
    window = seen(MIDNIGHT + 5400, MIDNIGHT + 3 * 3600)
    observed = list(window.observed)
    observed[2] += 2000
    n = sum(observed)
    expected = expected_hours(COUNTS, MIDNIGHT + 5400, MIDNIGHT + 3 * 3600)
    found = hours_psi(HoursWindow(n, window.n_ref, tuple(observed), tuple(n * share for share in expected)))
    assert found.value > 0.25


def test_shares_sum_to_one_and_know_a_day_at_most():
    assert math.fsum(expected_hours(COUNTS, MIDNIGHT, MIDNIGHT + 600)) == pytest.approx(1)
    long = expected_hours(COUNTS, MIDNIGHT - 10 * 86400, MIDNIGHT + 86400 - 1)
    assert long == pytest.approx([(c + 0.5) / (sum(COUNTS) + 12) for c in COUNTS], rel=1e-3)
    assert expected_hours(COUNTS, MIDNIGHT, MIDNIGHT) == (0.0,) * 24
