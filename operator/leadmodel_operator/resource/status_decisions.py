"""Decisions in status, with the figures that led to them: gate, drift, quarantine, history, rollbacks, holds."""

from dataclasses import dataclass
from datetime import datetime

from leadmodel_operator.resource.fields import doc
from leadmodel_operator.resource.formats import DIGEST
from leadmodel_operator.resource.vocabulary import (
    Blocker,
    Evidence,
    QuarantineKind,
    Reason,
)


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
