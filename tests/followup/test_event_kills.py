"""No event, opt-out or erasure is lost, wherever the processes that apply them are killed; the control loses events."""

import pytest

from support.followup_event_kills import Fire, Result, run

pytestmark = pytest.mark.slow


def test_nothing_that_came_in_is_lost_by_kills(server):
    result = run(Fire(server.port))
    assert result == Result(0, 0, 0, result.kills)
    assert result.kills > 20


def test_control_that_lets_entries_go_before_they_are_applied_loses_events(server):
    result = run(Fire(server.port, early=True))
    assert result.kills > 20
    assert result.lost > 0
