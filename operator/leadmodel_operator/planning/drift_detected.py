"""The condition DriftDetected: the figures of the newest reading of live leads, or why there are none."""

from leadmodel_operator.planning.facts import (
    Answer,
    false,
    true,
    unknown,
)
from leadmodel_operator.resource.status_decisions import DriftResult
from leadmodel_operator.resource.vocabulary import (
    Evidence,
    Reason,
)


def drift_detected(drift: DriftResult | None) -> Answer:
    """Whether live leads are in a sustained breach."""
    if drift is None:
        return unknown(Reason.METRICS_UNAVAILABLE, "no drift window was read yet")
    figures = ""
    if drift.psi is not None:
        hundreds = drift.samples // 100 * 100
        figures = f"PSI {drift.psi:.2f} in {drift.feature} over {hundreds}+ leads"
    if drift.evidence is Evidence.FAIL and drift.sustained:
        return true(Reason.SUSTAINED_BREACH, drift.verdict or figures)
    if drift.evidence is Evidence.FAIL:
        return false(Reason.BREACHING, figures)
    if drift.evidence is Evidence.PASS:
        return false(Reason.WITHIN_LIMITS, figures)
    is_insufficient = drift.evidence is Evidence.INSUFFICIENT
    reason = Reason.INSUFFICIENT_SAMPLES if is_insufficient else Reason.METRICS_UNAVAILABLE
    return unknown(reason, f"{drift.pods} pods answered{_compared(drift)}")


def _compared(drift: DriftResult) -> str:
    """How many live leads were compared, in hundreds; a message must not change with each lead."""
    if drift.compared is None or drift.samples < 100 or drift.compared == drift.samples:
        return ""
    return f"; {drift.compared // 100 * 100}+ of {drift.samples // 100 * 100}+ leads could be compared with the reference"
