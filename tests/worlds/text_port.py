"""What the operator's port does with the text models of the small world; every write is awaited, so that a history can stop it before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from leadmodel_operator.planning.observed import JobKind
from leadmodel_operator.planning.planned import TextCheck, TextWork
from leadmodel_operator.reconcile import Conflict
from worlds.names import letter_of
from worlds.texts import Texts

if TYPE_CHECKING:
    from worlds.world import World


@dataclass
class TextPort:
    """The text part of one leader's port. `version` is that of what is served, as the pass read it."""

    world: World
    step: Callable[[str], Awaitable[None]]
    version: int

    async def apply(self, work: TextWork | None) -> bool:
        """Bring the text models to what is desired; True when a snapshot was added."""
        work, changed = work or TextWork(), False
        texts = self.world.texts
        for digest in sorted(work.keep - texts.snapshots):
            changed |= await self._keep(texts, digest)
        await self._serve(texts, work.serve)
        for digest in sorted(texts.snapshots - work.keep):
            await self.step(f"trim text {letter_of(digest)}")
            texts.snapshots.discard(digest)
        await self._jobs(work)
        return changed

    async def _keep(self, texts: Texts, digest: str) -> bool:
        if digest not in {texts.mailbox, texts.served}:
            return False
        await self.step(f"text snapshot {letter_of(digest)}")
        texts.snapshots.add(digest)
        return True

    async def _serve(self, texts: Texts, digest: str | None) -> None:
        if digest == texts.served or (digest is not None and digest not in texts.snapshots):
            return
        await self.step(f"serve text {letter_of(digest) if digest else None}")
        if texts.fenced and texts.version != self.version:
            raise Conflict("what is served")
        self.world.invariants.check_text(self.world, digest)
        texts.served, texts.version = digest, next(texts.versions)
        self.version = texts.version

    async def _jobs(self, work: TextWork) -> None:
        world, check = self.world, work.check
        done = [j.name for j in world.jobs.values() if j.kind is JobKind.TEXT_CHECK]
        if check is None and work.tidy:
            for name in done:
                await self.step(f"remove {name}")
                world.jobs.pop(name, None)
            world.texts.mailbox = None
        elif check is not None and check.name not in world.jobs:
            await self._create(check)

    async def _create(self, check: TextCheck) -> None:
        await self.step(f"check {check.name}")
        self.world.texts.mailbox = None
        self.world.texts.checks[check.name] = check
        self.world.add_job(check.name, JobKind.TEXT_CHECK, uri=check.uri)
