"""The spec of a LeadModel: what a user writes.

Frozen dataclasses declare each field with its `kubectl explain` text, default and bounds. `resource/crd.py` generates the CRD from
these classes and holds the rules that compare fields (CEL). The status, which the operator writes, is in `resource/status.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from leadmodel_operator.resource.fields import Duration, doc
from leadmodel_operator.resource.formats import (
    ANNOTATION_KEY,
    COLUMN,
    CRON,
    DIGEST,
    IMAGE,
    KEY,
    LABEL_KEY,
    LABEL_VALUE,
    NAME,
    TIME_FORMAT,
    TIME_ZONE,
    URI,
)

PollInterval = Literal["0s", "5m", "15m", "30m", "1h", "6h", "24h"]


@dataclass(frozen=True, kw_only=True)
class ArtifactSource:
    """The source of the artifact."""

    uri: str = doc(
        "URI of the artifact (model.json): s3://, gs://, az://, https://, http:// or pvc://claim/path.",
        pattern=URI,
        max_length=1024,
    )
    digest: str | None = doc(
        "Digest of the only artifact that may be promoted (sha256:...). If absent, the operator polls the URI and takes the artifact at that "
        "URI as the candidate.",
        pattern=DIGEST,
        default=None,
    )
    poll_interval: PollInterval = doc(
        "Time between polls of the source. 0s disables the schedule: the source is then polled only after a spec change, a finished "
        "retraining or the annotation customerops.dev/poll.",
        default="1h",
    )
    secret_name: str | None = doc(
        "Name of the Secret whose keys become environment variables of the Jobs that fetch the artifact.",
        pattern=NAME,
        max_length=253,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class HoldoutSource:
    """The source of the holdout: labelled leads that were kept out of training."""

    uri: str = doc(
        "URI of the labelled leads: CSV or JSON lines, optionally compressed with gzip. The schemes are those of artifact.uri.",
        pattern=URI,
        max_length=1024,
    )
    digest: str | None = doc(
        "Digest of the only holdout that validations may use (sha256:...).", pattern=DIGEST, default=None
    )
    label: str | None = doc(
        "Name of the column that tells whether the lead converted. An artifact that names another label is refused. If absent, "
        "retraining.label, and without retraining y.",
        min_length=1,
        max_length=128,
        default=None,
    )
    positive: str | None = doc(
        "Value of the label of a lead that converted, such as Won. An artifact that names another value is refused. If absent, "
        "retraining.positive, and without that yes, true or 1.",
        min_length=1,
        max_length=128,
        default=None,
    )
    secret_name: str | None = doc(
        "Name of the Secret whose keys become environment variables of the Jobs that fetch the holdout. If absent, the pod's own identity "
        "logs in, and where the pod has none, the Secret of the artifact.",
        pattern=NAME,
        max_length=253,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The limits of the gate besides minAuc."""

    min_positives: int = doc(
        "Lowest number of positive rows in the holdout. With fewer rows the gate does not decide and the candidate is held.",
        default=100,
        minimum=1,
        maximum=1_000_000,
    )
    min_negatives: int = doc(
        "Lowest number of negative rows in the holdout. With fewer rows the gate does not decide and the candidate is held.",
        default=100,
        minimum=1,
        maximum=1_000_000,
    )
    max_regression: float = doc(
        "Largest loss of AUC against the champion on the same rows that may be chance. A model that is surely worse (95 %) is refused "
        "however small the loss. Twice that loss is allowed against the best champion of the last 30 days.",
        default=0.02,
        minimum=0,
        maximum=0.5,
    )
    on_inconclusive: Literal["Promote", "Hold"] = doc(
        "Action when the confidence interval of the difference to the champion is too wide to decide.",
        default="Promote",
    )


