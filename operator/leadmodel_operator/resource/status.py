"""The status of a LeadModel: what the operator writes and users read.

Frozen dataclasses declare each field with its `kubectl explain` text; every instant is a timezone-aware UTC datetime.
`resource/conversion.py` turns a status into a document and back; the planner decides the values.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from leadmodel_operator.resource.fields import doc
from leadmodel_operator.resource.formats import DIGEST
from leadmodel_operator.resource.vocabulary import (
    Blocker,
    ConditionStatus,
    ConditionType,
    Evidence,
    Phase,
    QuarantineKind,
    Reason,
    Source,
)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition, in the form of `metav1.Condition`."""

    type: ConditionType = doc("Type of the condition.")
    status: ConditionStatus = doc("Status of the condition: True, False or Unknown.")
    reason: Reason = doc("Reason for the status, in one word.")
    message: str = doc("Explanation of the status, in one sentence.", max_length=1024)
    observed_generation: int = doc("Generation of the spec for which the condition was computed.", minimum=0)
    last_transition_time: datetime = doc("Time of the last change of the condition's status.")


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The hashes of the parts of the spec whose change starts a validation or a poll."""

    source: str = doc("Hash of artifact.uri, artifact.digest and artifact.secretName.", max_length=64)
    gate: str = doc("Hash of minAuc, gate, holdout.uri and holdout.digest.", max_length=64)


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


@dataclass(frozen=True, kw_only=True)
class GateResult:
    """The newest verdict of the gate."""

    digest: str = doc("Digest of the judged artifact.", pattern=DIGEST)
    auc: float | None = doc("AUC of the artifact on the holdout.", default=None)
    lower: float | None = doc("One-sided 95 % lower bound of the AUC.", default=None)
    min_auc: float = doc("Value of minAuc for this verdict.", default=0.0)
    positives: int = doc("Number of positive rows used.", default=0, minimum=0)
    negatives: int = doc("Number of negative rows used.", default=0, minimum=0)
    holdout_digest: str | None = doc("Digest of the holdout used.", pattern=DIGEST, default=None)
    delta: float | None = doc("AUC of the artifact minus AUC of the champion on the same rows.", default=None)
    delta_lower: float | None = doc("One-sided 95 % lower bound of the difference of AUC.", default=None)
    verdict: Evidence = doc("Outcome of the gate.", default=Evidence.UNAVAILABLE)
    reason: Reason = doc("Reason for the verdict, in one word.", default=Reason.PENDING)


@dataclass(frozen=True, kw_only=True)
class DriftResult:
    """The comparison of live leads with the champion's reference."""

    psi: float | None = doc(
        "Largest population stability index (PSI) over score and features. Absent with too few leads.",
        default=None,
    )
    feature: str | None = doc("Name of the feature with the largest PSI.", max_length=128, default=None)
    bad_share: float | None = doc("Share of leads that the champion refuses, from 0 to 1.", default=None)
    sigma: float | None = doc(
        "Largest distance between live mean and training mean, in standard deviations.", default=None
    )
    samples: int = doc("Number of leads in the drift windows of the pods that count.", default=0, minimum=0)
    compared: int | None = doc(
        "Number of those leads that were compared: scored, and at hours of the day that the reference knows.",
        default=None,
        minimum=0,
    )
    since: datetime | None = doc("Time since which the drift windows fill.", default=None)
    evidence: Evidence = doc("Outcome of the comparison.", default=Evidence.UNAVAILABLE)
    breach_since: datetime | None = doc("Time at which the present breach began.", default=None)
    sustained: bool = doc("If true, the breach has lasted for drift.sustainedFor.", default=False)
    verdict: str = doc(
        "Explanation why a sustained breach led to an alert and no rollback.", max_length=256, default=""
    )
    blocker: Blocker | None = doc(
        "Rule that stood against a rollback when the verdict was written, in one word.", default=None
    )
    breach_seen: datetime | None = doc("Time of the newest reading in breach.", default=None)
    previous_psi: float | None = doc("PSI of the previous model on the same leads.", default=None)
    previous_bad_share: float | None = doc(
        "Share of leads that the previous model refuses, from 0 to 1.", default=None
    )
    pods: str = doc(
        "Number of pods that answered, a slash, and number of ready pods.", max_length=32, default=""
    )
    at: datetime | None = doc("Time at which the figures were read.", default=None)


