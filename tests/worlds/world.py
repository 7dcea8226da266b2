"""A small world in memory that keeps LeadModels as a cluster would: objects with versions, Jobs that end, pods that start.

It implements the operator's port, one await a write, so that a history can stop a leader between any two writes, throw it away
(crash) or let it go on later (a frozen leader that thaws). It checks the invariants after each write. It decides nothing.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from leadmodel_messages.window import FeatureWindow, SlotWindow, Window
from leadmodel_operator.planning.observed import (
    Desired,
    Event,
    Fault,
    FaultKind,
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
from leadmodel_operator.planning.plan import plan as real_plan
from leadmodel_operator.reconcile import Conflict, Key, reconcile
from leadmodel_operator.resource.schema import Duration
from leadmodel_operator.resource.spec import ArtifactSource, DriftPolicy, HoldoutSource, Predictor, Spec
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import (
    Command,
    ConditionStatus,
    ConditionType,
    QuarantineKind,
    Reason,
)

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
URI, OTHER_URI, HOLDOUT = "s3://leads/model.json", "s3://leads/other.json", "s3://leads/holdout.csv.gz"
KEY = Key("sales", "conversion")
IMAGE = "predictor:1"


def digest(letter: str) -> str:
    """The digest that the artifact called `letter` has in this world."""
    return "sha256:" + f"{ord(letter):02x}" * 32


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


@dataclass(frozen=True)
class Truth:
    """What an artifact is really like."""

    auc: float = 0.75
    loads: bool = True  # pods can load it
    drifts: bool = False  # live leads differ from its reference
    readable: bool = True  # has the right schema


@dataclass
class Job:
    """A Job that runs until a history ends it."""

    name: str
    kind: JobKind
    created: datetime
    asked: Validation | None = None
    uri: str = ""
    state: JobState = JobState.RUNNING
    finished: datetime | None = None
    message: str = ""
    exit_code: int | None = None
    fault: Fault | None = None


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


@dataclass
class Deployment:
    """Two pods, a template, and the version it was last written at."""

    serve: Serve
    rv: int
    since: datetime
    deadline_exceeded: bool = False


class Broken(AssertionError):  # noqa: N818  # what happened
    """An invariant does not hold."""


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
    bad_image: bool = False  # nothing can be pulled or scheduled
    writes: int = 0
    events: list[Event] = field(default_factory=list)
    passed: set[str] = field(default_factory=set)  # digests a validation measured on enough rows
    lowest: float = 1.0  # the lowest minAuc this world has had
    auto_rollbacks: list[datetime] = field(default_factory=list)
    condemned: set[str] = field(default_factory=set)  # refused for good and not released since
    rv: Any = field(default_factory=lambda: itertools.count(10))
    trace: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.spec is None:
            self.spec = spec()
        self.lowest = self.spec.min_auc

    # --- what a history does to it -------------------------------------------------------------------------------------

    def upload(self, letter: str, truth: Truth | None = None, uri: str = URI) -> None:
        self.truths[letter] = truth or Truth()
        self.store[uri] = letter

    def edit(self, **changes: Any) -> None:
        assert self.spec is not None
        self.spec = replace(self.spec, **changes)
        self.lowest = min(self.lowest, self.spec.min_auc)
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
        self.auto_rollbacks.clear()
        self.condemned.clear()

    def letter(self, name: str) -> str:
        return chr(int(name.removeprefix("sha256:")[:2], 16))

    def truth(self, name: str) -> Truth:
        return self.truths.get(self.letter(name), Truth())

    # --- Jobs ----------------------------------------------------------------------------------------------------------

    def made(self) -> datetime:
        """When the API server says that a Job was made that is made now: in whole seconds."""
        return (self.now - self.behind).replace(microsecond=0)

    def poll_by_schedule(self, mark: str = "") -> None:
        name = f"{KEY.name}-poll-{mark or next(self.rv)}"
        assert self.spec is not None
        self.jobs[name] = Job(name, JobKind.POLL, self.made(), uri=self.spec.artifact.uri)

    def retrain(self, letter: str, truth: Truth | None = None) -> None:
        """The nightly retraining ran: the store has a new artifact and its Job says so."""
        assert self.spec is not None
        self.upload(letter, truth, self.spec.artifact.uri)
        name = f"{KEY.name}-retraining-{next(self.rv)}"
        message = json.dumps(
            {"digest": digest(letter), "auc": self.truths[letter].auc, "uri": self.spec.artifact.uri}
        )
        self.jobs[name] = Job(
            name,
            JobKind.RETRAINING,
            self.made(),
            state=JobState.SUCCEEDED,
            finished=self.now,
            message=message,
            exit_code=0,
        )

    def running(self, kind: JobKind) -> list[Job]:
        return [job for job in self.jobs.values() if job.kind is kind and job.state is JobState.RUNNING]

    def finish_jobs(self) -> bool:
        """Each running Job ends as the store, the artifact and the holdout make it end; whether one did."""
        running = [*self.running(JobKind.POLL), *self.running(JobKind.VALIDATION)]
        for job in self.running(JobKind.POLL):
            self._finish_poll(job)
        for job in self.running(JobKind.VALIDATION):
            self._finish_validation(job)
        return bool(running)

    def _end(self, job: Job, state: JobState, exit_code: int, message: dict[str, Any] | None) -> None:
        job.state, job.finished, job.exit_code = state, self.now, exit_code
        job.message = json.dumps(message) if message else ""

    def fail_jobs(self, fault: Fault | None = None) -> None:
        """Each running Job ends without an answer: evicted, out of memory, past its deadline."""
        for job in list(self.jobs.values()):
            if job.state is JobState.RUNNING:
                self._end(job, JobState.FAILED, 137, None)
                job.fault = fault

    def _finish_poll(self, job: Job) -> None:
        letter = self.store.get(job.uri)
        if not self.store_up or letter is None:
            error = {
                "error": "Unreachable" if not self.store_up else "NotFound",
                "message": "the store did not answer",
            }
            self._end(job, JobState.FAILED, 1, error)
            return
        answer = {
            "uri": job.uri,
            "digest": digest(letter),
            "size": 1000,
            "etag": letter,
            "holdout": {"digest": digest(self.holdout), "etag": self.holdout},
            "notModified": False,
        }
        self._end(job, JobState.SUCCEEDED, 0, answer)

    def _finish_validation(self, job: Job) -> None:
        asked = job.asked
        assert asked is not None
        if asked.held and asked.digest:
            letter: str | None = self.letter(asked.digest)
        else:
            letter = self.store.get(asked.uri) if self.store_up else None
        if letter is None or not self.store_up:
            error = {
                "error": "Unreachable" if not self.store_up else "NotFound",
                "message": "the store did not answer",
            }
            self._end(job, JobState.FAILED, 1, error)
            return
        moved = asked.digest is not None and digest(letter) != asked.digest
        if not moved and self.truths[letter].readable:
            self.mailbox = digest(letter)
        self._end(job, JobState.SUCCEEDED, 0, self._report(asked, letter, moved=moved))
        if not moved:
            self._note_measured(letter)

    def _note_measured(self, letter: str) -> None:
        assert self.spec is not None
        if self.truths[letter].readable and self.positives >= self.spec.gate.min_positives:
            self.passed.add(digest(letter))

    def _report(self, asked: Validation, letter: str, *, moved: bool) -> dict[str, Any]:
        truth = self.truths[letter]
        measured = truth.readable and not moved
        counted = {"rows": self.positives * 10, "positives": self.positives, "negatives": self.positives * 9}
        return {
            "schema": "leadmodel.report/v1",
            "outcome": "Measured" if measured else "Refused",
            "reason": "" if measured else "SourceMoved" if moved else "SchemaMismatch",
            "image": asked.image,
            "artifact": {
                "digest": digest(letter),
                "size": 1000,
                "gz": 500,
                "version": 1_767_000_000 + ord(letter),
                "to": None,
                "claimedAuc": truth.auc,
            },
            "holdout": {"digest": digest(self.holdout), **counted},
            "used": counted,
            "auc": truth.auc if measured else None,
            "var": 0.0001 if measured else None,
            "lower": truth.auc - 0.02 if measured else None,
            "brierSkill": 0.1 if measured else None,
            "oe": 1.0 if measured else None,
            "slope": 1.0 if measured else None,
            "champion": self._comparison(asked.champion, truth.auc) if measured else None,
            "best": self._comparison(asked.best, truth.auc) if measured else None,
        }

    def _comparison(self, other: str | None, auc: float) -> dict[str, Any] | None:
        if other is None:
            return None
        return {
            "digest": other,
            "auc": self.truth(other).auc,
            "delta": auc - self.truth(other).auc,
            "se": 0.005,
            "positives": self.positives,
            "negatives": self.positives * 9,
        }

    # --- pods ----------------------------------------------------------------------------------------------------------

    def move_pods(self) -> bool:
        """The Deployment's controller and the kubelet take one step; whether anything changed."""
        before = [replace(pod) for pod in self.pods]
        self._move_pods()
        return before != self.pods

    def _move_pods(self) -> None:
        if self.deployment is None:
            self.pods = []
            return
        serve = self.deployment.serve
        wanted = serve.replicas or 0
        new = [pod for pod in self.pods if self._is_new(pod, serve)]
        while len(new) < wanted:
            pod = Pod(f"pod-{next(self.rv)}", serve.champion, serve.previous, serve.image)
            new.append(pod)
            self.pods.append(pod)
        for pod in self.pods:
            self._start(pod)
        if all(pod.ready for pod in new):
            self.pods = new[:wanted]
        elif self.now - self.deployment.since > timedelta(seconds=serve.progress_deadline):
            self.deployment.deadline_exceeded = True

    def _is_new(self, pod: Pod, serve: Serve) -> bool:
        return (pod.champion, pod.previous, pod.image) == (serve.champion, serve.previous, serve.image)

    def _start(self, pod: Pod) -> None:
        if pod.ready:
            return
        if self.bad_image or pod.image != IMAGE:
            pod.fault = Fault(FaultKind.WAITING, "ImagePullBackOff")
        elif pod.champion not in self.snapshots:
            pod.fault = Fault(FaultKind.WAITING, "ContainerCreating", message="configmap not found")
        elif not self.truth(pod.champion).loads:
            said = json.dumps({"error": "examples differ", "digest": pod.champion})
            pod.fault = Fault(FaultKind.TERMINATED, "Error", exit_code=3, message=said)
        else:
            pod.ready, pod.fault, pod.reported = True, None, pod.champion

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
            jobs=tuple(self._job_seen(job) for job in jobs),
            rollout=self._rollout_seen(),
            pods=tuple(self._pod_seen(pod) for pod in self.pods),
            scraped=scraped,
            default_image=IMAGE,
        )

    def _job_seen(self, job: Job) -> JobSeen:
        image = job.asked.image if job.asked else IMAGE
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
        )

    def _rollout_seen(self) -> RolloutSeen | None:
        if self.deployment is None:
            return None
        serve = self.deployment.serve
        new = [pod for pod in self.pods if self._is_new(pod, serve)]
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
            )
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

    # --- invariants -------------------------------------------------------------------------------------------------------

    def require(self, holds: bool, what: str) -> None:
        if not holds:
            raise Broken(what + "\n" + "\n".join(self.trace[-40:]))

    def check_status(self, status: Status, seen: Observed) -> None:
        """What holds of every status that is written, given what its writer saw."""
        said = {condition.type: condition for condition in status.conditions}
        self.require(set(said) == set(ConditionType), "all conditions are always present")
        true = {kind for kind, condition in said.items() if condition.status is ConditionStatus.TRUE}
        self.require(
            not {ConditionType.RECONCILING, ConditionType.STALLED} <= true, "never Reconciling and Stalled"
        )
        refused = {q.digest for q in status.quarantine if q.kind is not QuarantineKind.GATE}
        champion = status.champion.digest if status.champion else None
        self.require(champion not in refused, "a quarantined digest is never champion")
        self._check_kept_decisions(status, seen)
        blamed = {q.digest for q in status.quarantine if q.kind is QuarantineKind.LOAD}
        self.require(
            not any(self.truth(digest_).loads for digest_ in blamed),
            "only a model that refuses to load is blamed",
        )
        previous = status.previous.digest if status.previous else None
        self.require(previous is None or previous != champion, "previous is not the champion")
        if ConditionType.READY in true:
            self._check_ready(status, champion, seen)
        if self.status is not None and status.decision < self.status.decision:
            self.require(False, "decisions only rise")
        self._check_rollbacks(status, seen)

    def _check_kept_decisions(self, status: Status, seen: Observed) -> None:
        """What was refused for good stays refused until a person releases it; paused means paused."""
        champion = status.champion.digest if status.champion else None
        self.condemned -= {
            value.partition("@")[0] for command, value in seen.commands.items() if command is Command.RELEASE
        }
        self.require(champion not in self.condemned, "a refusal is not undone")
        self.condemned |= {q.digest for q in status.quarantine if q.kind is not QuarantineKind.GATE}
        before = self.status.champion.digest if self.status and self.status.champion else champion
        self.require(not seen.paused or champion == before, "nothing is decided while paused")

    def _check_ready(self, status: Status, champion: str | None, seen: Observed) -> None:
        self.require(champion is not None, "Ready needs a champion")
        assert self.spec is not None
        pin = self.spec.artifact.digest
        if pin and status.observed_generation == self.generation:
            self.require(champion == pin, "Ready only when what the spec pins serves")
        serving = [pod for pod in seen.pods if pod.ready and pod.champion == champion]
        self.require(bool(serving), "Ready only when pods of the champion are ready")

    def _check_rollbacks(self, status: Status, seen: Observed) -> None:
        before = {r.at for r in self.status.rollbacks} if self.status else set()
        for rollback in status.rollbacks:
            automatic = rollback.reason in {Reason.DRIFT_SUSTAINED, Reason.BAD_INPUT_SHARE}
            if automatic and rollback.at not in before and rollback.at not in self.auto_rollbacks:
                fits = any(fits_previous(pod.window) for pod in seen.pods if pod.window is not None)
                self.require(fits, "an automatic rollback only to a model that fits the same leads")
                near = [at for at in self.auto_rollbacks if abs(rollback.at - at) < hours(24)]
                self.require(not near, "one automatic rollback a cooldown")
                self.auto_rollbacks.append(rollback.at)

    def check_serve(self, serve: Serve) -> None:
        self.require(
            serve.champion in self.passed and self.truth(serve.champion).auc >= self.lowest,
            f"only a digest that passed serves, not {self.letter(serve.champion)}",
        )

    def check_settled(self) -> None:
        """What must hold once nothing changes any more."""
        status = self.status
        assert status is not None
        refused = {q.digest for q in status.quarantine if q.kind is not QuarantineKind.GATE}
        if self.deployment is not None:
            self.require(self.deployment.serve.champion not in refused, "a quarantined digest left service")
            champion = status.champion.digest if status.champion else None
            self.require(
                champion in {None, self.deployment.serve.champion}, "the Deployment is what status says"
            )
            serving = {pod.reported for pod in self.pods if pod.ready and pod.reported} - refused
            self.require(self.paused or serving <= self.snapshots.keys(), "what serves is kept")


