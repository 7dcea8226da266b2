"""The operator's port in simulated time: Jobs end at once, pods start at once, windows come from predictors whose clock is told.

It decides nothing: `plan` does, by the same pass as on a cluster.
"""

from dataclasses import dataclass, field
from pathlib import Path

from leadmodel_local import files, work
from leadmodel_local.files import Place
from leadmodel_local.replay.past import at
from leadmodel_local.replay.programs import Ended, Predictors, run
from leadmodel_messages.report import named_digest
from leadmodel_operator.planning.observed import (
    Desired,
    Event,
    JobKind,
    JobSeen,
    JobState,
    Observed,
    PodSeen,
    Record,
    RolloutSeen,
    Serve,
)
from leadmodel_operator.reconcile import Key, reconcile
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.status import Status

IMAGE = "rehearsal"
PASSES = 40  # until it must have come to rest


@dataclass
class RehearsalPort:
    """One LeadModel. `now` is set by whoever plays; a pass takes a second."""

    folder: Path
    key: Key
    spec: Spec
    predictors: Predictors
    now: float
    status: Status | None = None
    ledger: tuple[Record, ...] = ()
    snapshots: frozenset[str] = frozenset()
    mailbox: str | None = None
    jobs: dict[str, JobSeen] = field(default_factory=dict)
    serve: Serve | None = None
    events: list[tuple[float, Event]] = field(default_factory=list)
    scraped: bool = False

    @property
    def place(self) -> Place:
        """Where snapshots and messages lie."""
        return Place(self.folder, self.key)

    @property
    def replicas(self) -> int:
        """Pods there are."""
        serve = self.serve
        if serve is None:
            return 0
        return serve.replicas or (serve.autoscaling.min_replicas if serve.autoscaling else 1)

    async def settle(self) -> None:
        """Pass after pass until nothing changes."""
        for _ in range(PASSES):
            before = self._mark()
            await reconcile(self, self.key)
            self.now += 1.0
            if before == self._mark():
                return

    def _mark(self) -> tuple[object, ...]:
        return self.status, self.serve, self.snapshots, self.mailbox, tuple(self.jobs)

    async def look(self, now: float) -> None:
        """One pass that asks the predictors; what it decides follows at once."""
        self.now, self.scraped = now, True
        before = self.status.decision if self.status else 0
        await reconcile(self, self.key)
        self.scraped = False
        if self.status and self.status.decision != before:
            await self.settle()

    def ended(self, name: str, kind: JobKind, how: Ended) -> None:
        """A Job is done; of each kind the newest stays."""
        state = JobState.SUCCEEDED if how.code == 0 else JobState.FAILED
        job = JobSeen(name, kind, state, at(self.now), at(self.now), how.message, how.code, None, IMAGE)
        self.jobs = {n: j for n, j in self.jobs.items() if j.kind is not kind} | {name: job}

    # --- the port --------------------------------------------------------------------------------------------------------

    async def observe(self, key: Key) -> Observed | None:
        """What the planner reads."""
        return Observed(
            now=at(self.now),
            rv="1",
            generation=1,
            spec=self.spec,
            uid="rehearsal",
            name=key.name,
            namespace=key.namespace,
            status=self.status,
            ledger=self.ledger,
            snapshots=self.snapshots,
            mailbox=self.mailbox,
            jobs=tuple(self.jobs.values()),
            rollout=self._rollout(),
            pods=self._pods(),
            scraped=self.scraped,
            default_image=IMAGE,
            url="rehearsal",
        )

    def _rollout(self) -> RolloutSeen | None:
        serve, n = self.serve, self.replicas
        if serve is None:
            return None
        shape = (serve.champion, serve.previous, serve.image, serve.template, serve.decision)
        return RolloutSeen(*shape, settled=True, replicas=n, ready=n, updated=n, available=True)

    def _pods(self) -> tuple[PodSeen, ...]:
        serve = self.serve
        if serve is None:
            return ()
        drift = self.status.drift if self.status else None
        since = drift.breach_since.timestamp() if drift and drift.breach_since else None
        windows = self.predictors.look(self.now, since) if self.scraped else [None] * self.replicas
        here, other = serve.champion, serve.previous
        return tuple(
            PodSeen(f"pod-{i}", here, serve.image, ready=True, champion=here, previous=other, window=window)
            for i, window in enumerate(windows)
        )

    async def claim(self, key: Key, digest: str) -> None:
        """Nobody else is here."""

    async def record(self, key: Key, records: tuple[Record, ...]) -> None:  # noqa: ARG002  # the port's form
        """Keep the ledger."""
        self.ledger = records

    async def write_status(self, key: Key, seen: Observed, status: Status) -> None:  # noqa: ARG002  # the port's form
        """Keep the status."""
        self.status = status

    async def emit(self, key: Key, seen: Observed, events: tuple[Event, ...]) -> None:  # noqa: ARG002  # the port's form
        """Remember what was told."""
        self.events += [(self.now, event) for event in events]

    async def apply(self, key: Key, seen: Observed, status: Status, desired: Desired) -> bool:  # noqa: ARG002  # the port's form
        """Carry it out, at once."""
        self._keep(desired)
        if desired.touch_serve and desired.serve is not None and desired.serve != self.serve:
            self._roll(desired.serve)
        if desired.validate is not None and desired.validate.name not in self.jobs:
            asked = desired.validate
            (self.place.job(asked.name)).mkdir(parents=True, exist_ok=True)
            self.ended(asked.name, JobKind.VALIDATION, run(work.validation(self.place, asked), self.folder))
            self._deliver(asked.name)
        poll = desired.poll
        if poll is not None and poll.once is not None and poll.once not in self.jobs:
            self.ended(poll.once, JobKind.POLL, run(work.poll(poll), self.folder))
        return False

    def _deliver(self, name: str) -> None:
        """What the validation put into the mailbox counts if its hash is the digest it named."""
        box = self.place.job(name) / work.SNAPSHOT
        named = named_digest(self.jobs[name].message)
        if box.exists() and named and files.snapshot_digest(box) == named:
            files.write(self.place.snapshot(named), box.read_bytes())
            self.mailbox = named

    def _keep(self, desired: Desired) -> None:
        if self.mailbox is not None and self.mailbox in desired.keep:
            self.snapshots |= {self.mailbox}
        for digest in self.snapshots - desired.keep:
            self.place.snapshot(digest).unlink(missing_ok=True)
        self.snapshots &= desired.keep

    def _roll(self, serve: Serve) -> None:
        before, self.serve = self.serve, serve
        if before is None or (before.champion, before.previous) != (serve.champion, serve.previous):
            previous = self.place.snapshot(serve.previous) if serve.previous else None
            self.predictors.serve(self.place.snapshot(serve.champion), previous, self.replicas)
