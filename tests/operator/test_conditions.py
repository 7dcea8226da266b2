"""docs/conditions.md says what a LeadModel shows in each state, and how kstatus, Argo CD and `kubectl wait` read it: each row is reached."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from leadmodel_operator.planning.plan import plan
from leadmodel_operator.resource.schema import dump
from leadmodel_operator.resource.spec import Predictor
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import Command, ConditionType, Phase
from support.argocd_lua import run
from worlds.controllers import finish_jobs, move_pods
from worlds.leader import Leader
from worlds.names import OTHER_URI, digest
from worlds.programs import Truth
from worlds.world import World

DOC = Path(__file__).parents[2] / "docs" / "conditions.md"
SHOWN = ("Ready", "Available", "Validated", "Reconciling", "Stalled", "DriftDetected", "RolledBack")
STATES: dict[str, Callable[[], World]] = {}


def state(text: str):
    def note(make: Callable[[], World]) -> Callable[[], World]:
        STATES[text] = make
        return make

    return note


def serving(*, live: bool = False) -> tuple[World, Leader]:
    world = World()
    world.upload("A", Truth(auc=0.75))
    leader = Leader(world)
    leader.settle()
    world.live = live
    if live:
        leader.step(0.1)
    return world, leader


def found(world: World, letter: str, truth: Truth) -> None:
    world.upload(letter, truth)
    world.poll_by_schedule()


def drifted() -> tuple[World, Leader]:
    world, leader = serving(live=True)
    found(world, "B", Truth(auc=0.8, drifts=True))
    leader.settle()
    for _ in range(6):
        leader.step(0.1)
    return world, leader


# --- the states --------------------------------------------------------------------------------------------------------------------


@state("new: the source has not answered yet")
def _() -> World:
    world = World()
    world.upload("A")
    Leader(world).run()
    return world


@state("the first artifact is measured")
def _() -> World:
    world = World()
    world.upload("A")
    leader = Leader(world)
    leader.run()
    finish_jobs(world)
    leader.run()
    return world


@state("the first artifact was refused: nothing serves")
def _() -> World:
    world = World()
    world.upload("A", Truth(auc=0.6))
    Leader(world).settle()
    return world


@state("the source is away, for longer than `progressDeadline`")
def _() -> World:
    world = World()
    world.upload("A")
    world.store_up = False
    leader = Leader(world)
    leader.settle()
    for _ in range(4):
        leader.step(0.1)
    return world


@state("the first champion's pods start")
def _() -> World:
    world = World()
    world.upload("A")
    leader = Leader(world)
    for _ in range(8):
        leader.run()
        finish_jobs(world)
        if world.deployment is not None:
            break
    leader.run()
    return world


@state("serving, no leads yet")
def _() -> World:
    return serving()[0]


@state("serving, live leads fit")
def _() -> World:
    return serving(live=True)[0]


@state("serving, a polled candidate is measured")
def _() -> World:
    world, leader = serving(live=True)
    found(world, "B", Truth(auc=0.8))
    leader.run()
    finish_jobs(world)
    leader.run()
    return world


@state("serving, a polled candidate was refused")
def _() -> World:
    world, leader = serving(live=True)
    found(world, "B", Truth(auc=0.6))
    leader.settle()
    return world


@state("serving, the pinned digest was refused")
def _() -> World:
    world, leader = serving(live=True)
    world.upload("B", Truth(auc=0.6))
    world.pin("B")
    leader.settle()
    return world


@state("the spec asks for another source, just read")
def _() -> World:
    world, leader = serving(live=True)
    world.upload("B", Truth(auc=0.8), OTHER_URI)
    world.edit(artifact=replace(world.spec.artifact, uri=OTHER_URI))
    leader.run()
    return world


@state("the gate was raised above the champion: it serves on")
def _() -> World:
    world, leader = serving(live=True)
    world.edit(min_auc=0.78)
    leader.settle()
    return world


@state("a better model's pods start")
def _() -> World:
    world, leader = serving(live=True)
    found(world, "B", Truth(auc=0.8))
    while world.status.champion.digest != digest("B"):
        leader.run()
        finish_jobs(world)
    leader.run()
    return world


@state("a better model's pods do not start, after `progressDeadline`")
def _() -> World:
    world, leader = serving(live=True)
    world.bad_image = True
    found(world, "B", Truth(auc=0.8))
    leader.settle()
    leader.step(0.3)
    return world


@state("another image or other resources are rolled out")
def _() -> World:
    world, leader = serving(live=True)
    world.edit(predictor=Predictor(replicas=2, image="next:1"))
    leader.run()
    leader.run()
    return world


@state("that image does not start, after `progressDeadline`")
def _() -> World:
    world, leader = serving(live=True)
    world.edit(predictor=Predictor(replicas=2, image="next:1"))
    leader.settle()
    leader.step(0.3)
    leader.step(0.01)
    return world


@state("live leads breach, not for long yet")
def _() -> World:
    world, leader = serving(live=True)
    world.truths["A"] = Truth(auc=0.75, drifts=True)
    leader.step(0.05)
    return world


@state("live leads breach for good, going back would not mend it")
def _() -> World:
    world, leader = serving(live=True)
    world.truths["A"] = Truth(auc=0.75, drifts=True)
    for _ in range(6):
        leader.step(0.1)
    return world


@state("rolled back, its pods start")
def _() -> World:
    world, leader = serving(live=True)
    found(world, "B", Truth(auc=0.8, drifts=True))
    leader.settle()
    while world.status.champion.digest != digest("A"):
        world.now += timedelta(minutes=5)
        leader.run()
    return world


@state("rolled back for drift")
def _() -> World:
    return drifted()[0]


@state("rolled back, a good candidate is held")
def _() -> World:
    world, leader = drifted()
    found(world, "C", Truth(auc=0.82))
    leader.settle()
    return world


@state("pinned to a quarantined digest")
def _() -> World:
    world, leader = drifted()
    found(world, "C", Truth(auc=0.82))
    leader.settle()
    world.commands[Command.RELEASE] = digest("C")
    leader.settle()
    world.pin("B")
    leader.settle()
    return world


@state("too few labelled leads to judge the pinned digest")
def _() -> World:
    world, leader = serving(live=True)
    world.positives = 20
    world.upload("B", Truth(auc=0.8))
    world.pin("B")
    leader.settle()
    return world


@state("all pods are gone")
def _() -> World:
    world, leader = serving(live=True)
    world.bad_image = True
    world.pods.clear()
    move_pods(world)
    leader.run()
    return world


@state("paused while it serves")
def _() -> World:
    world, leader = serving(live=True)
    world.paused = True
    leader.settle()
    return world


@state("a name of ours is someone else's")
def _() -> World:
    world, leader = serving(live=True)
    seen = replace(world.observed(), conflicts=("Service/conversion",))
    leader.run()
    world.status = plan(seen).status
    return world


@state("a right of the operator is missing")
def _() -> World:
    world, _ = serving(live=True)
    world.status = plan(replace(world.observed(), refused=("create poddisruptionbudgets",))).status
    return world


@state("stored before a stricter schema")
def _() -> World:
    world, _ = serving(live=True)
    world.status = plan(replace(world.observed(), spec=None, invalid="spec.minAuc must be at most 1")).status
    return world


# --- how others read it --------------------------------------------------------------------------------------------------------------


def kstatus(status: Status, generation: int) -> str:
    """The rules of kstatus for a kind it does not know (Flux, kpt and others use them)."""
    said = {c.type.value: c.status.value for c in status.conditions}
    if status.observed_generation < generation:
        return "InProgress"
    if said["Reconciling"] == "True":
        return "InProgress"
    if said["Stalled"] == "True":
        return "Failed"
    return "Current" if said["Ready"] == "True" else "InProgress"


def cells(name: str) -> list[str]:
    world = STATES[name]()
    status = world.status
    assert status is not None
    said = {c.type.value: f"{c.status} {c.reason}" for c in status.conditions}
    assert set(said) == {kind.value for kind in ConditionType}
    about = {"name": "conversion", "namespace": "sales", "generation": world.generation}
    body: dict[str, Any] = {"metadata": about, "spec": {}, "status": dump(status)}
    argo = run("health.lua", body)["status"]
    waits = "returns" if said["Ready"].startswith("True") else "waits"
    shown = [said[kind] for kind in SHOWN]
    return [name, status.phase.value, *shown, kstatus(status, world.generation), argo, waits]


def row(name: str) -> str:
    return "| " + " | ".join(cells(name)) + " |"


def rows() -> dict[str, str]:
    lines = [line for line in DOC.read_text().splitlines() if line.startswith("| ")]
    return {line.split(" | ")[0].removeprefix("| "): line for line in lines[1:]}


@pytest.mark.parametrize("name", STATES)
def test_the_table_says_what_is_shown(name):
    assert rows()[name] == row(name)


def test_the_table_has_every_state_and_phase():
    assert rows().keys() == STATES.keys()
    phases = {line.split(" | ")[1] for line in rows().values()}
    assert phases == {phase.value for phase in Phase}, "a phase that no state reaches"


def test_failed_and_degraded_need_a_person_and_nothing_else_does():
    """kstatus and Argo CD agree on what is broken; a candidate of the night never turns anything red."""
    for line in rows().values():
        part = line.strip("| ").split(" | ")
        state_, stalled, flux, argo = part[0], part[6], part[9], part[10]
        assert (flux == "Failed") == stalled.startswith("True"), state_
        assert flux != "Failed" or argo == "Degraded", state_
        assert "polled candidate" not in state_ or (flux, argo) == ("Current", "Healthy")