def spec(**changes: Any) -> Spec:
    """A LeadModel polled every hour, with two pods."""
    base = Spec(
        artifact=ArtifactSource(uri=URI),
        holdout=HoldoutSource(uri=HOLDOUT),
        predictor=Predictor(replicas=2),
        drift=DriftPolicy(sustained_for=Duration("15m")),
    )
    return replace(base, **changes)


@dataclass
class _Write:
    """One write about to happen."""

    what: str

    def __await__(self) -> Generator[_Write, None, None]:
        yield self


@dataclass
class WorldPort:
    """The operator's port on the world, as one leader sees it: every write is awaited, so that it can be stopped before it."""

    world: World
    _snapshots: dict[str, int] = field(default_factory=dict)
    _deployment: int | None = None

    async def observe(self, key: Key) -> Observed | None:
        world = self.world
        self._snapshots = dict(world.snapshots)
        self._deployment = world.deployment.rv if world.deployment else None
        return world.observed()

    async def _step(self, what: str) -> None:
        await _Write(what)
        self.world.writes += 1
        self.world.trace.append(f"{self.world.now:%d %H:%M} {what}")

    async def claim(self, key: Key, digest: str) -> None:
        await self._step(f"claim {self.world.letter(digest)}")
        if digest not in self.world.snapshots:
            raise Conflict(digest)
        self.world.snapshots[digest] = self._snapshots[digest] = next(self.world.rv)

    async def record(self, key: Key, records: tuple[Record, ...]) -> None:
        await self._step("ledger")
        self.world.ledger = records

    async def write_status(self, key: Key, seen: Observed, status: Status) -> None:
        await self._step(f"status {status.phase} {status.decision}")
        if seen.rv != str(self.world.status_rv):
            raise Conflict("status")
        self.world.check_status(status, seen)
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
        changed |= await self._jobs(desired)
        return changed

    async def _serve(self, serve: Serve | None) -> bool:
        world, there = self.world, self.world.deployment
        if serve is None:
            if there is not None and self._deployment is not None:
                await self._step("delete Deployment")
                live = [pod for pod in world.pods if pod.ready]
                refused = {q.digest for q in world.status.quarantine} if world.status else set()
                good = [pod for pod in live if pod.reported not in refused]
                world.require(
                    not good, "a Deployment whose pods serve an unquarantined digest is never deleted"
                )
                self._same_deployment()
                world.deployment = None
            return False
        if there is not None and there.serve == serve:
            return False
        await self._step(f"serve {world.letter(serve.champion)} ({serve.decision})")
        self._same_deployment()
        world.check_serve(serve)
        world.deployment = Deployment(serve, next(world.rv), world.now)
        self._deployment = world.deployment.rv
        return False

    def _same_deployment(self) -> None:
        there = self.world.deployment.rv if self.world.deployment else None
        if there != self._deployment:
            raise Conflict("Deployment")

    async def _keep(self, name: str) -> bool:
        if self.world.mailbox != name:
            return False
        await self._step(f"snapshot {self.world.letter(name)}")
        if self.world.mailbox != name:
            raise Conflict("mailbox")
        self.world.snapshots[name] = self._snapshots[name] = next(self.world.rv)
        return True

    async def _restore(self, name: str) -> bool:
        if not any(pod.ready and name in {pod.reported, pod.previous} for pod in self.world.pods):
            return False
        await self._step(f"restore {self.world.letter(name)}")
        self.world.snapshots.setdefault(name, next(self.world.rv))
        return True

    async def _trim(self, name: str) -> None:
        if name not in self._snapshots:
            return
        await self._step(f"trim {self.world.letter(name)}")
        if self.world.snapshots.get(name) == self._snapshots[name]:
            del self.world.snapshots[name]

    async def _jobs(self, desired: Desired) -> bool:
        world, asked = self.world, desired.validate
        if asked is not None and asked.name not in world.jobs:
            await self._step(f"validate {asked.digest and world.letter(asked.digest)} #{asked.attempt}")
            if asked.name not in world.jobs:
                world.mailbox = None
                world.jobs[asked.name] = Job(asked.name, JobKind.VALIDATION, world.made(), asked)
        if asked is None and desired.tidy:
            await self._tidy()
        once = desired.poll.once if desired.poll else None
        if once is not None and desired.poll is not None and once not in world.jobs:
            await self._step(f"poll {once}")
            world.jobs.setdefault(once, Job(once, JobKind.POLL, world.made(), uri=desired.poll.uri))
        return False

    async def _tidy(self) -> None:
        done = [job.name for job in self.world.jobs.values() if job.kind is JobKind.VALIDATION]
        for name in done:
            await self._step(f"remove {name}")
            self.world.jobs.pop(name, None)
        if self.world.mailbox is not None:
            self.world.mailbox = None


