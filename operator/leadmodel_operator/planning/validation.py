"""Validation: which digest needs a verdict, what a finished validation reported, and when a validation is repeated.

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
from leadmodel_operator.planning.gate import judge
from leadmodel_operator.planning.observed import JobKind, JobSeen, JobState, Validation
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.polls import NO_ANSWER, backoff
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing, withheld
from leadmodel_operator.resource.digest import hashed, short
from leadmodel_operator.resource.status import Candidate, PollResult, Quarantined, Requested
from leadmodel_operator.resource.vocabulary import Evidence, QuarantineKind, Reason, Source


def verdict_inputs(state: PassState, digest: str) -> str:
    """The hash of everything a verdict depends on: digest, gate, holdout, image, and the champion if the comparison binds."""
    champion = (
        state.champion.digest
        if state.champion and state.champion.digest != digest and not state.pinned
        else None
    )
    return hashed(digest, state.gate_hash, _holdout_digest(state), state.image, champion, state.pinned)


def _holdout_digest(state: PassState) -> str | None:
    return state.spec.holdout.digest or (state.status.poll.holdout_digest if state.status.poll else None)


def subject(state: PassState) -> str | None:
    """The digest that needs a verdict now; None if none does. A Gate entry whose inputs changed is released."""
    requested, champion = state.status.requested, state.champion
    if champion is not None and not state.is_reachable(champion.digest):
        return champion.digest
    if requested is None or state.permanent_entry(requested.digest) is not None:
        return None
    if champion is not None and requested.digest == champion.digest:
        return None if champion.passed == state.gate_hash else requested.digest
    entry = state.quarantine_entry(requested.digest)
    if entry is not None:
        if entry.inputs == verdict_inputs(state, requested.digest):
            return None
        state.release(requested.digest)
    return requested.digest


def record_validation(state: PassState) -> Outcome:
    """Judge the report of the candidate's Job once the Job has finished."""
    step, candidate = PlanStep.VERDICT, state.status.candidate
    if candidate is None or candidate.digest is None:
        return nothing(step)
    if candidate.verdict is None:
        job = _finished_job(state, candidate)
        if job is None:
            return nothing(step)
        _record_job(state, candidate, job)
        candidate = state.status.candidate
        if candidate is None:
            return did(step, "the report was processed; no candidate is left")
    verdict = f"{short(candidate.digest)}: {candidate.verdict} ({candidate.reason})"
    return did(step, verdict) if candidate.verdict is Evidence.PASS else withheld(step, verdict)


def _finished_job(state: PassState, candidate: Candidate) -> JobSeen | None:
    name = job_name(state, candidate)
    job = next((j for j in state.seen.jobs if j.kind is JobKind.VALIDATION and j.name == name), None)
    return None if job is None or job.state is JobState.RUNNING else job


def _record_job(state: PassState, candidate: Candidate, job: JobSeen) -> None:
    measured = read(report.parse, job.message) if job.state is JobState.SUCCEEDED else None
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
    ErrorWord.HOLDOUT_UNAVAILABLE: Reason.HOLDOUT_UNAVAILABLE,
    ErrorWord.ARTIFACT_TOO_LARGE: Reason.ARTIFACT_TOO_LARGE,
}


def record_no_report(state: PassState, candidate: Candidate, job: JobSeen) -> None:
    """Record that the candidate could not be measured: never a fault of the model, and retried for ever."""
    why = read(failure.parse, job.message) or NO_ANSWER
    reason = _REASONS.get(why.error, Reason.FETCH_RETRYING)
    fault = f" ({job.fault.reason})" if job.fault else ""
    message = (why.message or f"the validation ended without a report{fault}")[:512]
    if reason is Reason.ARTIFACT_TOO_LARGE:
        state.change(candidate=replace(candidate, verdict=Evidence.FAIL, reason=reason, message=message))
        state.emit("GateFailed", f"{short(candidate.digest)}: {message}", warning=True)
        return
    state.change(
        candidate=replace(
            candidate, verdict=Evidence.UNAVAILABLE, reason=reason, message=message, since=state.now
        )
    )
    if candidate.attempt == 1:
        state.emit("ValidationUnavailable", f"{short(candidate.digest)}: {message}", warning=True)


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
    verdict = judge(report, min_auc=state.spec.min_auc, gate=state.spec.gate, compare=compare)
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
        entry = Quarantined(
            digest=candidate.digest,
            kind=QuarantineKind.GATE,
            reason=verdict.reason,
            since=state.now,
            inputs=inputs,
            evidence=verdict.message[:160],
        )
        state.add_to_quarantine(entry)
        state.emit("GateFailed", f"{short(candidate.digest)}: {verdict.message}", warning=True)
    elif verdict.evidence is Evidence.PASS:
        state.emit("GatePassed", f"{short(candidate.digest)}: {verdict.message}")
    else:
        state.emit("GateUndecided", f"{short(candidate.digest)}: {verdict.message}", warning=True)


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


