"""The status of a LeadModel: what the operator writes and users read.

Frozen dataclasses declare each field with its `kubectl explain` text; every instant is a timezone-aware UTC datetime.
`resource/conversion.py` turns a status into a document and back; the planner decides the values. Groups of
fields are in `status_*.py` beside this file.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from leadmodel_operator.resource.fields import doc
from leadmodel_operator.resource.status_challenger import Challenger
from leadmodel_operator.resource.status_decisions import (
    Decision,
    DriftResult,
    GateResult,
    Hold,
    Quarantined,
    Rollback,
)
from leadmodel_operator.resource.status_enrichment import EnrichmentStatus
from leadmodel_operator.resource.status_followups import FollowUpsStatus
from leadmodel_operator.resource.status_jobs import BackfillResult, PollResult, RetrainingResult
from leadmodel_operator.resource.status_models import Best, Candidate, Requested, Revision, Rollout
from leadmodel_operator.resource.vocabulary import (
    ConditionStatus,
    ConditionType,
    Phase,
    Reason,
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
    challenger: Challenger | None = doc(
        "Newest candidate that was checked against live leads before it answers any.", default=None
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
    enrichment: EnrichmentStatus | None = doc(
        "Text model that serves, and the newest one that was judged. Absent without spec.enrichment.",
        default=None,
    )
    follow_ups: FollowUpsStatus | None = doc(
        "Follow-ups, as their pods report them. Absent without spec.followUps.", default=None
    )
