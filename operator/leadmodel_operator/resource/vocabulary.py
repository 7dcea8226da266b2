"""The vocabulary of a LeadModel: every word a status, condition or event may say, with its meaning.

Only words live here. What they lead to is decided in the planner; how they look in YAML is the schema's business.
"""

from enum import StrEnum

GROUP = "customerops.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
KIND = "LeadModel"
PLURAL = "leadmodels"


class Phase(StrEnum):
    """One word for the whole, for people who read a table; programs read conditions."""

    PENDING = "Pending"  # seen, nothing known yet
    FETCHING = "Fetching"  # waiting for the source to say which artifact it holds
    VALIDATING = "Validating"  # a candidate is measured
    ROLLING_OUT = "RollingOut"  # pods change to a promoted champion
    SERVING = "Serving"  # the champion serves and nothing is wrong
    BREACHING = "Breaching"  # it serves, and live leads drift over the limit
    ROLLING_BACK = "RollingBack"  # pods change to the rollback target
    ROLLED_BACK = "RolledBack"  # an older champion serves by our decision
    BLOCKED = "Blocked"  # a person or a new spec is needed
    PAUSED = "Paused"  # observed and reported, nothing changed


class ConditionType(StrEnum):
    """The conditions, all always present."""

    READY = "Ready"
    AVAILABLE = "Available"
    VALIDATED = "Validated"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    DRIFT_DETECTED = "DriftDetected"
    ROLLED_BACK = "RolledBack"
    BACKFILL_HEALTHY = "BackfillHealthy"


class ConditionStatus(StrEnum):
    """What a condition answers."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


class Reason(StrEnum):
    """Why a condition says what it says."""

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
    # Stalled
    PROGRESS_DEADLINE_EXCEEDED = "ProgressDeadlineExceeded"
    NAME_CONFLICT = "NameConflict"
    FORBIDDEN = "Forbidden"  # the API server refuses what we must write: the operator's rights are not those of its chart
    NO_ROLLBACK_TARGET = "NoRollbackTarget"
    QUARANTINE_FULL = "QuarantineFull"  # a hundred refused digests: release some before the next promotion
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
    # BackfillHealthy
    SUCCEEDED = "Succeeded"
    RUNNING = "Running"
    PII_FOUND = "PiiFound"
    FAILED = "Failed"
    OVERDUE = "Overdue"
    SUSPENDED = "Suspended"
    COVERED_BY = "CoveredBy"
    NOT_CONFIGURED = "NotConfigured"
    # a condition that is False because there is nothing to say
    AS_REQUESTED = "AsRequested"
    SETTLED = "Settled"
    PAUSED = "Paused"
    PROMOTED = "Promoted"  # a revision became champion (history and events)
    SOURCE_MOVED = "SourceMoved"  # the source held another digest than the one asked for


class Evidence(StrEnum):
    """What a measurement says about a decision."""

    PASS = "Pass"  # noqa: S105  # measured and good
    FAIL = "Fail"  # measured and bad
    INSUFFICIENT = "Insufficient"  # too few rows or leads to say
    UNAVAILABLE = "Unavailable"  # could not be measured


class QuarantineKind(StrEnum):
    """Why a digest is not tried again by itself."""

    GATE = "Gate"  # refused by the gate; lapses when what was judged changes
    DRIFT = "Drift"  # rolled back on live leads; only a release lifts it
    LOAD = "Load"  # pods of ours refused to load it; only a release lifts it
    MANUAL = "Manual"  # a person took it out; only a release lifts it


class Source(StrEnum):
    """Who asked for a digest."""

    SPEC = "Spec"
    POLL = "Poll"
    RETRAINING = "Retraining"


class Command(StrEnum):
    """What a person may ask for once, as an annotation `customerops.dev/VERB: VALUE[@nonce]`."""

    ROLLBACK_TO = "rollback-to"
    RELEASE = "release"
    ABORT = "abort"
    POLL = "poll"
    REFRESH = "refresh"


PAUSED_ANNOTATION = f"{GROUP}/paused"