@dataclass(frozen=True, kw_only=True)
class Quarantined:
    """One digest that the operator does not try again on its own."""

    digest: str = doc("Digest in quarantine.", pattern=DIGEST)
    kind: QuarantineKind = doc(
        "Kind of the entry. A Gate entry lapses when its inputs change; Drift, Load and Manual need a release."
    )
    reason: Reason = doc("Reason for the quarantine, in one word.")
    since: datetime = doc("Time at which the quarantine began.")
    inputs: str = doc(
        "Hash of the inputs of the verdict, for entries of kind Gate.", max_length=64, default=""
    )
    evidence: str = doc("Figures that led to the quarantine.", max_length=160, default="")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One entry of the history of decisions."""

    digest: str = doc("Digest that the decision concerns.", pattern=DIGEST)
    reason: Reason = doc("Decision, in one word.")
    at: datetime = doc("Time of the decision.")
    message: str = doc("Explanation of the decision, in one sentence.", max_length=256, default="")


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """One rollback, automatic or requested by a person."""

    from_: str = doc("Digest that the rollback took out of service.", pattern=DIGEST)
    to: str | None = doc(
        "Digest that serves instead. Absent if no revision could serve.", pattern=DIGEST, default=None
    )
    reason: Reason = doc("Reason for the rollback, in one word.")
    at: datetime = doc("Time of the decision.")


@dataclass(frozen=True, kw_only=True)
class Hold:
    """The hold that keeps a passed candidate from promotion."""

    reason: Reason = doc("Reason for the hold, in one word.")
    until: datetime | None = doc(
        "Time at which the hold ends on its own. Absent if only a person can end the hold.", default=None
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


@dataclass(frozen=True, kw_only=True)
class Status:
    """Everything the operator remembers between passes, besides the ledger and the reports of the pods."""

    observed_generation: int = doc(
        "Generation of the spec for which the status was computed.", default=0, minimum=0
    )
    url: str = doc("URL to which clients POST leads.", max_length=512, default="")
    phase: Phase = doc("Summary of the conditions, in one word.", default=Phase.PENDING)
    phase_since: datetime | None = doc("Time at which the present phase began.", default=None)
    conditions: tuple[Condition, ...] = doc(
        "Conditions of the LeadModel. All types are always present.",
        default=(),
        list_map_key="type",
        max_items=16,
    )
    inputs: Inputs | None = doc(
        "Hashes of the parts of the spec whose change starts a validation or a poll.", default=None
    )
    requested: Requested | None = doc(
        "Digest that should serve: pinned by the spec, or the newest digest at the source.", default=None
    )
    candidate: Candidate | None = doc(
        "Artifact under validation, or the last artifact that was judged and not promoted.", default=None
    )
    champion: Revision | None = doc("Revision that the operator decided to serve.", default=None)
    previous: Revision | None = doc("Revision that is the rollback target.", default=None)
    rollout: Rollout | None = doc("Change of champion in progress.", default=None)
    best: Best | None = doc("Champion with the highest AUC of the last 30 days.", default=None)
    decision: int = doc("Number of decisions so far.", default=0, minimum=0)
    gate: GateResult | None = doc("Newest verdict of the gate.", default=None)
    drift: DriftResult | None = doc("Comparison of live leads with the champion's reference.", default=None)
    replicas: int = doc("Number of predictor pods.", default=0, minimum=0)
    ready_replicas: int = doc("Number of ready pods whose template names the champion.", default=0, minimum=0)
    selector: str = doc("Label selector of the pods, for the scale subresource.", max_length=512, default="")
    quarantine: tuple[Quarantined, ...] = doc(
        "Digests that the operator does not try again on its own.",
        default=(),
        list_map_key="digest",
        max_items=140,
    )
    history: tuple[Decision, ...] = doc("Up to 20 decisions, newest first.", default=(), max_items=20)
    rollbacks: tuple[Rollback, ...] = doc("Up to 5 rollbacks, newest first.", default=(), max_items=5)
    hold: Hold | None = doc(
        "Hold that keeps a passed candidate from promotion. Absent if nothing is held.", default=None
    )
    handled: Mapping[str, str] = field(
        default_factory=dict,
        metadata={
            "description": "Value of each command annotation that was processed, by the name of the command.",
            "max_properties": 8,
            "max_length": 256,
        },
    )
    poll: PollResult | None = doc("Newest result of polling the source.", default=None)
    retraining: RetrainingResult | None = doc("Newest result of retraining.", default=None)
    backfill: BackfillResult | None = doc("Newest result of the PII backfill.", default=None)
