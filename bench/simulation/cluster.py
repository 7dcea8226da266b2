"""A cluster that does at once what it is told, around the real planner: Jobs end, pods start, windows are shipped.

It decides nothing. What validation measures and what pods see is given by the night's models and the traffic.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from leadmodel_local.replay.instant import InstantCluster
from leadmodel_messages import training
from leadmodel_messages.report import Report, dump
from leadmodel_messages.training import TrainingAnswer
from leadmodel_messages.window import Window
from leadmodel_operator.planning.observed import JobKind, Observed
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.planning.planned import Plan, Serve, Validation
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_serving import Predictor
from leadmodel_operator.resource.spec_sources import ArtifactSource, HoldoutSource
from leadmodel_operator.resource.status import Status

URI, HOLDOUT, IMAGE = "s3://leads/model.json", "s3://leads/holdout.csv.gz", "predictor:1"
SPEC = Spec(
    artifact=ArtifactSource(uri=URI), holdout=HoldoutSource(uri=HOLDOUT), predictor=Predictor(replicas=2)
)
KEY = Key("sales", "conversion")
Measure = Callable[[Validation], Report]
Windows = Callable[[int, float, float, Serve, float | None], Window]


@dataclass
class Cluster(InstantCluster):
    """One LeadModel. `measure` is the validation Job, `windows` what a pod ships: (pod, begun, now, serve, since)."""

    measure: Measure
    windows: Windows | None = None
    spec: Spec = field(default=SPEC, kw_only=True)
    key: Key = field(default=KEY, kw_only=True)
    image: str = field(default=IMAGE, kw_only=True)
    begun: list[float] = field(default_factory=list)  # when each pod last started
    rollouts: int = 0
    forgetful: bool = False

    def retrained(self, digest: str) -> None:
        """Tonight's retraining is done: it becomes requested, is judged, and what follows."""
        name = f"retraining-{self.now:.0f}"
        message = training.dump(TrainingAnswer(digest, uri=URI))
        self.end_job(name, JobKind.RETRAINING, message)
        self.settle()

    def settle(self, limit: int = 20) -> None:
        """Pass after pass until nothing changes; the clock moves a second a pass."""
        for _ in range(limit):
            before = self.state()
            self._pass(scraped=False)
            self.now += 1.0
            if before == self.state():
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
            self.end_job(asked.name, JobKind.VALIDATION, dump(self.measure(asked)))

    def _observed(self, *, scraped: bool) -> Observed:
        serve, pods = self.serve, range(len(self.begun))
        windows: list[Window | None] = [None for _ in pods]
        if scraped and self.windows is not None and serve is not None:
            since = self.breach_since()
            windows = [self.windows(pod, self.begun[pod], self.now, serve, since) for pod in pods]
        return self.observed(windows, scraped=scraped)


def _forget(status: Status) -> Status:
    """The same without the memory that the leads moved."""
    champion = status.champion and replace(status.champion, population_shifted_at=None)
    return replace(status, champion=champion)
