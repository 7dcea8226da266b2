"""Limits in the spec: of the gate, of drift on live leads, and of rollbacks."""

from dataclasses import dataclass, field
from typing import Literal

from leadmodel_operator.resource.fields import Duration, doc


@dataclass(frozen=True, kw_only=True)
class LiveGate:
    """What a candidate must show on leads that the champion answers, before it answers any."""

    policy: Literal["Require", "Report", "Off"] | None = doc(
        'Require refuses a candidate that live leads do not fit while they fit the champion. Report only records it. "Off" (in quotes: YAML reads a bare Off as false) asks no pod. '
        "If absent: Require, but Report for a pinned artifact.",
        default=None,
    )
    min_samples: int = doc(
        "Lowest number of leads that must be compared with the candidate's reference.",
        default=150,
        minimum=30,
        maximum=100_000,
    )
    max_wait: Duration = doc(
        "Longest time to wait for that many leads.",
        default=Duration("1h"),
        minimum_s=0,
        maximum_s=604800,
    )
    on_insufficient: Literal["Promote", "Hold"] = doc(
        "Action when that many leads have not come by then.", default="Promote"
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
    live: LiveGate = field(
        default=LiveGate(),
        repr=False,  # verdicts on the holdout name the settings by their repr: they do not lapse with these
        metadata={"description": "Limits on live leads, before a candidate answers any."},
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
