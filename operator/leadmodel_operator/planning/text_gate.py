"""The gate of text models: what a report must show before its text model may serve, as a chain of rules. The first failure wins.

report                                                  | verdict
--------------------------------------------------------|----------------------------------
the bytes are no text model of this release             | Fail SchemaMismatch
too few labelled messages                               | Insufficient HoldoutTooSmall
the messages cannot be read                             | Insufficient HoldoutUnavailable
a head of spec.enrichment.heads is missing              | Fail HeadMissing
a language of spec.enrichment.languages is missing      | Fail LanguageMissing
macro-F1 below minMacroF1                               | Fail MacroF1BelowMinimum
worse than the serving one by more than maxRegression   | Fail WorseThanServing
scope AUROC below minScopeAuroc                         | Fail ScopeAurocBelowMinimum
calibration error above maxCalibrationError             | Fail CalibrationErrorTooLarge
otherwise                                               | Pass GatePassed

Pure: a report and limits of the spec in, a verdict out. A text model without intents, which nobody asks for, has no figures to judge.
"""

from collections.abc import Callable
from dataclasses import dataclass

from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.report import Outcome
from leadmodel_messages.text_report import TextReport
from leadmodel_operator.resource.spec_enrichment import Enrichment
from leadmodel_operator.resource.status_enrichment import TextFigures
from leadmodel_operator.resource.vocabulary import Evidence, Reason


@dataclass(frozen=True)
class TextVerdict:
    """The outcome of the gate of text models, its reason in one word and in one sentence."""

    evidence: Evidence
    reason: Reason
    message: str


@dataclass(frozen=True)
class _Case:
    report: TextReport
    spec: Enrichment
    serving: str | None  # digest to compare with; None: no comparison


def judge_text(report: TextReport, spec: Enrichment, serving: str | None) -> TextVerdict:
    """Judge a report; `serving` is the digest of the text model to compare with, None for no comparison."""
    case = _Case(report, spec, serving)
    failed = (verdict for rule in RULES if (verdict := rule(case)) is not None)
    return next(failed, TextVerdict(Evidence.PASS, Reason.GATE_PASSED, _figures_in_words(report)))


def figures_of(report: TextReport) -> TextFigures | None:
    """The figures of a report for status; None where nothing was measured."""
    measured = report.measured
    if measured is None:
        return None
    return TextFigures(
        macro_f1=round(measured.macro_f1, 4),
        coverage=round(measured.coverage, 4),
        scope_auroc=None if report.scope_auroc is None else round(report.scope_auroc, 4),
        calibration_error=round(measured.ece, 4),
    )


def _figures_in_words(report: TextReport) -> str:
    measured = report.measured
    if measured is None:
        return "it has no intents to measure"
    scope = "" if report.scope_auroc is None else f", scope AUROC {report.scope_auroc:.3f}"
    return (
        f"macro-F1 {measured.macro_f1:.3f}, answers {measured.coverage:.0%}{scope}, "
        f"calibration error {measured.ece:.3f}"
    )


def _fail(reason: Reason, message: str) -> TextVerdict:
    return TextVerdict(Evidence.FAIL, reason, message)


def _unreadable(case: _Case) -> TextVerdict | None:
    if case.report.outcome is not Outcome.REFUSED:
        return None
    return _fail(
        Reason.SCHEMA_MISMATCH, f"no text model of this release: {case.report.detail or case.report.reason}"
    )


def _unmeasured(case: _Case) -> TextVerdict | None:
    if case.report.outcome is not Outcome.NOT_MEASURABLE:
        return None
    too_small = case.report.reason == ErrorWord.HOLDOUT_TOO_SMALL
    reason = Reason.HOLDOUT_TOO_SMALL if too_small else Reason.HOLDOUT_UNAVAILABLE
    return TextVerdict(Evidence.INSUFFICIENT, reason, case.report.detail or case.report.reason)


def _missing_head(case: _Case) -> TextVerdict | None:
    has = case.report.model.heads if case.report.model else ()
    missing = [head for head in case.spec.heads if head not in has]
    return _fail(Reason.HEAD_MISSING, f"it has no head {', '.join(missing)}") if missing else None


def _missing_language(case: _Case) -> TextVerdict | None:
    has = case.report.model.languages if case.report.model else ()
    missing = [language for language in case.spec.languages if language not in has]
    return _fail(Reason.LANGUAGE_MISSING, f"it does not answer in {', '.join(missing)}") if missing else None


def _weak(case: _Case) -> TextVerdict | None:
    measured, least = case.report.measured, case.spec.min_macro_f1
    if measured is None or measured.macro_f1 >= least:
        return None
    return _fail(
        Reason.MACRO_F1_BELOW_MINIMUM, f"macro-F1 {measured.macro_f1:.3f} is below minMacroF1 {least:g}"
    )


def _worse(case: _Case) -> TextVerdict | None:
    measured, other = case.report.measured, case.report.serving
    if measured is None or other is None or case.serving is None or other.digest != case.serving:
        return None
    loss = other.measured.macro_f1 - measured.macro_f1
    if loss <= case.spec.max_regression:
        return None
    figures = f"macro-F1 {measured.macro_f1:.3f} against {other.measured.macro_f1:.3f} on the same messages"
    return _fail(
        Reason.WORSE_THAN_SERVING, f"{figures}: more than maxRegression {case.spec.max_regression:g}"
    )


def _no_scope(case: _Case) -> TextVerdict | None:
    auroc, least = case.report.scope_auroc, case.spec.min_scope_auroc
    if auroc is None or auroc >= least:
        return None
    return _fail(
        Reason.SCOPE_AUROC_BELOW_MINIMUM, f"scope AUROC {auroc:.3f} is below minScopeAuroc {least:g}"
    )


def _uncalibrated(case: _Case) -> TextVerdict | None:
    measured, most = case.report.measured, case.spec.max_calibration_error
    if measured is None or measured.ece <= most:
        return None
    return _fail(
        Reason.CALIBRATION_ERROR_TOO_LARGE,
        f"calibration error {measured.ece:.3f} is above maxCalibrationError {most:g}",
    )


RULES: tuple[Callable[[_Case], TextVerdict | None], ...] = (
    _unreadable,
    _unmeasured,
    _missing_head,
    _missing_language,
    _weak,
    _worse,
    _no_scope,
    _uncalibrated,
)
