"""The shortest sequences of events that broke earlier drafts of the decisions: each must end well."""

from dataclasses import replace
from datetime import timedelta

import pytest

from leadmodel_operator.planning import champion as champions
from leadmodel_operator.planning import live_leads
from leadmodel_operator.planning.pass_state import MAX_GATE_ENTRIES
from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.spec_policies import RollbackPolicy
from leadmodel_operator.resource.spec_serving import Predictor
from leadmodel_operator.resource.status_decisions import Quarantined
from leadmodel_operator.resource.vocabulary import (
    Command,
    ConditionStatus,
    ConditionType,
    Evidence,
    QuarantineKind,
    Reason,
)
from worlds.controllers import finish_jobs
from worlds.leader import Leader
from worlds.names import KEY, OTHER_URI, digest, letter_of
from worlds.programs import Truth
from worlds.situations import (
    champion,
    command,
    condition,
    crash_at,
    drifted,
    drifting,
    freeze_at,
    held_after_rollback,
    is_ready,
    served,
    serving,
    upload_and_poll,
)
from worlds.world import World


def test_a_promotion_that_was_aborted_while_its_leader_was_frozen():
    world, leader = serving(live=True)
    upload_and_poll(world, "B")
    freeze_at(world, leader, "serve B")
    assert champion(world) == "B"
    command(world, Leader(world), Command.ABORT, "B")
    assert champion(world) == "A"
    leader.thaw()
    leader.settle()
    assert served(world) == champion(world) == "A"


def test_a_snapshot_that_is_asked_for_while_its_trimmer_is_frozen():
    world, leader = serving(live=True)
    world.edit(revision_history_limit=0)
    for letter in "BC":
        upload_and_poll(world, letter)
        leader.settle()
        leader.step(0.1)
    upload_and_poll(world, "D", Truth(auc=0.82))
    freeze_at(world, leader, "trim")
    trimmed = letter_of(min(world.snapshots.keys() - {digest("D"), digest("C")}))
    command(world, Leader(world), Command.ROLLBACK_TO, trimmed)
    wanted = champion(world)
    leader.thaw()
    leader.settle()
    assert digest(wanted) in world.snapshots
    assert served(world) == champion(world) == wanted


def test_a_rollback_recorded_then_status_lost():
    world, leader = drifting()
    for _ in range(30):
        if champion(world) == "A":
            break
        world.now += timedelta(seconds=120)
        try:
            crash_at(world, leader, "serve A")
        except AssertionError:
            continue
    assert (champion(world), served(world)) == ("A", "B")
    world.lose_status()
    leader.settle()
    leader.step(0.1)
    assert served(world) == champion(world) == "A"
    assert digest("B") in {q.digest for q in world.status.quarantine}


def test_an_aborted_candidate_without_a_snapshot_then_status_lost():
    world, leader = serving(live=True)
    upload_and_poll(world, "B")
    leader.run()
    finish_jobs(world)
    leader.run()  # a validation runs, nothing is kept yet
    command(world, leader, Command.ABORT, "B")
    assert digest("B") not in world.snapshots
    world.commands.clear()
    world.lose_status()
    leader.settle()
    world.poll_by_schedule()
    leader.settle()
    assert champion(world) == "A"


def test_a_command_is_not_repeated_after_a_lost_status():
    world, leader = serving(live=True)
    upload_and_poll(world, "B")
    leader.settle()
    leader.step(0.1)
    command(world, leader, Command.ROLLBACK_TO, "A")
    assert champion(world) == "A"
    command(world, leader, Command.RELEASE, "B")
    world.poll_by_schedule()
    leader.settle()
    assert champion(world) == "B"
    world.lose_status()  # the annotations are still there
    leader.settle()
    leader.step(0.1)
    assert champion(world) == served(world) == "B"


def test_a_raised_gate_never_stops_the_champion():
    world, leader = serving(live=True)
    world.edit(min_auc=0.78)
    leader.settle()
    assert served(world) == champion(world) == "A"
    assert condition(world, ConditionType.VALIDATED)[0] is ConditionStatus.FALSE
    assert condition(world, ConditionType.READY)[0] is ConditionStatus.FALSE
    assert world.status.quarantine == ()


def test_a_bad_image_blames_no_model_and_deletes_nothing():
    world, leader = serving(live=True)
    world.edit(predictor=Predictor(replicas=2, image="typo:1"))
    leader.settle()
    leader.step(1)
    assert champion(world) == "A"
    assert world.status.quarantine == ()
    assert any(pod.ready for pod in world.pods)


