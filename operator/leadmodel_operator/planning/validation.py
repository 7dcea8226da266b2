"""Validation: the verdict that follows a finished validation. `planning/attempts.py` chooses the validations to run.

finished validation                         | verdict      | what follows
--------------------------------------------|--------------|---------------------------------------------
report of the candidate's digest            | of the gate  | see `planning/gate.py`
report: the source holds another digest     | none         | the other digest is requested; a pin and a lost
                                            |              | champion stay Unavailable and are retried
file over the size limit                    | Fail         | refused until the source changes
no report, or the report of another digest  | Unavailable  | retried for ever with `backoff`
"""

from dataclasses import replace

from leadmodel_messages import failure, report
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.report import Report
from leadmodel_messages.termination import read
from leadmodel_operator.planning.attempts import job_name, verdict_inputs
from leadmodel_operator.planning.gate import Verdict, judge
from leadmodel_operator.planning.job_faults import why_no_answer, why_waiting
from leadmodel_operator.planning.observed import JobKind, JobSeen, JobState
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.polls import NO_ANSWER
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing, withheld
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_decisions import Quarantined
from leadmodel_operator.resource.status_jobs import PollResult
from leadmodel_operator.resource.status_models import Candidate, Requested
from leadmodel_operator.resource.vocabulary import EventReason, Evidence, QuarantineKind, Reason, Source


def record_validation(state: PassState) -> Outcome:
    """Judge the report of the candidate's Job once the Job has finished."""
    step, candidate = PlanStep.VERDICT, state.status.candidate
    if candidate is None or candidate.digest is None:
        return nothing(step)
    if candidate.verdict is None:
        job = _finished_job(state, candidate)
        if job is None:
            return _record_waiting(state, candidate)
        _record_job(state, candidate, job)
        candidate = state.status.candidate
        if candidate is None:
            return did(step, "the report was processed; no candidate is left")
    verdict = f"{short(candidate.digest)}: {candidate.verdict} ({candidate.reason})"
    return did(step, verdict) if candidate.verdict is Evidence.PASS else withheld(step, verdict)


def _record_waiting(state: PassState, candidate: Candidate) -> Outcome:
    """Record why the running validation cannot start."""
    why = why_waiting(state, JobKind.VALIDATION, job_name(state, candidate)) or ""
    if why != candidate.message:
        state.change(candidate=replace(candidate, message=why))
    return withheld(PlanStep.VERDICT, why) if why else nothing(PlanStep.VERDICT)


def _finished_job(state: PassState, candidate: Candidate) -> JobSeen | None:
    name = job_name(state, candidate)
    jobs = (j for j in state.seen.jobs if j.kind is JobKind.VALIDATION and j.name == name)
    job = next((j for j in jobs if is_own(j, candidate)), None)
    return None if job is None or job.state is JobState.RUNNING else job


def is_own(job: JobSeen, candidate: Candidate) -> bool:
    """Whether a Job is the one that the operator created for the candidate.

    Whoever may create Jobs can make one of the same name, with the same owner, that reports what they like.
    """
    return job.uid == (candidate.job or "")


def _record_job(state: PassState, candidate: Candidate, job: JobSeen) -> None:
    measured = read(report.parse, job.message) if job.may_answer else None
    if measured is None or measured.artifact is None:
        record_no_report(state, candidate, job)
    elif measured.reason == ErrorWord.SOURCE_MOVED:
        _record_source_changed(state, candidate, measured.artifact.digest)
    elif measured.artifact.digest == candidate.digest:
        judge_candidate(state, candidate, measured)
    else:
        record_no_report(state, candidate, job)


_REASONS = {
    ErrorWord.ARTIFACT_NOT_FOUND: Reason.ARTIFACT_NOT_FOUND,
    ErrorWord.ARTIFACT_BAD_URI: Reason.ARTIFACT_NOT_FOUND,  # a URI that no store understands holds nothing
    ErrorWord.HOLDOUT_UNAVAILABLE: Reason.HOLDOUT_UNAVAILABLE,
    ErrorWord.ARTIFACT_TOO_LARGE: Reason.ARTIFACT_TOO_LARGE,
}


