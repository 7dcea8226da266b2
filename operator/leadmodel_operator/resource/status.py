"""The status of a LeadModel as values: what the operator writes and users read.

Frozen dataclasses only; every instant is a timezone-aware UTC datetime. How they become YAML is the schema's business,
what they should say is the planner's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from leadmodel_operator.resource.formats import DIGEST
from leadmodel_operator.resource.schema import doc
from leadmodel_operator.resource.vocabulary import (
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
    """One answer, in the form of `metav1.Condition`."""

    type: ConditionType = doc("Type of the condition.")
    status: ConditionStatus = doc("True, False or Unknown.")
    reason: Reason = doc("One word why.")
    message: str = doc("One sentence for people.", max_length=1024)
    observed_generation: int = doc("The generation this answers for.", minimum=0)
    last_transition_time: datetime = doc("When the status last flipped.")


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Hashes of the parts of the spec that ask for work, as last seen."""

    source: str = doc("Hash of artifact.uri, digest and secretName.", max_length=64)
    gate: str = doc("Hash of minAuc, gate, holdout.uri and holdout.digest.", max_length=64)


@dataclass(frozen=True, kw_only=True)
class Requested:
    """The digest the user asks for."""

    digest: str = doc("Digest of the artifact asked for.", pattern=DIGEST)
    source: Source = doc("Who asked: the spec, a poll or a retraining.")
    uri: str = doc("The URI this answer was given for.", max_length=1024)
    at: datetime = doc("When the answer was complete.")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A revision under validation, or the last one judged and not promoted."""

    digest: str | None = doc(
        "Digest; absent while only the URI is known or when the file is too large.", pattern=DIGEST
    )
    inputs: str = doc("Hash of what the verdict depends on.", max_length=64)
    attempt: int = doc("How often a validation was started for these inputs.", minimum=0, default=0)
    since: datetime = doc("When this attempt was recorded, or when it ended without an answer.")
    started: datetime | None = doc("When the first attempt for these inputs was recorded.", default=None)
    released: bool = doc("A person lifted the hold for this digest.", default=False)
    verdict: Evidence | None = doc("Outcome; absent while it runs.", default=None)
    reason: Reason | None = doc("Why, in one word.", default=None)
    message: str = doc("Why, in one sentence.", max_length=512, default="")
    holdout_digest: str | None = doc("Digest of the holdout it was judged on.", pattern=DIGEST, default=None)
    source: Source = doc("Who found it.", default=Source.SPEC)
    version: int | None = doc("Unix time of the end of its training.", default=None, minimum=0)
    fingerprint: str | None = doc(
        "Hash of URI, ETag and size of a file over the size limit.", max_length=64, default=None
    )


@dataclass(frozen=True, kw_only=True)
class Revision:
    """An artifact that serves or served here."""

    digest: str = doc("Digest of the artifact.", pattern=DIGEST)
    version: int | None = doc("Unix time of the end of its training.", default=None, minimum=0)
    auc: float | None = doc("AUC measured on the holdout by validation.", default=None, minimum=0, maximum=1)
    image: str = doc("The image that validated it and serves it.", max_length=512, default="")
    template: int = doc("Version of the rendering of its pods.", minimum=1, default=1)
    since: datetime | None = doc("When it was promoted.", default=None)
    until: datetime | None = doc("When it stopped serving.", default=None)
    served_at: datetime | None = doc("When it was first seen ready in every pod.", default=None)
    proven_at: datetime | None = doc("When live leads first gave a Pass.", default=None)
    population_shifted_at: datetime | None = doc(
        "When live leads were last seen to have moved away from champion and previous model alike; the next champion inherits it.",
        default=None,
        wire="movedAt",
    )
    passed: str | None = doc("Hash of the gate inputs it passed.", max_length=64, default=None)
    trained_to: str | None = doc("Newest training row.", max_length=40, default=None)


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """A change of champion that has not served yet."""

    from_: str | None = doc("Digest to return to.", pattern=DIGEST, default=None)
    to: str = doc("Digest being rolled out.", pattern=DIGEST)
    since: datetime = doc("When it was decided.")
    reason: Reason = doc("Why.")


@dataclass(frozen=True, kw_only=True)
class Best:
    """The champion with the highest AUC of the last 30 days."""

    digest: str = doc("Digest.", pattern=DIGEST)
    auc: float = doc("AUC on the rows of the last comparison.", minimum=0, maximum=1)
    since: datetime = doc("When it became best.")


@dataclass(frozen=True, kw_only=True)
class GateResult:
    """The newest verdict for what is requested."""

    digest: str = doc("Digest judged.", pattern=DIGEST)
    auc: float | None = doc("AUC on the holdout.", default=None)
    lower: float | None = doc("One-sided 95 % lower bound of the AUC.", default=None)
    min_auc: float = doc("What was asked.", default=0.0)
    positives: int = doc("Positive rows used.", default=0, minimum=0)
    negatives: int = doc("Negative rows used.", default=0, minimum=0)
    holdout_digest: str | None = doc("Digest of the holdout.", pattern=DIGEST, default=None)
    delta: float | None = doc("AUC minus the champion's on the same rows.", default=None)
    delta_lower: float | None = doc("Its one-sided 95 % lower bound.", default=None)
    verdict: Evidence = doc("Outcome.", default=Evidence.UNAVAILABLE)
    reason: Reason = doc("Why.", default=Reason.PENDING)


@dataclass(frozen=True, kw_only=True)
class DriftResult:
    """How live leads differ from the champion's reference."""

    psi: float | None = doc("Largest PSI over score and features; absent when too few leads.", default=None)
    feature: str | None = doc("Where it is largest.", max_length=128, default=None)
    bad_share: float | None = doc("Share of leads the champion refuses.", default=None)
    sigma: float | None = doc("The z of the means, for those who know it.", default=None)
    samples: int = doc("Leads in the windows of the pods counted.", default=0, minimum=0)
    since: datetime | None = doc("Since when the windows fill.", default=None)
    evidence: Evidence = doc("What this says.", default=Evidence.UNAVAILABLE)
    breach_since: datetime | None = doc("When the present breach began.", default=None)
    sustained: bool = doc("Whether the breach has lasted long enough to act on.", default=False)
    verdict: str = doc("Why a sustained breach was answered by an alert only.", max_length=256, default="")
    breach_seen: datetime | None = doc("The newest reading that breached.", default=None)
    previous_psi: float | None = doc("PSI of the previous model on the same leads.", default=None)
    previous_bad_share: float | None = doc("Share of leads the previous model refuses.", default=None)
    pods: str = doc("Pods that answered of pods ready.", max_length=32, default="")
    at: datetime | None = doc("When the shown figures were taken.", default=None)


