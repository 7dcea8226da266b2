"""The vocabulary of a LeadModel: every word that a status or a condition may hold, with its meaning.

The planner decides what a word leads to; `resource/conversion.py` writes words into YAML.
"""

from enum import StrEnum

GROUP = "customerops.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "LeadModel"
PLURAL = "leadmodels"


class Phase(StrEnum):
    """The summary of the conditions in one word, for people who read a table; programs read conditions."""

    PENDING = "Pending"  # the LeadModel was read, and nothing else is known yet
    FETCHING = "Fetching"  # the source is polled for the artifact it holds
    VALIDATING = "Validating"  # a validation measures the candidate
    ROLLING_OUT = "RollingOut"  # pods change to a promoted champion
    SERVING = "Serving"  # the champion serves and nothing is wrong
    BREACHING = "Breaching"  # the champion serves, and live leads drift over the limit
    ROLLING_BACK = "RollingBack"  # pods change to the rollback target
    ROLLED_BACK = "RolledBack"  # an older champion serves by decision of the operator
    BLOCKED = "Blocked"  # a person or a new spec is needed
    PAUSED = "Paused"  # the operator observes and reports, and changes nothing


class ConditionType(StrEnum):
    """The types of the conditions; a status always holds all of them."""

    READY = "Ready"
    AVAILABLE = "Available"
    VALIDATED = "Validated"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    DRIFT_DETECTED = "DriftDetected"
    ROLLED_BACK = "RolledBack"
    BACKFILL_HEALTHY = "BackfillHealthy"
    SOURCE_REACHABLE = "SourceReachable"
    RETRAINING_HEALTHY = "RetrainingHealthy"
    ENRICHMENT_HEALTHY = "EnrichmentHealthy"
    FOLLOW_UPS_HEALTHY = "FollowUpsHealthy"


