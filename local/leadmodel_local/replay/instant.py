"""A cluster in which nothing takes time, as the planner sees the cluster: Jobs have ended and pods are ready once they are made.

The replay and the study of the decisions build on the same cluster; each says what Jobs answer and what pods measure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from leadmodel_messages.window import Window
from leadmodel_operator.planning.observed import (
    JobKind,
    JobSeen,
    JobState,
    Observed,
    PodSeen,
    Record,
    RolloutSeen,
)
from leadmodel_operator.planning.planned import Event, Serve
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.status import Status


def at(seconds: float) -> datetime:
    """Return Unix seconds as an instant in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


@dataclass(kw_only=True)
class InstantCluster:
    """One LeadModel and everything around it. Whoever plays sets `now`, in Unix seconds."""

    spec: Spec
    key: Key
    image: str
    url: str = ""
    rendering: int = Observed.rendering
    now: float = 0.0
    status: Status | None = None
    ledger: tuple[Record, ...] = ()
    snapshots: frozenset[str] = frozenset()
    mailbox: str | None = None
    jobs: dict[str, JobSeen] = field(default_factory=dict)
    serve: Serve | None = None
    events: list[tuple[float, Event]] = field(default_factory=list)

    @property
    def replicas(self) -> int:
        """Number of predictor pods that serve."""
        serve = self.serve
        if serve is None:
            return 0
        return serve.replicas or (serve.autoscaling.min_replicas if serve.autoscaling else 1)

    def breach_since(self) -> float | None:
        """Return the Unix time at which the present breach of live leads began, if there is one."""
        drift = self.status.drift if self.status else None
        return drift.breach_since.timestamp() if drift and drift.breach_since else None

    def state(self) -> tuple[object, ...]:
        """Return what a pass can change: two equal ones around a pass mean that the cluster is at rest."""
        return self.status, self.serve, self.snapshots, self.mailbox, tuple(self.jobs)

    def end_job(self, name: str, kind: JobKind, message: str, exit_code: int = 0) -> None:
        """Note the end of a Job; of each kind the newest stays."""
        state = JobState.SUCCEEDED if exit_code == 0 else JobState.FAILED
        instant = at(self.now)
        job = JobSeen(name, kind, state, instant, instant, message, exit_code, None, self.image)
        self.jobs = {n: j for n, j in self.jobs.items() if j.kind is not kind} | {name: job}

    def observed(self, windows: Sequence[Window | None], *, scraped: bool) -> Observed:
        """Describe the cluster for the planner; `windows` holds what each pod shipped."""
        return Observed(
            now=at(self.now),
            rv="1",
            generation=1,
            spec=self.spec,
            uid="instant",
            name=self.key.name,
            namespace=self.key.namespace,
            status=self.status,
            ledger=self.ledger,
            snapshots=self.snapshots,
            mailbox=self.mailbox,
            jobs=tuple(self.jobs.values()),
            rollout=self._rollout(),
            pods=self._pods(windows),
            scraped=scraped,
            default_image=self.image,
            url=self.url,
            rendering=self.rendering,
        )

    def _rollout(self) -> RolloutSeen | None:
        serve, n = self.serve, self.replicas
        if serve is None:
            return None
        template = (serve.champion, serve.previous, serve.image, serve.template, serve.decision)
        return RolloutSeen(*template, settled=True, replicas=n, ready=n, updated=n, available=True)

    def _pods(self, windows: Sequence[Window | None]) -> tuple[PodSeen, ...]:
        serve = self.serve
        if serve is None:
            return ()
        champion, previous = serve.champion, serve.previous
        return tuple(
            PodSeen(
                f"pod-{number}",
                champion,
                serve.image,
                ready=True,
                champion=champion,
                previous=previous,
                window=window,
            )
            for number, window in enumerate(windows)
        )
