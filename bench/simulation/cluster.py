"""A cluster that does at once what it is told, around the real planner: Jobs end, pods start, windows are shipped.

It decides nothing. What validation measures and what pods see is given by the night's models and the traffic.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from leadmodel_messages import training
from leadmodel_messages.report import Report, dump
from leadmodel_messages.training import TrainingAnswer
from leadmodel_messages.window import Window
from leadmodel_operator.planning.observed import (
    Event,
    JobKind,
    JobSeen,
    JobState,
    Observed,
    Plan,
    PodSeen,
    Record,
    RolloutSeen,
    Serve,
    Validation,
)
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.resource.spec import ArtifactSource, HoldoutSource, Predictor, Spec
from leadmodel_operator.resource.status import Status

URI, HOLDOUT, IMAGE = "s3://leads/model.json", "s3://leads/holdout.csv.gz", "predictor:1"
SPEC = Spec(
    artifact=ArtifactSource(uri=URI), holdout=HoldoutSource(uri=HOLDOUT), predictor=Predictor(replicas=2)
)
Measure = Callable[[Validation], Report]
Windows = Callable[[int, float, float, Serve, float | None], Window]


@dataclass
class Cluster:
    """One LeadModel. `measure` is the validation Job, `windows` what a pod ships: (pod, begun, now, serve, since)."""

    measure: Measure
    windows: Windows | None = None
    spec: Spec = SPEC
    now: float = 0.0
    status: Status | None = None
    ledger: tuple[Record, ...] = ()
    snapshots: frozenset[str] = frozenset()
    mailbox: str | None = None
    jobs: dict[str, JobSeen] = field(default_factory=dict)
    serve: Serve | None = None
    begun: list[float] = field(default_factory=list)  # when each pod last started
    events: list[tuple[float, Event]] = field(default_factory=list)
    rollouts: int = 0
    forgetful: bool = False

    def retrained(self, digest: str) -> None:
        """Tonight's retraining is done: it becomes requested, is judged, and what follows."""
        name = f"retraining-{self.now:.0f}"
        message = training.dump(TrainingAnswer(digest, uri=URI))
        self._done(name, JobKind.RETRAINING, message)
        self.settle()

    def settle(self, limit: int = 20) -> None:
        """Pass after pass until nothing changes; the clock moves a second a pass."""
        for _ in range(limit):
            before = (self.status, self.serve, self.snapshots, self.mailbox, len(self.jobs))
            self._pass(scraped=False)
            self.now += 1.0
            if before == (self.status, self.serve, self.snapshots, self.mailbox, len(self.jobs)):
                return
        raise AssertionError("the planner does not come to rest")

    def look(self, now: float) -> Plan:
        """One pass that asks the pods for their windows; follows up when it decided something."""
        self.now = now
        before = self.status.decision if self.status else 0
        made = self._pass(scraped=True)
        if self.status and self.status.decision != before:
            self.settle()
        return made

    def restart(self, pod: int, now: float) -> None:
        """A pod is evicted and comes back empty."""
        self.begun[pod] = now

    def _pass(self, *, scraped: bool) -> Plan:
        made = plan(self._observed(scraped=scraped))
        self.status = _forget(made.status) if self.forgetful else made.status
        self.events += [(self.now, event) for event in made.events]
        wanted = made.desired
        self.ledger = wanted.ledger
        if wanted.serve is not None and wanted.serve != self.serve:
            self._roll(wanted.serve)
        self.snapshots = (self.snapshots | {self.mailbox} - {None}) & wanted.keep
        if wanted.validate is not None:
            self._validate(wanted.validate)
        return made

    def _roll(self, serve: Serve) -> None:
        fresh = self.serve is None or (serve.champion, serve.previous) != (
            self.serve.champion,
            self.serve.previous,
        )
        self.serve = serve
        if fresh:
            self.rollouts += 1
            self.begun = [self.now] * (serve.replicas or 0)

    def _validate(self, asked: Validation) -> None:
        if asked.name not in self.jobs:
            self.mailbox = asked.digest
            self._done(asked.name, JobKind.VALIDATION, dump(self.measure(asked)))

    def _done(self, name: str, kind: JobKind, message: str) -> None:
        kept = {n: j for n, j in self.jobs.items() if j.kind is not kind}
        job = JobSeen(name, kind, JobState.SUCCEEDED, self._at(), self._at(), message, 0, None, IMAGE)
        self.jobs = {**kept, name: job}

    def _at(self) -> datetime:
        return datetime.fromtimestamp(self.now, UTC)

    def _observed(self, *, scraped: bool) -> Observed:
        return Observed(
            now=self._at(),
            rv="1",
            generation=1,
            spec=self.spec,
            uid="uid",
            name="conversion",
            namespace="sales",
            status=self.status,
            ledger=self.ledger,
            snapshots=self.snapshots,
            mailbox=self.mailbox,
            jobs=tuple(self.jobs.values()),
            rollout=self._rollout(),
            pods=tuple(self._pod(i, scraped=scraped) for i in range(len(self.begun))),
            scraped=scraped,
            default_image=IMAGE,
        )

    def _rollout(self) -> RolloutSeen | None:
        serve = self.serve
        if serve is None:
            return None
        count = len(self.begun)
        return RolloutSeen(
            serve.champion,
            serve.previous,
            serve.image,
            serve.template,
            serve.decision,
            settled=True,
            replicas=count,
            ready=count,
            updated=count,
            available=True,
        )

    def _pod(self, number: int, *, scraped: bool) -> PodSeen:
        serve = self.serve
        assert serve is not None
        seen = PodSeen(
            f"pod-{number}",
            serve.champion,
            serve.image,
            ready=True,
            champion=serve.champion,
            previous=serve.previous,
        )
        if not scraped or self.windows is None:
            return seen
        drift = self.status.drift if self.status else None
        since = drift.breach_since.timestamp() if drift and drift.breach_since else None
        return replace(seen, window=self.windows(number, self.begun[number], self.now, serve, since))


def _forget(status: Status) -> Status:
    """The same without the memory that the leads moved."""
    champion = status.champion and replace(status.champion, population_shifted_at=None)
    return replace(status, champion=champion)
