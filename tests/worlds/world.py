"""A small world in memory that keeps one LeadModel as a cluster would: objects with versions, Jobs that end, pods that start.

The world decides nothing. Histories change it (`World`), controllers move it (`controllers`), leaders write to it through the
operator's port (`port`, `leader`), and the rules of `invariants` are checked at each write.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from leadmodel_messages.errors import ErrorWord
from leadmodel_operator.planning.observed import (
    Fault,
    FollowUpsSeen,
    JobKind,
    JobSeen,
    JobState,
    Observed,
    PodSeen,
    Record,
    RolloutSeen,
)
from leadmodel_operator.planning.plan import plan as real_plan
from leadmodel_operator.planning.planned import Event, Plan, Serve, Validation
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import Command
from worlds.challengers import Place, with_challenger
from worlds.controllers import end_job, is_new, programs
from worlds.invariants import Broken, Invariants
from worlds.names import IMAGE, KEY, START, URI, digest, letter_of, spec
from worlds.programs import Truth
from worlds.texts import Texts, text_window
from worlds.windows import LEADS, make_window


@dataclass
class Job:
    """A Job that runs until a history ends it."""

    name: str
    kind: JobKind
    created: datetime
    validation: Validation | None = None
    uri: str = ""
    state: JobState = JobState.RUNNING
    finished: datetime | None = None
    message: str = ""
    exit_code: int | None = None
    fault: Fault | None = None
    waits: bool = False


@dataclass
class Pod:
    """A predictor pod."""

    name: str
    champion: str
    previous: str | None
    image: str
    ready: bool = False
    fault: Fault | None = None
    reported: str | None = None  # what it says it serves once it runs
    takes_text: bool = False  # whether it looks for a text model
    text: str | None = None  # the text model that it answers with
    text_error: ErrorWord | None = None
    takes_challenger: bool = False  # whether it has a place for a candidate
    challenger: str | None = None  # the candidate that it has loaded
    weight: int = 0  # share of leads that the candidate answers, in per cent
    challenger_error: ErrorWord | None = None


@dataclass
class Deployment:
    """Two pods, a template, and the version it was last written at."""

    serve: Serve
    rv: int
    since: datetime
    deadline_exceeded: bool = False


@dataclass
class World:
    """Everything there is."""

    plan: Callable[[Observed], Plan] = real_plan
    now: datetime = START
    behind: timedelta = timedelta()  # by so much the API server's clock is behind the operator's
    spec: Spec | None = None
    generation: int = 1
    commands: dict[Command, str] = field(default_factory=dict)
    paused: bool = False
    status: Status | None = None
    status_rv: int = 1
    ledger: tuple[Record, ...] = ()
    snapshots: dict[str, int] = field(default_factory=dict)  # digest → version of its metadata
    mailbox: str | None = None
    jobs: dict[str, Job] = field(default_factory=dict)
    deployment: Deployment | None = None
    pods: list[Pod] = field(default_factory=list)
    store: dict[str, str] = field(default_factory=dict)  # uri → letter
    store_up: bool = True
    holdout: str = "h"
    positives: int = 500
    truths: dict[str, Truth] = field(default_factory=dict)
    live: bool = False  # leads arrive
    leads: dict[str, int] = field(default_factory=dict)  # by digest: leads in each pod that serves it
    bad_image: bool = False  # nothing can be pulled or scheduled
    writes: int = 0
    events: list[Event] = field(default_factory=list)
    invariants: Invariants = field(default_factory=Invariants)
    rv: Any = field(default_factory=lambda: itertools.count(10))
    names: Any = field(default_factory=lambda: itertools.count(10))
    texts: Texts = field(default_factory=Texts)
    place: Place = field(default_factory=Place)
    rendering: int = Observed.rendering
    follow_ups: FollowUpsSeen | None = None  # what a pass sees of them
    trace: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.spec is None:
            self.spec = spec()
        self.invariants.lowest = self.spec.min_auc

    # --- what a history does to it -------------------------------------------------------------------------------------

    def upload(self, letter: str, truth: Truth | None = None, uri: str = URI) -> None:
        self.truths[letter] = truth or Truth()
        self.store[uri] = letter

    def edit(self, **changes: Any) -> None:
        assert self.spec is not None
        self.spec = replace(self.spec, **changes)
        self.invariants.lowest = min(self.invariants.lowest, self.spec.min_auc)
        self.generation += 1

    def pin(self, letter: str | None, uri: str = URI) -> None:
        assert self.spec is not None
        self.edit(artifact=replace(self.spec.artifact, digest=letter and digest(letter), uri=uri))

    def lose_status(self) -> None:
        self.status, self.status_rv = None, next(self.rv)

    def lose_everything(self) -> None:
        """Status and ledger are gone: nobody can know of earlier decisions any more."""
        self.lose_status()
        self.ledger = ()
        self.place.decision = 0
        self.invariants.forget_decisions()

    def truth(self, digest_: str) -> Truth:
        """Give what the artifact with this digest is really like."""
        return self.truths.get(letter_of(digest_), Truth())

    def require(self, holds: bool, rule: str) -> None:
        """Raise Broken, with the last things that happened, where a rule does not hold."""
        if not holds:
            raise Broken(rule + "\n" + "\n".join(self.trace[-40:]))

    # --- Jobs ----------------------------------------------------------------------------------------------------------

    def server_time(self) -> datetime:
        """Give the API server's clock, in whole seconds: what a Job that is made now says of its beginning."""
        return (self.now - self.behind).replace(microsecond=0)

    def poll_by_schedule(self, mark: str = "") -> None:
        """Make a poll Job as the CronJob does."""
        assert self.spec is not None
        uri = self.spec.artifact.uri
        self.add_job(f"{KEY.name}-poll-{mark or next(self.names)}", JobKind.POLL, uri=uri)

    def retrain(self, letter: str, truth: Truth | None = None) -> None:
        """Let the nightly retraining write an artifact into the store and end."""
        assert self.spec is not None
        uri = self.spec.artifact.uri
        self.upload(letter, truth, uri)
        job = self.add_job(f"{KEY.name}-retraining-{next(self.names)}", JobKind.RETRAINING)
        end_job(self, job, programs(self).train(letter, uri))

    def add_job(
        self, name: str, kind: JobKind, *, uri: str = "", validation: Validation | None = None
    ) -> Job:
        """Make a Job, unless there is one of this name."""
        return self.jobs.setdefault(name, Job(name, kind, self.server_time(), validation, uri))

    def running(self, kind: JobKind) -> list[Job]:
        """Give the Jobs of a kind that have not ended."""
        return [job for job in self.jobs.values() if job.kind is kind and job.state is JobState.RUNNING]

    # --- pods ----------------------------------------------------------------------------------------------------------

    def add_pod(self, serve: Serve) -> Pod:
        """Make a pod from a template."""
        name = f"pod-{next(self.names)}"
        pod = Pod(name, serve.champion, serve.previous, serve.image, takes_text=serve.text)
        pod.takes_challenger = serve.challenger
        self.pods.append(pod)
        return pod

    # --- the port --------------------------------------------------------------------------------------------------------

    def observed(self, *, scraped: bool = True) -> Observed:
        jobs = sorted(self.jobs.values(), key=lambda job: job.created, reverse=True)
        return Observed(
            now=self.now,
            rv=str(self.status_rv),
            generation=self.generation,
            spec=self.spec,
            uid="uid-1",
            name=KEY.name,
            namespace=KEY.namespace,
            commands=dict(self.commands),
            paused=self.paused,
            status=self.status,
            ledger=self.ledger,
            snapshots=frozenset(self.snapshots),
            mailbox=self.mailbox,
            text=self.texts.seen(),
            follow_ups=self.follow_ups,
            jobs=tuple(self._job_seen(job) for job in jobs),
            rollout=self._rollout_seen(),
            pods=tuple(self._pod_seen(pod) for pod in self.pods),
            scraped=scraped,
            default_image=IMAGE,
            rendering=self.rendering,
        )

    def _job_seen(self, job: Job) -> JobSeen:
        image = job.validation.image if job.validation else IMAGE
        return JobSeen(
            job.name,
            job.kind,
            job.state,
            job.created,
            job.finished,
            job.message,
            job.exit_code,
            job.fault,
            image,
            waits=job.waits,
        )

    def _rollout_seen(self) -> RolloutSeen | None:
        if self.deployment is None:
            return None
        serve = self.deployment.serve
        new = [pod for pod in self.pods if is_new(pod, serve)]
        ready = sum(pod.ready for pod in new)
        return RolloutSeen(
            champion=serve.champion,
            previous=serve.previous,
            image=serve.image,
            template=serve.template,
            decision=serve.decision,
            settled=len(new) == len(self.pods) == ready == (serve.replicas or 0),
            deadline_exceeded=self.deployment.deadline_exceeded,
            replicas=serve.replicas or 0,
            ready=sum(pod.ready for pod in self.pods),
            updated=len(new),
            total=len(self.pods),
            available=sum(pod.ready for pod in self.pods) >= 1,
        )

    def _pod_seen(self, pod: Pod) -> PodSeen:
        window = None
        if pod.ready and self.live and pod.reported:
            previous = self.truth(pod.previous).drifts if pod.previous else False
            window = make_window(
                pod.reported,
                pod.previous,
                drifts=self.truth(pod.reported).drifts,
                previous_drifts=previous,
                now=self.now,
                leads=self.leads.get(pod.reported, LEADS),
            )
            window = with_challenger(self, pod, replace(window, text=text_window(self, pod)))
        return PodSeen(
            name=pod.name,
            template_champion=pod.champion,
            image=pod.image,
            ready=pod.ready,
            champion=pod.reported,
            previous=pod.previous if pod.reported else None,
            window=window,
            fault=pod.fault,
        )
