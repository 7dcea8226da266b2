"""Each row of docs/conditions.md: what a LeadModel shows in a state, and how kstatus, Argo CD and `kubectl wait` read that."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leadmodel_messages import poll
from leadmodel_messages.poll import PollAnswer, Stored
from leadmodel_messages.uris import place
from leadmodel_operator.planning.observed import Fault, FaultKind, JobKind, Refusal, RefusalKind
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.resource.conversion import dump
from leadmodel_operator.resource.spec_serving import Predictor
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import Command, ConditionType, Phase
from support.argocd_lua import run
from worlds.controllers import end_job, finish_jobs, move_pods
from worlds.leader import Leader
from worlds.names import OTHER_URI, digest
from worlds.programs import Ending, Truth
from worlds.situations import drifted, drifting, held_after_rollback, in_a_canary, serving, upload_and_poll
from worlds.world import World

DOC = Path(__file__).parents[2] / "docs" / "conditions.md"
SHOWN = (
    "Ready",
    "Available",
    "Validated",
    "Reconciling",
    "Stalled",
    "DriftDetected",
    "RolledBack",
    "SourceReachable",
)
state = pytest.mark.state  # the name of a row of the table


def rows() -> dict[str, list[str]]:
    """Read the table: the name of each state and its other cells."""
    table = DOC.read_text().split("## Jobs by schedule", 1)[0]
    lines = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    return {name: cells for name, *cells in lines[1:]}


@pytest.fixture
def documented(request) -> list[str]:
    """Give the cells of the state that a test is marked with."""
    return rows()[request.node.get_closest_marker("state").args[0]]


def shown(world: World) -> list[str]:
    """Give the cells of the state that a world is in."""
    status = world.status
    assert status is not None
    conditions = {c.type.value: f"{c.status} {c.reason}" for c in status.conditions}
    assert set(conditions) == {kind.value for kind in ConditionType}
    metadata = {"name": "conversion", "namespace": "sales", "generation": world.generation}
    body: dict[str, Any] = {"metadata": metadata, "spec": {}, "status": dump(status)}
    argo = run("health.lua", body)["status"]
    waits = "returns" if conditions["Ready"].startswith("True") else "waits"
    cells = [conditions[kind] for kind in SHOWN]
    return [status.phase.value, *cells, kstatus(status, world.generation), argo, waits]


def message_of(world: World, kind: ConditionType) -> str:
    """Give the message of a condition."""
    assert world.status is not None
    return next(condition.message for condition in world.status.conditions if condition.type is kind)


def stuck(world: World, kind: JobKind) -> None:
    """Let the pods of running Jobs wait for a Secret that is not there."""
    for job in world.running(kind):
        job.waits, job.fault = (
            True,
            Fault(FaultKind.WAITING, "CreateContainerConfigError", message='secret "store" not found'),
        )


def kstatus(status: Status, generation: int) -> str:
    """Read a status by the rules of kstatus for a kind it does not know (Flux, kpt and others use them)."""
    conditions = {c.type.value: c.status.value for c in status.conditions}
    if status.observed_generation < generation or conditions["Reconciling"] == "True":
        return "InProgress"
    if conditions["Stalled"] == "True":
        return "Failed"
    return "Current" if conditions["Ready"] == "True" else "InProgress"


# --- the states --------------------------------------------------------------------------------------------------------------------


@state("new: the source has not answered yet")
def test_new(documented):
    world = World()
    world.upload("A")
    Leader(world).run()
    assert shown(world) == documented


@state("the first artifact is measured")
def test_the_first_artifact_is_measured(documented):
    world = World()
    world.upload("A")
    leader = Leader(world)
    leader.run()
    finish_jobs(world)
    leader.run()
    assert shown(world) == documented


@state("the first artifact was refused: nothing serves")
def test_the_first_artifact_was_refused(documented):
    world = World()
    world.upload("A", Truth(auc=0.6))
    Leader(world).settle()
    assert shown(world) == documented


@state("the source is away, for longer than `progressDeadline`")
def test_the_source_is_away(documented):
    world = World()
    world.upload("A")
    world.store_up = False
    leader = Leader(world)
    leader.settle()
    for _ in range(4):
        leader.step(0.1)
    assert shown(world) == documented


@state("the first champion's pods start")
def test_pods_of_the_first_champion_start(documented):
    world = World()
    world.upload("A")
    leader = Leader(world)
    for _ in range(8):
        leader.run()
        finish_jobs(world)
        if world.deployment is not None:
            break
    leader.run()
    assert shown(world) == documented


@state("serving, no leads yet")
def test_serving_without_leads(documented):
    assert shown(serving()[0]) == documented


@state("serving, live leads fit")
def test_serving_and_leads_fit(documented):
    assert shown(serving(live=True)[0]) == documented


@state("serving, a polled candidate is measured")
def test_a_polled_candidate_is_measured(documented):
    world, leader = serving(live=True)
    upload_and_poll(world, "B")
    leader.run()
    finish_jobs(world)
    leader.run()
    assert shown(world) == documented


@state("serving, a polled candidate was refused")
def test_a_polled_candidate_was_refused(documented):
    world, leader = serving(live=True)
    upload_and_poll(world, "B", Truth(auc=0.6))
    leader.settle()
    assert shown(world) == documented


def asked(truth: Truth, *, reach: int) -> World:
    """A serves in pods that have a place for a candidate; B passed on the holdout, and so many pods load it."""
    world = World(rendering=4)
    world.upload("A", Truth(auc=0.75))
    leader = Leader(world)
    leader.settle()
    world.live, world.place.reach = True, reach
    leader.step(0.1)
    upload_and_poll(world, "B", truth)
    leader.settle()
    return world


@state("serving, a candidate is checked against live leads")
def test_a_candidate_is_checked_against_live_leads(documented):
    world = asked(Truth(auc=0.8), reach=0)
    assert shown(world) == documented
    assert "ready pods have loaded the candidate" in message_of(world, ConditionType.VALIDATED)


@state("serving, a candidate answers a share of leads")
def test_a_candidate_answers_a_share_of_leads(documented):
    world, _ = in_a_canary()
    assert shown(world) == documented
    assert "10 % of leads until" in message_of(world, ConditionType.VALIDATED)


@state("serving, live leads do not fit a candidate")
def test_live_leads_do_not_fit(documented):
    world = asked(Truth(auc=0.8, drifts=True), reach=2)
    assert shown(world) == documented
    assert "PSI" in message_of(world, ConditionType.VALIDATED)


@state("serving, the pinned digest was refused")
def test_the_pinned_digest_was_refused(documented):
    world, leader = serving(live=True)
    world.upload("B", Truth(auc=0.6))
    world.pin("B")
    leader.settle()
    assert shown(world) == documented


@state("the spec names another source, not polled yet")
def test_another_source_was_just_read(documented):
    world, leader = serving(live=True)
    world.upload("B", Truth(auc=0.8), OTHER_URI)
    world.edit(artifact=replace(world.spec.artifact, uri=OTHER_URI))
    leader.run()
    assert shown(world) == documented


@state("the gate was raised above the champion, which serves on")
def test_the_gate_was_raised_above_the_champion(documented):
    world, leader = serving(live=True)
    world.edit(min_auc=0.78)
    leader.settle()
    assert shown(world) == documented


@state("a better model's pods start")
def test_pods_of_a_better_model_start(documented):
    world, leader = serving(live=True)
    upload_and_poll(world, "B")
    while world.status.champion.digest != digest("B"):
        leader.run()
        finish_jobs(world)
    leader.run()
    assert shown(world) == documented


@state("a better model's pods do not start, after `progressDeadline`")
def test_pods_of_a_better_model_do_not_start(documented):
    world, leader = serving(live=True)
    world.bad_image = True
    upload_and_poll(world, "B")
    leader.settle()
    leader.step(0.3)
    assert shown(world) == documented


@state("another image or other resources are rolled out")
def test_another_image_is_rolled_out(documented):
    world, leader = serving(live=True)
    world.edit(predictor=Predictor(replicas=2, image="next:1"))
    leader.run()
    leader.run()
    assert shown(world) == documented


@state("the other image does not start, after `progressDeadline`")
def test_another_image_does_not_start(documented):
    world, leader = serving(live=True)
    world.edit(predictor=Predictor(replicas=2, image="next:1"))
    leader.settle()
    leader.step(0.3)
    leader.step(0.01)
    assert shown(world) == documented


@state("live leads breach, not for long yet")
def test_leads_breach_but_not_for_long(documented):
    world, leader = serving(live=True)
    world.truths["A"] = Truth(auc=0.75, drifts=True)
    leader.step(0.05)
    assert shown(world) == documented


@state("live leads breach for long, and a rollback would not cure that")
def test_leads_breach_and_no_model_fits(documented):
    world, leader = serving(live=True)
    world.truths["A"] = Truth(auc=0.75, drifts=True)
    for _ in range(6):
        leader.step(0.1)
    assert shown(world) == documented


@state("rolled back, its pods start")
def test_rolled_back_and_pods_start(documented):
    world, leader = drifting()
    while world.status.champion.digest != digest("A"):
        world.now += timedelta(minutes=5)
        leader.run()
    assert shown(world) == documented


@state("rolled back for drift")
def test_rolled_back_for_drift(documented):
    assert shown(drifted()[0]) == documented


@state("rolled back, a good candidate is held")
def test_a_good_candidate_is_held_after_a_rollback(documented):
    world, _ = held_after_rollback()
    assert shown(world) == documented


@state("pinned to a quarantined digest")
def test_pinned_to_a_quarantined_digest(documented):
    world, leader = drifted()
    upload_and_poll(world, "C", Truth(auc=0.82))
    leader.settle()
    world.commands[Command.RELEASE] = digest("C")
    leader.settle()
    world.pin("B")
    leader.settle()
    assert shown(world) == documented


@state("too few labelled leads to judge the pinned digest")
def test_too_few_labelled_leads(documented):
    world, leader = serving(live=True)
    world.positives = 20
    world.upload("B", Truth(auc=0.8))
    world.pin("B")
    leader.settle()
    assert shown(world) == documented


@state("all pods of the champion are gone")
def test_all_pods_are_gone(documented):
    world, leader = serving(live=True)
    world.bad_image = True
    world.pods.clear()
    move_pods(world)
    leader.run()
    assert shown(world) == documented


@state("paused while it serves")
def test_paused_while_serving(documented):
    world, leader = serving(live=True)
    world.paused = True
    leader.settle()
    assert shown(world) == documented


@state("an object that should be the operator's belongs to someone else")
def test_a_name_is_taken_by_someone_else(documented):
    world, leader = serving(live=True)
    seen = replace(world.observed(), conflicts=("Service/conversion",))
    leader.run()
    world.status = plan(seen).status
    assert shown(world) == documented


@state("a right of the operator is missing")
def test_a_right_is_missing(documented):
    world, _ = serving(live=True)
    world.status = plan(
        replace(
            world.observed(),
            refused=(
                Refusal(RefusalKind.RIGHTS, "create poddisruptionbudgets", "PodDisruptionBudget/conversion"),
            ),
        )
    ).status
    assert shown(world) == documented


@state("the operator may not read an object")
def test_an_object_may_not_be_read(documented):
    world, _ = serving(live=True)
    world.status = plan(replace(world.observed(), unread="services is forbidden")).status
    assert shown(world) == documented
    assert message_of(world, ConditionType.STALLED) == "services is forbidden"


@state("the API server refuses the Deployment of a changed spec")
def test_the_deployment_is_refused(documented):
    world, _ = serving(live=True)
    world.edit(predictor=Predictor(replicas=2, image="next:1"))
    refusal = Refusal(
        RefusalKind.CONTENT, "change deployments", "Deployment/conversion", "spec: Invalid value"
    )
    world.status = plan(replace(world.observed(), refused=(refusal,))).status
    assert shown(world) == documented


@state("the API server refuses the Deployment of a rollback")
def test_the_deployment_of_a_rollback_is_refused(documented):
    world, leader = drifting()
    while world.status.champion.digest != digest("A"):
        world.now += timedelta(minutes=5)
        leader.run()
    refusal = Refusal(
        RefusalKind.CONTENT, "change deployments", "Deployment/conversion", "spec: Invalid value"
    )
    world.status = plan(replace(world.observed(), refused=(refusal,))).status
    assert shown(world) == documented


@state("a quota refuses the Job of a first poll")
def test_a_quota_refuses_a_job(documented):
    world = World()
    leader = Leader(world)
    leader.run()
    refusal = Refusal(RefusalKind.QUOTA, "create jobs", "Job/conversion-poll-1", "exceeded quota: few")
    world.status = plan(replace(world.observed(), refused=(refusal,))).status
    assert shown(world) == documented


@state("the first poll cannot start")
def test_the_first_poll_cannot_start(documented):
    world = World()
    leader = Leader(world)
    leader.run()
    stuck(world, JobKind.POLL)
    leader.run()
    assert shown(world) == documented
    assert 'secret "store" not found' in message_of(world, ConditionType.READY)


@state("the first validation cannot start")
def test_the_first_validation_cannot_start(documented):
    world = World()
    world.upload("A")
    leader = Leader(world)
    leader.run()
    finish_jobs(world)
    leader.run()
    stuck(world, JobKind.VALIDATION)
    leader.run()
    assert shown(world) == documented
    assert 'secret "store" not found' in message_of(world, ConditionType.READY)


@state("serving, and the source does not answer any more")
def test_the_source_breaks_while_a_model_serves(documented):
    world, leader = serving(live=True)
    world.store_up = False
    world.poll_by_schedule()
    leader.settle()
    assert shown(world) == documented


def answered(world: World, leader: Leader, *, error: str = "") -> None:
    """A scheduled poll finds the artifact that serves, and a holdout unless there is an error."""
    world.poll_by_schedule()
    artifact = Stored(digest("A"), 1000, "A")
    holdout = None if error else Stored(digest("H"), 500, "H")
    line = poll.dump(PollAnswer(place(world.spec.artifact.uri), artifact, holdout, error))
    for job in world.running(JobKind.POLL):
        end_job(world, job, Ending(0, line))
    leader.settle()


@state("serving, and the store does not give the holdout any more")
def test_the_holdout_breaks_while_a_model_serves(documented):
    """The event comes once per cause, and the condition goes when the holdout is back."""
    world, leader = serving(live=True)
    before = [c for c in world.status.conditions if c.type is ConditionType.SOURCE_REACHABLE]
    for _ in range(2):
        answered(world, leader, error="the store refuses holdout.csv.gz: give its Secret the right to read")
    assert shown(world) == documented
    assert "give its Secret the right" in message_of(world, ConditionType.SOURCE_REACHABLE)
    assert [event.reason for event in world.events].count("HoldoutUnavailable") == 1
    answered(world, leader)
    after = [c for c in world.status.conditions if c.type is ConditionType.SOURCE_REACHABLE]
    assert [(c.status, c.reason) for c in after] == [(c.status, c.reason) for c in before]


@pytest.mark.parametrize("moved", [True, False], ids=["another holdout", "control: the same"])
def test_what_was_wrong_with_a_holdout_goes_with_the_holdout(moved):
    """A pin that passes on the new one is never polled again, so no answer would ever take the old sentence away."""
    world, leader = serving(live=True)
    answered(world, leader, error="the store refuses holdout.csv.gz: give its Secret the right to read")
    uri = OTHER_URI.replace("model", "holdout") if moved else world.spec.holdout.uri
    world.edit(holdout=replace(world.spec.holdout, uri=uri))
    leader.settle()
    (source,) = (c for c in world.status.conditions if c.type is ConditionType.SOURCE_REACHABLE)
    assert (source.reason == "HoldoutUnavailable") is not moved


def test_the_control_a_source_whose_holdout_answers_is_reachable():
    world, leader = serving(live=True)
    answered(world, leader)
    assert {c.type: c.status.value for c in world.status.conditions}[ConditionType.SOURCE_REACHABLE] == "True"


@state("the spec was stored before a stricter schema")
def test_stored_before_a_stricter_schema(documented):
    world, _ = serving(live=True)
    world.status = plan(replace(world.observed(), spec=None, invalid="spec.minAuc must be at most 1")).status
    assert shown(world) == documented


# --- the table as a whole ------------------------------------------------------------------------------------------------------------


def states() -> list[str]:
    """Name the states that tests of this module are marked with."""
    tests = [test for name, test in globals().items() if name.startswith("test_")]
    marks = [mark for test in tests for mark in getattr(test, "pytestmark", ())]
    return [mark.args[0] for mark in marks if mark.name == "state"]


def test_the_table_has_every_state_and_phase():
    assert list(rows()) == states()
    assert {cells[0] for cells in rows().values()} == {phase.value for phase in Phase}, (
        "a phase that no state reaches"
    )


def test_failed_and_degraded_need_a_person_and_nothing_else_does():
    """kstatus and Argo CD agree on what is broken; a candidate of the night never turns anything red."""
    for name, cells in rows().items():
        stalled, flux, argo = cells[5], cells[9], cells[10]
        assert (flux == "Failed") == stalled.startswith("True"), name
        assert flux != "Failed" or argo == "Degraded", name
        assert "polled candidate" not in name or (flux, argo) == ("Current", "Healthy")
