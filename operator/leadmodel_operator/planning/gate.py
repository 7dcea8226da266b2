"""The gate: what a report must show before its artifact may serve, as a chain of rules. The first failure wins.

Pure: a report and limits of the spec in, a verdict out. Every comparison is written so that NaN fails.
"""

from collections.abc import Callable
from dataclasses import dataclass

from leadmodel_messages.report import Comparison, Outcome, Report
from leadmodel_messages.table_values import outcome
from leadmodel_messages.texts import one_line
from leadmodel_operator.resource.spec_policies import Gate
from leadmodel_operator.resource.status_decisions import GateResult
from leadmodel_operator.resource.vocabulary import Evidence, Reason
from leadmodel_statistics.ranking import Z_95

LOWER_MARGIN = 0.05  # how far below minAuc the lower bound may lie
MIN_SHARE = 0.5  # of the holdout's rows that must count
YES = "yes"  # the value that counts as converted where nobody names another
BEST_FACTOR = 2.0  # the margin against the best of 30 days, in maxRegression


@dataclass(frozen=True)
class Verdict:
    """The outcome of the gate, its reason in one word and in one sentence, and the figures for status."""

    evidence: Evidence
    reason: Reason
    message: str
    result: GateResult


@dataclass(frozen=True)
class _Failed:
    evidence: Evidence
    reason: Reason
    message: str


@dataclass(frozen=True)
class _Case:
    report: Report
    min_auc: float
    gate: Gate
    compare: bool
    label: str | None
    positive: str | None


def judge(
    report: Report,
    *,
    min_auc: float,
    gate: Gate,
    compare: bool,
    label: str | None = None,
    positive: str | None = None,
) -> Verdict:
    """Judge a report.

    Args:
        report: The measurements of a validation.
        min_auc: The lowest AUC that may serve.
        gate: The other limits of the gate.
        compare: Whether the comparisons with champion and best champion bind; if not, they are only reported.
        label: The column that tells the outcome; None: any that the artifact names.
        positive: The value of that column for a lead that converted; None: yes, true or 1.
    """
    case = _Case(report, min_auc, gate, compare, label, positive)
    failed = next((failure for rule in _CHAIN if (failure := rule(case)) is not None), None)
    evidence, reason = (failed.evidence, failed.reason) if failed else (Evidence.PASS, Reason.GATE_PASSED)
    message = (
        failed.message
        if failed
        else f"AUC {_round(report.auc)} on the holdout, at least {min_auc:g} is asked for"
    )
    if report.outcome is Outcome.MEASURED and report.detail:
        message += f"; {report.detail}"
    return Verdict(evidence, reason, message, _result(case, evidence, reason))


def _result(case: _Case, evidence: Evidence, reason: Reason) -> GateResult:
    report, used = case.report, case.report.used
    delta = report.champion
    return GateResult(
        digest=report.artifact.digest if report.artifact else "sha256:" + "0" * 64,
        auc=report.auc,
        lower=report.lower,
        min_auc=case.min_auc,
        positives=used.positives if used else 0,
        negatives=used.negatives if used else 0,
        holdout_digest=report.holdout_digest,
        delta=delta.delta if delta else None,
        delta_lower=delta.delta - Z_95 * delta.se if delta else None,
        verdict=evidence,
        reason=reason,
    )


def _round(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4f}"


def _is_model(case: _Case) -> _Failed | None:
    if case.report.outcome is not Outcome.REFUSED:
        return None
    if case.report.reason == "DigestMismatch":
        return _Failed(
            Evidence.UNAVAILABLE,
            Reason.DIGEST_MISMATCH,
            "the source holds another artifact than the one asked for",
        )
    detail = f": {case.report.detail}" if case.report.detail else ""
    message = f"the artifact is refused: {case.report.reason}{detail}"
    return _Failed(Evidence.FAIL, Reason.SCHEMA_MISMATCH, message)


def _names_the_label(case: _Case) -> _Failed | None:
    """Refuse a model that is measured by a column of its own choice: it could name one that it knows by heart."""
    named = case.report.artifact.label if case.report.artifact else None
    if case.label is None or named is None or named == case.label:
        return None
    shown = one_line(named, 128)
    return _Failed(
        Evidence.FAIL,
        Reason.SCHEMA_MISMATCH,
        f"the artifact takes column {shown!r} for the outcome, the spec {case.label!r}: set holdout.label or train with that label",
    )


def _names_the_outcome(case: _Case) -> _Failed | None:
    """Refuse a model that chooses which outcome counts as converted: a model that is worse than chance would pass by swapping them."""
    named = case.report.artifact.positive if case.report.artifact else None
    if _same_outcome(named or YES, case.positive or YES):
        return None
    shown, wanted = one_line(named or YES, 128), case.positive or YES
    return _Failed(
        Evidence.FAIL,
        Reason.SCHEMA_MISMATCH,
        f"the artifact counts {shown!r} as converted, the spec {wanted!r}: set holdout.positive or train with that value",
    )


