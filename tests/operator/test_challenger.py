"""A candidate before the pods of the small world: asked, answered, promoted or refused, and what a person can do about it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.spec_policies import LiveGate
from leadmodel_operator.resource.vocabulary import (
    Command,
    ConditionStatus,
    ConditionType,
    EventReason,
    Evidence,
    QuarantineKind,
    Reason,
)
from worlds.leader import Leader
from worlds.names import digest, letter_of
from worlds.programs import Truth
from worlds.world import World

A, B, C = digest("A"), digest("B"), digest("C")


@pytest.fixture
def world() -> World:
    """A serves in pods that have a place for a candidate, and leads come."""
    made = World(rendering=4, live=True)
    made.upload("A", Truth())
    Leader(made).step(0.1)
    made.poll_by_schedule()
    Leader(made).step(0.1)
    assert made.status.champion.digest == A
    return made


def live_gate(world: World, **changes) -> None:
    world.edit(gate=replace(world.spec.gate, live=LiveGate(**changes)))


def condition(world: World, kind: ConditionType):
    return next(c for c in world.status.conditions if c.type is kind)


def test_it_is_recorded_then_put_before_the_pods_then_promoted(world):
    world.trace.clear()
    world.retrain("B", Truth())
    Leader(world).step()
    lines = [line.split(" ", 2)[-1] for line in world.trace]
    asked = lines.index(next(line for line in lines if line.startswith("ask B")))
    recorded = max(n for n, line in enumerate(lines[:asked]) if line.startswith("status"))
    served = lines.index(next(line for line in lines if line.startswith("serve B")))
    emptied = lines.index(next(line for line in lines if line.startswith("ask None")))
    assert recorded < asked < served
    assert asked < emptied
    challenger = world.status.challenger
    assert (challenger.digest, challenger.verdict, challenger.reason) == (
        B,
        Evidence.PASS,
        Reason.LIKE_LIVE_LEADS,
    )
    assert challenger.until is not None
    assert world.status.champion.digest == B
    assert world.place.digest is None
    assert "live leads fit the candidate" in world.status.history[0].message


def test_one_that_live_leads_do_not_fit_answers_none(world):
    world.retrain("B", Truth(drifts=True))
    Leader(world).step()
    entry = world.status.quarantine[0]
    assert (entry.digest, entry.kind, entry.reason) == (B, QuarantineKind.GATE, Reason.UNLIKE_LIVE_LEADS)
    assert "PSI" in entry.evidence
    assert world.status.champion.digest == A
    assert not any("serve B" in line for line in world.trace)
    assert world.place.digest is None
    assert [e.reason for e in world.events].count(EventReason.GATE_FAILED) == 1
    validated = condition(world, ConditionType.VALIDATED)
    assert (validated.status, validated.reason) == (ConditionStatus.FALSE, Reason.UNLIKE_LIVE_LEADS)
    assert condition(world, ConditionType.READY).status is ConditionStatus.TRUE
    writes = world.writes
    Leader(world).step(0.5)
    assert world.writes == writes  # a refusal is written once


def test_without_the_live_gate_it_serves(world):
    """Control: the same candidate with the gate off."""
    live_gate(world, policy="Off")
    Leader(world).step()
    world.retrain("B", Truth(drifts=True))
    Leader(world).step()
    assert world.status.champion.digest == B
    assert not any("ask B" in line for line in world.trace)


def test_report_records_what_leads_say_and_promotes(world):
    live_gate(world, policy="Report")
    Leader(world).step()
    world.retrain("B", Truth(drifts=True))
    Leader(world).step()
    challenger = world.status.challenger
    assert (challenger.verdict, challenger.reason) == (Evidence.FAIL, Reason.UNLIKE_LIVE_LEADS)
    assert world.status.champion.digest == B


def test_a_world_that_moved_is_followed(world):
    world.truths["A"] = Truth(drifts=True)
    world.retrain("B", Truth(drifts=True))
    Leader(world).step()
    assert world.status.champion.digest == B
    assert world.status.challenger.reason is Reason.WORLD_MOVED
    assert "the leads changed for both models" in world.status.history[0].message


def test_a_release_lets_a_refused_one_serve(world):
    world.retrain("B", Truth(drifts=True))
    Leader(world).step()
    world.commands[Command.RELEASE] = B
    for _ in range(3):
        Leader(world).step(0.05)
    assert world.status.champion.digest == B


def test_a_release_ends_the_wait_for_leads(world):
    """What the sentence says that a person can do."""
    world.place.reach = 0
    world.retrain("B", Truth())
    Leader(world).step()
    message = condition(world, ConditionType.VALIDATED).message
    assert "0 of 2 ready pods have loaded the candidate" in message
    assert "at 2026-01-05 09:12 UTC it is promoted without them" in message
    assert "customerops.dev/release promotes it at once" in message
    assert world.status.champion.digest == A
    world.commands[Command.RELEASE] = B
    Leader(world).step()
    assert world.status.champion.digest == B


def test_the_sentence_tells_of_a_hold_and_of_a_report(world):
    world.place.reach = 0
    live_gate(world, on_insufficient="Hold")
    world.retrain("B", Truth())
    Leader(world).step()
    assert "UTC it is held" in condition(world, ConditionType.VALIDATED).message
    live_gate(world, policy="Report")
    Leader(world).step()
    assert "promoted whatever they say" in condition(world, ConditionType.VALIDATED).message


@pytest.mark.parametrize("releases", [True, False], ids=["released", "control"])
def test_what_a_person_released_from_quarantine_waits_for_no_leads(world, releases):
    """It was rolled back by hand; the release is the person's word that it may serve. Control: another candidate waits."""
    world.retrain("B", Truth())
    Leader(world).step()
    world.commands[Command.ROLLBACK_TO] = A
    Leader(world).step()
    world.place.reach = 0
    if releases:
        world.commands[Command.RELEASE] = B
        Leader(world).step()
    world.retrain("B" if releases else "C", Truth())
    Leader(world).step(0.1)
    assert world.status.champion.digest == (B if releases else A)