def test_back_to_one_that_has_no_drift_evidence_yet():
    world, leader = serving()
    upload_and_poll(world, "B", Truth(auc=0.8, loads=False))
    leader.settle()
    assert served(world) == champion(world) == "A"
    assert [q.kind for q in world.status.quarantine] == [QuarantineKind.LOAD]


def test_no_rollback_to_what_never_served():
    world, leader = held_after_rollback()  # C is kept, and never served
    assert digest("C") in world.snapshots
    command(world, leader, Command.ROLLBACK_TO, "C")
    assert champion(world) == "A"
    assert "VerbRefused" in {event.reason for event in world.events}


def test_a_rollback_and_a_pinned_promotion_due_at_once():
    world, leader = serving(live=True)
    upload_and_poll(world, "B")
    leader.settle()
    leader.step(0.1)
    upload_and_poll(world, "C", Truth(auc=0.82))
    leader.settle()
    leader.step(0.1)
    world.pin("A")
    world.commands[Command.ROLLBACK_TO] = digest("B")
    decisions = world.status.decision
    leader.run()
    assert world.status.decision - decisions == 1, "one at a time"
    leader.settle()
    assert champion(world) == served(world) == "A"
    assert is_ready(world)


def test_a_rollback_while_the_template_is_broken():
    world, leader = serving(live=True)
    upload_and_poll(world, "B")
    leader.settle()
    leader.step(0.1)
    world.edit(predictor=Predictor(replicas=2, image="typo:1"))
    leader.settle()
    command(world, leader, Command.ROLLBACK_TO, "A")
    assert champion(world) == served(world) == "A"
    assert {pod.champion for pod in world.pods if pod.ready} == {digest("A")}


def test_paused_between_recording_and_acting():
    world, leader = serving(live=True)
    upload_and_poll(world, "B")
    leader.settle()
    leader.step(0.1)
    world.commands[Command.ROLLBACK_TO] = digest("A")
    crash_at(world, leader, "serve A")
    world.paused = True
    leader.settle()
    assert served(world) == "A", "what is quarantined still leaves"
    assert condition(world, ConditionType.RECONCILING)[0] is ConditionStatus.FALSE


def test_a_pair_is_never_twice_the_same():
    world, leader = serving(live=True)
    world.live = False
    upload_and_poll(world, "B")
    leader.settle()
    world.pin("A")
    leader.settle()
    assert champion(world) == "A"
    assert world.status.previous is None or world.status.previous.digest == digest("B")


def test_a_lost_snapshot_of_previous_keeps_no_pod_from_starting():
    world, leader = serving(live=True)
    upload_and_poll(world, "B")
    leader.settle()
    world.snapshots.pop(digest("A"), None)
    world.pods.clear()
    leader.settle()
    assert champion(world) == "B"
    assert is_ready(world)


def test_a_lost_snapshot_of_the_champion_and_no_pod_left():
    world, leader = serving(live=True)
    world.snapshots.clear()
    world.pods.clear()
    leader.settle()
    leader.step(0.1)
    assert champion(world) == served(world) == "A"
    assert digest("A") in world.snapshots
    assert is_ready(world)


def test_a_snapshot_lost_during_the_rollout_of_a_rollback():
    world, leader = serving(live=True)
    upload_and_poll(world, "B")
    leader.settle()
    leader.step(0.1)
    world.commands[Command.ROLLBACK_TO] = digest("A")
    crash_at(world, leader, "serve A")
    world.snapshots.pop(digest("A"))
    leader.settle()
    leader.step(0.1)
    assert champion(world) == served(world) == "A"
    assert any(pod.ready and pod.champion == digest("A") for pod in world.pods)


def test_a_pin_before_its_upload():
    world, leader = serving(live=True)
    world.truths["B"] = Truth(auc=0.8)
    world.pin("B")
    leader.settle()
    for _ in range(12):
        leader.step(1 / 60)
    assert champion(world) == "A"
    assert condition(world, ConditionType.STALLED)[0] is ConditionStatus.TRUE
    world.upload("B", Truth(auc=0.8))
    leader.step(1.1)
    assert champion(world) == served(world) == "B"
    assert is_ready(world)


