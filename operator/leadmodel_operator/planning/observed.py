"""What the planner reads and what it answers: `Observed`, `Desired`, `Plan`. Both runtimes build exactly these.

Values only, in the words of this domain. How they are read from a cluster or from processes, and how they are carried out, is
the runtimes' business.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from leadmodel_messages.window import Window
from leadmodel_operator.planning.trace import Outcome
from leadmodel_operator.resource.spec import Autoscaling, PiiBackfill, Predictor, Retraining, Spec
from leadmodel_operator.resource.status import Quarantined, Revision, Rollback, Status
from leadmodel_operator.resource.vocabulary import Command


class JobKind(StrEnum):
    """What a Job of ours is for."""

    VALIDATION = "validation"
    POLL = "poll"
    RETRAINING = "retraining"
    BACKFILL = "backfill"


class JobState(StrEnum):
    """How far a Job of ours is."""

    RUNNING = "Running"  # made, not finished
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"


class FaultKind(StrEnum):
    """Why a pod does not run, first match in this order."""

    UNSCHEDULABLE = "Unschedulable"  # PodScheduled=False
    WAITING = "Waiting"  # image pull, config, volume: the container never ran
    REPLICA_FAILURE = "ReplicaFailure"  # quota, admission
    TERMINATED = "Terminated"  # it ran and left, with exit code and message


@dataclass(frozen=True)
class Fault:
    """What is wrong with a pod, a rollout or a Job."""

    kind: FaultKind
    reason: str  # one word of the platform
    exit_code: int | None = None
    message: str = ""  # the termination message, or the platform's sentence


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


@dataclass(frozen=True)
class RolloutSeen:
    """The Deployment of ours (local: the group of processes) as it is."""

    champion: str  # full digest its template names
    previous: str | None
    image: str
    template: int
    decision: int  # the decision it was rendered from
    settled: bool  # its newest template was observed, all pods updated and ready, no old pod left
    deadline_exceeded: bool = False  # Progressing=False/ProgressDeadlineExceeded
    replicas: int = 0  # wanted
    ready: int = 0
    updated: int = 0
    total: int = 0  # pods of any template
    available: bool = False  # minimum replicas available
    fault: Fault | None = None  # of the rollout itself (quota, admission)


@dataclass(frozen=True)
class PodSeen:
    """One predictor pod of ours."""

    name: str
    template_champion: str  # what its template names
    image: str
    ready: bool
    champion: str | None = None  # what it says it serves (None: did not answer)
    previous: str | None = None
    window: Window | None = None
    fault: Fault | None = None


@dataclass(frozen=True)
class ScheduleSeen:
    """One CronJob of ours."""

    kind: JobKind
    schedule: str
    suspended: bool
    created: datetime
    last_success: datetime | None = None
    overdue: bool = False  # a run that should have started long ago did not
    late_at: datetime | None = None  # when the next one will count as such
    running: bool = False


@dataclass(frozen=True)
class Record:
    """The decision record of one digest, kept in the ledger; enough to rebuild an empty status."""

    digest: str
    at: datetime
    revision: Revision | None = None  # as it was promoted, with its times
    quarantined: Quarantined | None = None
    role: str = ""  # champion, previous or "" at the time of writing
    decision: int = 0
    rollback: Rollback | None = None  # the newest that took it out


@dataclass(frozen=True)
class Observed:
    """Everything one pass knows. `jobs` are ours, newest first; `pods` are ours, by name."""

    now: datetime
    rv: str
    generation: int
    spec: Spec | None  # None: stored before a stricter schema and no longer valid
    invalid: str = ""  # why, in a sentence
    uid: str = ""
    name: str = ""
    namespace: str = ""
    commands: Mapping[Command, str] = field(default_factory=dict)
    paused: bool = False  # the annotation; spec.paused counts beside it
    status: Status | None = None
    ledger: tuple[Record, ...] = ()
    snapshots: frozenset[str] = frozenset()  # digests held, bytes verified or immutable
    mailbox: str | None = None  # digest that lies verified in the mailbox, not kept as a snapshot yet
    jobs: tuple[JobSeen, ...] = ()
    rollout: RolloutSeen | None = None
    pods: tuple[PodSeen, ...] = ()
    schedules: tuple[ScheduleSeen, ...] = ()
    conflicts: tuple[str, ...] = ()  # objects of our names that are not ours, as "Kind/name"
    refused: tuple[str, ...] = ()  # writes of the last pass that we have no right to, as "command Kind"
    covered_by: str | None = None  # an older LeadModel that backfills the same keys
    scraped: bool = False  # whether pods were asked for windows on this pass
    scrapes: bool = True  # whether they are asked at all
    default_image: str = ""  # the operator's predictor image
    url: str = ""  # where to POST, if not at the Service
    rendering: int = 1  # newest version of the rendering of pods


@dataclass(frozen=True)
class Serve:
    """Serve these slots."""

    champion: str
    previous: str | None
    image: str
    template: int
    decision: int
    measured_auc: float | None
    pod: Predictor
    replicas: int | None  # None: the autoscaler's
    autoscaling: Autoscaling | None = None
    progress_deadline: float = 600.0  # seconds


@dataclass(frozen=True)
class Validation:
    """Measure this artifact."""

    name: str  # of the Job
    uri: str
    digest: str | None  # None: whatever the URI holds
    held: bool  # its snapshot is mounted instead of fetched
    holdout_uri: str
    holdout_digest: str | None
    champion: str | None  # compared with (its snapshot is mounted)
    best: str | None
    min_auc: float
    image: str
    attempt: int
    deadline: float  # seconds


@dataclass(frozen=True)
class Poll:
    """Ask the source: on a schedule, and once now when `once` names a Job."""

    uri: str
    holdout_uri: str
    interval: str  # "0s": no schedule
    etag: str | None
    holdout_etag: str | None
    image: str
    suspend: bool = False
    once: str | None = None  # name of the Job to make


@dataclass(frozen=True)
class Desired:
    """What should be. An absent part should not be there (`serve` None: no pods)."""

    serve: Serve | None = None
    validate: Validation | None = None
    poll: Poll | None = None
    retraining: Retraining | None = None
    backfill: PiiBackfill | None = None
    keep: frozenset[str] = frozenset()  # snapshots to hold (from the mailbox if need be); others may go
    restore: frozenset[str] = frozenset()  # snapshots to fetch from a pod that serves them
    claim: str | None = None  # snapshot this decision will serve: claimed before the status write
    ledger: tuple[Record, ...] = ()
    evict: tuple[str, ...] = ()  # pods to delete once: they report another digest than their template
    frozen: bool = False  # paused: touch nothing but `serve`
    touch_serve: bool = True  # False: leave the Deployment as it is (paused, or nothing may be said about it)
    tidy: bool = True  # mailbox and finished validation Jobs may go when `validate` is None


class EventType(StrEnum):
    """As events.k8s.io has it."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True)
class Event:
    """One sentence for `kubectl describe`."""

    reason: str
    message: str
    type: EventType = EventType.NORMAL


@dataclass(frozen=True)
class Plan:
    """The answer. `status` is written first when it differs, then `desired` is carried out."""

    status: Status
    desired: Desired
    events: tuple[Event, ...] = ()
    requeue_after: float | None = None  # seconds; None: only when something happens
    trace: tuple[Outcome, ...] = ()  # one entry per step of the planner, in their order
