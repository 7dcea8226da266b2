"""Situations of the small world that many tests begin in, and short questions about it."""

from __future__ import annotations

from datetime import timedelta

from leadmodel_operator.reconcile import Conflict, reconcile
from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.spec_rollout import RolloutPolicy, RolloutStep
from leadmodel_operator.resource.vocabulary import Command, ConditionStatus, ConditionType, Reason
from worlds.controllers import finish_jobs, move_pods
from worlds.leader import Leader
from worlds.names import KEY, digest, letter_of
from worlds.port import WorldPort
from worlds.programs import Truth
from worlds.world import World

BETTER = Truth(auc=0.8)

# --- situations --------------------------------------------------------------------------------------------------------------


def serving(*, live: bool = False) -> tuple[World, Leader]:
    """Make a world in which A serves; `live`: leads arrive, A fits them and is proven."""
    world = World()
    world.upload("A", Truth(auc=0.75))
    leader = Leader(world)
    leader.settle()
    world.live = live
    if live:
        leader.step(0.1)
        assert world.status is not None
        assert world.status.champion is not None
        assert world.status.champion.proven_at is not None
    return world, leader


def replaced(truth: Truth = BETTER) -> tuple[World, Leader]:
    """Make a world in which B took over from A, which live leads fit."""
    world, leader = serving(live=True)
    upload_and_poll(world, "B", truth)
    leader.settle()
    assert champion(world) == "B"
    return world, leader


def in_a_canary() -> tuple[World, Leader]:
    """Make a world in which A serves and B answers a tenth of the leads, in the first of two steps."""
    steps = tuple(RolloutStep(weight=weight, for_=Duration("10m")) for weight in (10, 50))
    world = World(rendering=4, live=True)
    world.edit(rollout=RolloutPolicy(steps=steps))
    world.upload("A", Truth(auc=0.75))
    leader = Leader(world)
    leader.step(0.1)
    world.retrain("B", BETTER)
    leader.step(0.01)
    assert (champion(world), world.place.weight) == ("A", 10)
    return world, leader


def drifting() -> tuple[World, Leader]:
    """Make a world in which B serves leads that A fits and B does not; nobody has noticed yet."""
    return replaced(Truth(auc=0.8, drifts=True))


def drifted() -> tuple[World, Leader]:
    """Make a world in which B drifted on leads that A fits, and A serves again."""
    world, leader = drifting()
    for _ in range(6):
        leader.step(0.1)
    assert (champion(world), served(world)) == ("A", "A")
    return world, leader


def held_after_rollback() -> tuple[World, Leader]:
    """Make a world in which B was rolled back, and C passed the gate since then and is held."""
    world, leader = drifted()
    upload_and_poll(world, "C", Truth(auc=0.82))
    leader.settle()
    assert condition(world, ConditionType.VALIDATED) == (ConditionStatus.UNKNOWN, Reason.HELD_AFTER_ROLLBACK)
    return world, leader


# --- what people, time and accidents do --------------------------------------------------------------------------------------


def upload_and_poll(world: World, letter: str, truth: Truth = BETTER) -> None:
    """Upload an artifact and make a poll that will find the artifact."""
    world.upload(letter, truth)
    world.poll_by_schedule()


def command(world: World, leader: Leader, name: Command, letter: str) -> None:
    """Annotate the LeadModel with a command for one digest, and settle."""
    world.commands[name] = digest(letter)
    leader.settle()


def freeze_at(world: World, leader: Leader, write: str, passes: int = 20) -> None:
    """Make passes until one is about to make this write; that pass freezes there."""
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
    raise AssertionError(f"no pass comes to: {write}")


def crash_at(world: World, leader: Leader, write: str) -> None:
    """Make passes until one is about to make this write; that pass ends there for good."""
    freeze_at(world, leader, write)
    leader.frozen.pop().close()


# --- questions ---------------------------------------------------------------------------------------------------------------


def champion(world: World) -> str | None:
    """Give the letter of the champion in status."""
    return letter_of(world.status.champion.digest) if world.status and world.status.champion else None


def served(world: World) -> str | None:
    """Give the letter of the model that the Deployment is to serve."""
    return letter_of(world.deployment.serve.champion) if world.deployment else None


def condition(world: World, kind: ConditionType) -> tuple[ConditionStatus, Reason]:
    """Give status and reason of a condition."""
    assert world.status is not None
    entry = next(c for c in world.status.conditions if c.type is kind)
    return entry.status, entry.reason


def is_ready(world: World) -> bool:
    """Tell whether the LeadModel is Ready because a model serves."""
    return condition(world, ConditionType.READY) == (ConditionStatus.TRUE, Reason.SERVING)
