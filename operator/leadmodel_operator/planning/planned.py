"""What a pass leads to: the next status, what should exist, events, and when to look again."""

from dataclasses import dataclass
from enum import StrEnum

from leadmodel_operator.planning.observed import Record
from leadmodel_operator.planning.trace import Outcome
from leadmodel_operator.resource.spec_enrichment import TextTraining
from leadmodel_operator.resource.spec_followups import FollowUps
from leadmodel_operator.resource.spec_schedules import PiiBackfill, Retraining
from leadmodel_operator.resource.spec_serving import Autoscaling, Predictor
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import EventReason


@dataclass(frozen=True)
class Serve:
    """The pods that should serve: two slots, image and settings."""

    champion: str
    previous: str | None
    image: str
    template: int
    decision: int
    measured_auc: float | None
    pod: Predictor
    replicas: int | None  # None: the autoscaler decides
    autoscaling: Autoscaling | None = None
    progress_deadline: float = 600.0  # seconds
    rolls_back: bool = (
        False  # a rollback that has not served yet: settings that are refused do not hold it up
    )
    text: bool = False  # whether predictors look for a text model
    challenger: bool = False  # whether predictors have a place for a candidate


@dataclass(frozen=True)
class Validation:
    """The validation that should run."""

    name: str  # name of the Job
    uri: str
    digest: str | None  # None: the artifact that the URI holds
    held: bool  # the snapshot is mounted, and nothing is fetched
    holdout_uri: str
    holdout_digest: str | None
    champion: str | None  # digest to compare with, whose snapshot is mounted; None: no comparison
    best: str | None
    min_auc: float
    image: str
    attempt: int
    deadline: float  # seconds
    job: str | None = None  # UID of the Job that was created for it, once recorded


@dataclass(frozen=True)
class Poll:
    """The polls of the source: on a schedule, and at once if `once` names a Job."""

    uri: str
    holdout_uri: str
    interval: str  # "0s": no schedule
    etag: str | None
    holdout_etag: str | None
    image: str
    suspend: bool = False
    once: str | None = None  # name of the Job to create at once


@dataclass(frozen=True)
class TextCheck:
    """The check of a text model that should run."""

    name: str  # name of the Job
    uri: str
    digest: str | None  # None: the text model that the URI holds
    held: bool  # the snapshot is mounted, and nothing is fetched
    holdout_uri: str
    label: str  # column of the holdout with the intent
    text: str  # column of the holdout with the text
    serving: str | None  # digest to compare with, whose snapshot is mounted; None: no comparison
    image: str
    deadline: float  # seconds
    job: str | None = None  # UID of the Job that was created for it, once recorded


@dataclass(frozen=True)
class TextWork:
    """What should exist of the text models of a LeadModel."""

    serve: str | None = None  # digest that lies where predictors look for their text model; None: nothing
    keep: frozenset[str] = frozenset()  # snapshots to keep, taken from the mailbox if need be
    check: TextCheck | None = None
    training: TextTraining | None = None
    tidy: bool = True  # whether mailbox and finished checks are deleted when `check` is None


@dataclass(frozen=True)
class FollowUpsWork:
    """The pods that should send follow-ups, and the settings that they read."""

    spec: FollowUps
    settings: str  # the JSON document
    evict: tuple[str, ...] = ()  # pods to delete once, because they go on with earlier settings


@dataclass(frozen=True)
class Asked:
    """The candidate that lies where predictors look for one, and the number of the decision to ask about it.

    `weight` is the per cent of leads that the candidate answers; None: it answers none.
    """

    digest: str
    decision: int
    weight: int | None = None


@dataclass(frozen=True)
class Desired:
    """What should exist after a pass. A part that is None should not exist (`serve` None: no pods)."""

    serve: Serve | None = None
    validate: Validation | None = None
    poll: Poll | None = None
    retraining: Retraining | None = None
    backfill: PiiBackfill | None = None
    asked: Asked | None = None
    text: TextWork | None = None
    follow_ups: FollowUpsWork | None = None
    keep: frozenset[str] = (
        frozenset()
    )  # snapshots to keep, taken from the mailbox if need be; others may be deleted
    restore: frozenset[str] = frozenset()  # snapshots to fetch from a pod that serves their digest
    claim: str | None = None  # snapshot that this decision will serve, claimed before the status write
    ledger: tuple[Record, ...] = ()
    evict: tuple[
        str, ...
    ] = ()  # pods to delete once, because they report another digest than their template names
    frozen: bool = False  # paused: touch nothing but `serve`
    touch_serve: bool = True  # False: leave the Deployment as it is
    tidy: bool = True  # whether mailbox and finished validation Jobs are deleted when `validate` is None


class EventType(StrEnum):
    """The type of an event, as in events.k8s.io."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True)
class Event:
    """One event for people, as `kubectl describe` shows it."""

    reason: EventReason
    message: str
    type: EventType = EventType.NORMAL


@dataclass(frozen=True)
class Plan:
    """The plan of one pass. A changed `status` is written first, then `desired` is carried out."""

    status: Status
    desired: Desired
    events: tuple[Event, ...] = ()
    requeue_after: float | None = None  # seconds; None: only when something happens
    trace: tuple[Outcome, ...] = ()  # one entry per step of the planner, in their order