@pytest.mark.parametrize("pinned", [False, True])
def test_too_small_a_holdout_that_is_mended(pinned):
    world, leader = serving(live=True)
    world.positives = 20
    world.upload("B", Truth(auc=0.8))
    if pinned:
        world.pin("B")
    world.poll_by_schedule()
    leader.settle()
    assert champion(world) == "A"
    assert condition(world, ConditionType.VALIDATED) == (ConditionStatus.UNKNOWN, Reason.HOLDOUT_TOO_SMALL)
    world.positives, world.holdout = 500, "i"
    world.poll_by_schedule()
    leader.settle()
    leader.step(1.1)
    assert champion(world) == "B"


def test_refused_as_worse_then_pinned():
    world, leader = serving(live=True)
    upload_and_poll(world, "B", Truth(auc=0.70))
    leader.settle()
    assert condition(world, ConditionType.VALIDATED)[1] is Reason.WORSE_THAN_CHAMPION
    assert champion(world) == "A"
    world.pin("B")
    leader.settle()
    assert champion(world) == served(world) == "B"


def test_a_changed_uri_is_not_ready_at_once():
    world, leader = serving(live=True)
    world.upload("B", Truth(auc=0.8), OTHER_URI)
    world.edit(artifact=replace(world.spec.artifact, uri=OTHER_URI))
    leader.run()
    assert world.status.observed_generation == world.generation
    assert condition(world, ConditionType.READY) == (ConditionStatus.FALSE, Reason.FETCHING)
    leader.settle()
    assert champion(world) == "B"


def test_never_reconciling_and_stalled_together():
    world, leader = drifted()
    world.edit(min_auc=0.7, progress_deadline=Duration("1m"))
    leader.settle()
    world.bad_image = True
    upload_and_poll(world, "C", Truth(auc=0.9))
    world.commands[Command.RELEASE] = digest("C")
    for _ in range(10):
        leader.step(0.02)  # every status that is written is checked by the world
    true = {c.type for c in world.status.conditions if c.status is ConditionStatus.TRUE}
    assert not {ConditionType.RECONCILING, ConditionType.STALLED} <= true


def test_a_quarantine_full_of_gate_entries():
    world, leader = serving(live=True)
    entries = tuple(
        Quarantined(
            digest="sha256:" + f"{n:064x}",
            kind=QuarantineKind.GATE,
            reason=Reason.AUC_BELOW_MINIMUM,
            since=world.now,
        )
        for n in range(MAX_GATE_ENTRIES)
    )
    world.status = replace(world.status, quarantine=entries)
    upload_and_poll(world, "B")
    leader.settle()
    assert champion(world) == served(world) == "B"


def test_nothing_is_held_while_nothing_serves():
    world, leader = drifted()
    world.now += timedelta(seconds=25 * 3600)
    upload_and_poll(world, "C", Truth(auc=0.82, drifts=True))
    leader.settle()
    for _ in range(8):
        leader.step(0.1)
    world.lose_everything()
    world.snapshots.clear()
    world.pods.clear()
    world.deployment = None
    upload_and_poll(world, "D")
    leader.settle()
    leader.step(1.1)
    assert champion(world) == served(world) == "D"


def test_an_aborted_candidate_is_not_judged_again():
    world, leader = serving(live=True)
    upload_and_poll(world, "B")
    leader.run()
    finish_jobs(world)
    leader.run()
    command(world, leader, Command.ABORT, "B")
    jobs = {name for name in world.jobs if "-val-" in name}
    world.poll_by_schedule()
    leader.settle()
    leader.step(2)
    assert {name for name in world.jobs if "-val-" in name} <= jobs
    assert champion(world) == "A"


def test_a_gate_changed_twice_is_judged_twice():
    world, leader = serving(live=True)
    names = set()
    for least in (0.7, 0.72):
        world.edit(min_auc=least)
        leader.run()
        leader.run()
        names |= {name for name in world.jobs if "-val-" in name}
        leader.settle()
    assert len(names) == 2
    assert world.status.champion.passed
    assert is_ready(world)


def test_a_previous_that_fails_the_present_gate_is_no_target():
    world, leader = serving(live=True)
    upload_and_poll(world, "B")
    leader.settle()
    leader.step(0.1)
    world.edit(min_auc=0.78)
    leader.settle()
    assert champion(world) == "B"
    world.truths["B"] = Truth(auc=0.8, drifts=True)
    for _ in range(6):
        leader.step(0.1)
    assert champion(world) == served(world) == "B"
    assert world.status.previous.digest == digest("A"), "the slot is as it was"
    assert world.status.drift.evidence is Evidence.FAIL


