"""The shortest sequences that broke earlier drafts of the decisions, each as a story that must end well. Numbers as in the design."""

from dataclasses import replace
from datetime import timedelta

import pytest

from leadmodel_operator.planning.pass_state import MAX_GATE_ENTRIES
from leadmodel_operator.reconcile import Conflict, reconcile
from leadmodel_operator.resource.schema import Duration
from leadmodel_operator.resource.spec import Predictor
from leadmodel_operator.resource.status import Quarantined
from leadmodel_operator.resource.vocabulary import (
    Command,
    ConditionStatus,
    ConditionType,
    Evidence,
    QuarantineKind,
    Reason,
)
from worlds.controllers import finish_jobs, move_pods
from worlds.leader import Leader
from worlds.names import KEY, OTHER_URI, URI, digest, letter_of
from worlds.port import WorldPort
from worlds.programs import Truth
from worlds.world import World

STORIES = {}


def story(number: int):
    """A sequence of the design by its number."""

    def note(tell):
        STORIES[f"{number:02d} {tell.__name__.replace('_', ' ')}"] = tell
        return tell

    return note


# --- telling ---------------------------------------------------------------------------------------------------------------------


def begin(*, proven: bool = True) -> tuple[World, Leader]:
    """A serves, and (if said) live leads fit it."""
    world = World()
    world.upload("A", Truth(auc=0.75))
    leader = Leader(world)
    leader.settle()
    if proven:
        world.live = True
        leader.step(0.1)
        assert world.status.champion.proven_at
    return world, leader


def find(world: World, letter: str, truth: Truth | None = None) -> None:
    world.upload(letter, truth or Truth(auc=0.8))
    world.poll_by_schedule()


def freeze_at(world: World, leader: Leader, write: str, passes: int = 20) -> None:
    """Pass after pass until one is about to make this write; it freezes there."""
    for _ in range(passes):
        work = reconcile(WorldPort(world), KEY, world.plan)
        try:
            while True:
                if work.send(None).what.startswith(write):
                    leader.frozen.append(work)
                    return
        except (StopIteration, Conflict):
            finish_jobs(world)
            move_pods(world)
            world.now += timedelta(seconds=2)
    raise AssertionError(f"it never comes to: {write}")


def crash_at(world: World, leader: Leader, write: str) -> None:
    freeze_at(world, leader, write)
    leader.frozen.pop().close()


def champion(world: World) -> str | None:
    return letter_of(world.status.champion.digest) if world.status.champion else None


def serves(world: World) -> str | None:
    return letter_of(world.deployment.serve.champion) if world.deployment else None


def said(world: World, kind: ConditionType) -> tuple[ConditionStatus, Reason]:
    found = next(c for c in world.status.conditions if c.type is kind)
    return found.status, found.reason


def ready(world: World) -> bool:
    return said(world, ConditionType.READY) == (ConditionStatus.TRUE, Reason.SERVING)


def command(world: World, leader: Leader, name: Command, letter: str) -> None:
    world.commands[name] = digest(letter)
    leader.settle()


def drifted() -> tuple[World, Leader]:
    """B drifted where A does not: A serves again."""
    world, leader = begin()
    find(world, "B", Truth(auc=0.8, drifts=True))
    leader.settle()
    for _ in range(6):
        leader.step(0.1)
    assert (champion(world), serves(world)) == ("A", "A")
    return world, leader


# --- the stories -------------------------------------------------------------------------------------------------------------------


@story(1)
def a_promotion_that_was_aborted_while_its_leader_was_frozen() -> None:
    world, leader = begin()
    find(world, "B")
    freeze_at(world, leader, "serve B")
    assert champion(world) == "B"
    command(world, Leader(world), Command.ABORT, "B")
    assert champion(world) == "A"
    leader.thaw()
    leader.settle()
    assert serves(world) == champion(world) == "A"


@story(2)
def a_snapshot_that_is_asked_for_while_its_trimmer_is_frozen() -> None:
    world, leader = begin()
    world.edit(revision_history_limit=0)
    for letter in "BC":
        find(world, letter, Truth(auc=0.8))
        leader.settle()
        leader.step(0.1)
    find(world, "D", Truth(auc=0.82))
    freeze_at(world, leader, "trim")
    trimmed = letter_of(min(world.snapshots.keys() - {digest("D"), digest("C")}))
    command(world, Leader(world), Command.ROLLBACK_TO, trimmed)
    wanted = champion(world)
    leader.thaw()
    leader.settle()
    assert digest(wanted) in world.snapshots
    assert serves(world) == champion(world) == wanted


@story(3)
def a_rollback_recorded_then_status_lost() -> None:
    world, leader = begin()
    find(world, "B", Truth(auc=0.8, drifts=True))
    leader.settle()
    for _ in range(30):
        if champion(world) == "A":
            break
        world.now += timedelta(seconds=120)
        try:
            crash_at(world, leader, "serve A")
        except AssertionError:
            continue
    assert (champion(world), serves(world)) == ("A", "B")
    world.lose_status()
    leader.settle()
    leader.step(0.1)
    assert serves(world) == champion(world) == "A"
    assert digest("B") in {q.digest for q in world.status.quarantine}