@dataclass
class Leader:
    """A process that makes passes, and may be stopped before any write."""

    world: World
    frozen: list[Coroutine[Any, Any, Any]] = field(default_factory=list)

    def run(self, stop_before: int | None = None, *, freeze: bool = False) -> bool:
        """Make one pass; stop before write number `stop_before`. True when the pass ended by itself."""
        port = WorldPort(self.world)
        work = reconcile(port, KEY, self.world.plan)
        count = 0
        while True:
            try:
                work.send(None)
            except StopIteration:
                return True
            except Conflict:
                self.world.trace.append("  conflict")
                return True
            if stop_before is not None and count == stop_before:
                self.world.trace.append("  frozen" if freeze else "  crash")
                if freeze:
                    self.frozen.append(work)
                else:
                    work.close()
                return False
            count += 1

    def thaw(self) -> None:
        """Frozen leaders go on to their end."""
        for work in self.frozen:
            self.world.trace.append("  thaw")
            try:
                while True:
                    work.send(None)
            except (StopIteration, Conflict):
                pass
        self.frozen.clear()

    def settle(self, limit: int = 60) -> None:
        """Pass after pass, with Jobs ending and pods moving, until nothing is written and nothing runs."""
        for _ in range(limit):
            before = self.world.writes
            self.run()
            ended = self.world.finish_jobs()
            moved = self.world.move_pods()
            if self.world.writes == before and not ended and not moved:
                return
            self.world.now += timedelta(seconds=2)
        raise Broken("it never comes to rest\n" + "\n".join(self.world.trace[-40:]))

    def step(self, hours_: float = 0.0) -> None:
        """Time passes, then everything settles."""
        self.world.now += hours(hours_)
        self.settle()


_FITS, _DRIFTS = (250, 250), (500, 0)


def make_window(
    champion: str, previous: str | None, *, drifts: bool, previous_drifts: bool, now: datetime
) -> Window:
    """A full drift window of one pod, with or without drift."""
    return Window(
        boot="boot",
        now=now.timestamp(),
        champion=_slot(champion, drifts=drifts),
        previous=_slot(previous, drifts=previous_drifts) if previous else None,
        span_s=3600.0,
        since=_Any500(),
    )


class _Any500(dict[str, int]):
    """500 leads since whatever instant is asked for."""

    def get(self, key: str, default: Any = None) -> Any:
        return 500


def fits_previous(window: Window) -> bool:
    """Whether the previous model's scores in this window are as they were on its holdout."""
    slot = window.previous
    return slot is not None and slot.features["score"].observed == _FITS


def _slot(digest_: str, *, drifts: bool) -> SlotWindow:
    observed = _DRIFTS if drifts else _FITS
    score = FeatureWindow("numeric", 500, 5000, 1e5, observed, (250.0, 250.0), 250.0, 150.0, 0.5, 0.25)
    return SlotWindow(digest_, "holdout-newest/v1", 500, 0, 0, (), (), {"score": score})
