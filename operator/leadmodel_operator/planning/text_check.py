"""The verdict that follows a finished check of a text model. `planning/text_attempts.py` chooses the checks to run.

finished check                                 | what follows
-----------------------------------------------|----------------------------------------------------------
report, and pods could not load this digest    | Fail PodsCannotLoad
report of the pinned digest, or without a pin  | verdict of the gate, see `planning/text_gate.py`
report: the source holds another digest        | DigestMismatch, made again with `backoff`
file over the size limit                       | Fail ArtifactTooLarge
no report                                      | reason of the failure, made again with `backoff`

A verdict changes `status.enrichment` and nothing else: the lead-scoring model serves as before.
"""

from dataclasses import replace

from leadmodel_messages import failure, text_report
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.termination import read
from leadmodel_messages.text_report import TextReport
from leadmodel_operator.planning.facts import without_figures
from leadmodel_operator.planning.job_faults import why_no_answer, why_waiting
from leadmodel_operator.planning.observed import JobKind, JobSeen, JobState
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.polls import NO_ANSWER
from leadmodel_operator.planning.text_attempts import check_name, without_report
from leadmodel_operator.planning.text_gate import TextVerdict, figures_of, judge_text
from leadmodel_operator.planning.text_models import change_text, pinned_text, refused_by_pods
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing, withheld
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_enrichment import (
    EnrichmentStatus,
    TextAttempt,
    TextCandidate,
    TextFigures,
)
from leadmodel_operator.resource.vocabulary import EventReason, Evidence, Reason

_STEP = PlanStep.TEXT_VERDICT
_REASONS = {
    ErrorWord.ARTIFACT_NOT_FOUND: Reason.ARTIFACT_NOT_FOUND,
    ErrorWord.ARTIFACT_BAD_URI: Reason.ARTIFACT_NOT_FOUND,
    ErrorWord.HOLDOUT_UNAVAILABLE: Reason.HOLDOUT_UNAVAILABLE,
}


def record_text_check(state: PassState) -> Outcome:
    """Judge the report of the check once its Job has finished."""
    known = state.status.enrichment
    check = known.check if known is not None else None
    if known is None or check is None or check.error is not None or state.spec.enrichment is None:
        return nothing(_STEP)
    name = check_name(state, check)
    job = next((j for j in state.seen.jobs if j.name == name and _is_own(j, check)), None)
    if job is None or job.state is JobState.RUNNING:
        return _record_waiting(state, check, name)
    report = read(text_report.parse, job.message) if job.may_answer else None
    why = read(failure.parse, job.message) or NO_ANSWER
    if report is not None and report.model is not None:
        return _record_report(state, known, check, report)
    if why.error is ErrorWord.ARTIFACT_TOO_LARGE:
        verdict = TextVerdict(Evidence.FAIL, Reason.ARTIFACT_TOO_LARGE, why.message)
        return _record_verdict(state, known, check.inputs, verdict, why.digest)
    message = why.message or why_no_answer(job, check.waiting)
    return _record_no_report(state, check, _REASONS.get(why.error, Reason.FETCH_RETRYING), message)


def _is_own(job: JobSeen, check: TextAttempt) -> bool:
    """Whether a Job is the one that the operator created for the check: anyone may create one of the same name."""
    return job.kind is JobKind.TEXT_CHECK and job.uid == (check.job or "")


def _record_waiting(state: PassState, check: TextAttempt, name: str) -> Outcome:
    """Record why the running check cannot start, and report a new cause."""
    why = why_waiting(state, JobKind.TEXT_CHECK, name)
    if why != check.waiting:
        change_text(state, check=replace(check, waiting=why))
        if why is not None and without_figures(why) != without_figures(check.waiting or ""):
            state.emit(EventReason.ENRICHMENT_UNAVAILABLE, why, warning=True)
    return withheld(_STEP, why) if why else nothing(_STEP)


def _record_no_report(state: PassState, check: TextAttempt, reason: Reason, message: str) -> Outcome:
    """Record that nothing could be measured: never a fault of the text model, and tried again for ever."""
    error = message[:512] or "the check gave no reason"
    change_text(state, check=without_report(check, reason=reason, error=error, since=state.now))
    if check.attempt == 1:
        state.emit(EventReason.ENRICHMENT_UNAVAILABLE, f"the text model: {error}", warning=True)
    return withheld(_STEP, error)


def _record_report(
    state: PassState, known: EnrichmentStatus, check: TextAttempt, report: TextReport
) -> Outcome:
    spec, pin = state.spec.enrichment, pinned_text(state)
    assert spec is not None
    assert report.model is not None
    digest = report.model.digest
    if report.reason == ErrorWord.SOURCE_MOVED or (pin is not None and digest != pin):
        message = f"the source holds {short(digest)} instead of {short(pin)}"
        return _record_no_report(state, check, Reason.DIGEST_MISMATCH, message)
    if "intent" in report.model.heads and report.measured is None and report.outcome == "Measured":
        return _record_no_report(state, check, Reason.FETCH_RETRYING, "the report has no figures of intents")
    compared = known.digest if pin is None and digest != known.digest else None
    verdict = judge_text(report, spec, compared)
    if verdict.evidence is Evidence.PASS and (entry := refused_by_pods(state, digest)) is not None:
        verdict = TextVerdict(
            Evidence.FAIL, Reason.PODS_CANNOT_LOAD, f"pods could not load it: {entry.reason}"
        )
    if (figures := _serving_figures(known, report)) is not None:
        known = change_text(state, figures=figures)
    return _record_verdict(state, known, check.inputs, verdict, digest, figures_of(report))


def _serving_figures(known: EnrichmentStatus, report: TextReport) -> TextFigures | None:
    """The figures of the text model that serves, where a report has them."""
    if report.model is not None and report.model.digest == known.digest:
        return figures_of(report)
    if report.serving is None or report.serving.digest != known.digest:
        return None
    scope = known.figures.scope_auroc if known.figures else None
    measured = report.serving.measured
    return TextFigures(
        macro_f1=round(measured.macro_f1, 4),
        coverage=round(measured.coverage, 4),
        scope_auroc=scope,
        calibration_error=round(measured.ece, 4),
    )


def _record_verdict(  # noqa: PLR0917  # a verdict has this many facts
    state: PassState,
    known: EnrichmentStatus,
    inputs: str,
    verdict: TextVerdict,
    digest: str | None,
    figures: TextFigures | None = None,
) -> Outcome:
    before = known.candidate
    candidate = TextCandidate(
        digest=digest,
        inputs=inputs,
        at=state.now,
        verdict=verdict.evidence,
        reason=verdict.reason,
        message=verdict.message[:512],
        figures=figures,
    )
    change_text(state, candidate=candidate, check=None, last_check=state.now)
    words = f"{short(digest)}: {verdict.message}"
    if verdict.evidence is Evidence.PASS:
        return did(_STEP, words)
    if before is None or (before.digest, before.reason) != (digest, verdict.reason):
        state.emit(EventReason.ENRICHMENT_REJECTED, f"text model {words}", warning=True)
    return withheld(_STEP, words)
