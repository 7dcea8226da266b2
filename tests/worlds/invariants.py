"""What must hold of the small world after every write, whatever happened before: `Broken` says which rule does not.

The rules keep a memory of their own, so that they do not believe the status they judge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from leadmodel_operator.planning.observed import Observed
from leadmodel_operator.planning.planned import Serve
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.status_models import Revision
from leadmodel_operator.resource.vocabulary import (
    Command,
    ConditionStatus,
    ConditionType,
    QuarantineKind,
    Reason,
)
from worlds.live_rules import LiveRules
from worlds.names import letter_of
from worlds.windows import fits_previous

if TYPE_CHECKING:
    from worlds.world import World

COOLDOWN = timedelta(hours=24)
AUTOMATIC = {Reason.DRIFT_SUSTAINED, Reason.BAD_INPUT_SHARE}


class Broken(AssertionError):  # noqa: N818  # what happened
    """An invariant does not hold."""


@dataclass
class Invariants:
    """What the rules remember of one world."""

    lowest: float = 1.0  # the lowest minAuc there has been
    passed: set[str] = field(default_factory=set)  # digests a validation measured on enough rows
    condemned: set[str] = field(default_factory=set)  # refused for good and not released since
    denied: set[str] = field(default_factory=set)  # digests the store answered it does not have
    texts: set[str] = field(default_factory=set)  # text models that status named to serve
    auto_rollbacks: list[datetime] = field(default_factory=list)
    live: LiveRules = field(default_factory=LiveRules)

    def forget_decisions(self) -> None:
        """Nobody can know of earlier decisions any more."""
        self.auto_rollbacks.clear()
        self.condemned.clear()

    def check_status(self, world: World, status: Status, seen: Observed) -> None:
        """Check a status that is about to be written, given what its writer saw."""
        if status.enrichment is not None and status.enrichment.digest is not None:
            self.texts.add(status.enrichment.digest)
        _check_conditions(world, status)
        self._check_refusals(world, status, seen)
        champion, previous = _digest(status.champion), _digest(status.previous)
        world.require(previous is None or previous != champion, "previous is not the champion")
        self._check_given_up(world, status)
        before = _digest(world.status.champion if world.status else None) or champion
        world.require(not seen.paused or champion == before, "nothing is decided while paused")
        if _is_true(status, ConditionType.READY):
            _check_ready(world, status, seen)
        world.require(world.status is None or status.decision >= world.status.decision, "decisions only rise")
        self._check_rollbacks(world, status, seen)
        self.live.check_status(world, status, seen)

    def check_serve(self, world: World, serve: Serve) -> None:
        """Check a template before the Deployment is written."""
        good = serve.champion in self.passed and world.truth(serve.champion).auc >= self.lowest
        world.require(good, f"only a digest that passed serves, not {letter_of(serve.champion)}")

    def check_unserve(self, world: World) -> None:
        """Check that no good pod goes with the Deployment that is about to be deleted."""
        refused = {entry.digest for entry in world.status.quarantine} if world.status else set()
        good = [pod for pod in world.pods if pod.ready and pod.reported not in refused]
        world.require(not good, "a Deployment whose pods serve an unquarantined digest is never deleted")

    def check_text(self, world: World, digest: str | None) -> None:
        """Check the text model that is about to lie where predictors look."""
        world.require(digest is None or digest in self.texts, "record, then act: status named the text model")
        assert world.spec is not None
        least = world.spec.enrichment.min_macro_f1 if world.spec.enrichment else 0.0
        good = digest is None or world.texts.truth(digest).macro_f1 >= least
        world.require(good, "only a text model that passed serves")

    def _check_refusals(self, world: World, status: Status, seen: Observed) -> None:
        """What was refused for good stays refused until a person releases it."""
        champion, refused = _digest(status.champion), permanent(status)
        world.require(champion not in refused, "a quarantined digest is never champion")
        release = seen.commands.get(Command.RELEASE, "")
        self.condemned.discard(release.partition("@")[0])
        world.require(champion not in self.condemned, "a refusal is not undone")
        self.condemned |= refused
        blamed = {entry.digest for entry in status.quarantine if entry.kind is QuarantineKind.LOAD}
        innocent = [digest for digest in blamed if world.truth(digest).loads]
        world.require(not innocent, "only a model that refuses to load is blamed")

    def _check_given_up(self, world: World, status: Status) -> None:
        before = _digest(world.status.champion if world.status else None)
        if before is not None and status.champion is None and before not in permanent(status):
            world.require(before in self.denied, "a champion is lost only once the store says that it is")

    def _check_rollbacks(self, world: World, status: Status, seen: Observed) -> None:
        before = {rollback.at for rollback in world.status.rollbacks} if world.status else set()
        for rollback in status.rollbacks:
            known = rollback.at in before or rollback.at in self.auto_rollbacks
            if rollback.reason in AUTOMATIC and not known:
                fits = any(fits_previous(pod.window) for pod in seen.pods if pod.window is not None)
                world.require(fits, "an automatic rollback only to a model that fits the same leads")
                near = [at for at in self.auto_rollbacks if abs(rollback.at - at) < COOLDOWN]
                world.require(not near, "one automatic rollback per cooldown")
                self.auto_rollbacks.append(rollback.at)


def check_settled(world: World) -> None:
    """Check what must hold once nothing changes any more."""
    status = world.status
    assert status is not None
    world.require(world.paused or not _is_waiting_in_vain(world, status), "lost bytes are not waited for")
    world.invariants.live.check_settled(world)
    if world.deployment is None:
        return
    refused, serve = permanent(status), world.deployment.serve
    world.require(serve.champion not in refused, "a quarantined digest left service")
    champion = _digest(status.champion)
    world.require(champion in {None, serve.champion}, "the Deployment is what status says")
    serving = {pod.reported for pod in world.pods if pod.ready and pod.reported} - refused
    world.require(world.paused or serving <= world.snapshots.keys(), "what serves is kept")


def _is_waiting_in_vain(world: World, status: Status) -> bool:
    """Tell whether a champion stays that no snapshot and no pod holds, and that the store said is not there."""
    champion, candidate = _digest(status.champion), status.candidate
    if champion is None or candidate is None or candidate.digest != champion:
        return False
    pods = {digest for pod in world.pods if pod.ready for digest in (pod.reported, pod.previous)}
    return candidate.reason is Reason.ARTIFACT_NOT_FOUND and champion not in world.snapshots.keys() | pods


def permanent(status: Status) -> set[str]:
    """Digests that only a person's release lets serve again."""
    return {entry.digest for entry in status.quarantine if entry.kind is not QuarantineKind.GATE}


def _check_conditions(world: World, status: Status) -> None:
    kinds = {condition.type for condition in status.conditions}
    world.require(kinds == set(ConditionType), "all conditions are always present")
    both = _is_true(status, ConditionType.RECONCILING) and _is_true(status, ConditionType.STALLED)
    world.require(not both, "never Reconciling and Stalled")


def _check_ready(world: World, status: Status, seen: Observed) -> None:
    champion = _digest(status.champion)
    world.require(champion is not None, "Ready needs a champion")
    assert world.spec is not None
    pin = world.spec.artifact.digest
    if pin and status.observed_generation == world.generation:
        world.require(champion == pin, "Ready only when what the spec pins serves")
    serving = [pod for pod in seen.pods if pod.ready and pod.champion == champion]
    world.require(bool(serving), "Ready only when pods of the champion are ready")


def _is_true(status: Status, kind: ConditionType) -> bool:
    return any(c.type is kind and c.status is ConditionStatus.TRUE for c in status.conditions)


def _digest(revision: Revision | None) -> str | None:
    return revision.digest if revision else None