@story(3)
def an_aborted_candidate_without_a_snapshot_then_status_lost() -> None:
    world, leader = begin()
    find(world, "B")
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


@story(4)
def a_verb_is_not_repeated_after_a_lost_status() -> None:
    world, leader = begin()
    find(world, "B")
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
    assert champion(world) == serves(world) == "B"


@story(5)
def a_raised_gate_never_stops_the_champion() -> None:
    world, leader = begin()
    world.edit(min_auc=0.78)
    leader.settle()
    assert serves(world) == champion(world) == "A"
    assert said(world, ConditionType.VALIDATED)[0] is ConditionStatus.FALSE
    assert said(world, ConditionType.READY)[0] is ConditionStatus.FALSE
    assert world.status.quarantine == ()


@story(6)
def a_bad_image_blames_no_model_and_deletes_nothing() -> None:
    world, leader = begin()
    world.edit(predictor=Predictor(replicas=2, image="typo:1"))
    leader.settle()
    leader.step(1)
    assert champion(world) == "A"
    assert world.status.quarantine == ()
    assert any(pod.ready for pod in world.pods)


@story(7)
def back_to_one_that_has_no_drift_evidence_yet() -> None:
    world, leader = begin(proven=False)
    find(world, "B", Truth(auc=0.8, loads=False))
    leader.settle()
    assert serves(world) == champion(world) == "A"
    assert [q.kind for q in world.status.quarantine] == [QuarantineKind.LOAD]


@story(8)
def no_rollback_to_what_never_served() -> None:
    world, leader = drifted()
    find(world, "C", Truth(auc=0.82))
    leader.settle()  # held after the rollback: kept, and never served
    assert digest("C") in world.snapshots
    command(world, leader, Command.ROLLBACK_TO, "C")
    assert champion(world) == "A"
    assert "VerbRefused" in {event.reason for event in world.events}


@story(9)
def a_rollback_and_a_pinned_promotion_due_at_once() -> None:
    world, leader = begin()
    find(world, "B")
    leader.settle()
    leader.step(0.1)
    find(world, "C", Truth(auc=0.82))
    leader.settle()
    leader.step(0.1)
    world.pin("A")
    world.commands[Command.ROLLBACK_TO] = digest("B")
    decisions = world.status.decision
    leader.run()
    assert world.status.decision - decisions == 1, "one at a time"
    leader.settle()
    assert champion(world) == serves(world) == "A"
    assert ready(world)


@story(10)
def a_rollback_while_the_template_is_broken() -> None:
    world, leader = begin()
    find(world, "B")
    leader.settle()
    leader.step(0.1)
    world.edit(predictor=Predictor(replicas=2, image="typo:1"))
    leader.settle()
    command(world, leader, Command.ROLLBACK_TO, "A")
    assert champion(world) == serves(world) == "A"
    assert {pod.champion for pod in world.pods if pod.ready} == {digest("A")}


@story(11)
def paused_between_recording_and_acting() -> None:
    world, leader = begin()
    find(world, "B")
    leader.settle()
    leader.step(0.1)
    world.commands[Command.ROLLBACK_TO] = digest("A")
    crash_at(world, leader, "serve A")
    world.paused = True
    leader.settle()
    assert serves(world) == "A", "what is quarantined still leaves"
    assert said(world, ConditionType.RECONCILING)[0] is ConditionStatus.FALSE


@story(12)
def a_pair_is_never_twice_the_same() -> None:
    world, leader = begin()
    world.live = False
    find(world, "B")
    leader.settle()
    world.pin("A")
    leader.settle()
    assert champion(world) == "A"
    assert world.status.previous is None or world.status.previous.digest == digest("B")


@story(13)
def a_lost_snapshot_of_previous_keeps_no_pod_from_starting() -> None:
    world, leader = begin()
    find(world, "B")
    leader.settle()
    world.snapshots.pop(digest("A"), None)
    world.pods.clear()
    leader.settle()
    assert champion(world) == "B"
    assert ready(world)


@story(14)
def a_lost_snapshot_of_the_champion_and_no_pod_left() -> None:
    world, leader = begin()
    world.snapshots.clear()
    world.pods.clear()
    leader.settle()
    leader.step(0.1)
    assert champion(world) == serves(world) == "A"
    assert digest("A") in world.snapshots
    assert ready(world)


@story(14)
def a_snapshot_lost_during_the_rollout_of_a_rollback() -> None:
    world, leader = begin()
    find(world, "B")
    leader.settle()
    leader.step(0.1)
    world.commands[Command.ROLLBACK_TO] = digest("A")
    crash_at(world, leader, "serve A")
    world.snapshots.pop(digest("A"))
    leader.settle()
    leader.step(0.1)
    assert champion(world) == serves(world) == "A"
    assert any(pod.ready and pod.champion == digest("A") for pod in world.pods)


