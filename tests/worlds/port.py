"""The operator's port on the small world, as one leader sees it: every write is awaited, so that a history can stop it before."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field

from leadmodel_operator.planning.observed import JobKind, Observed, Record
from leadmodel_operator.planning.planned import Asked, Desired, Event, Serve
from leadmodel_operator.reconcile import Conflict, Key
from leadmodel_operator.resource.status import Status
from worlds.names import letter_of
from worlds.text_port import TextPort
from worlds.world import Deployment, World


@dataclass
class Write:
    """A write that is about to happen."""

    what: str

    def __await__(self) -> Generator[Write, None, None]:
        yield self


@dataclass
class WorldPort:
    """The operator's port on the world, as one leader sees it: every write is awaited, so that it can be stopped before it."""

    world: World
    _snapshots: dict[str, int] = field(default_factory=dict)
    _deployment: int | None = None
    _text: int = 0
    _place: int = 0

    async def observe(self, key: Key) -> Observed | None:
        """Read everything, with the versions that later writes name."""
        world = self.world
        self._snapshots = dict(world.snapshots)
        self._deployment = world.deployment.rv if world.deployment else None
        self._text = world.texts.version
        self._place = world.place.version
        return world.observed()

    async def _step(self, what: str) -> None:
        await Write(what)
        self.world.writes += 1
        self.world.trace.append(f"{self.world.now:%d %H:%M} {what}")

    async def claim(self, key: Key, digest: str) -> None:
        await self._step(f"claim {letter_of(digest)}")
        if digest not in self.world.snapshots:
            raise Conflict(digest)
        self.world.snapshots[digest] = self._snapshots[digest] = next(self.world.rv)

    async def record(self, key: Key, records: tuple[Record, ...]) -> None:
        await self._step("ledger")
        self.world.invariants.live.check_ledger(self.world, records)
        self.world.ledger = records

    async def write_status(self, key: Key, seen: Observed, status: Status) -> None:
        await self._step(f"status {status.phase} {status.decision}")
        if seen.rv != str(self.world.status_rv):
            raise Conflict("status")
        self.world.invariants.check_status(self.world, status, seen)
        self.world.status, self.world.status_rv = status, next(self.world.rv)

    async def emit(self, key: Key, seen: Observed, events: tuple[Event, ...]) -> None:
        self.world.events.extend(events)
        self.world.trace.extend(f"  event {event.reason}: {event.message}" for event in events)

    async def apply(self, key: Key, seen: Observed, status: Status, desired: Desired) -> bool:
        changed = False
        if desired.touch_serve:
            changed |= await self._serve(desired.serve)
        if desired.frozen:
            return changed
        for name in sorted(desired.keep - self.world.snapshots.keys()):
            changed |= await self._keep(name)
        for name in sorted(desired.restore):
            changed |= await self._restore(name)
        for name in sorted(self.world.snapshots.keys() - desired.keep):
            await self._trim(name)
        await self._ask(desired.asked)
        changed |= await TextPort(self.world, self._step, self._text).apply(desired.text)
        await self._jobs(desired)
        return changed

    async def _serve(self, serve: Serve | None) -> bool:
        world, deployment = self.world, self.world.deployment
        if serve is None:
            if deployment is not None and self._deployment is not None:
                await self._step("delete Deployment")
                self._require_same_deployment()
                world.invariants.check_unserve(world)
                world.deployment = None
            return False
        if deployment is not None and deployment.serve == serve:
            return False
        await self._step(f"serve {letter_of(serve.champion)} ({serve.decision})")
        self._require_same_deployment()
        world.invariants.check_serve(world, serve)
        world.deployment = Deployment(serve, next(world.rv), world.now)
        self._deployment = world.deployment.rv
        return False

    def _require_same_deployment(self) -> None:
        current = self.world.deployment.rv if self.world.deployment else None
        if current != self._deployment:
            raise Conflict("Deployment")

    async def _ask(self, asked: Asked | None) -> None:
        """Put a candidate before the pods, or none, over the version that was read."""
        world, place = self.world, self.world.place
        digest, decision, weight = (
            (asked.digest, asked.decision, asked.weight or 0) if asked else (None, 0, 0)
        )
        is_same = (digest, weight) == (place.digest, place.weight)
        if is_same or (digest is not None and digest not in world.snapshots):
            return
        share = f" {weight} %" if weight else ""
        await self._step(f"ask {letter_of(digest) if digest else None} ({decision}){share}")
        if place.fenced and place.version != self._place:
            raise Conflict("the candidate before the pods")
        world.invariants.live.check_asked(world, digest, decision, weight)
        place.put(digest, decision or place.decision, weight)
        self._place = place.version

    async def _keep(self, name: str) -> bool:
        if self.world.mailbox != name:
            return False
        await self._step(f"snapshot {letter_of(name)}")
        if self.world.mailbox != name:
            raise Conflict("mailbox")
        self.world.snapshots[name] = self._snapshots[name] = next(self.world.rv)
        return True

    async def _restore(self, name: str) -> bool:
        if not any(pod.ready and name in {pod.reported, pod.previous} for pod in self.world.pods):
            return False
        await self._step(f"restore {letter_of(name)}")
        self.world.snapshots.setdefault(name, next(self.world.rv))
        return True

    async def _trim(self, name: str) -> None:
        if name not in self._snapshots:
            return
        await self._step(f"trim {letter_of(name)}")
        if self.world.snapshots.get(name) == self._snapshots[name]:
            del self.world.snapshots[name]

    async def _jobs(self, desired: Desired) -> None:
        world, validation, poll = self.world, desired.validate, desired.poll
        if validation is not None and validation.name not in world.jobs:
            letter = validation.digest and letter_of(validation.digest)
            await self._step(f"validate {letter} #{validation.attempt}")
            if validation.name not in world.jobs:
                world.mailbox = None
                world.add_job(validation.name, JobKind.VALIDATION, uri=validation.uri, validation=validation)
        if validation is None and desired.tidy:
            await self._tidy()
        if poll is not None and poll.once is not None and poll.once not in world.jobs:
            await self._step(f"poll {poll.once}")
            world.add_job(poll.once, JobKind.POLL, uri=poll.uri)

    async def _tidy(self) -> None:
        done = [job.name for job in self.world.jobs.values() if job.kind is JobKind.VALIDATION]
        for name in done:
            await self._step(f"remove {name}")
            self.world.jobs.pop(name, None)
        self.world.mailbox = None
