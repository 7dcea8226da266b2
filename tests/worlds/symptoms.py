"""What people see when something is wrong: small worlds by the condition and the reason that they show."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from leadmodel_operator.planning.challenger_place import RENDERING
from leadmodel_operator.planning.observed import Fault, FaultKind, JobKind, Refusal, RefusalKind
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.resource.spec_serving import Predictor
from leadmodel_operator.resource.status import Status
from worlds.controllers import move_pods
from worlds.leader import Leader
from worlds.programs import Truth
from worlds.situations import drifted, held_after_rollback, serving, upload_and_poll
from worlds.world import World

SYMPTOMS: dict[str, Callable[[], Status]] = {}


def symptom(name: str) -> Callable[[Callable[[], World | Status]], Callable[[], World | Status]]:
    """Register a world under the condition and the reason it shows, such as `Stalled/GateFailed`."""

    def register(make: Callable[[], World | Status]) -> Callable[[], World | Status]:
        def status() -> Status:
            made = make()
            found = made.status if isinstance(made, World) else made
            assert found is not None
            return found

        SYMPTOMS[name] = status
        return make

    return register


def message(status: Status, name: str) -> str:
    """The message of the condition that a symptom names; digests as `…`. Fails where the condition has another reason."""
    kind, reason = name.split(" ", maxsplit=1)[0].split("/")
    condition = next(c for c in status.conditions if c.type == kind)
    assert condition.reason == reason, f"{name}: {condition.reason}"
    return re.sub(r"(sha256:)?[0-9a-f]{12,64}", "…", condition.message)


@symptom("Validated/AucBelowMinimum")
def refused() -> World:
    world, leader = serving(live=True)
    upload_and_poll(world, "B", Truth(auc=0.6))
    leader.settle()
    return world


@symptom("Validated/UnlikeLiveLeads")
def unlike_live_leads() -> World:
    world = World(rendering=RENDERING, live=True)
    world.upload("A", Truth(auc=0.75))
    Leader(world).step(0.1)
    world.retrain("B", Truth(auc=0.8, drifts=True))
    Leader(world).step(0.1)
    return world


@symptom("Validated/HoldoutTooSmall")
def too_small() -> World:
    world, leader = serving(live=True)
    world.positives = 20
    world.upload("B", Truth(auc=0.8))
    world.pin("B")
    leader.settle()
    return world


@symptom("Ready/GateFailed")
def gate_raised() -> World:
    world, leader = serving(live=True)
    world.edit(min_auc=0.78)
    leader.settle()
    return world


@symptom("Stalled/ProgressDeadlineExceeded")
def image_missing() -> World:
    world, leader = serving(live=True)
    world.edit(predictor=Predictor(replicas=2, image="next:1"))
    leader.settle()
    leader.step(0.3)
    leader.step(0.01)
    return world


@symptom("SourceReachable/FetchRetrying")
def source_away() -> World:
    world, leader = serving(live=True)
    world.store_up = False
    upload_and_poll(world, "B")
    leader.settle()
    leader.step(0.1)
    return world


@symptom("SourceReachable/CannotStart")
def secret_missing() -> World:
    world = World()
    world.upload("A")
    leader = Leader(world)
    leader.run()
    for job in world.running(JobKind.POLL):
        missing = 'secret "store" not found'
        job.waits, job.fault = True, Fault(FaultKind.WAITING, "CreateContainerConfigError", message=missing)
    leader.run()
    return world


@symptom("Ready/RolledBack")
def rolled_back() -> World:
    return drifted()[0]


@symptom("Validated/HeldAfterRollback")
def held() -> World:
    return held_after_rollback()[0]


@symptom("DriftDetected/SustainedBreach")
def moved() -> World:
    world, leader = serving(live=True)
    world.truths["A"] = Truth(auc=0.75, drifts=True)
    for _ in range(6):
        leader.step(0.1)
    return world


@symptom("DriftDetected/MetricsUnavailable")
def no_leads() -> World:
    return serving()[0]


@symptom("Stalled/NameConflict")
def name_taken() -> Status:
    world, leader = serving(live=True)
    seen = replace(world.observed(), conflicts=("Service/conversion",))
    leader.run()
    return plan(seen).status


@symptom("Stalled/Refused")
def refused_by_policy() -> Status:
    world, leader = serving(live=True)
    world.edit(predictor=Predictor(replicas=3))
    leader.run()
    words = 'admission webhook "policy" denied the request: label team is missing'
    refusal = Refusal(RefusalKind.CONTENT, "change deployments", "Deployment/conversion", words)
    return plan(replace(world.observed(), refused=(refusal,))).status


@symptom("Stalled/QuotaExceeded")
def quota_used_up() -> Status:
    world, leader = serving(live=True)
    leader.run()
    refusal = Refusal(RefusalKind.QUOTA, "create jobs", "Job/conversion-poll-1", "exceeded quota: few")
    return plan(replace(world.observed(), refused=(refusal,))).status


@symptom("Stalled/Forbidden")
def right_missing() -> Status:
    world, leader = serving(live=True)
    leader.run()
    refusal = Refusal(RefusalKind.RIGHTS, "create poddisruptionbudgets", "PodDisruptionBudget/conversion")
    return plan(replace(world.observed(), refused=(refusal,))).status


@symptom("Available/MinimumReplicasUnavailable")
def pods_gone() -> World:
    world, leader = serving(live=True)
    world.bad_image = True
    world.pods.clear()
    move_pods(world)
    leader.run()
    return world
