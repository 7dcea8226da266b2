"""The spec of a LeadModel: what a user writes.

Frozen dataclasses with their `kubectl explain` text, defaults and bounds. The CRD is generated from here; the rules across
fields (CEL) stand with it. What the operator answers is the status, elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from leadmodel_operator.resource.formats import CRON, DIGEST, IMAGE, KEY, LABEL_VALUE, NAME, TIME_ZONE, URI
from leadmodel_operator.resource.schema import Duration, doc

PollInterval = Literal["0s", "5m", "15m", "30m", "1h", "6h", "24h"]


@dataclass(frozen=True, kw_only=True)
class ArtifactSource:
    """Where model.json is."""

    uri: str = doc(
        "Where model.json is: s3://, gs://, az://, https://, http:// or pvc://claim/path.",
        pattern=URI,
        max_length=1024,
    )
    digest: str | None = doc(
        "Pins one artifact (sha256:...). Absent: the URI is polled and what it holds is the candidate.",
        pattern=DIGEST,
        default=None,
    )
    poll_interval: PollInterval = doc(
        "How often the source is asked for a new artifact. 0s: only on a spec change, a finished retraining or the "
        "annotation customerops.dev/poll.",
        default="1h",
    )
    secret_name: str | None = doc(
        "Secret whose keys become the environment of the Jobs that fetch.",
        pattern=NAME,
        max_length=253,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class HoldoutSource:
    """Where the labelled leads kept out of training are."""

    uri: str = doc(
        "Labelled leads, CSV or JSON lines, optionally gzip; the same schemes as artifact.uri.",
        pattern=URI,
        max_length=1024,
    )
    digest: str | None = doc("Pins one holdout (sha256:...).", pattern=DIGEST, default=None)
    secret_name: str | None = doc(
        "Secret whose keys become the environment of the Jobs that fetch it.",
        pattern=NAME,
        max_length=253,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What must hold besides minAuc."""

    min_positives: int = doc(
        "Fewer positive rows on the holdout: hold.", default=100, minimum=1, maximum=1_000_000
    )
    min_negatives: int = doc(
        "Fewer negative rows on the holdout: hold.", default=100, minimum=1, maximum=1_000_000
    )
    max_regression: float = doc(
        "How much AUC a candidate may lose against the champion on the same rows (twice that against the best champion "
        "of the last 30 days).",
        default=0.02,
        minimum=0,
        maximum=0.5,
    )
    on_inconclusive: Literal["Promote", "Hold"] = doc(
        "What to do when the paired interval decides neither way.", default="Promote"
    )


@dataclass(frozen=True, kw_only=True)
class Autoscaling:
    """A HorizontalPodAutoscaler for the predictor."""

    min_replicas: int = doc("Fewest pods.", default=2, minimum=1, maximum=1000)
    max_replicas: int = doc("Most pods.", minimum=1, maximum=1000)
    target_cpu_utilization_percentage: int = doc(
        "CPU use to aim for, per cent of the request.",
        default=80,
        minimum=1,
        maximum=100,
        wire="targetCPUUtilizationPercentage",
    )


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """The pods that serve."""

    replicas: int = doc("Pods that serve. Not used with autoscaling.", default=2, minimum=0, maximum=1000)
    autoscaling: Autoscaling | None = doc("Let an autoscaler choose the number of pods.", default=None)
    image: str | None = doc(
        "Image of the predictor instead of the operator's default.",
        pattern=IMAGE,
        max_length=512,
        default=None,
    )
    resources: Mapping[str, Any] | None = doc(
        "Resources of the container (requests, limits).", default=None, kubernetes="ResourceRequirements"
    )
    env: tuple[Mapping[str, Any], ...] = doc(
        "More environment for the container; names LEADMODEL_* are refused.",
        default=(),
        kubernetes="EnvVar",
        max_items=64,
        list_map_key="name",
    )
    node_selector: Mapping[str, str] | None = doc(
        "Node labels the pods need.", default=None, max_properties=32, max_length=63, pattern=LABEL_VALUE
    )
    tolerations: tuple[Mapping[str, Any], ...] = doc(
        "Taints the pods bear.", default=(), kubernetes="Toleration", max_items=32
    )
    affinity: Mapping[str, Any] | None = doc("Affinity of the pods.", default=None, kubernetes="Affinity")
    topology_spread_constraints: tuple[Mapping[str, Any], ...] = doc(
        "How the pods spread. Absent: over nodes, as well as possible.",
        default=(),
        kubernetes="TopologySpreadConstraint",
        max_items=16,
    )
    priority_class_name: str | None = doc(
        "Priority class of the pods.", pattern=NAME, max_length=253, default=None
    )
    image_pull_secrets: tuple[str, ...] = doc(
        "Names of Secrets to pull the image with.", default=(), max_items=16, max_length=253, pattern=NAME
    )
    pod_labels: Mapping[str, str] | None = doc(
        "More labels for the pods.", default=None, max_properties=32, max_length=63, pattern=LABEL_VALUE
    )
    pod_annotations: Mapping[str, str] | None = doc(
        "More annotations for the pods.", default=None, max_properties=32, max_length=4096
    )


@dataclass(frozen=True, kw_only=True)
class DriftPolicy:
    """When live leads count as different from what the model was trained on."""

    interval: Duration = doc(
        "How often pods are asked for their drift window.",
        default=Duration("30s"),
        minimum_s=1,
        maximum_s=3600,
    )
    max_psi: float = doc(
        "PSI from which live leads are in breach; leaving needs less than 0.8 of it.",
        default=0.25,
        minimum=0.01,
        maximum=10,
    )
    sustained_for: Duration = doc(
        "How long a breach must last to count.", default=Duration("1h"), minimum_s=1, maximum_s=604800
    )
    min_samples: int = doc("Fewer leads: no answer.", default=150, minimum=30, maximum=100_000)