@story(15)
def a_pin_before_its_upload() -> None:
    world, leader = begin()
    world.truths["B"] = Truth(auc=0.8)
    world.pin("B")
    leader.settle()
    for _ in range(12):
        leader.step(1 / 60)
    assert champion(world) == "A"
    assert said(world, ConditionType.STALLED)[0] is ConditionStatus.TRUE
    world.upload("B", Truth(auc=0.8))
    leader.step(1.1)
    assert champion(world) == serves(world) == "B"
    assert ready(world)


@story(16)
def too_small_a_holdout_that_is_mended() -> None:
    for pinned in (False, True):
        world, leader = begin()
        world.positives = 20
        world.upload("B", Truth(auc=0.8))
        if pinned:
            world.pin("B")
        world.poll_by_schedule()
        leader.settle()
        assert champion(world) == "A"
        assert said(world, ConditionType.VALIDATED) == (ConditionStatus.UNKNOWN, Reason.HOLDOUT_TOO_SMALL)
        world.positives, world.holdout = 500, "i"
        world.poll_by_schedule()
        leader.settle()
        leader.step(1.1)
        assert champion(world) == "B", f"pinned: {pinned}"


@story(17)
def refused_as_worse_then_pinned() -> None:
    world, leader = begin()
    find(world, "B", Truth(auc=0.70))
    leader.settle()
    assert said(world, ConditionType.VALIDATED)[1] is Reason.WORSE_THAN_CHAMPION
    assert champion(world) == "A"
    world.pin("B")
    leader.settle()
    assert champion(world) == serves(world) == "B"


@story(18)
def a_changed_uri_is_not_ready_at_once() -> None:
    world, leader = begin()
    world.upload("B", Truth(auc=0.8), OTHER_URI)
    world.edit(artifact=replace(world.spec.artifact, uri=OTHER_URI))
    leader.run()
    assert world.status.observed_generation == world.generation
    assert said(world, ConditionType.READY) == (ConditionStatus.FALSE, Reason.FETCHING)
    leader.settle()
    assert champion(world) == "B"
    assert URI != OTHER_URI


@story(19)
def never_reconciling_and_stalled_together() -> None:
    world, leader = drifted()
    world.edit(min_auc=0.7, progress_deadline=Duration("1m"))
    leader.settle()
    world.bad_image = True
    find(world, "C", Truth(auc=0.9))
    world.commands[Command.RELEASE] = digest("C")
    for _ in range(10):
        leader.step(0.02)  # every status that is written is checked by the world
    true = {c.type for c in world.status.conditions if c.status is ConditionStatus.TRUE}
    assert not {ConditionType.RECONCILING, ConditionType.STALLED} <= true


@story(20)
def a_quarantine_full_of_gate_entries() -> None:
    world, leader = begin()
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
    find(world, "B")
    leader.settle()
    assert champion(world) == serves(world) == "B"


@story(21)
def nothing_is_held_while_nothing_serves() -> None:
    world, leader = drifted()
    world.now += timedelta(seconds=25 * 3600)
    find(world, "C", Truth(auc=0.82, drifts=True))
    leader.settle()
    for _ in range(8):
        leader.step(0.1)
    world.lose_everything()
    world.snapshots.clear()
    world.pods.clear()
    world.deployment = None
    find(world, "D", Truth(auc=0.8))
    leader.settle()
    leader.step(1.1)
    assert champion(world) == serves(world) == "D"


@story(22)
def an_aborted_candidate_is_not_judged_again() -> None:
    world, leader = begin()
    find(world, "B")
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


@story(23)
def a_gate_changed_twice_is_judged_twice() -> None:
    world, leader = begin()
    names = set()
    for least in (0.7, 0.72):
        world.edit(min_auc=least)
        leader.run()
        leader.run()
        names |= {name for name in world.jobs if "-val-" in name}
        leader.settle()
    assert len(names) == 2
    assert world.status.champion.passed
    assert ready(world)


@story(24)
def a_previous_that_fails_the_present_gate_is_no_target() -> None:
    world, leader = begin()
    find(world, "B", Truth(auc=0.8))
    leader.settle()
    leader.step(0.1)
    world.edit(min_auc=0.78)
    leader.settle()
    assert champion(world) == "B"
    world.truths["B"] = Truth(auc=0.8, drifts=True)
    for _ in range(6):
        leader.step(0.1)
    assert champion(world) == serves(world) == "B"
    assert world.status.previous.digest == digest("A"), "the slot is as it was"
    assert world.status.drift.evidence is Evidence.FAIL


@pytest.mark.parametrize("name", STORIES)
def test_sequence(name):
    STORIES[name]()


def test_every_number_is_told():
    assert {int(name[:2]) for name in STORIES} == set(range(1, 25))


@pytest.mark.parametrize("marks", ["az", "za"])
def test_polls_of_one_second_are_all_heard(marks):
    """Jobs have whole seconds: the answer of the second one counts, whatever its name, and the first is not heard again."""
    world, leader = begin()
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
    assert champion(world) == serves(world) == "A"
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
    assert champion(world) == serves(world) == "C"
