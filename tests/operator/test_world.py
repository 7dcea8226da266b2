"""The loop in the small world: first deploy, refusal, promotion, drift, and a person's commands."""

from dataclasses import replace

import pytest

from leadmodel_messages import backfill
from leadmodel_messages.backfill import BackfillAnswer, Counts, Head, Mode
from leadmodel_operator.planning.observed import JobKind, JobState
from leadmodel_operator.resource.spec_schedules import PiiBackfill, RedisSource
from leadmodel_operator.resource.vocabulary import (
    Command,
    ConditionStatus,
    ConditionType,
    Phase,
    QuarantineKind,
    Reason,
)
from worlds.invariants import check_settled
from worlds.leader import Leader
from worlds.names import digest
from worlds.programs import Truth
from worlds.situations import condition, drifted, held_after_rollback, is_ready, serving
from worlds.world import Job, World


def test_first_deploy_serves_what_passed():
    world, _ = serving()
    assert world.status.champion.digest == digest("A")
    assert world.status.phase is Phase.SERVING
    assert is_ready(world)
    check_settled(world)


def test_first_deploy_fails_closed():
    world = World()
    world.upload("A", Truth(auc=0.6))
    Leader(world).settle()
    assert world.deployment is None
    assert condition(world, ConditionType.READY) == (ConditionStatus.FALSE, Reason.GATE_FAILED)
    assert condition(world, ConditionType.STALLED) == (ConditionStatus.TRUE, Reason.GATE_FAILED)
    assert condition(world, ConditionType.AVAILABLE) == (ConditionStatus.FALSE, Reason.NO_GOOD_REVISION)


def test_polled_and_worse_leaves_ready_alone():
    world, leader = serving()
    world.upload("B", Truth(auc=0.6))
    world.poll_by_schedule()
    leader.settle()
    assert world.status.champion.digest == digest("A")
    assert is_ready(world)
    assert condition(world, ConditionType.STALLED)[0] is ConditionStatus.FALSE
    assert condition(world, ConditionType.VALIDATED) == (ConditionStatus.FALSE, Reason.AUC_BELOW_MINIMUM)
    assert world.status.quarantine[0].kind is QuarantineKind.GATE


def test_pinned_and_worse_is_stalled():
    world, leader = serving()
    world.upload("B", Truth(auc=0.6))
    world.pin("B")
    leader.settle()
    assert world.status.champion.digest == digest("A")
    assert condition(world, ConditionType.READY) == (ConditionStatus.FALSE, Reason.GATE_FAILED)
    assert condition(world, ConditionType.STALLED) == (ConditionStatus.TRUE, Reason.GATE_FAILED)


def test_judging_the_champion_again_restarts_no_pod():
    """Another holdout measures another AUC; the pods' arguments stay, or every gate change would empty the windows."""
    world, leader = serving()
    before, pods = world.deployment, [pod.name for pod in world.pods]
    world.truths["A"] = replace(world.truths["A"], auc=0.77)
    world.edit(min_auc=0.7)
    leader.settle()
    assert world.status.gate.auc == 0.77
    assert is_ready(world)
    assert world.deployment == before
    assert [pod.name for pod in world.pods] == pods


def test_better_is_promoted():
    world, leader = serving()
    world.upload("B", Truth(auc=0.8))
    world.poll_by_schedule()
    leader.settle()
    assert world.status.champion.digest == digest("B")
    assert world.status.previous.digest == digest("A")
    assert is_ready(world)


def test_drift_of_the_champion_alone_rolls_back():
    world, _ = drifted()
    assert world.status.champion.digest == digest("A")
    assert world.status.phase is Phase.ROLLED_BACK
    assert condition(world, ConditionType.READY) == (ConditionStatus.FALSE, Reason.ROLLED_BACK)
    assert condition(world, ConditionType.ROLLED_BACK) == (ConditionStatus.TRUE, Reason.DRIFT_SUSTAINED)
    assert len(world.invariants.auto_rollbacks) == 1
    check_settled(world)


