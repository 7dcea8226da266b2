"""Sixteen processes that ask as fast as they can are never let beyond rate and burst, in any window of time."""

import pytest

from support.followup_limiter import BURST, crowd, two_calls_ask

pytestmark = pytest.mark.slow


def test_sixteen_processes_stay_within_rate_and_burst(server):
    let = crowd(server.port)
    assert let.beyond() <= 0
    assert BURST < len(let.times) < let.asked


def test_control_a_limiter_of_two_calls_lets_more_through(server):
    assert any(crowd(server.port, two_calls_ask).beyond() > 0 for _ in range(4))
