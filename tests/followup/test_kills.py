"""No follow-up is lost or sent twice, wherever workers are killed and whichever answers are lost; the controls lose or double.

`bench/followups.py` does the same with 3,000 follow-ups and 1,000 kills.
"""

import pytest

from leadmodel_followup.channels.http_channel import HttpChannel
from leadmodel_followup.dispatch.settings import DispatchSettings
from support import followup_pod_kills
from support.followup_kills import Fire, run
from support.followup_pod_kills import PodFire

pytestmark = pytest.mark.slow
FEW = 120
HALF_LOST = {"take-drop": 0.5}  # so that a control does not depend on luck


def test_with_a_look_up_none_is_lost_and_none_doubled(server):
    result = run(Fire(server.port, count=FEW))
    assert (result.never, result.doubled, result.unknown) == (0, 0, 0)
    assert result.once == FEW
    assert result.kills >= FEW // 6


def test_without_a_look_up_none_is_doubled_and_each_that_is_not_known_is_stated(server):
    result = run(Fire(server.port, policy="none", count=FEW, give_up_ms=3000))
    assert (result.doubled, result.unstated) == (0, 0)
    assert result.never + result.once == FEW
    assert 0 < result.never <= result.unknown < FEW
    assert result.kills >= FEW // 10


def test_control_that_sends_again_what_is_unknown_doubles(server):
    result = run(Fire(server.port, policy="blind", count=40), HALF_LOST)
    assert result.never == 0 < result.doubled


def test_control_without_a_ledger_doubles(server):
    result = run(Fire(server.port, policy="no-ledger", count=40), HALF_LOST)
    assert result.never == 0 < result.doubled


def test_through_real_pods_with_rq_none_is_lost_and_none_doubled(server, tmp_path):
    result = followup_pod_kills.run(tmp_path, server, PodFire(count=60))
    assert (result.never, result.once, result.doubled) == (0, 60, 0)
    assert result.kills >= 10


def test_control_through_real_pods_a_look_up_that_guesses_doubles(server, tmp_path):
    result = followup_pod_kills.run(tmp_path, server, PodFire(count=30, looks_up="blind", faults=HALF_LOST))
    assert result.never == 0 < result.doubled


def test_an_open_attempt_is_looked_up_after_two_requests_could_have_ended_and_within_thirty_seconds():
    look_ms = DispatchSettings().look_ms(HttpChannel.timeout_ms)
    assert 2 * HttpChannel.timeout_ms <= look_ms < 30_000
