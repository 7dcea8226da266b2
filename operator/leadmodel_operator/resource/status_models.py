"""Models in status: requested, candidate, champion, previous, the best one, and a change of champion."""

from dataclasses import dataclass
from datetime import datetime

from leadmodel_operator.resource.fields import doc
from leadmodel_operator.resource.formats import DIGEST
from leadmodel_operator.resource.vocabulary import (
    Evidence,
    Reason,
    Source,
)


@dataclass(frozen=True, kw_only=True)
class Requested:
    """The digest that should serve: pinned by the spec, or the newest digest at the source."""

    digest: str = doc("Digest of the requested artifact.", pattern=DIGEST)
    source: Source = doc("Origin of the request: the spec, a poll or a retraining.")
    uri: str = doc("URI of the source that held the digest, without credentials and query.", max_length=1024)
    at: datetime = doc("Time at which the operator recorded the request.")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """The artifact under validation, or the last artifact that was judged and not promoted."""

    digest: str | None = doc(
        "Digest of the candidate. Absent if the file is over the size limit.", pattern=DIGEST
    )
    inputs: str = doc("Hash of everything the verdict depends on.", max_length=64)
    attempt: int = doc("Number of validations started for these inputs.", minimum=0, default=0)
    since: datetime = doc("Time at which the present attempt was recorded or ended without a report.")
    started: datetime | None = doc(
        "Time at which the first attempt for these inputs was recorded.", default=None
    )
    released: bool = doc("If true, a person released the candidate from its hold.", default=False)
    verdict: Evidence | None = doc(
        "Outcome of the validation. Absent while the validation runs.", default=None
    )
    reason: Reason | None = doc("Reason for the verdict, in one word.", default=None)
    message: str = doc("Explanation of the verdict, in one sentence.", max_length=512, default="")
    holdout_digest: str | None = doc(
        "Digest of the holdout on which the candidate was measured.", pattern=DIGEST, default=None
    )
    source: Source = doc("Origin of the candidate: the spec, a poll or a retraining.", default=Source.SPEC)
    version: int | None = doc(
        "Unix time at which the training of the artifact ended.", default=None, minimum=0
    )
    job: str | None = doc(
        "UID of the Job whose report counts, as the API server returned it when the operator created the Job.",
        max_length=64,
        default=None,
    )
    fingerprint: str | None = doc(
        "Hash of URI, ETag and size of a file that is over the size limit.", max_length=64, default=None
    )


@dataclass(frozen=True, kw_only=True)
class Revision:
    """An artifact that serves or served in this LeadModel."""

    digest: str = doc("Digest of the artifact.", pattern=DIGEST)
    version: int | None = doc(
        "Unix time at which the training of the artifact ended.", default=None, minimum=0
    )
    auc: float | None = doc(
        "AUC on the holdout, measured by the validation.", default=None, minimum=0, maximum=1
    )
    image: str = doc(
        "Predictor image that validated the artifact and serves the artifact.", max_length=512, default=""
    )
    template: int = doc(
        "Version of the pod template with which the operator renders the pods.", minimum=1, default=1
    )
    since: datetime | None = doc("Time of the promotion.", default=None)
    until: datetime | None = doc("Time at which the revision stopped serving.", default=None)
    served_at: datetime | None = doc(
        "Time at which every pod was first seen ready with the revision.", default=None
    )
    proven_at: datetime | None = doc("Time at which drift evidence on live leads first passed.", default=None)
    population_shifted_at: datetime | None = doc(
        "Time at which live leads were last seen to differ from the references of champion and previous model alike. The next champion "
        "inherits the time.",
        default=None,
        wire="movedAt",
    )
    passed: str | None = doc(
        "Hash of the gate settings that the revision passed.", max_length=64, default=None
    )


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """A change of champion whose pods are not all ready yet."""

    from_: str | None = doc("Digest to return to if the rollout fails.", pattern=DIGEST, default=None)
    to: str = doc("Digest being rolled out.", pattern=DIGEST)
    since: datetime = doc("Time of the decision.")
    reason: Reason = doc("Reason for the change of champion.")


@dataclass(frozen=True, kw_only=True)
class Best:
    """The champion with the highest AUC of the last 30 days."""

    digest: str = doc("Digest of the best champion.", pattern=DIGEST)
    auc: float = doc("AUC measured when the artifact became the best champion.", minimum=0, maximum=1)
    since: datetime = doc("Time at which the artifact became the best champion.")
