"""Results of Jobs in status: polls, retraining, PII backfill."""

from dataclasses import dataclass
from datetime import datetime

from leadmodel_operator.resource.fields import doc
from leadmodel_operator.resource.formats import DIGEST
from leadmodel_operator.resource.vocabulary import (
    Reason,
)


@dataclass(frozen=True, kw_only=True)
class PollResult:
    """The newest result of polling the source."""

    last_success: datetime | None = doc("Time of the last successful poll.", default=None)
    etag: str | None = doc("ETag of the artifact at the last successful poll.", max_length=256, default=None)
    holdout_etag: str | None = doc(
        "ETag of the holdout at the last successful poll.", max_length=256, default=None
    )
    holdout_digest: str | None = doc(
        "Digest of the holdout at the last successful poll or validation.", pattern=DIGEST, default=None
    )
    job: str | None = doc(
        "Name of the newest poll Job whose result was processed; several names, separated by spaces, if the Jobs were created in the "
        "same second.",
        max_length=512,
        default=None,
    )
    job_created_at: datetime | None = doc("Creation time of the Job in `job`.", default=None, wire="asked")
    attempt: int = doc("Number of failed polls in a row.", default=0, minimum=0)
    due: datetime | None = doc(
        "Time of the next poll that the operator starts on its own. Absent if none is planned.", default=None
    )
    job_to_create: str = doc(
        "Name of the poll Job to create at once. Empty if no poll is due.",
        max_length=256,
        default="",
        wire="wanted",
    )
    reason: Reason | None = doc(
        "Reason why the last poll failed, in one word. Absent after a success.", default=None
    )
    error: str | None = doc(
        "Explanation why the last poll failed, in one sentence. Absent after a success.",
        max_length=256,
        default=None,
    )
    holdout_error: str | None = doc(
        "Explanation why the last answered poll found no holdout, in one sentence. Absent if it found one.",
        max_length=256,
        default=None,
    )
    since: datetime | None = doc("Time since which the present source is polled.", default=None)
    waiting: str | None = doc(
        "Explanation why the newest poll cannot start. Absent if the poll runs or has ended.",
        max_length=256,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class RetrainingResult:
    """The newest result of retraining."""

    last_success: datetime | None = doc("Time of the last successful retraining.", default=None)
    digest: str | None = doc(
        "Digest of the artifact of the last successful retraining.", pattern=DIGEST, default=None
    )
    job: str | None = doc("Name of the newest Job whose result was processed.", max_length=63, default=None)
    error: str | None = doc(
        "Explanation why the last retraining failed. Absent after a success.", max_length=256, default=None
    )
    waiting: str | None = doc(
        "Explanation why the newest retraining cannot start. Absent if it runs or has ended.",
        max_length=256,
        default=None,
    )


@dataclass(frozen=True, kw_only=True)
class BackfillResult:
    """The newest result of the PII backfill, as counts without any value read."""

    mode: str = doc("Mode of the run: DryRun or Apply.", max_length=16, default="")
    last_success: datetime | None = doc(
        "Time at which a run last finished with its result verified.", default=None
    )
    scanned: int = doc("Number of messages read.", default=0, minimum=0)
    redacted: int = doc(
        "Number of messages changed. In a dry run, number of messages to change.", default=0, minimum=0
    )
    residue: int = doc("Number of messages that still hold personal data.", default=0, minimum=0)
    report: str = doc("Location of the report: a key in the Redis or a URI.", max_length=256, default="")
    job: str | None = doc("Name of the newest Job whose result was processed.", max_length=63, default=None)
    job_created_at: datetime | None = doc("Creation time of the Job in `job`.", default=None, wire="asked")
    error: str | None = doc(
        "Explanation why the last run failed. Absent after a success.", max_length=256, default=None
    )
    waiting: str | None = doc(
        "Explanation why the newest run cannot start. Absent if it runs or has ended.",
        max_length=256,
        default=None,
    )