def test_a_pin_lets_a_refused_one_serve(world):
    world.retrain("B", Truth(drifts=True))
    Leader(world).step()
    world.pin("B")
    for _ in range(3):
        Leader(world).step(0.05)
    assert world.status.champion.digest == B
    assert world.status.challenger.verdict is Evidence.FAIL  # reported


def test_require_that_is_written_binds_a_pin(world):
    live_gate(world, policy="Require")
    world.truths["B"] = Truth(drifts=True)
    world.store[world.spec.artifact.uri] = "B"
    world.pin("B")
    for _ in range(3):
        Leader(world).step(0.05)
    assert world.status.champion.digest == A
    ready = condition(world, ConditionType.READY)
    assert (ready.status, ready.reason) == (ConditionStatus.FALSE, Reason.GATE_FAILED)


def test_a_revert_to_a_pin_that_served_asks_nobody(world):
    world.retrain("B", Truth())
    Leader(world).step()
    world.trace.clear()
    world.place.reach = 0
    world.pin("A")
    Leader(world).step()
    assert world.status.champion.digest == A
    assert not any("ask A" in line for line in world.trace)


@pytest.mark.parametrize(("action", "champion"), [("Promote", B), ("Hold", A)], ids=["Promote", "Hold"])
def test_leads_that_do_not_come(world, action, champion):
    live_gate(world, on_insufficient=action, max_wait=Duration("1h"))
    Leader(world).step()
    world.place.reach = 0
    world.retrain("B", Truth())
    Leader(world).step(0.9)
    validated = condition(world, ConditionType.VALIDATED)
    assert (validated.status, validated.reason) == (ConditionStatus.UNKNOWN, Reason.LIVE_GATE_PENDING)
    assert world.status.champion.digest == A
    Leader(world).step(0.9)
    assert world.status.champion.digest == A
    Leader(world).step(0.1)
    assert world.status.champion.digest == champion
    if action == "Hold":
        assert world.status.hold.reason is Reason.NOT_LOADED
        assert "of 2 ready pods" in condition(world, ConditionType.VALIDATED).message


@pytest.mark.parametrize("how", ["leads come", "release", "Promote"])
def test_a_hold_for_want_of_leads_ends(world, how):
    live_gate(world, on_insufficient="Hold", max_wait=Duration("1m"))
    Leader(world).step()
    world.place.reach = 0
    world.retrain("B", Truth())
    Leader(world).step(0.1)
    Leader(world).step(0.1)
    assert world.status.hold is not None
    if how == "leads come":
        world.place.reach = 2
    elif how == "release":
        world.commands[Command.RELEASE] = B
    else:
        live_gate(world, on_insufficient="Promote", max_wait=Duration("1m"))
    for _ in range(3):
        Leader(world).step(0.1)
    assert world.status.champion.digest == B
    assert world.status.hold is None


def test_pods_of_an_earlier_release_have_no_place_and_restart_for_none():
    world = World(rendering=3, live=True)
    world.upload("A", Truth())
    Leader(world).step(0.1)
    world.poll_by_schedule()
    Leader(world).step(0.1)
    pods = [pod.name for pod in world.pods]
    world.rendering = 4
    Leader(world).step(0.1)
    assert [pod.name for pod in world.pods] == pods
    world.retrain("B", Truth(drifts=True))
    Leader(world).step(0.1)
    challenger = world.status.challenger
    assert (challenger.verdict, challenger.reason) == (Evidence.INSUFFICIENT, Reason.NOT_MOUNTED)
    assert world.status.champion.digest == B
    assert all(pod.takes_challenger for pod in world.pods)


def ask_without_answer(world: World) -> None:
    world.place.reach = 0
    world.retrain("B", Truth(drifts=True))
    Leader(world).step(0.05)
    assert world.place.digest == B


def test_paused_it_stays_where_it_is(world):
    ask_without_answer(world)
    world.paused = True
    world.place.reach = 2
    Leader(world).step(2)
    assert world.place.digest == B
    assert world.status.challenger.until is None
    world.paused = False
    Leader(world).step(0.1)
    assert world.status.quarantine[0].reason is Reason.UNLIKE_LIVE_LEADS