@dataclass(frozen=True, kw_only=True)
class Autoscaling:
    """The bounds of the HorizontalPodAutoscaler of the predictor."""

    min_replicas: int = doc("Lowest number of predictor pods.", default=2, minimum=1, maximum=1000)
    max_replicas: int = doc("Highest number of predictor pods.", minimum=1, maximum=1000)
    target_cpu_utilization_percentage: int = doc(
        "Target for the average CPU use of the pods, in per cent of the CPU request.",
        default=80,
        minimum=1,
        maximum=100,
        wire="targetCPUUtilizationPercentage",
    )


@dataclass(frozen=True, kw_only=True)
class Predictor:
    """The pods that serve leads."""

    replicas: int = doc(
        "Number of predictor pods. Ignored if autoscaling is set.", default=2, minimum=0, maximum=1000
    )
    autoscaling: Autoscaling | None = doc(
        "Bounds within which an autoscaler chooses the number of pods.", default=None
    )
    image: str | None = doc(
        "Image of the predictor. Replaces the default image of the operator.",
        pattern=IMAGE,
        max_length=512,
        default=None,
    )
    resources: Mapping[str, Any] | None = doc(
        "Resource requests and limits of the predictor container.",
        default=None,
        kubernetes="ResourceRequirements",
    )
    env: tuple[Mapping[str, Any], ...] = doc(
        "Additional environment variables of the predictor container. Names that start with LEADMODEL_ are refused.",
        default=(),
        kubernetes="EnvVar",
        max_items=32,
        list_map_key="name",
    )
    node_selector: Mapping[str, str] | None = doc(
        "Labels a node must have to run the pods, and the polls and validations, which use the same image.",
        default=None,
        max_properties=32,
        max_length=63,
        pattern=LABEL_VALUE,
        key_pattern=LABEL_KEY,
    )
    tolerations: tuple[Mapping[str, Any], ...] = doc(
        "Node taints that the pods and all Jobs tolerate.", default=(), kubernetes="Toleration", max_items=32
    )
    affinity: Mapping[str, Any] | None = doc(
        "Affinity and anti-affinity rules of the pods.", default=None, kubernetes="Affinity"
    )
    topology_spread_constraints: tuple[Mapping[str, Any], ...] = doc(
        "Rules that spread the pods over the cluster. If absent, the scheduler prefers different nodes.",
        default=(),
        kubernetes="TopologySpreadConstraint",
        max_items=4,
    )
    priority_class_name: str | None = doc(
        "Name of the PriorityClass of the pods.", pattern=NAME, max_length=253, default=None
    )
    image_pull_secrets: tuple[str, ...] = doc(
        "Names of the Secrets with credentials for pulling the images of the pods and of all Jobs.",
        default=(),
        max_items=16,
        max_length=253,
        pattern=NAME,
    )
    pod_labels: Mapping[str, str] | None = doc(
        "Additional labels of the pods.",
        default=None,
        max_properties=32,
        max_length=63,
        pattern=LABEL_VALUE,
        key_pattern=LABEL_KEY,
    )
    pod_annotations: Mapping[str, str] | None = doc(
        "Additional annotations of the pods.",
        default=None,
        max_properties=24,
        max_length=1024,
        key_pattern=ANNOTATION_KEY,
    )


@dataclass(frozen=True, kw_only=True)
class DriftPolicy:
    """The limits from which live leads count as different from the training leads."""

    interval: Duration = doc(
        "Time between two readings of the drift windows of the pods.",
        default=Duration("30s"),
        minimum_s=1,
        maximum_s=3600,
    )
    max_psi: float = doc(
        "Population stability index (PSI) from which live leads are in breach. A breach ends below 0.8 of this value.",
        default=0.25,
        minimum=0.01,
        maximum=10,
    )
    sustained_for: Duration = doc(
        "Time a breach must last before the operator acts on the breach.",
        default=Duration("1h"),
        minimum_s=1,
        maximum_s=604800,
    )
    min_samples: int = doc(
        "Lowest number of leads in the drift windows. With fewer leads drift is not evaluated.",
        default=150,
        minimum=30,
        maximum=100_000,
    )