def _same_outcome(named: str, wanted: str) -> bool:
    """Whether two words mean the same outcome: they are one word, or one is yes and the other is no word for no."""
    if named.strip().lower() == wanted.strip().lower():
        return True
    return outcome(named) is True and outcome(wanted) is not False


def _has_rows(case: _Case) -> _Failed | None:
    used, gate = case.report.used, case.gate
    if case.report.outcome is Outcome.NOT_MEASURABLE and case.report.reason == "HoldoutTooOld":
        return _Failed(
            Evidence.INSUFFICIENT,
            Reason.HOLDOUT_TOO_OLD,
            "no labelled lead is newer than the training; renew the holdout",
        )
    if used is None:
        return _Failed(Evidence.UNAVAILABLE, Reason.HOLDOUT_UNAVAILABLE, "the holdout could not be read")
    if not (used.positives >= gate.min_positives and used.negatives >= gate.min_negatives):
        return _Failed(
            Evidence.INSUFFICIENT,
            Reason.HOLDOUT_TOO_SMALL,
            f"{used.positives} positive and {used.negatives} negative leads, at least {gate.min_positives} and "
            f"{gate.min_negatives} are needed to judge",
        )
    return None


def _counts_most_rows(case: _Case) -> _Failed | None:
    """Refuse to judge on a small part of the holdout, which the artifact chooses by the time that it names as its newest row."""
    used, all_rows = case.report.used, case.report.holdout
    if used is None or all_rows is None or used.rows >= MIN_SHARE * all_rows.rows:
        return None
    return _Failed(
        Evidence.INSUFFICIENT,
        Reason.HOLDOUT_TOO_OLD,
        f"only {used.rows} of {all_rows.rows} labelled leads are newer than the training, at least half are needed to judge; "
        "renew the holdout",
    )


def _is_measured(case: _Case) -> _Failed | None:
    if (
        case.report.outcome is Outcome.MEASURED
        and case.report.auc is not None
        and case.report.lower is not None
    ):
        return None
    return _Failed(
        Evidence.UNAVAILABLE, Reason.HOLDOUT_UNAVAILABLE, "the holdout does not let the AUC be measured"
    )


def _reaches_minimum(case: _Case) -> _Failed | None:
    area = case.report.auc
    if area is not None and area >= case.min_auc:
        return None
    return _Failed(
        Evidence.FAIL,
        Reason.AUC_BELOW_MINIMUM,
        f"AUC {_round(area)} on the holdout is below minAuc {case.min_auc:g}",
    )


def _surely_near_minimum(case: _Case) -> _Failed | None:
    lower, least = case.report.lower, case.min_auc - LOWER_MARGIN
    if lower is not None and lower >= least:
        return None
    return _Failed(
        Evidence.FAIL,
        Reason.AUC_BELOW_MINIMUM,
        f"the AUC may be as low as {_round(lower)}, at least {least:g} must be sure",
    )


def _keeps_up(
    pick: Callable[[Report], Comparison | None], who: str, factor: float
) -> Callable[[_Case], _Failed | None]:
    def check(case: _Case) -> _Failed | None:
        other = pick(case.report)
        if not case.compare or other is None:
            return None
        if not (other.positives >= case.gate.min_positives and other.negatives >= case.gate.min_negatives):
            return _Failed(
                Evidence.INSUFFICIENT,
                Reason.HOLDOUT_TOO_OLD,
                f"too few labelled leads are newer than the training of both this model and the {who}; renew the holdout",
            )
        return _compare(case, other, who, factor * case.gate.max_regression)

    return check


def _compare(case: _Case, other: Comparison, who: str, margin: float) -> _Failed | None:
    delta, spread = other.delta, Z_95 * other.se
    if not (delta + spread >= 0 and delta >= -margin):
        why = "surely worse" if delta + spread < 0 else f"an unsure loss may be {margin:g} at most"
        return _Failed(
            Evidence.FAIL,
            Reason.WORSE_THAN_CHAMPION,
            f"AUC {delta:+.4f} (±{spread:.4f}) against the {who} on the same leads: {why}",
        )
    if delta - spread > -margin or case.gate.on_inconclusive == "Promote":
        return None
    return _Failed(
        Evidence.INSUFFICIENT,
        Reason.INCONCLUSIVE,
        f"AUC {delta:+.4f} (±{spread:.4f}) against the {who} decides neither way; gate.onInconclusive is Hold",
    )


_CHAIN: tuple[Callable[[_Case], _Failed | None], ...] = (
    _is_model,
    _names_the_label,
    _names_the_outcome,
    _has_rows,
    _counts_most_rows,
    _is_measured,
    _reaches_minimum,
    _surely_near_minimum,
    _keeps_up(lambda report: report.champion, "champion", 1.0),
    _keeps_up(lambda report: report.best, "best champion of 30 days", BEST_FACTOR),
)
