"""The spec of a LeadModel: what a user writes.

Frozen dataclasses declare each field with its `kubectl explain` text, default and bounds. `resource/crd.py` generates the CRD from
these classes and holds the rules that compare fields (CEL). Groups of fields are in `spec_*.py` beside this file; the status, which the
operator writes, is in `resource/status.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from leadmodel_operator.resource.fields import Duration, doc
from leadmodel_operator.resource.formats import (
    NAME,
)
from leadmodel_operator.resource.spec_enrichment import Enrichment
from leadmodel_operator.resource.spec_followups import FollowUps
from leadmodel_operator.resource.spec_policies import DriftPolicy, Gate, RollbackPolicy
from leadmodel_operator.resource.spec_rollout import RolloutPolicy
from leadmodel_operator.resource.spec_schedules import PiiBackfill, Retraining
from leadmodel_operator.resource.spec_serving import Predictor
from leadmodel_operator.resource.spec_sources import ArtifactSource, HoldoutSource


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
    rollout: RolloutPolicy = doc(
        "Way of a candidate that passed from no lead to all of them.", default=RolloutPolicy()
    )
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
    enrichment: Enrichment | None = doc(
        "Text model that answers intent, sentiment, urgency and language of what leads write. If absent, predictors answer no texts.",
        default=None,
    )
    follow_ups: FollowUps | None = doc(
        "Messages to leads by score and intent: with consent, once, at a decent hour. If absent, nobody is written to.",
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
