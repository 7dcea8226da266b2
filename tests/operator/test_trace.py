"""The trace of a pass: each kind of thing that the planner withholds is named with its reason, and nothing private is in a trace."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from leadmodel_cli.views.why import why
from leadmodel_operator.planning import plan as planner
from leadmodel_operator.planning.observed import JobKind, Observed
from leadmodel_operator.planning.pass_state import MAX_PERMANENT_ENTRIES
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.planning.promotion import needs_a_person
from leadmodel_operator.planning.trace import Effect, Outcome, PlanStep, withheld
from leadmodel_operator.reconcile import Key, TraceReporter
from leadmodel_operator.resource.status_decisions import Quarantined
from leadmodel_operator.resource.vocabulary import Command, QuarantineKind, Reason
from worlds.controllers import finish_jobs
from worlds.leader import Leader
from worlds.names import KEY, digest
from worlds.programs import Truth
from worlds.situations import drifted, held_after_rollback, serving, upload_and_poll
from worlds.world import World


def withheld_in(seen: Observed) -> dict[PlanStep, str]:
    """Give what a pass withholds, by step."""
    return {o.step: o.reason for o in plan(seen).trace if o.effect is Effect.WITHHELD}


def paused() -> Observed:
    world, _ = serving()
    world.pin("B")
    world.paused = True
    return world.observed()


def name_taken() -> Observed:
    world, _ = serving()
    world.pin("B")
    return replace(world.observed(), conflicts=(f"Deployment/{KEY.name}",))


def paused_command() -> Observed:
    world, _ = serving()
    world.paused = True
    world.commands[Command.REFRESH] = "1"
    return world.observed()


def refused_command() -> Observed:
    world, _ = serving()
    world.commands[Command.ABORT] = digest("A")
    return world.observed()


def quarantined() -> Observed:
    world, _ = drifted()
    world.pin("B")
    return world.observed()


def refused_by_the_gate() -> Observed:
    world, leader = serving()
    upload_and_poll(world, "B", Truth(auc=0.6))
    leader.settle()
    return world.observed()


def not_kept() -> Observed:
    world, leader = serving()
    upload_and_poll(world, "B")
    while not world.running(JobKind.VALIDATION):
        finish_jobs(world)
        leader.run()
    finish_jobs(world)
    return world.observed()


def held_for_the_cooldown() -> Observed:
    return held_after_rollback()[0].observed()


def held_for_a_person() -> Observed:
    world, leader = drifted()
    upload_and_poll(world, "C", Truth(auc=0.82, drifts=True))
    leader.step(25)
    for _ in range(30):
        leader.step(5 / 60)
    upload_and_poll(world, "D", Truth(auc=0.84))
    leader.settle()
    return world.observed()


def quarantine_full() -> Observed:
    world, leader = serving()
    entries = tuple(
        Quarantined(
            digest=f"sha256:{n:064x}", kind=QuarantineKind.MANUAL, reason=Reason.MANUAL, since=world.now
        )
        for n in range(MAX_PERMANENT_ENTRIES)
    )
    world.status = replace(world.status, quarantine=entries)
    upload_and_poll(world, "B")
    leader.settle()
    return world.observed()


def verdict_lapsed() -> Observed:
    world, leader = drifted()
    upload_and_poll(world, "C", Truth(auc=0.82))
    leader.settle()
    world.spec = replace(world.spec, min_auc=0.7)
    return world.observed()


def source_down() -> Observed:
    world = World()
    world.store_up = False
    Leader(world).settle()
    return world.observed()


def measured_in_vain() -> Observed:
    world, leader = serving()
    world.upload("B")
    world.pin("B")
    world.store_up = False
    leader.settle()
    return world.observed()


def not_serving_yet() -> Observed:
    world, leader = serving()
    world.bad_image = True
    upload_and_poll(world, "B")
    leader.settle()
    return world.observed()


def drift_without_rollback() -> Observed:
    world, leader = serving(live=True)
    world.truths["A"] = Truth(auc=0.75, drifts=True)
    for _ in range(20):
        leader.step(5 / 60)
    return world.observed(scraped=False)


def bytes_lost() -> Observed:
    world, _ = serving()
    world.snapshots.clear()
    world.pods.clear()
    return world.observed()


def offered_retraining() -> Observed:
    world, leader = serving()
    world.pin("A")
    leader.settle()
    world.retrain("B")
    return world.observed()


WITHHELD: dict[Callable[[], Observed], tuple[PlanStep, str]] = {
    paused: (PlanStep.VALIDATION, "the LeadModel is paused"),
    name_taken: (PlanStep.PROMOTION, f"Deployment/{KEY.name} belongs to someone else"),
    paused_command: (PlanStep.COMMANDS, "refresh: the LeadModel is paused"),
    refused_command: (PlanStep.COMMANDS, "abort=.*: .* is the champion; use rollback-to"),
    quarantined: (PlanStep.PROMOTION, r"is quarantined \(Drift\)"),
    refused_by_the_gate: (PlanStep.VERDICT, r"Fail \(AucBelowMinimum\)"),
    not_kept: (PlanStep.PROMOTION, "is not kept yet"),
    verdict_lapsed: (PlanStep.PROMOTION, "the verdict on .* has lapsed"),
    held_for_the_cooldown: (PlanStep.PROMOTION, r"is held \(HeldAfterRollback\) until 20"),
    held_for_a_person: (PlanStep.PROMOTION, r"is held \(HeldAfterRollback\) until a person acts"),
    quarantine_full: (PlanStep.PROMOTION, r"is held \(QuarantineFull\) until a person acts"),
    source_down: (PlanStep.POLL, "the source is polled again at"),
    measured_in_vain: (PlanStep.VALIDATION, "is validated again at"),
    not_serving_yet: (PlanStep.LIVE_LEADS, "does not serve in every pod yet"),
    drift_without_rollback: (PlanStep.LIVE_LEADS, "no rollback: there is no previous model"),
    bytes_lost: (PlanStep.LOST_CHAMPION, "are fetched from the source again"),
    offered_retraining: (PlanStep.RETRAINING_RESULT, "artifact.digest pins another"),
}


@pytest.mark.parametrize("situation", WITHHELD, ids=lambda situation: situation.__name__)
def test_what_is_withheld_is_named(situation):
    step, reason = WITHHELD[situation]
    assert step in withheld_in(situation())
    assert re.search(reason, withheld_in(situation())[step])


def test_every_step_leaves_one_outcome():
    world, _ = serving()
    assert [outcome.step for outcome in plan(world.observed()).trace] == list(PlanStep)


def test_a_settled_model_withholds_nothing():
    world, _ = serving()
    assert {outcome.effect for outcome in plan(world.observed()).trace} == {Effect.NOTHING}


def test_no_message_of_a_program_is_in_a_trace(monkeypatch):
    """A program may repeat what a store or a file holds; its message goes to status, bounded, and never into a log."""
    world = World()
    world.store_up = False
    leader = Leader(world)
    leader.run()
    for job in world.running(JobKind.POLL):
        finish_jobs(world)
        job.message = job.message.replace("did not give it", "said hello@example.com")
    answer = plan(world.observed())
    assert "hello" in answer.status.poll.error
    assert "hello" not in str(answer.trace)
    monkeypatch.setattr(planner, "record_polls", lambda state: withheld(PlanStep.POLL_RESULTS, "hello"))
    assert "hello" in str(plan(world.observed()).trace)


# --- who sees it -----------------------------------------------------------------------------------------------------------------


def test_a_trace_is_reported_once_while_it_stays_the_same():
    reports: list[tuple[Key, tuple[Outcome, ...]]] = []
    reporter = TraceReporter(lambda key, trace: reports.append((key, trace)))
    world, _ = serving()
    calm, held = world.observed(), paused()
    for seen in (calm, calm, held, held, calm):
        reporter.planner(KEY)(seen)
    assert [len(trace) > 0 for _, trace in reports] == [False, True, False]
    reporter.forget(KEY)
    reporter.planner(KEY)(calm)
    assert len(reports) == 4


def test_why_shows_what_the_newest_pass_withheld():
    ready = {"type": "Ready", "status": "True", "reason": "Serving", "message": "A serves in every pod"}
    others = [{"type": kind, "status": "False", "message": ""} for kind in ("Stalled", "Reconciling")]
    lead_model: dict[str, Any] = {
        "metadata": {"name": "conversion"},
        "status": {"conditions": [ready, *others]},
    }
    trace = [{"step": "promotion", "effect": "withheld", "reason": "B is held until a person acts"}]
    assert why(lead_model, trace)[-1] == (
        "Withheld in the newest pass, promotion: B is held until a person acts."
    )
    assert why(lead_model) == why(lead_model, trace)[:-1]


# --- the hold after repeated rollbacks ---------------------------------------------------------------------------------------------

NOW = datetime(2026, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rollbacks", "promoted", "needed"),
    [
        ((), None, False),
        ((1,), 1, False),  # one rollback: the cooldown alone holds
        ((1, 3), 1, True),  # two within the last week
        ((1, 9), 1, False),  # eight days apart
        ((20, 23), 20, True),  # a week has passed, and nobody has promoted since
        ((20, 23), None, True),
        ((20, 23), 15, False),  # a person promoted since
        ((1, 3), 0, True),  # two within the last week bind whoever promoted since
        ((20, 30, 32), 20, False),  # the newest pair counts
        ((6.9, 6.95), 5, True),
        ((7, 7.5), 5, False),
    ],
)
def test_two_rollbacks_within_a_week_need_a_person(rollbacks, promoted, needed):
    """All times in days before now."""
    times = [NOW - timedelta(days=days) for days in rollbacks]
    since = None if promoted is None else NOW - timedelta(days=promoted)
    assert needs_a_person(times, since, NOW) is needed
