"""The text model in the spec: where it lies, what it must reach, and how it is trained."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from leadmodel_operator.resource.fields import doc
from leadmodel_operator.resource.formats import DIGEST, IMAGE, LANGUAGE, NAME, URI
from leadmodel_operator.resource.schedules import CRON, TIME_ZONE
from leadmodel_operator.resource.spec_sources import PollInterval

HeadName = Literal["intent", "sentiment", "urgency", "language"]


@dataclass(frozen=True, kw_only=True)
class TextSource:
    """The source of the text model."""

    uri: str = doc(
        "URI of the text model (text.json or text.json.gz): s3://, gs://, az://, https://, http:// or pvc://claim/path.",
        pattern=URI,
        max_length=1024,
    )
    digest: str | None = doc(
        "Digest of the only text model that may serve (sha256:... of the unpacked document). If absent, the newest one at the URI is judged.",
        pattern=DIGEST,
        default=None,
    )
    poll_interval: PollInterval = doc(
        "Time between two looks at the source. With 0s the operator looks only after a spec change, a finished training or the annotation "
        "customerops.dev/poll.",
        default="1h",
    )
    secret_name: str | None = doc(
        "Name of the Secret whose keys become environment variables of the Jobs that fetch the text model.",
        pattern=NAME,
        max_length=253,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class TextHoldout:
    """The source of the labelled messages on which text models are measured."""

    uri: str = doc(
        "URI of the labelled messages, which no text model was trained on: CSV or JSON lines. The schemes are those of artifact.uri.",
        pattern=URI,
        max_length=1024,
    )
    secret_name: str | None = doc(
        "Name of the Secret whose keys become environment variables of the Jobs that fetch the messages. If absent, the pod's own identity "
        "logs in, and where the pod has none, the Secret of the text model.",
        pattern=NAME,
        max_length=253,
        default=None,
    )
    label: str = doc(
        "Name of the column with the intent. Messages of no intent of yours have the label out_of_scope, those without a label are left out.",
        default="intent",
        min_length=1,
        max_length=128,
    )
    text: str = doc("Name of the column with the text.", default="text", min_length=1, max_length=128)


@dataclass(frozen=True, kw_only=True)
class TextDrift:
    """The limit from which live texts count as different from the messages of the training."""

    max_psi: float = doc(
        "Population stability index (PSI) of answers, unknown words or lengths from which live texts are in breach. Number of texts and "
        "duration are those of drift.minSamples and drift.sustainedFor.",
        default=0.25,
        minimum=0.01,
        maximum=10,
    )


@dataclass(frozen=True, kw_only=True)
class MessagesSource:
    """The source of the labelled messages for training."""

    uri: str = doc(
        "URI of the labelled messages: CSV, JSON lines or Parquet. The schemes are those of artifact.uri.",
        pattern=URI,
        max_length=1024,
    )
    secret_name: str | None = doc(
        "Name of the Secret whose keys become environment variables of the training, which reads messages and holdout with them. If absent, "
        "the pod's own identity logs in, and where the pod has none, the Secret of the text model.",
        pattern=NAME,
        max_length=253,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class TextTraining:
    """The CronJob that trains a new text model, by default every week."""

    messages: MessagesSource = doc("Source of the messages to train on.")
    schedule: str = doc(
        "Schedule of the CronJob as five cron fields or a macro such as @daily.",
        default="0 3 * * 0",
        pattern=CRON,
        max_length=64,
    )
    time_zone: str = doc(
        "Time zone of the schedule, as named in the IANA database.",
        default="Etc/UTC",
        pattern=TIME_ZONE,
        max_length=64,
    )
    suspend: bool = doc("If true, the CronJob starts no new Jobs.", default=False)
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
class Enrichment:
    """The text model that answers what the texts of leads say, beside the lead-scoring model."""

    artifact: TextSource = doc("Source of the text model.")
    holdout: TextHoldout = doc("Source of the labelled messages on which every text model is measured.")
    heads: tuple[HeadName, ...] = doc("Heads that a text model must have.", default=("intent",), max_items=4)
    languages: tuple[str, ...] = doc(
        "Languages in which a text model must answer, such as en.",
        default=(),
        pattern=LANGUAGE,
        max_items=32,
        max_length=8,
    )
    min_macro_f1: float = doc(
        "Lowest macro-F1 of the intents on the holdout with which a text model may serve.",
        default=0.65,
        minimum=0.0,
        maximum=1.0,
    )
    min_scope_auroc: float = doc(
        "Lowest AUROC with which a text model must tell messages of no intent from others. Not judged if the holdout has none of these.",
        default=0.75,
        minimum=0.0,
        maximum=1.0,
    )
    max_calibration_error: float = doc(
        "Largest expected calibration error of the confidence on the holdout.",
        default=0.10,
        minimum=0.0,
        maximum=1.0,
    )
    max_regression: float = doc(
        "Largest loss of macro-F1 against the text model that serves, on the same messages.",
        default=0.02,
        minimum=0.0,
        maximum=1.0,
    )
    drift: TextDrift = doc(
        "Limit from which live texts count as different from the messages of the training.",
        default=TextDrift(),
    )
    features: Literal["Off", "Offer"] = doc(
        "Offer lets retraining offer the answers of the text model to lead-scoring models as features, which are kept only where they help.",
        default="Off",
    )
    training: TextTraining | None = doc(
        "Settings of the CronJob that trains a new text model. If absent, none is trained.", default=None
    )