def record_no_report(state: PassState, candidate: Candidate, job: JobSeen) -> None:
    """Record that the candidate could not be measured: never a fault of the model, and retried for ever."""
    why = read(failure.parse, job.message) or NO_ANSWER
    reason = _REASONS.get(why.error, Reason.FETCH_RETRYING)
    message = (why.message or why_no_answer(job, candidate.message))[:512]
    if reason is Reason.ARTIFACT_TOO_LARGE:
        state.change(candidate=replace(candidate, verdict=Evidence.FAIL, reason=reason, message=message))
        state.emit(EventReason.GATE_FAILED, f"{short(candidate.digest)}: {message}", warning=True)
        return
    state.change(
        candidate=replace(
            candidate, verdict=Evidence.UNAVAILABLE, reason=reason, message=message, since=state.now
        )
    )
    if candidate.attempt == 1:
        state.emit(EventReason.VALIDATION_UNAVAILABLE, f"{short(candidate.digest)}: {message}", warning=True)


def _record_source_changed(state: PassState, candidate: Candidate, digest: str) -> None:
    """Request the digest that the source holds by now instead of the candidate; a pin and a lost champion wait for their own."""
    champion = state.champion
    if state.pinned or (champion is not None and champion.digest == candidate.digest):
        message = f"the source holds {short(digest)} instead of {short(candidate.digest)}"
        state.change(
            candidate=replace(
                candidate,
                verdict=Evidence.UNAVAILABLE,
                reason=Reason.DIGEST_MISMATCH,
                message=message,
                since=state.now,
            )
        )
        if candidate.attempt == 1:
            state.emit(EventReason.DIGEST_MISMATCH, message, warning=True)
        return
    requested = state.status.requested
    uri = requested.uri if requested else ""
    source = requested.source if requested else Source.POLL
    state.change(requested=Requested(digest=digest, source=source, uri=uri, at=state.now), candidate=None)


def judge_candidate(state: PassState, candidate: Candidate, report: Report) -> None:
    """Record the verdict of the gate on a report; a refused candidate is quarantined, the champion never."""
    champion = state.champion
    rejudged = champion is not None and champion.digest == candidate.digest
    compare = not state.pinned and not rejudged
    spec = state.spec
    verdict = judge(
        report,
        min_auc=spec.min_auc,
        gate=spec.gate,
        compare=compare,
        label=spec.label,
        positive=spec.positive,
    )
    if report.holdout_digest:
        _record_holdout(state, report.holdout_digest)
    inputs = verdict_inputs(state, candidate.digest or "")
    candidate = replace(
        candidate,
        inputs=inputs,
        verdict=verdict.evidence,
        reason=verdict.reason,
        message=verdict.message[:512],
        holdout_digest=report.holdout_digest,
        version=report.artifact.version if report.artifact else None,
        since=state.now if verdict.evidence is Evidence.UNAVAILABLE else candidate.since,
    )
    state.change(candidate=candidate, gate=verdict.result)
    if rejudged and champion is not None:
        _record_rejudged(state, candidate)
        return
    if verdict.evidence is Evidence.FAIL and candidate.digest:
        _quarantine(state, candidate.digest, verdict, inputs)
    elif verdict.evidence is Evidence.PASS:
        state.emit(EventReason.GATE_PASSED, f"{short(candidate.digest)}: {verdict.message}")
    else:
        state.emit(EventReason.GATE_UNDECIDED, f"{short(candidate.digest)}: {verdict.message}", warning=True)


def _quarantine(state: PassState, digest: str, verdict: Verdict, inputs: str) -> None:
    entry = Quarantined(
        digest=digest,
        kind=QuarantineKind.GATE,
        reason=verdict.reason,
        since=state.now,
        inputs=inputs,
        evidence=verdict.message[:160],
    )
    state.add_to_quarantine(entry)
    state.emit(EventReason.GATE_FAILED, f"{short(digest)}: {verdict.message}", warning=True)


def _record_rejudged(state: PassState, candidate: Candidate) -> None:
    """Record that the champion passed a new gate; the champion serves on whatever the verdict."""
    champion = state.champion
    if champion is None or candidate.verdict is not Evidence.PASS:
        return
    measured = state.status.gate.auc if state.status.gate else None
    # The AUC is an argument of the champion's pods: a changed value would restart them.
    auc = champion.auc if champion.auc is not None else measured
    state.change(champion=replace(champion, passed=state.gate_hash, auc=auc), candidate=None)


def _record_holdout(state: PassState, digest: str) -> None:
    known = state.status.poll or PollResult()
    if known.holdout_digest != digest:
        state.change(poll=replace(known, holdout_digest=digest, holdout_etag=None))