@dataclass(frozen=True, kw_only=True)
class Quarantined:
    """A digest that is not tried again by itself."""

    digest: str = doc("Digest.", pattern=DIGEST)
    kind: QuarantineKind = doc("What lifts it.")
    reason: Reason = doc("Why.")
    since: datetime = doc("Since when.")
    inputs: str = doc("Hash of what was judged (kind Gate).", max_length=64, default="")
    evidence: str = doc("The figures.", max_length=160, default="")


@dataclass(frozen=True, kw_only=True)
class Decision:
    """One entry of the history."""

    digest: str = doc("Digest.", pattern=DIGEST)
    reason: Reason = doc("What was decided.")
    at: datetime = doc("When.")
    message: str = doc("In a sentence.", max_length=256, default="")


@dataclass(frozen=True, kw_only=True)
class Rollback:
    """One automatic or asked-for rollback."""

    from_: str = doc("Digest taken out.", pattern=DIGEST)
    to: str | None = doc("Digest that serves instead.", pattern=DIGEST, default=None)
    reason: Reason = doc("Why.")
    at: datetime = doc("When it was decided.")


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Why a passed candidate is not promoted yet."""

    reason: Reason = doc("Why.")
    until: datetime | None = doc("When it ends by itself; absent: a person ends it.", default=None)


@dataclass(frozen=True, kw_only=True)
class PollResult:
    """What the source last said."""

    last_success: datetime | None = doc("When the source last answered.", default=None)
    etag: str | None = doc("ETag of the artifact.", max_length=256, default=None)
    holdout_etag: str | None = doc("ETag of the holdout.", max_length=256, default=None)
    holdout_digest: str | None = doc("Digest of the holdout as last polled.", pattern=DIGEST, default=None)
    job: str | None = doc(
        "The newest poll Job that was heard; of one second all.", max_length=512, default=None
    )
    asked: datetime | None = doc("When that Job was made.", default=None)
    attempt: int = doc("Polls without an answer in a row.", default=0, minimum=0)
    due: datetime | None = doc("When to ask again by itself.", default=None)
    wanted: str = doc("What the poll asked for at once is for.", max_length=256, default="")
    reason: Reason | None = doc("Why the source did not answer, in one word.", default=None)
    error: str | None = doc("Why the source did not answer, if it did not.", max_length=256, default=None)
    since: datetime | None = doc("Since when this source is asked.", default=None)


@dataclass(frozen=True, kw_only=True)
class RetrainingResult:
    """What the nightly retraining last did."""

    last_success: datetime | None = doc("When it last finished.", default=None)
    digest: str | None = doc("What it made.", pattern=DIGEST, default=None)
    job: str | None = doc("The newest Job whose answer was taken.", max_length=63, default=None)
    error: str | None = doc("Why it failed, if it did.", max_length=256, default=None)


@dataclass(frozen=True, kw_only=True)
class BackfillResult:
    """What the PII backfill last did: counts only."""

    mode: str = doc("DryRun or Apply.", max_length=16, default="")
    last_success: datetime | None = doc("When it last finished verified.", default=None)
    scanned: int = doc("Messages read.", default=0, minimum=0)
    redacted: int = doc("Messages changed (a dry run: would be changed).", default=0, minimum=0)
    residue: int = doc("Messages that still hold personal data.", default=0, minimum=0)
    report: str = doc("Where the report is.", max_length=256, default="")
    job: str | None = doc("The newest Job whose answer was taken.", max_length=63, default=None)
    asked: datetime | None = doc("When that Job was made.", default=None)
    error: str | None = doc("Why it failed, if it did.", max_length=256, default=None)


@dataclass(frozen=True, kw_only=True)
class Status:
    """Everything the operator remembers. What is not here, the ledger or the pods know, it does not know."""

    observed_generation: int = doc("The generation this status answers for.", default=0, minimum=0)
    url: str = doc("Where to POST leads.", max_length=512, default="")
    phase: Phase = doc("One word for the whole.", default=Phase.PENDING)
    conditions: tuple[Condition, ...] = doc("What holds.", default=(), list_map_key="type", max_items=16)
    inputs: Inputs | None = doc("Hashes of the parts of the spec that ask for work.", default=None)
    requested: Requested | None = doc("What the user asks for.", default=None)
    candidate: Candidate | None = doc("What is or was judged last and not promoted.", default=None)
    champion: Revision | None = doc("What was decided to serve.", default=None)
    previous: Revision | None = doc("The rollback target.", default=None)
    rollout: Rollout | None = doc("A change of champion in progress.", default=None)
    best: Best | None = doc("The best champion of the last 30 days.", default=None)
    decision: int = doc("Raised by every decision.", default=0, minimum=0)
    gate: GateResult | None = doc("The newest verdict for what is requested.", default=None)
    drift: DriftResult | None = doc("How live leads differ from the champion's reference.", default=None)
    replicas: int = doc("Pods there are.", default=0, minimum=0)
    ready_replicas: int = doc("Pods that serve the champion and are ready.", default=0, minimum=0)
    selector: str = doc("Label selector of the pods, for the scale subresource.", max_length=512, default="")
    quarantine: tuple[Quarantined, ...] = doc(
        "Digests not tried again by themselves.", default=(), list_map_key="digest", max_items=140
    )
    history: tuple[Decision, ...] = doc("The 20 newest decisions, newest first.", default=(), max_items=20)
    rollbacks: tuple[Rollback, ...] = doc("The 5 newest rollbacks, newest first.", default=(), max_items=5)
    hold: Hold | None = doc("Why a passed candidate waits.", default=None)
    handled: Mapping[str, str] = field(
        default_factory=dict,
        metadata={"description": "Verbs acted on, by name.", "max_properties": 8, "max_length": 256},
    )
    poll: PollResult | None = doc("What the source last said.", default=None)
    retraining: RetrainingResult | None = doc("What the nightly retraining last did.", default=None)
    backfill: BackfillResult | None = doc("What the PII backfill last did.", default=None)