# --- what to measure next -------------------------------------------------------------------------------------------------------


def next_validation(state: PassState) -> tuple[Validation | None, Outcome]:
    """Choose the validation that should run now; None if none should.

    The attempt is recorded in status before the runtime creates the Job.
    """
    step, digest, candidate = PlanStep.VALIDATION, subject(state), state.status.candidate
    if digest is None:
        _drop_candidate(state)
        return None, nothing(step)
    inputs = verdict_inputs(state, digest)
    if candidate is None or candidate.digest != digest or candidate.inputs != inputs:
        if (why := state.why_suspended) is not None:
            return None, withheld(step, why)
        candidate = Candidate(
            digest=digest, inputs=inputs, attempt=1, since=state.now, started=state.now, source=state.source
        )
        state.change(candidate=candidate)
    elif not state.is_suspended:
        candidate = _repeat(state, candidate)
    if candidate.verdict is Evidence.UNAVAILABLE:
        due = candidate.since + backoff(candidate.attempt)
        return None, withheld(step, f"{short(digest)} is validated again at {due:%H:%M:%S} UTC")
    if candidate.verdict is not None:
        return None, nothing(step)
    if (why := state.why_suspended) is not None and candidate.since == state.now:
        return None, withheld(step, why)
    return _validation(state, candidate), did(step, f"{short(digest)} is measured on the holdout")


def _drop_candidate(state: PassState) -> None:
    """Drop the candidate when nothing needs a verdict; a refused candidate stays for people to see."""
    candidate = state.status.candidate
    if candidate is not None and candidate.verdict is not Evidence.FAIL:
        state.change(candidate=None)


def _repeat(state: PassState, candidate: Candidate) -> Candidate:
    """Start another attempt when its time has come, or when the bytes of a passed candidate were lost before they were kept."""
    if candidate.verdict is Evidence.UNAVAILABLE:
        due = candidate.since + backoff(candidate.attempt)
        if state.now < due:
            state.requeue_at(due)
            return candidate
    elif candidate.verdict is not Evidence.PASS or _is_kept(state, candidate):
        return candidate
    repeated = replace(
        candidate, attempt=candidate.attempt + 1, verdict=None, reason=None, message="", since=state.now
    )
    state.change(candidate=repeated)
    return repeated


def _is_kept(state: PassState, candidate: Candidate) -> bool:
    return candidate.digest in state.seen.snapshots or candidate.digest == state.seen.mailbox


def job_name(state: PassState, candidate: Candidate) -> str:
    """The name of the candidate's Job: `<name>-val-<10 hex>` of everything for which a report counts."""
    champion = state.champion.digest if state.champion else None
    hex10 = hashed(
        state.seen.uid, candidate.digest, candidate.inputs, champion, candidate.attempt, candidate.started
    )
    return f"{state.seen.name}-val-{hex10}"


def _validation(state: PassState, candidate: Candidate) -> Validation:
    champion, best = state.champion, state.status.best
    compared = champion.digest if champion and champion.digest in state.seen.snapshots else None
    compared = compared if compared != candidate.digest else None
    best_digest = best.digest if best and best.digest in state.seen.snapshots else None
    return Validation(
        name=job_name(state, candidate),
        uri=state.spec.artifact.uri,
        digest=candidate.digest,
        held=candidate.digest in state.seen.snapshots,
        holdout_uri=state.spec.holdout.uri,
        holdout_digest=state.spec.holdout.digest,
        champion=compared,
        best=best_digest if best_digest not in {compared, candidate.digest} else None,
        min_auc=state.spec.min_auc,
        image=state.image,
        attempt=candidate.attempt,
        deadline=state.spec.progress_deadline.seconds,
    )
