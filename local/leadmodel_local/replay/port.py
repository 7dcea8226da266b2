"""The operator's Port in simulated time: Jobs and rollouts take no time, windows come from predictors whose clock the replay sets.

The port decides nothing: `plan` decides, in the same pass as on a cluster.
"""

from dataclasses import dataclass, field
from pathlib import Path

from leadmodel_local import work
from leadmodel_local.replay.leads import at
from leadmodel_local.replay.programs import Predictors, Result, run
from leadmodel_local.serving.snapshots import digest_of
from leadmodel_local.state import files
from leadmodel_local.state.files import ModelFolder
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
MAX_PASSES = 40  # by then nothing changes any more


@dataclass
class ReplayPort:
    """One LeadModel. The replay sets `now`, in Unix seconds; a pass takes one second."""

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
    def model(self) -> ModelFolder:
        """Folder of snapshots and messages."""
        return ModelFolder(self.folder, self.key)

    @property
    def replicas(self) -> int:
        """Number of predictor pods that serve."""
        serve = self.serve
        if serve is None:
            return 0
        return serve.replicas or (serve.autoscaling.min_replicas if serve.autoscaling else 1)

    async def settle(self) -> None:
        """Make passes until nothing changes."""
        for _ in range(MAX_PASSES):
            before = self._state()
            await reconcile(self, self.key)
            self.now += 1.0
            if before == self._state():
                return

    def _state(self) -> tuple[object, ...]:
        return self.status, self.serve, self.snapshots, self.mailbox, tuple(self.jobs)

    async def pass_with_windows(self, now: float) -> None:
        """Make a pass that asks the predictors for windows, and the passes that follow from its decision."""
        self.now, self.scraped = now, True
        before = self.status.decision if self.status else 0
        await reconcile(self, self.key)
        self.scraped = False
        if self.status and self.status.decision != before:
            await self.settle()

    def job_ended(self, name: str, kind: JobKind, result: Result) -> None:
        """Note the end of a Job; of each kind the newest stays."""
        state = JobState.SUCCEEDED if result.code == 0 else JobState.FAILED
        job = JobSeen(name, kind, state, at(self.now), at(self.now), result.message, result.code, None, IMAGE)
        self.jobs = {n: j for n, j in self.jobs.items() if j.kind is not kind} | {name: job}

    # --- the port --------------------------------------------------------------------------------------------------------

    async def observe(self, key: Key) -> Observed | None:
        """Describe the simulated cluster for the planner."""
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
        template = (serve.champion, serve.previous, serve.image, serve.template, serve.decision)
        return RolloutSeen(*template, settled=True, replicas=n, ready=n, updated=n, available=True)

    def _pods(self) -> tuple[PodSeen, ...]:
        serve = self.serve
        if serve is None:
            return ()
        drift = self.status.drift if self.status else None
        since = drift.breach_since.timestamp() if drift and drift.breach_since else None
        windows = self.predictors.windows(self.now, since) if self.scraped else [None] * self.replicas
        champion, previous = serve.champion, serve.previous
        return tuple(
            PodSeen(
                f"pod-{i}",
                champion,
                serve.image,
                ready=True,
                champion=champion,
                previous=previous,
                window=window,
            )
            for i, window in enumerate(windows)
        )

    async def claim(self, key: Key, digest: str) -> None:
        """Do nothing: a replay has one leader."""

    async def record(self, key: Key, records: tuple[Record, ...]) -> None:  # noqa: ARG002  # the port's form
        """Keep the ledger in memory."""
        self.ledger = records

    async def write_status(self, key: Key, seen: Observed, status: Status) -> None:  # noqa: ARG002  # the port's form
        """Keep the status in memory."""
        self.status = status

    async def emit(self, key: Key, seen: Observed, events: tuple[Event, ...]) -> None:  # noqa: ARG002  # the port's form
        """Keep the events with the simulated time."""
        self.events += [(self.now, event) for event in events]

    async def apply(self, key: Key, seen: Observed, status: Status, desired: Desired) -> bool:  # noqa: ARG002  # the port's form
        """Carry out what was decided, at once."""
        self._keep(desired)
        if desired.touch_serve and desired.serve is not None and desired.serve != self.serve:
            self._roll(desired.serve)
        if desired.validate is not None and desired.validate.name not in self.jobs:
            name, command = desired.validate.name, work.validation(self.model, desired.validate)
            self.model.job(name).mkdir(parents=True, exist_ok=True)
            self.job_ended(name, JobKind.VALIDATION, run(command, self.folder))
            self.deliver(name)
        poll = desired.poll
        if poll is not None and poll.once is not None and poll.once not in self.jobs:
            self.job_ended(poll.once, JobKind.POLL, run(work.poll(poll), self.folder))
        return False

    def deliver(self, name: str) -> None:
        """Take what a validation delivered, if its hash is the digest the validation named."""
        delivered = self.model.job(name) / work.SNAPSHOT
        digest = named_digest(self.jobs[name].message)
        if digest and digest_of(delivered) == digest:
            files.write(self.model.snapshot(digest), delivered.read_bytes())
            self.mailbox = digest

    def _keep(self, desired: Desired) -> None:
        if self.mailbox is not None and self.mailbox in desired.keep:
            self.snapshots |= {self.mailbox}
        for digest in self.snapshots - desired.keep:
            self.model.snapshot(digest).unlink(missing_ok=True)
        self.snapshots &= desired.keep

    def _roll(self, serve: Serve) -> None:
        before, self.serve = self.serve, serve
        if before is None or (before.champion, before.previous) != (serve.champion, serve.previous):
            previous = self.model.snapshot(serve.previous) if serve.previous else None
            self.predictors.serve(self.model.snapshot(serve.champion), previous, self.replicas)
