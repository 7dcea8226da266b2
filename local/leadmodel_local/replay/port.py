"""The operator's Port in simulated time: Jobs and rollouts take no time, windows come from predictors whose clock the replay sets.

The port decides nothing: `plan` decides, in the same pass as on a cluster.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leadmodel_local import work
from leadmodel_local.replay.instant import InstantCluster
from leadmodel_local.replay.programs import Predictors, run
from leadmodel_local.serving.snapshots import digest_of
from leadmodel_local.state import files
from leadmodel_local.state.files import ModelFolder
from leadmodel_messages.report import named_digest
from leadmodel_messages.window import Window
from leadmodel_operator.planning.challenger_place import RENDERING
from leadmodel_operator.planning.challenger_record import is_open
from leadmodel_operator.planning.observed import JobKind, Observed, Record
from leadmodel_operator.planning.planned import Asked, Desired, Event, Serve
from leadmodel_operator.reconcile import Key, reconcile
from leadmodel_operator.resource.status import Status

IMAGE = "rehearsal"
MAX_PASSES = 40  # by then nothing changes any more


@dataclass
class ReplayPort(InstantCluster):
    """One LeadModel whose Jobs are the real programs; a pass takes one second."""

    folder: Path
    predictors: Predictors
    scraped: bool = False
    image: str = field(default=IMAGE, kw_only=True)
    url: str = field(default="rehearsal", kw_only=True)
    rendering: int = field(default=RENDERING, kw_only=True)
    asked: str | None = None  # digest of the candidate that the predictors have loaded
    weight: int | None = None  # per cent of leads that this candidate answers

    @property
    def model(self) -> ModelFolder:
        """Folder of snapshots and messages."""
        return ModelFolder(self.folder, self.key)

    @property
    def asks(self) -> bool:
        """Whether live leads are being asked about a candidate."""
        return self.status is not None and is_open(self.status.challenger)

    async def settle(self) -> None:
        """Make passes until nothing changes."""
        for _ in range(MAX_PASSES):
            before = self.state()
            await reconcile(self, self.key)
            self.now += 1.0
            if before == self.state():
                return

    async def pass_with_windows(self, now: float) -> None:
        """Make a pass that asks the predictors for windows, and the passes that follow from its decision."""
        self.now, self.scraped = now, True
        before = self.status.decision if self.status else 0
        await reconcile(self, self.key)
        self.scraped = False
        if self.status and self.status.decision != before:
            await self.settle()

    # --- the port --------------------------------------------------------------------------------------------------------

    async def observe(self, key: Key) -> Observed | None:  # noqa: ARG002  # the port's form
        """Describe the simulated cluster for the planner."""
        windows: Sequence[Window | None] = [None] * self.replicas
        if self.scraped and self.serve is not None:
            windows = self.predictors.windows(self.now, self.breach_since())
        return self.observed(windows, scraped=self.scraped)

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
        self.ask(desired.asked)
        if desired.validate is not None and desired.validate.name not in self.jobs:
            name, command = desired.validate.name, work.validation(self.model, desired.validate)
            self.model.job(name).mkdir(parents=True, exist_ok=True)
            self._run(name, JobKind.VALIDATION, command)
            self.deliver(name)
        poll = desired.poll
        if poll is not None and poll.once is not None and poll.once not in self.jobs:
            self._run(poll.once, JobKind.POLL, work.poll(poll))
        return False

    def _run(self, name: str, kind: JobKind, command: Sequence[str]) -> None:
        result = run(command, self.folder)
        self.end_job(name, kind, result.message, result.code)

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
            self.asked = self.weight = None  # these predictors have just started

    def ask(self, wanted: Asked | None) -> None:
        """Load a candidate beside the models that serve and give it its share of leads, or drop the one that is loaded."""
        digest = wanted.digest if wanted is not None else None
        weight = wanted.weight if wanted is not None else None
        if digest != self.asked:
            self.predictors.challenge(self.model.snapshot(digest) if digest is not None else None, self.now)
            self.asked, self.weight = digest, None
        if weight != self.weight:
            self.predictors.share(weight)
            self.weight = weight