def test_drift_of_both_is_the_world():
    world, leader = serving()
    world.live = True
    leader.step()
    world.upload("B", Truth(auc=0.8, drifts=True))
    world.poll_by_schedule()
    leader.settle()
    world.truths["A"] = Truth(auc=0.75, drifts=True)
    for _ in range(20):
        leader.step(5 / 60)
    assert world.status.champion.digest == digest("B")
    assert condition(world, ConditionType.DRIFT_DETECTED) == (ConditionStatus.TRUE, Reason.SUSTAINED_BREACH)
    assert not world.invariants.auto_rollbacks


def test_held_after_rollback_until_the_cooldown_ends():
    world, leader = held_after_rollback()
    assert world.status.champion.digest == digest("A")
    leader.step(25)
    assert world.status.champion.digest == digest("C")
    assert is_ready(world)


def test_after_two_rollbacks_in_a_week_only_a_person_promotes():
    world, leader = drifted()
    world.upload("C", Truth(auc=0.82, drifts=True))
    world.poll_by_schedule()
    leader.step(25)
    assert world.status.champion.digest == digest("C")
    for _ in range(30):
        leader.step(5 / 60)
    assert len(world.invariants.auto_rollbacks) == 2
    world.upload("D", Truth(auc=0.84))
    world.poll_by_schedule()
    leader.settle()
    for _ in range(20):
        leader.step(24)
    assert world.status.champion.digest == digest("A")
    assert condition(world, ConditionType.VALIDATED) == (ConditionStatus.UNKNOWN, Reason.HELD_AFTER_ROLLBACK)
    world.commands[Command.RELEASE] = digest("D")
    leader.settle()
    assert world.status.champion.digest == digest("D")
    world.upload("E", Truth(auc=0.85))
    world.poll_by_schedule()
    leader.settle()
    assert world.status.champion.digest == digest("E")


def test_a_released_candidate_is_not_held():
    world, leader = drifted()
    world.upload("C", Truth(auc=0.82))
    world.poll_by_schedule()
    leader.settle()
    world.commands[Command.RELEASE] = digest("C")
    leader.settle()
    assert world.status.champion.digest == digest("C")


def test_source_away_then_back():
    world = World()
    world.upload("A")
    world.store_up = False
    leader = Leader(world)
    leader.settle()
    assert condition(world, ConditionType.VALIDATED) == (ConditionStatus.UNKNOWN, Reason.FETCH_RETRYING)
    world.store_up = True
    leader.step(1.2)
    assert is_ready(world)


def test_quiet_when_nothing_changes():
    world, leader = serving()
    world.live = True
    for _ in range(5):
        leader.step(0.2)
    before = world.writes
    for _ in range(50):
        leader.step(0.01)
    assert world.writes == before


def test_load_error_falls_back():
    world, leader = serving()
    world.upload("B", Truth(auc=0.8, loads=False))
    world.poll_by_schedule()
    leader.settle()
    assert world.status.champion.digest == digest("A")
    assert world.status.quarantine[0].kind is QuarantineKind.LOAD
    assert condition(world, ConditionType.ROLLED_BACK) == (ConditionStatus.TRUE, Reason.ROLLOUT_FAILED)


@pytest.mark.parametrize(
    ("mode", "found", "changed", "healthy", "reason"),
    [
        (Mode.DRY_RUN, 245, 0, ConditionStatus.FALSE, Reason.PII_FOUND),
        (Mode.DRY_RUN, 0, 0, ConditionStatus.TRUE, Reason.SUCCEEDED),
        (Mode.APPLY, 245, 245, ConditionStatus.TRUE, Reason.SUCCEEDED),
    ],
)
def test_a_dry_run_that_found_something_is_not_healthy(mode, found, changed, healthy, reason):
    world, leader = serving()
    asked = PiiBackfill(redis=RedisSource(secret_name="chats"), key_patterns=("chat:*",))
    world.edit(pii_backfill=asked)
    message = backfill.dump(
        BackfillAnswer(Head(mode=mode), Counts(scanned=1200, found=found, changed=changed))
    )
    ended = {"state": JobState.SUCCEEDED, "finished": world.now, "message": message, "exit_code": 0}
    world.jobs["backfill"] = Job("backfill", JobKind.BACKFILL, world.now, **ended)
    leader.settle()
    assert world.status.backfill.redacted == found
    assert condition(world, ConditionType.BACKFILL_HEALTHY) == (healthy, reason)