@dataclass(frozen=True, kw_only=True)
class RollbackPolicy:
    """The conditions under which the operator rolls back to the previous model."""

    policy: Literal["Automatic", "Alert"] = doc(
        "Automatic rolls back if the previous model fits the live leads. Alert only reports the sustained breach.",
        default="Automatic",
    )
    max_previous_psi: float = doc(
        "PSI that the previous model must stay below on the same leads to become the rollback target.",
        default=0.10,
        minimum=0.001,
        maximum=10,
    )
    cooldown: Duration = doc(
        "Lowest time between two automatic rollbacks.",
        default=Duration("24h"),
        minimum_s=0,
        maximum_s=2592000,
    )
    max_age: Duration = doc(
        "Longest time since the previous model stopped serving. An older model is no rollback target.",
        default=Duration("168h"),
        minimum_s=60,
        maximum_s=31536000,
    )


@dataclass(frozen=True, kw_only=True)
class LeadsSource:
    """The source of the labelled leads for retraining."""

    uri: str = doc(
        "URI of the leads with outcomes: CSV, JSON lines or Parquet. The schemes are those of artifact.uri.",
        pattern=URI,
        max_length=1024,
    )
    secret_name: str | None = doc(
        "Name of the Secret whose keys become environment variables of the retraining Job, which reads the leads with them. If absent, the "
        "pod's own identity logs in, and where the pod has none, the Secret of the artifact.",
        pattern=NAME,
        max_length=253,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class Retraining:
    """The CronJob that trains a new artifact, by default every night."""

    leads: LeadsSource = doc("Source of the leads to train on.")
    schedule: str = doc(
        "Schedule of the CronJob as five cron fields.", default="0 1 * * *", pattern=CRON, max_length=64
    )
    time_zone: str = doc(
        "Time zone of the schedule, as named in the IANA database.",
        default="Etc/UTC",
        pattern=TIME_ZONE,
        max_length=64,
    )
    suspend: bool = doc("If true, the CronJob starts no new Jobs.", default=False)
    recipe: Literal["linear", "trees", "auto"] = doc(
        "Kind of model to train. auto trains linear models and trees and keeps the better model.",
        default="linear",
    )
    label: str = doc(
        "Name of the column that tells whether the lead converted.", default="y", max_length=128, min_length=1
    )
    exclude: tuple[str, ...] = doc(
        "Names of columns whose values are known only after the outcome. Training leaves these columns out.",
        default=(),
        pattern=COLUMN,
        max_items=64,
        max_length=128,
    )
    allow: tuple[str, ...] = doc(
        "Names of columns to keep although their values look as if derived from the outcome.",
        default=(),
        pattern=COLUMN,
        max_items=64,
        max_length=128,
    )
    horizon: Duration | None = doc(
        "Age below which leads are left out because their outcome is still open, measured from the newest lead.",
        default=None,
        minimum_s=3600,
        maximum_s=31536000,
    )
    positive: str | None = doc(
        "Value of the label of a lead that converted, such as Won. If absent: yes, true or 1.",
        default=None,
        min_length=1,
        max_length=128,
    )
    time_column: str | None = doc(
        "Name of the column that tells when the lead came in. If absent: created_at if there is one, else the order of the file.",
        default=None,
        min_length=1,
        max_length=128,
    )
    id_column: str | None = doc(
        "Name of the column that tells leads apart. If absent: all fields of a lead together.",
        default=None,
        min_length=1,
        max_length=128,
    )
    holdout_share: float | None = doc(
        "Share of the newest leads that are kept out of training and written as holdout. If absent: 0.2.",
        default=None,
        minimum=0.01,
        maximum=0.9,
    )
    allow_personal: tuple[str, ...] = doc(
        "Names of columns that look like personal data and may stand in artifact and holdout.",
        default=(),
        pattern=COLUMN,
        max_items=64,
        max_length=128,
    )
    time_format: str | None = doc(
        "How timeColumn writes times: a format such as %d.%m.%Y %H:%M, unix, unix-ms or unix-us. If absent: ISO 8601 or Unix seconds.",
        default=None,
        pattern=TIME_FORMAT,
        max_length=64,
    )
    numeric: tuple[str, ...] = doc(
        "Names of columns that hold numbers, whatever else they hold.",
        default=(),
        pattern=COLUMN,
        max_items=64,
        max_length=128,
    )
    categorical: tuple[str, ...] = doc(
        "Names of columns that hold categories, even if their values are numbers.",
        default=(),
        pattern=COLUMN,
        max_items=64,
        max_length=128,
    )
    require: tuple[str, ...] = doc(
        "Names of columns without which predictors answer a lead with 422. Leads without them are left out of training and holdout.",
        default=(),
        pattern=COLUMN,
        max_items=64,
        max_length=128,
    )
    image: str | None = doc(
        "Image of the training. Replaces the default image of the operator.",
        pattern=IMAGE,
        max_length=512,
        default=None,
    )
    resources: Mapping[str, Any] | None = doc(
        "Resource requests and limits of the container.", default=None, kubernetes="ResourceRequirements"
    )


@dataclass(frozen=True, kw_only=True)
class RedisTls:
    """Certificates of the connection to Redis, whose URL must begin with rediss."""

    secret_name: str | None = doc(
        "Name of the Secret with the certificates. If absent, the Secret of the URL.",
        pattern=NAME,
        max_length=253,
        default=None,
    )
    ca_key: str | None = doc(
        "Key in the Secret whose value holds the certificates to trust, in PEM form, such as ca.crt.",
        pattern=KEY,
        max_length=253,
        default=None,
    )
    certificate_key: str | None = doc(
        "Key in the Secret whose value is the certificate of the backfill, in PEM form, such as tls.crt. Needs privateKeyKey.",
        pattern=KEY,
        max_length=253,
        default=None,
    )
    private_key_key: str | None = doc(
        "Key in the Secret whose value is the private key of the certificate, in PEM form, such as tls.key.",
        pattern=KEY,
        max_length=253,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class RedisSource:
    """The connection to the Redis that holds conversations."""

    secret_name: str = doc("Name of the Secret with the URL of the Redis.", pattern=NAME, max_length=253)
    key: str = doc(
        "Key in the Secret whose value is the URL.",
        default="REDIS_URL",
        pattern=KEY,
        max_length=253,
    )
    username_key: str | None = doc(
        "Key in the Secret whose value is the user. If absent, the user in the URL.",
        pattern=KEY,
        max_length=253,
        default=None,
    )
    password_key: str | None = doc(
        "Key in the Secret whose value is the password, as it is, without percent escapes. If absent, the password in the URL.",
        pattern=KEY,
        max_length=253,
        default=None,
    )
    tls: RedisTls | None = doc(
        "Certificates of the connection. If absent, the certificates that the image trusts.", default=None
    )


@dataclass(frozen=True, kw_only=True)
class PiiBackfill:
    """The CronJob that redacts personal data in past conversations, by default every week."""

    redis: RedisSource = doc("Connection to the Redis that holds conversations.")
    key_patterns: tuple[str, ...] = doc(
        "Redis glob patterns of the keys to read.", min_items=1, max_items=32, max_length=256, min_length=1
    )
    text_fields: tuple[str, ...] = doc(
        "Names of the fields of JSON messages and hashes that hold text. If absent, every text is read.",
        default=(),
        max_items=64,
        max_length=128,
    )
    names: Literal["cues", "careful", "balanced", "strict"] | None = doc(
        "How names of people are found. cues: only after words such as 'my name is'. The others also find names elsewhere, by a lexicon and a small model: careful alters least, strict finds most. If absent, cues.",
        default=None,
    )
    keep: tuple[str, ...] = doc(
        "Words that are never taken for a name, such as the companies and products of the team.",
        default=(),
        max_items=64,
        max_length=128,
        min_length=1,
    )
    schedule: str = doc(
        "Schedule of the CronJob as five cron fields.", default="0 2 * * 0", pattern=CRON, max_length=64
    )
    time_zone: str = doc(
        "Time zone of the schedule, as named in the IANA database.",
        default="Etc/UTC",
        pattern=TIME_ZONE,
        max_length=64,
    )
    mode: Literal["DryRun", "Apply"] = doc(
        "DryRun counts personal data. Apply redacts personal data.", default="DryRun"
    )
    suspend: bool = doc("If true, the CronJob starts no new Jobs.", default=False)
    retention: Duration = doc(
        "Time for which reports are kept.", default=Duration("720h"), minimum_s=3600, maximum_s=31536000
    )
    image: str | None = doc(
        "Image of the backfill. Replaces the default image of the operator.",
        pattern=IMAGE,
        max_length=512,
        default=None,
    )
    resources: Mapping[str, Any] | None = doc(
        "Resource requests and limits of the container.", default=None, kubernetes="ResourceRequirements"
    )


@dataclass(frozen=True, kw_only=True)
class Jobs:
    """The Jobs that poll the source and measure candidates."""

    resources: Mapping[str, Any] | None = doc(
        "Resource requests and limits of the container. If absent, requests of 50m CPU and 128Mi and limits of 1 CPU and 1Gi.",
        default=None,
        kubernetes="ResourceRequirements",
    )


@dataclass(frozen=True, kw_only=True)
class Spec:
    """The root of the spec."""

    artifact: ArtifactSource = doc("Source of the artifact to serve.")
    holdout: HoldoutSource = doc(
        "Source of the labelled leads on which validations inside the cluster measure every artifact."
    )
    min_auc: float = doc(
        "Lowest AUC on the holdout with which an artifact may serve.", default=0.65, minimum=0.5, maximum=1
    )
    gate: Gate = doc("Limits of the gate besides minAuc.", default=Gate())
    predictor: Predictor = doc("Settings of the pods that serve leads.", default=Predictor())
    service_account_name: str | None = doc(
        "Name of the ServiceAccount of the Jobs, for example for a cloud identity. If absent, the operator creates a ServiceAccount.",
        pattern=NAME,
        max_length=253,
        default=None,
    )
    drift: DriftPolicy = doc(
        "Limits from which live leads count as different from the training leads.", default=DriftPolicy()
    )
    rollback: RollbackPolicy = doc(
        "Conditions under which the operator rolls back to the previous model.", default=RollbackPolicy()
    )
    retraining: Retraining | None = doc(
        "Settings of the CronJob that trains a new artifact. If absent, nothing is retrained.", default=None
    )
    pii_backfill: PiiBackfill | None = doc(
        "Settings of the CronJob that redacts personal data in past conversations. If absent, no backfill runs.",
        default=None,
    )
    jobs: Jobs = doc("Settings of the Jobs that poll the source and measure candidates.", default=Jobs())
    revision_history_limit: int = doc(
        "Number of snapshots kept besides those of champion, previous and candidate.",
        default=2,
        minimum=0,
        maximum=10,
    )
    progress_deadline: Duration = doc(
        "Time after which a validation or a rollout counts as late.",
        default=Duration("10m"),
        minimum_s=10,
        maximum_s=86400,
    )
    paused: bool = doc("If true, the operator observes and reports but changes nothing.", default=False)

    @property
    def label(self) -> str:
        """The column of the holdout by which models are judged: chosen by the spec, never by an artifact."""
        return self.holdout.label or (self.retraining.label if self.retraining else "y")

    @property
    def positive(self) -> str | None:
        """The value of the label that means converted, chosen like the label by the spec alone; None: yes, true or 1."""
        return self.holdout.positive or (self.retraining.positive if self.retraining else None)