class ConditionStatus(StrEnum):
    """The status of a condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Reason(StrEnum):
    """The reason of a condition, verdict or decision."""

    PENDING = "Pending"  # nothing observed yet
    # Ready
    SERVING = "Serving"
    FETCHING = "Fetching"
    VALIDATING = "Validating"
    GATE_FAILED = "GateFailed"
    ROLLING_OUT = "RollingOut"
    ROLLING_BACK = "RollingBack"
    ROLLED_BACK = "RolledBack"
    QUARANTINED = "Quarantined"
    INVALID_SPEC = "InvalidSpec"
    UNAVAILABLE = "Unavailable"
    # Available
    MINIMUM_REPLICAS_AVAILABLE = "MinimumReplicasAvailable"
    MINIMUM_REPLICAS_UNAVAILABLE = "MinimumReplicasUnavailable"
    NO_GOOD_REVISION = "NoGoodRevision"
    # Validated
    GATE_PASSED = "GatePassed"
    AUC_BELOW_MINIMUM = "AucBelowMinimum"
    WORSE_THAN_CHAMPION = "WorseThanChampion"
    INCONCLUSIVE = "Inconclusive"  # the paired interval decides neither way and the policy holds
    SCHEMA_MISMATCH = "SchemaMismatch"
    ARTIFACT_TOO_LARGE = "ArtifactTooLarge"
    ARTIFACT_NOT_FOUND = "ArtifactNotFound"
    DIGEST_MISMATCH = "DigestMismatch"
    HOLDOUT_UNAVAILABLE = "HoldoutUnavailable"
    HOLDOUT_TOO_SMALL = "HoldoutTooSmall"
    HOLDOUT_TOO_OLD = "HoldoutTooOld"
    FETCH_RETRYING = "FetchRetrying"
    HELD_AFTER_ROLLBACK = "HeldAfterRollback"
    # the live gate: Validated, status.challenger and quarantine
    CANARY = "Canary"  # passed so far, and the candidate answers a share of leads
    LIVE_GATE_PENDING = "LiveGatePending"  # passed on the holdout, and the pods score their leads with it
    LIKE_LIVE_LEADS = "LikeLiveLeads"
    WORLD_MOVED = "WorldMoved"  # live leads fit neither the candidate nor the champion
    UNLIKE_LIVE_LEADS = "UnlikeLiveLeads"  # live leads fit the champion and not the candidate
    CANNOT_READ_LIVE_LEADS = "CannotReadLiveLeads"
    FAILS_TO_SCORE = "FailsToScore"  # no finite score for leads of its share
    SLOW_TO_SCORE = "SlowToScore"
    NOT_MOUNTED = "NotMounted"  # the champion's pods were rendered without a place for a candidate
    NOT_LOADED = "NotLoaded"  # fewer than half of the ready pods have loaded the candidate
    # Stalled
    PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    NAME_CONFLICT = "NameConflict"
    FORBIDDEN = "Forbidden"  # the API server refuses a write: the operator lacks rights that its chart gives
    QUOTA_EXCEEDED = "QuotaExceeded"  # the API server refuses an object for a quota of the namespace
    REFUSED = "Refused"  # the API server refuses an object: validation, an admission policy or a webhook
    NO_ROLLBACK_TARGET = "NoRollbackTarget"
    QUARANTINE_FULL = "QuarantineFull"  # a hundred permanent entries: release some before the next promotion
    # DriftDetected
    SUSTAINED_BREACH = "SustainedBreach"
    WITHIN_LIMITS = "WithinLimits"
    BREACHING = "Breaching"
    INSUFFICIENT_SAMPLES = "InsufficientSamples"
    METRICS_UNAVAILABLE = "MetricsUnavailable"
    # RolledBack, and why an older champion serves
    DRIFT_SUSTAINED = "DriftSustained"
    BAD_INPUT_SHARE = "BadInputShare"
    ROLLOUT_FAILED = "RolloutFailed"
    POD_DIGEST_MISMATCH = "PodDigestMismatch"
    MANUAL = "Manual"
    # SourceReachable
    POLLED = "Polled"  # the last poll of the source was answered
    NOT_POLLED = "NotPolled"  # the spec pins the digest, and nothing has to be fetched
    # of every Job: SourceReachable, BackfillHealthy, RetrainingHealthy
    CANNOT_START = "CannotStart"  # the pod of a Job does not start: quota, Secret, image, account, claim
    # BackfillHealthy and RetrainingHealthy
    SUCCEEDED = "Succeeded"
    RUNNING = "Running"
    PII_FOUND = "PiiFound"
    FAILED = "Failed"
    OVERDUE = "Overdue"
    SUSPENDED = "Suspended"
    COVERED_BY = "CoveredBy"
    NOT_CONFIGURED = "NotConfigured"
    # EnrichmentHealthy, and why a text model was refused
    ENRICHMENT_REJECTED = "EnrichmentRejected"
    MACRO_F1_BELOW_MINIMUM = "MacroF1BelowMinimum"
    SCOPE_AUROC_BELOW_MINIMUM = "ScopeAurocBelowMinimum"
    CALIBRATION_ERROR_TOO_LARGE = "CalibrationErrorTooLarge"
    WORSE_THAN_SERVING = "WorseThanServing"
    HEAD_MISSING = "HeadMissing"
    LANGUAGE_MISSING = "LanguageMissing"
    PODS_CANNOT_LOAD = "PodsCannotLoad"
    # FollowUpsHealthy
    HEALTHY = "Healthy"
    TEMPLATES_INVALID = "TemplatesInvalid"  # pods report settings or templates that cannot be used
    LEDGER_UNAVAILABLE = "LedgerUnavailable"
    UNSAFE_LEDGER = "UnsafeLedger"  # the Redis may forget what it acknowledged
    PODS_NOT_READY = "PodsNotReady"
    SECRET_MISSING = "SecretMissing"  # noqa: S105  # a Secret or a key of it is not there
    # reasons of a condition that is False because nothing is wrong
    AS_REQUESTED = "AsRequested"
    SETTLED = "Settled"
    PAUSED = "Paused"
    PROMOTED = "Promoted"  # a revision became champion (history and events)
    SOURCE_MOVED = "SourceMoved"  # the source held another digest than the requested one


LIVE_REFUSALS = frozenset(  # of a candidate that the holdout let pass
    {
        Reason.UNLIKE_LIVE_LEADS,
        Reason.CANNOT_READ_LIVE_LEADS,
        Reason.FAILS_TO_SCORE,
        Reason.SLOW_TO_SCORE,
    }
)


class EventReason(StrEnum):
    """The reason of an event of a LeadModel; people filter events and choose messages of the webhook by it."""

    # decisions
    ABORTED = "Aborted"
    CANARY_STEP = "CanaryStep"  # a candidate is to answer a share of leads, or to skip the rest of its steps
    CHAMPION_LOST = "ChampionLost"  # the bytes of the champion are lost everywhere
    GATE_FAILED = "GateFailed"
    GATE_PASSED = "GatePassed"
    GATE_UNDECIDED = "GateUndecided"
    PREVIOUS_RENEWED = "PreviousRenewed"  # another model counts as the rollback target
    PROMOTED = "Promoted"
    RELEASED = "Released"
    ROLLED_BACK = "RolledBack"
    SERVING = "Serving"  # every pod serves the champion
    SCALED_TO_ZERO = "ScaledToZero"
    # live leads
    DRIFT_BREACHING = "DriftBreaching"
    DRIFT_SUSTAINED = "DriftSustained"
    # commands
    PAUSED = "Paused"  # a command came while nothing is decided
    UNKNOWN_ANNOTATION = "UnknownAnnotation"
    VERB_REFUSED = "VerbRefused"
    # sources and Jobs
    BACKFILL_FAILED = "BackfillFailed"
    DIGEST_MISMATCH = "DigestMismatch"
    HOLDOUT_UNAVAILABLE = "HoldoutUnavailable"
    RETRAINED_OFFERED = "RetrainedOffered"  # a digest is pinned, so what retraining made is only offered
    RETRAINING_FAILED = "RetrainingFailed"
    SOURCE_AVAILABLE = "SourceAvailable"
    SOURCE_UNAVAILABLE = "SourceUnavailable"
    VALIDATION_UNAVAILABLE = "ValidationUnavailable"
    # text models
    ENRICHMENT_DRIFT = "EnrichmentDrift"
    ENRICHMENT_PROMOTED = "EnrichmentPromoted"  # a text model was decided to serve
    ENRICHMENT_REJECTED = "EnrichmentRejected"
    ENRICHMENT_ROLLED_BACK = "EnrichmentRolledBack"  # pods could not load a text model
    ENRICHMENT_TRAINING_FAILED = "EnrichmentTrainingFailed"
    ENRICHMENT_UNAVAILABLE = "EnrichmentUnavailable"  # a text model could not be fetched or measured
    # follow-ups
    FOLLOW_UPS_HEALTHY = "FollowUpsHealthy"  # what was wrong is mended
    FOLLOW_UPS_UNHEALTHY = "FollowUpsUnhealthy"
    # why the condition Stalled is True
    FORBIDDEN = "Forbidden"
    HOLDOUT_TOO_SMALL = "HoldoutTooSmall"
    INVALID_SPEC = "InvalidSpec"
    NAME_CONFLICT = "NameConflict"
    NO_ROLLBACK_TARGET = "NoRollbackTarget"
    PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    QUARANTINED = "Quarantined"
    QUOTA_EXCEEDED = "QuotaExceeded"
    REFUSED = "Refused"
    # what the operator could not write
    SNAPSHOT_NOT_MARKED = "SnapshotNotMarked"
    STATUS_REFUSED = "StatusRefused"


class Blocker(StrEnum):
    """What stands against a rollback on drift: the first of the rules in `planning/rollback.py` that answers."""

    POLICY_IS_ALERT = "PolicyIsAlert"
    NO_PREVIOUS_MODEL = "NoPreviousModel"
    PREVIOUS_QUARANTINED = "PreviousQuarantined"
    PREVIOUS_CANNOT_SERVE = "PreviousCannotServe"  # its bytes are lost, or it fails the present gate
    PREVIOUS_TOO_OLD = "PreviousTooOld"
    COOLDOWN = "Cooldown"
    NO_MODEL_TO_BLAME = "NoModelToBlame"  # only the hours differ, or the breach is fading
    NOT_COMPARABLE = "NotComparable"
    PREVIOUS_REFUSES_LEADS = "PreviousRefusesLeads"
    PREVIOUS_DRIFTS = "PreviousDrifts"  # the world moved
    POPULATION_SHIFTED = "PopulationShifted"  # leads moved away from both models days ago


class Evidence(StrEnum):
    """The outcome of a measurement."""

    PASS = "Pass"  # noqa: S105  # measured and good
    FAIL = "Fail"  # measured and bad
    INSUFFICIENT = "Insufficient"  # too few rows or leads to decide
    UNAVAILABLE = "Unavailable"  # could not be measured


class QuarantineKind(StrEnum):
    """The kind of a quarantine entry: what put a digest there, and what lifts the entry."""

    GATE = "Gate"  # refused by the gate; lapses when an input of the verdict changes
    DRIFT = "Drift"  # rolled back on live leads; only a release lifts the entry
    LOAD = "Load"  # pods refused to load the artifact; only a release lifts the entry
    MANUAL = "Manual"  # taken out by a person; only a release lifts the entry


class Source(StrEnum):
    """The origin of a requested digest."""

    SPEC = "Spec"
    POLL = "Poll"
    RETRAINING = "Retraining"


class Command(StrEnum):
    """What a person may request once, by an annotation `customerops.dev/COMMAND: VALUE[@nonce]`."""

    ROLLBACK_TO = "rollback-to"
    RELEASE = "release"
    ABORT = "abort"
    PROMOTE = "promote"
    POLL = "poll"
    REFRESH = "refresh"

    @property
    def takes_digest(self) -> bool:
        """Whether the value names a digest; the values of the other commands only have to be new."""
        return self not in {Command.POLL, Command.REFRESH}


PAUSED, ADOPT = "paused", "adopt"  # annotations that hold as long as they are set
PAUSED_ANNOTATION, ADOPT_ANNOTATION = f"{GROUP}/{PAUSED}", f"{GROUP}/{ADOPT}"
