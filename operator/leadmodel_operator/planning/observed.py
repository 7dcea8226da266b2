"""The input and output of the planner: `Observed`, `Desired` and `Plan`, which every runtime reads and carries out.

Values only, in the words of this domain: no Kubernetes object and no process appears here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from leadmodel_messages.followups_report import FollowUpsReport
from leadmodel_messages.window import Window
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.status_decisions import Quarantined, Rollback
from leadmodel_operator.resource.status_models import Revision
from leadmodel_operator.resource.vocabulary import Command

FIRST_SIGNAL = 128  # an exit code above is this plus the number of the signal that ended the process


class JobKind(StrEnum):
    """The purpose of a Job of ours."""

    VALIDATION = "validation"
    POLL = "poll"
    RETRAINING = "retraining"
    BACKFILL = "backfill"
    TEXT_CHECK = "text-check"  # measures a text model
    ENRICHMENT = "enrichment"  # trains a text model


class JobState(StrEnum):
    """The state of a Job of ours."""

    RUNNING = "Running"  # created, not finished
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class FaultKind(StrEnum):
    """The kind of a fault; the first kind in this order that matches a pod."""

    UNSCHEDULABLE = "Unschedulable"  # PodScheduled=False
    WAITING = "Waiting"  # image pull, config, volume: the container never ran
    REPLICA_FAILURE = "ReplicaFailure"  # quota, admission
    TERMINATED = "Terminated"  # the container ran and ended, with exit code and message


@dataclass(frozen=True)
class Fault:
    """A fault of a pod, a rollout or a Job."""

    kind: FaultKind
    reason: str  # one word of the platform
    exit_code: int | None = None
    message: str = ""  # the termination message, or the platform's sentence


class RefusalKind(StrEnum):
    """The kind of a refusal by the API server: what a person has to change."""

    RIGHTS = "Rights"  # the operator lacks a right
    QUOTA = "Quota"  # the quota of the namespace is used up, or asks for a limit that is missing
    CONTENT = "Content"  # validation, an admission policy or a webhook


@dataclass(frozen=True)
class Refusal:
    """One write of the last pass that the API server refused."""

    kind: RefusalKind
    request: str  # verb and resource, such as "create jobs"
    name: str  # of the object, as "Kind/name"
    message: str = ""  # the server's own words


@dataclass(frozen=True)
class JobSeen:
    """One Job of ours. `message` is the termination message of its newest pod of ours, unparsed ("" when there is none)."""

    name: str
    kind: JobKind
    state: JobState
    created: datetime
    finished: datetime | None = None
    message: str = ""
    exit_code: int | None = None
    fault: Fault | None = None
    image: str = ""  # what its pod ran
    uid: str = ""  # identity that the platform gave it; empty where only the runtime itself can make Jobs
    waits: bool = False  # not ended, and no container of it runs yet

    @property
    def may_answer(self) -> bool:
        """Whether the message may be an answer: the program ended well, or a signal ended the process.

        A program writes its answer when all work is done. What a signal ends after that, such as a crash of a library while the
        process leaves, takes nothing from the answer; what a signal ends before has no answer that could be read.
        """
        by_signal = self.exit_code is not None and self.exit_code > FIRST_SIGNAL
        return self.state is JobState.SUCCEEDED or (self.state is JobState.FAILED and by_signal)


@dataclass(frozen=True)
class RolloutSeen:
    """The Deployment of ours, or the group of local processes, as observed."""

    champion: str  # full digest that its template names
    previous: str | None
    image: str
    template: int
    decision: int  # number of the decision from which it was rendered
    settled: bool  # its newest template was observed, all pods updated and ready, no old pod left
    deadline_exceeded: bool = False  # Progressing=False/ProgressDeadlineExceeded
    replicas: int = 0  # number wanted
    ready: int = 0
    updated: int = 0
    total: int = 0  # pods of any template
    available: bool = False  # minimum replicas available
    fault: Fault | None = None  # fault of the rollout itself (quota, admission)


@dataclass(frozen=True)
class PodSeen:
    """One predictor pod of ours."""

    name: str
    template_champion: str  # digest that its template names
    image: str
    ready: bool
    champion: str | None = None  # digest that the pod reports; None: the pod did not answer
    previous: str | None = None
    window: Window | None = None
    fault: Fault | None = None


@dataclass(frozen=True)
class ScheduleSeen:
    """One CronJob of ours, as observed."""

    kind: JobKind
    schedule: str
    suspended: bool
    created: datetime
    last_success: datetime | None = None
    overdue: bool = False  # a run that should have started long ago did not
    late_at: datetime | None = None  # when the next run will count as overdue
    running: bool = False


@dataclass(frozen=True)
class TextSeen:
    """The text models of ours, as observed."""

    snapshots: frozenset[str] = frozenset()  # digests held, bytes verified or immutable
    mailbox: str | None = None  # digest of the verified bytes in the text mailbox that are no snapshot yet
    served: str | None = None  # digest of what lies where predictors look for their text model; None: nothing
    changed: bool = (
        False  # whether a runtime that sees the source itself saw a change since the last check began
    )


@dataclass(frozen=True)
class FollowUpsPod:
    """One pod that sends follow-ups. `report` is its answer, None where it was not asked or gave none."""

    name: str
    ready: bool
    report: FollowUpsReport | None = None
    fault: Fault | None = None


@dataclass(frozen=True)
class FollowUpsSeen:
    """The follow-ups of ours, as observed."""

    pods: tuple[FollowUpsPod, ...] = ()
    present: bool = False  # whether any object of theirs is there
    asked: bool = False  # whether this pass asked the pods
    conflicts: tuple[str, ...] = ()  # objects of their names that are not ours, as "Kind/name"
    refused: tuple[Refusal, ...] | None = ()  # writes that the last pass was refused; None: no pass yet
    fault: Fault | None = None  # why the Deployment makes no pods (quota, admission)


@dataclass(frozen=True)
class Record:
    """The ledger record of one digest; all records together rebuild an empty status."""

    digest: str
    at: datetime
    revision: Revision | None = None  # as it was promoted, with its times
    quarantined: Quarantined | None = None
    role: str = ""  # champion, previous or "" at the time of writing
    decision: int = 0
    rollback: Rollback | None = None  # the newest that took it out
    evidence: str | None = None  # of the champion; see `first_evidence.py`


@dataclass(frozen=True)
class Observed:
    """Everything one pass knows. `jobs` are ours, newest first; `pods` are ours, by name.

    A runtime may build the value from a cache: fields may be older than `now`, and a write on stale data fails with Conflict.
    """

    now: datetime
    rv: str
    generation: int
    spec: (
        Spec | None
    )  # None: stored before a stricter schema and no longer valid, or nothing was read beside it
    invalid: str = ""  # why the spec is invalid, in a sentence
    unread: str = ""  # which read the API server refuses, in a sentence: nothing else is known then
    uid: str = ""
    name: str = ""
    namespace: str = ""
    commands: Mapping[Command, str] = field(default_factory=dict)
    unknown_annotations: tuple[str, ...] = ()  # names under our prefix that mean nothing
    paused: bool = False  # by the annotation; spec.paused counts as well
    status: Status | None = None
    ledger: tuple[Record, ...] = ()
    snapshots: frozenset[str] = frozenset()  # digests held, bytes verified or immutable
    mailbox: str | None = None  # digest of the verified bytes in the mailbox that are no snapshot yet
    text: TextSeen = TextSeen()
    follow_ups: FollowUpsSeen | None = None  # None: a runtime without pods for them
    jobs: tuple[JobSeen, ...] = ()
    rollout: RolloutSeen | None = None
    pods: tuple[PodSeen, ...] = ()
    schedules: tuple[ScheduleSeen, ...] = ()
    conflicts: tuple[str, ...] = ()  # objects of our names that are not ours, as "Kind/name"
    adopts: bool = False  # a person lets the LeadModel take over what an earlier one of its name left
    adoptable: bool = False  # whether an earlier LeadModel of this name left all of these
    refused: (
        tuple[Refusal, ...] | None
    ) = ()  # writes that the last pass was refused; None: no pass was made yet
    unrecorded: str | None = (
        None  # the candidate whose record an older CRD took out of the status that was written
    )
    covered_by: str | None = None  # an older LeadModel that backfills the same keys
    scraped: bool = False  # whether this pass read the drift windows of the pods
    scrapes: bool = True  # whether drift windows are read at all
    default_image: str = ""  # the operator's predictor image
    url: str = ""  # where to POST, if not at the Service
    rendering: int = 3  # newest version of the rendering of pods