@dataclass(frozen=True, kw_only=True)
class RollbackPolicy:
    """When the operator goes back to the previous model by itself."""

    policy: Literal["Automatic", "Alert"] = doc(
        "Automatic: roll back when the previous model fits. Alert: only say so.", default="Automatic"
    )
    max_previous_psi: float = doc(
        "The previous model must drift less than this on the same leads.",
        default=0.10,
        minimum=0.001,
        maximum=10,
    )
    cooldown: Duration = doc(
        "At most one automatic rollback in this time.",
        default=Duration("24h"),
        minimum_s=0,
        maximum_s=2592000,
    )
    max_age: Duration = doc(
        "How long after it stopped serving a model may be gone back to.",
        default=Duration("168h"),
        minimum_s=60,
        maximum_s=31536000,
    )


@dataclass(frozen=True, kw_only=True)
class LeadsSource:
    """Where the labelled leads for retraining are."""

    uri: str = doc(
        "Leads with outcomes: CSV, JSON lines or Parquet; the same schemes as artifact.uri.",
        pattern=URI,
        max_length=1024,
    )
    secret_name: str | None = doc(
        "Secret whose keys become the environment of the Job.",
        pattern=NAME,
        max_length=253,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """A CronJob that trains a new artifact every night."""

    leads: LeadsSource = doc("The leads to train on.")
    schedule: str = doc("When, as five cron fields.", default="0 1 * * *", pattern=CRON, max_length=64)
    time_zone: str = doc("Time zone of the schedule.", default="Etc/UTC", pattern=TIME_ZONE, max_length=64)
    suspend: bool = doc("Do not start it.", default=False)
    recipe: Literal["linear", "trees", "auto"] = doc("What to train.", default="linear")
    label: str = doc(
        "The column that says whether the lead converted.", default="y", max_length=128, min_length=1
    )
    exclude: tuple[str, ...] = doc(
        "Columns known only after the outcome.", default=(), max_items=64, max_length=128
    )
    allow: tuple[str, ...] = doc(
        "Columns that look as if they knew the outcome, but do not.", default=(), max_items=64, max_length=128
    )
    horizon: Duration | None = doc(
        "Leave out leads younger than this, seen from the newest one: their outcome is still open.",
        default=None,
    )
    image: str | None = doc(
        "Image of the training instead of the operator's default.",
        pattern=IMAGE,
        max_length=512,
        default=None,
    )
    resources: Mapping[str, Any] | None = doc(
        "Resources of the container.", default=None, kubernetes="ResourceRequirements"
    )


@dataclass(frozen=True, kw_only=True)
class RedisSource:
    """The Redis that holds conversations."""

    secret_name: str = doc("Secret with the URL of the Redis.", pattern=NAME, max_length=253)
    key: str = doc(
        "Key of the Secret that holds the URL.",
        default="REDIS_URL",
        pattern=KEY,
        max_length=253,
    )


@dataclass(frozen=True, kw_only=True)
class PiiBackfill:
    """A CronJob that redacts personal data from past conversations every week."""

    redis: RedisSource = doc("The Redis that holds conversations.")
    key_patterns: tuple[str, ...] = doc(
        "Keys to read, as Redis globs.", min_items=1, max_items=32, max_length=256, min_length=1
    )
    text_fields: tuple[str, ...] = doc(
        "Fields of JSON messages and hashes that hold text. Absent: every text.",
        default=(),
        max_items=64,
        max_length=128,
    )
    schedule: str = doc("When, as five cron fields.", default="0 2 * * 0", pattern=CRON, max_length=64)
    time_zone: str = doc("Time zone of the schedule.", default="Etc/UTC", pattern=TIME_ZONE, max_length=64)
    mode: Literal["DryRun", "Apply"] = doc("DryRun counts, Apply redacts.", default="DryRun")
    suspend: bool = doc("Do not start it.", default=False)
    retention: Duration = doc(
        "How long reports are kept.", default=Duration("720h"), minimum_s=3600, maximum_s=31536000
    )
    image: str | None = doc(
        "Image of the backfill instead of the operator's default.",
        pattern=IMAGE,
        max_length=512,
        default=None,
    )
    resources: Mapping[str, Any] | None = doc(
        "Resources of the container.", default=None, kubernetes="ResourceRequirements"
    )


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What a user asks for."""

    artifact: ArtifactSource = doc("The model to serve.")
    holdout: HoldoutSource = doc("Labelled leads every artifact is judged on, inside the cluster.")
    min_auc: float = doc(
        "The lowest AUC on the holdout that may serve.", default=0.65, minimum=0.5, maximum=1
    )
    gate: Gate = doc("What must hold besides minAuc.", default=Gate())
    predictor: Predictor = doc("The pods that serve.", default=Predictor())
    service_account_name: str | None = doc(
        "Service account of the Jobs (cloud identity). Absent: the operator makes one.",
        pattern=NAME,
        max_length=253,
        default=None,
    )
    drift: DriftPolicy = doc("When live leads count as different.", default=DriftPolicy())
    rollback: RollbackPolicy = doc("When to go back to the previous model.", default=RollbackPolicy())
    retraining: Retraining | None = doc("Train a new artifact every night.", default=None)
    pii_backfill: PiiBackfill | None = doc(
        "Redact personal data from past conversations every week.", default=None
    )
    revision_history_limit: int = doc(
        "Snapshots kept beyond champion, previous and candidate.", default=2, minimum=0, maximum=10
    )
    progress_deadline: Duration = doc(
        "How long a validation or a rollout may take.", default=Duration("10m"), minimum_s=10, maximum_s=86400
    )
    paused: bool = doc("Observe and report, change nothing.", default=False)
