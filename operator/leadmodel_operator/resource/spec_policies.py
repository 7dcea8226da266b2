"""Limits in the spec: of the gate, of drift on live leads, and of rollbacks."""

from dataclasses import dataclass
from typing import Literal

from leadmodel_operator.resource.fields import Duration, doc


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