@pytest.mark.parametrize("marks", ["az", "za"])
def test_polls_of_one_second_are_all_heard(marks):
    """Jobs have whole seconds: the answer of the second one counts, whatever its name, and the first is not heard again."""
    world, leader = serving(live=True)
    second = world.now.replace(microsecond=0)
    for letter, mark in zip("BC", marks, strict=True):
        world.upload(letter, Truth(auc=0.8))
        world.poll_by_schedule(mark)
        world.jobs[f"{KEY.name}-poll-{mark}"].created = second
        leader.run()
        finish_jobs(world)
        leader.run()
        assert world.status.poll.etag == letter
    leader.run()
    assert world.status.poll.etag == "C"
    assert world.status.poll.job.split() == [f"{KEY.name}-poll-{mark}" for mark in marks]
    assert world.status.requested.digest == digest("C")


@pytest.mark.parametrize("seconds", [-5, 1, 5, 300])
def test_the_clock_of_the_api_server_is_not_ours(seconds):
    """Behind it or ahead: a poll asked for after an edit is heard, and one from before it is not."""
    world = World(behind=timedelta(seconds=seconds))
    world.upload("A", Truth(auc=0.75))
    leader = Leader(world)
    leader.settle()
    assert champion(world) == served(world) == "A"
    world.upload("B", Truth(auc=0.8))
    world.poll_by_schedule("old")
    world.upload("C", Truth(auc=0.8), OTHER_URI)
    world.pin(None, OTHER_URI)
    leader.run()  # reads the edit while the old poll runs
    finish_jobs(world)
    leader.run()
    assert world.status.requested is None or world.status.requested.digest != digest("B")
    leader.settle()
    leader.step(0.1)
    assert champion(world) == served(world) == "C"


def three_models() -> tuple[World, Leader]:
    """A is proven; B, which no lead came to, replaces A after an hour; C replaces B six days later."""
    world, leader = serving(live=True)
    world.live = False
    for letter, wait in (("B", timedelta(hours=1)), ("C", timedelta(days=6))):
        world.now += wait
        upload_and_poll(world, letter, Truth(auc=0.8))
        leader.settle()
        assert served(world) == letter
    assert letter_of(world.status.previous.digest) == "A"
    return world, leader


@pytest.mark.parametrize("broken", [False, True])
def test_the_replaced_model_counts_as_previous_once_the_proven_one_is_too_old(broken, monkeypatch):
    """The control never looks again: two days after the promotion no rollback is possible any more."""
    world, leader = three_models()
    if broken:
        monkeypatch.setattr(live_leads, "renew_previous", lambda _state: None)
    world.now += timedelta(days=2)
    leader.settle()
    assert letter_of(world.status.previous.digest) == ("A" if broken else "B")
    assert letter_of(world.deployment.serve.previous) == ("A" if broken else "B")
    world.now += timedelta(days=8)
    leader.settle()
    assert letter_of(world.status.previous.digest) == ("A" if broken else "B"), "both are too old now"


@pytest.mark.parametrize("breaches", [True, False])
def test_the_previous_model_is_not_renewed_while_live_leads_breach(breaches):
    """A renewal starts the pods anew and empties their windows. Without a breach, which is the control, it comes at once."""
    world, leader = three_models()
    age = timedelta(seconds=RollbackPolicy().max_age.seconds)
    world.now = world.status.previous.until + age - timedelta(minutes=10)
    leader.settle()
    world.live, world.truths["C"] = True, replace(world.truths["C"], drifts=breaches)
    for _ in range(6):
        leader.step(0.05)
    assert (world.status.drift.breach_since is not None) == breaches
    assert world.now > world.status.previous.until + age or letter_of(world.status.previous.digest) == "B"
    assert letter_of(world.status.previous.digest) == ("A" if breaches else "B")
    world.truths["C"] = replace(world.truths["C"], drifts=False)
    for _ in range(12):
        leader.step(0.5)
    assert letter_of(world.status.previous.digest) == "B"


@pytest.mark.parametrize("broken", [False, True])
def test_a_promotion_keeps_no_proven_model_that_is_too_old(broken, monkeypatch):
    world, leader = serving(live=True)
    world.live = False
    upload_and_poll(world, "B", Truth(auc=0.8))
    leader.settle()
    world.now += timedelta(days=6)
    leader.settle()
    if broken:
        monkeypatch.setattr(champions, "is_too_old", lambda *_: False)
    world.now += timedelta(days=2)
    upload_and_poll(world, "C", Truth(auc=0.8))
    leader.settle()
    assert letter_of(world.status.previous.digest) == ("A" if broken else "B")