@pytest.mark.parametrize("what", ["abort", "another retraining", "rollback"])
def test_one_that_is_no_candidate_any_more_is_taken_away(world, what):
    world.retrain("C", Truth())
    Leader(world).step(0.1)
    assert world.status.champion.digest == C
    ask_without_answer(world)
    if what == "abort":
        world.commands[Command.ABORT] = B
    elif what == "another retraining":
        world.retrain("D", Truth(auc=0.4))
    else:
        world.commands[Command.ROLLBACK_TO] = A
    leader = Leader(world)
    leader.run()
    assert world.place.digest is None
    leader.step()
    assert world.status.champion.digest == (A if what == "rollback" else C)


def test_what_someone_else_puts_there_is_replaced_and_never_believed(world):
    ask_without_answer(world)
    world.truths["E"] = Truth()
    world.place.reach = 2
    world.place.put(digest("E"), world.place.decision)
    Leader(world).run()
    assert world.status.challenger.reason is Reason.NOT_LOADED
    assert world.place.digest == B
    Leader(world).step()
    assert world.status.champion.digest == A


def test_a_lost_status_asks_again(world):
    ask_without_answer(world)
    decision = world.status.decision
    world.lose_status()
    world.place.reach = 2
    for _ in range(4):
        world.poll_by_schedule()
        Leader(world).step(0.1)
    assert world.status.champion.digest == A
    assert world.status.decision >= decision


@pytest.mark.parametrize("change", ["holdout", "gate", "live gate", "champion"])
def test_a_refusal_lapses_with_its_inputs(world, change):
    world.retrain("B", Truth(drifts=True))
    Leader(world).step(0.1)
    assert world.status.quarantine
    world.truths["B"] = Truth()  # the leads are as B knows them by now
    if change == "holdout":
        world.holdout = "i"
    elif change == "gate":
        world.edit(min_auc=0.6)
    elif change == "live gate":
        live_gate(world, min_samples=160)
    else:
        world.store[world.spec.artifact.uri] = "C"
        world.truths["C"] = Truth()
        world.poll_by_schedule()
        Leader(world).step(0.1)
        world.store[world.spec.artifact.uri] = "B"
    world.poll_by_schedule()
    for _ in range(3):
        Leader(world).step(0.2)
    assert letter_of(world.status.champion.digest) == "B"


def test_none_is_asked_while_a_rollback_holds_it(world):
    """Holds come first: what a cooldown holds is put before no pod."""
    world.retrain("B", Truth())
    Leader(world).step(0.1)
    Leader(world).step(0.1)
    world.truths["B"] = Truth(drifts=True)
    for _ in range(4):
        Leader(world).step(0.1)
    assert world.status.rollbacks
    assert world.status.champion.digest == A
    world.trace.clear()
    world.retrain("C", Truth())
    Leader(world).step(0.1)
    assert world.status.hold.reason is Reason.HELD_AFTER_ROLLBACK
    assert not any("ask C" in line for line in world.trace)
    world.now += timedelta(hours=25)
    for _ in range(2):
        Leader(world).step(0.1)
    assert world.status.champion.digest == C


def test_another_live_gate_measures_nobody_on_the_holdout_again(world):
    """A candidate that only live leads refused is checked anew from the bytes that are kept, and the champion stays Ready."""
    world.retrain("B", Truth(drifts=True))
    Leader(world).step(0.1)
    assert world.status.quarantine
    world.trace.clear()
    world.truths["B"] = Truth()
    live_gate(world, min_samples=160)
    Leader(world).run()
    assert condition(world, ConditionType.READY).status is ConditionStatus.TRUE
    Leader(world).step(0.1)
    assert world.status.champion.digest == B
    assert not any("validate" in line for line in world.trace)


def test_a_refusal_of_the_holdout_is_lifted_by_no_release_of_what_live_leads_refused(world):
    """Live leads refused it first, and a higher limit refuses it on the holdout since then."""
    world.retrain("B", Truth(drifts=True))
    Leader(world).step(0.1)
    assert world.status.quarantine[0].reason is Reason.UNLIKE_LIVE_LEADS
    world.truths["A"] = Truth(auc=0.9)
    world.edit(min_auc=0.8)
    Leader(world).step(0.1)
    assert world.status.quarantine[0].reason is Reason.AUC_BELOW_MINIMUM
    world.commands[Command.RELEASE] = B
    Leader(world).run()
    assert world.status.candidate.reason is Reason.AUC_BELOW_MINIMUM
    for _ in range(3):
        Leader(world).step(0.05)
    assert world.status.champion.digest == A


def test_a_release_of_one_while_another_is_checked_says_what_to_do(world):
    world.retrain("B", Truth(drifts=True))
    Leader(world).step(0.1)
    world.place.reach = 0
    world.retrain("C", Truth())
    Leader(world).step(0.1)
    assert world.status.challenger.digest == C
    world.commands[Command.RELEASE] = B
    Leader(world).step(0.05)
    released = next(e for e in world.events if e.reason is EventReason.RELEASED)
    assert "release it again once it is the candidate" in released.message
    assert world.status.challenger.digest == C
    assert world.status.quarantine == ()
