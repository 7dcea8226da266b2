"""Text models in status: the one that serves, the one before it, the newest one that was judged, and the newest training."""

from dataclasses import dataclass
from datetime import datetime

from leadmodel_operator.resource.fields import doc
from leadmodel_operator.resource.formats import DIGEST
from leadmodel_operator.resource.status_jobs import RetrainingResult
from leadmodel_operator.resource.vocabulary import Evidence, Reason


@dataclass(frozen=True, kw_only=True)
class TextFigures:
    """What a check measured of a text model on the holdout."""

    macro_f1: float | None = doc("Macro-F1 of the likeliest intents.", minimum=0, maximum=1, default=None)
    coverage: float | None = doc(
        "Share of the messages that got an intent.", minimum=0, maximum=1, default=None
    )
    scope_auroc: float | None = doc(
        "AUROC with which messages of no intent are told from others. Absent if the holdout has none of these.",
        minimum=0,
        maximum=1,
        default=None,
    )
    calibration_error: float | None = doc(
        "Expected calibration error of the confidence.", minimum=0, maximum=1, default=None
    )


@dataclass(frozen=True, kw_only=True)
class TextAttempt:
    """The check of the source that is under way, or that is made again later."""

    inputs: str = doc("Hash of the settings for which the check counts.", max_length=64)
    attempt: int = doc("Number of checks started in a row without a report.", minimum=1, default=1)
    since: datetime = doc("Time at which the present attempt was recorded or ended without a report.")
    job: str | None = doc(
        "UID of the Job of the present attempt; only its report counts.", max_length=64, default=None
    )
    reason: Reason | None = doc(
        "Reason why the attempt gave no report, in one word. Absent while it runs.", default=None
    )
    error: str | None = doc(
        "Explanation why the attempt gave no report, in one sentence. Absent while it runs.",
        max_length=512,
        default=None,
    )
    waiting: str | None = doc(
        "Explanation why the check cannot start. Absent if it runs or has ended.",
        max_length=256,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class TextCandidate:
    """The newest text model that was judged."""

    digest: str | None = doc(
        "Digest of the text model. Absent if the file is over the size limit.", pattern=DIGEST, default=None
    )
    inputs: str = doc("Hash of the settings for which it was judged.", max_length=64)
    at: datetime = doc("Time of the verdict.")
    verdict: Evidence = doc("Verdict of the check.")
    reason: Reason = doc("Reason for the verdict, in one word.")
    message: str = doc("Explanation of the verdict, in one sentence.", max_length=512, default="")
    figures: TextFigures | None = doc("What the check measured.", default=None)


@dataclass(frozen=True, kw_only=True)
class TextRefused:
    """A text model that pods could not load."""

    digest: str = doc("Digest of the text model.", pattern=DIGEST)
    image: str = doc("Image of the pods that could not load it; another image tries again.", max_length=512)
    reason: str = doc("Reason that the pods gave, in one word.", max_length=64)
    at: datetime = doc("Time at which the operator took the text model out of service.")


@dataclass(frozen=True, kw_only=True)
class TextDriftResult:
    """Live texts beside the messages of the training."""

    texts: int = doc("Number of texts in the windows of the pods.", minimum=0, default=0)
    psi: float | None = doc("Largest PSI. Absent with too few texts.", default=None)
    feature: str | None = doc(
        "What has the largest PSI: a head, unknown or length.", max_length=64, default=None
    )
    breach_since: datetime | None = doc("Time since which the PSI is over its limit.", default=None)
    at: datetime = doc("Time of the reading.")
    sustained: bool = doc("Whether the breach has lasted for drift.sustainedFor.", default=False)


@dataclass(frozen=True, kw_only=True)
class EnrichmentStatus:
    """The text models of a LeadModel."""

    digest: str | None = doc(
        "Digest of the text model that was decided to serve.", pattern=DIGEST, default=None
    )
    previous: str | None = doc(
        "Digest of the text model that served before. Pin it in enrichment.artifact.digest to go back.",
        pattern=DIGEST,
        default=None,
    )
    served_at: datetime | None = doc(
        "Time at which the present text model was decided to serve.", default=None
    )
    ready_pods: int = doc("Number of ready pods that report this text model.", minimum=0, default=0)
    figures: TextFigures | None = doc(
        "Figures of the text model that serves. Absent until it was measured on the present holdout.",
        default=None,
    )
    abstained: float | None = doc(
        "Share of the newest live texts without an intent.", minimum=0, maximum=1, default=None
    )
    drift: TextDriftResult | None = doc("Live texts beside the messages of the training.", default=None)
    candidate: TextCandidate | None = doc("Newest text model that was judged.", default=None)
    check: TextAttempt | None = doc(
        "Check of the source that is under way, or that is made again later.", default=None
    )
    refused: tuple[TextRefused, ...] = doc(
        "Text models that pods could not load, newest first.", default=(), max_items=10
    )
    last_check: datetime | None = doc("Time at which a check last ended with a report.", default=None)
    due: datetime | None = doc(
        "Time of a check that was asked for by annotation or by a training. Absent otherwise.", default=None
    )
    training: RetrainingResult | None = doc("Newest result of the training of text models.", default=None)
