"""Validation: which digest needs judging under which inputs, what a finished Job says, when it is tried again."""

from dataclasses import replace
from datetime import timedelta

from leadmodel_messages import failure, report
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.report import Report
from leadmodel_messages.termination import read
from leadmodel_operator.planning.champion import as_revision, promote
from leadmodel_operator.planning.drift import REPEAT_WINDOW, is_automatic
from leadmodel_operator.planning.gate import judge
from leadmodel_operator.planning.observed import JobKind, JobSeen, JobState, Validation
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.sources import NO_ANSWER, backoff
from leadmodel_operator.resource.digest import hashed, short
from leadmodel_operator.resource.status import Candidate, Hold, PollResult, Quarantined, Requested
from leadmodel_operator.resource.vocabulary import Evidence, QuarantineKind, Reason, Source


def verdict_inputs(state: PassState, digest: str, holdout: str | None) -> str:
    """What a verdict depends on: gate, holdout, image, and the champion where the comparison binds."""
    champion = (
        state.champion.digest
        if state.champion and state.champion.digest != digest and not state.pinned
        else None
    )
    return hashed(digest, state.gate_hash, holdout, state.image, champion, state.pinned)


def _holdout(state: PassState) -> str | None:
    return state.spec.holdout.digest or (state.status.poll.holdout_digest if state.status.poll else None)


def subject(state: PassState) -> str | None:
    """The digest that needs a verdict now; None when nothing does."""
    asked, champion = state.status.requested, state.champion
    if champion is not None and not state.is_reachable(champion.digest):
        return champion.digest
    if asked is None or state.permanent_entry(asked.digest) is not None:
        return None
    if champion is not None and asked.digest == champion.digest:
        return None if champion.passed == state.gate_hash else asked.digest
    entry = state.quarantine_entry(asked.digest)
    if entry is not None:
        if entry.inputs == verdict_inputs(state, asked.digest, _holdout(state)):
            return None
        state.release(asked.digest)
    return asked.digest


def record_validation(state: PassState) -> None:
    """Take the answer of the Job of the present candidate."""
    candidate = state.status.candidate
    if candidate is None or candidate.digest is None or candidate.verdict is not None:
        return
    name = job_name(state, candidate)
    job = next((j for j in state.seen.jobs if j.kind is JobKind.VALIDATION and j.name == name), None)
    if job is None or job.state is JobState.RUNNING:
        return
    measured = read(report.parse, job.message) if job.state is JobState.SUCCEEDED else None
    if measured is None or measured.artifact is None:
        _no_answer(state, candidate, job)
    elif measured.reason == ErrorWord.SOURCE_MOVED:
        _moved(state, candidate, measured.artifact.digest)
    elif measured.artifact.digest == candidate.digest:
        _judge(state, candidate, measured)
    else:
        _no_answer(state, candidate, job)


_REASONS = {
    ErrorWord.ARTIFACT_NOT_FOUND: Reason.ARTIFACT_NOT_FOUND,
    ErrorWord.HOLDOUT_UNAVAILABLE: Reason.HOLDOUT_UNAVAILABLE,
    ErrorWord.ARTIFACT_TOO_LARGE: Reason.ARTIFACT_TOO_LARGE,
}


def _no_answer(state: PassState, candidate: Candidate, job: JobSeen) -> None:
    """Could not be measured: never the model's fault, tried again for ever."""
    why = read(failure.parse, job.message) or NO_ANSWER
    reason = _REASONS.get(why.error, Reason.FETCH_RETRYING)
    fault = f" ({job.fault.reason})" if job.fault else ""
    said = (why.message or f"the validation ended without a report{fault}")[:512]
    if reason is Reason.ARTIFACT_TOO_LARGE:
        state.change(candidate=replace(candidate, verdict=Evidence.FAIL, reason=reason, message=said))
        state.emit("GateFailed", f"{short(candidate.digest)}: {said}", warning=True)
        return
    state.change(
        candidate=replace(
            candidate, verdict=Evidence.UNAVAILABLE, reason=reason, message=said, since=state.now
        )
    )
    if candidate.attempt == 1:
        state.emit("ValidationUnavailable", f"{short(candidate.digest)}: {said}", warning=True)


def _moved(state: PassState, candidate: Candidate, found: str) -> None:
    """The source holds another digest by now: that one is requested, but a pin and a lost champion wait for their own."""
    champion = state.champion
    if state.pinned or (champion is not None and champion.digest == candidate.digest):
        said = f"the source holds {short(found)} instead of {short(candidate.digest)}"
        state.change(
            candidate=replace(
                candidate,
                verdict=Evidence.UNAVAILABLE,
                reason=Reason.DIGEST_MISMATCH,
                message=said,
                since=state.now,
            )
        )
        return
    asked = state.status.requested
    uri = asked.uri if asked else ""
    source = asked.source if asked else Source.POLL
    state.change(requested=Requested(digest=found, source=source, uri=uri, at=state.now), candidate=None)


def _judge(state: PassState, candidate: Candidate, report: Report) -> None:
    champion = state.champion
    rejudged = champion is not None and champion.digest == candidate.digest
    compare = not state.pinned and not rejudged
    found = judge(report, min_auc=state.spec.min_auc, gate=state.spec.gate, compare=compare)
    if report.holdout_digest:
        _know_holdout(state, report.holdout_digest)
    inputs = verdict_inputs(state, candidate.digest or "", _holdout(state))
    candidate = replace(
        candidate,
        inputs=inputs,
        verdict=found.evidence,
        reason=found.reason,
        message=found.message[:512],
        holdout_digest=report.holdout_digest,
        version=report.artifact.version if report.artifact else None,
        since=state.now if found.evidence is Evidence.UNAVAILABLE else candidate.since,
    )
    state.change(candidate=candidate, gate=found.result)
    if rejudged and champion is not None:
        _rejudged(state, candidate)
        return
    if found.evidence is Evidence.FAIL and candidate.digest:
        entry = Quarantined(
            digest=candidate.digest,
            kind=QuarantineKind.GATE,
            reason=found.reason,
            since=state.now,
            inputs=inputs,
            evidence=found.message[:160],
        )
        state.add_to_quarantine(entry)
        state.emit("GateFailed", f"{short(candidate.digest)}: {found.message}", warning=True)
    elif found.evidence is Evidence.PASS:
        state.emit("GatePassed", f"{short(candidate.digest)}: {found.message}")
    else:
        state.emit("GateUndecided", f"{short(candidate.digest)}: {found.message}", warning=True)


def _rejudged(state: PassState, candidate: Candidate) -> None:
    """The champion under a new gate: it serves on whatever comes out."""
    champion = state.champion
    if champion is None or candidate.verdict is not Evidence.PASS:
        return
    measured = state.status.gate.auc if state.status.gate else None
    auc = (
        champion.auc if champion.auc is not None else measured
    )  # an argument of its pods: it stays, or they restart
    state.change(champion=replace(champion, passed=state.gate_hash, auc=auc), candidate=None)


def _know_holdout(state: PassState, digest: str) -> None:
    known = state.status.poll or PollResult()
    if known.holdout_digest != digest:
        state.change(poll=replace(known, holdout_digest=digest, holdout_etag=None))


# --- what to measure next -------------------------------------------------------------------------------------------------------


def next_validation(state: PassState) -> Validation | None:
    """The validation that should run now; the attempt is recorded in status before its Job is made."""
    digest = subject(state)
    candidate = state.status.candidate
    if digest is None:
        _drop_candidate(state)
        return None
    inputs = verdict_inputs(state, digest, _holdout(state))
    if candidate is None or candidate.digest != digest or candidate.inputs != inputs:
        if state.is_suspended:
            return None
        candidate = Candidate(
            digest=digest, inputs=inputs, attempt=1, since=state.now, started=state.now, source=state.source
        )
        state.change(candidate=candidate)
    elif not state.is_suspended:
        candidate = _again(state, candidate)
    if candidate.verdict is not None or (state.is_suspended and candidate.since == state.now):
        return None
    return _validation(state, candidate)


def _drop_candidate(state: PassState) -> None:
    """Nothing is under validation: what was refused stays to be seen, all else goes."""
    candidate = state.status.candidate
    if candidate is not None and candidate.verdict is not Evidence.FAIL:
        state.change(candidate=None)


def _again(state: PassState, candidate: Candidate) -> Candidate:
    """Another attempt when it is time, or when a passed candidate's bytes were lost before they were kept."""
    if candidate.verdict is Evidence.UNAVAILABLE:
        due = candidate.since + backoff(candidate.attempt)
        if state.now < due:
            state.requeue_at(due)
            return candidate
    elif not (candidate.verdict is Evidence.PASS and not _kept(state, candidate)):
        return candidate
    again = replace(
        candidate, attempt=candidate.attempt + 1, verdict=None, reason=None, message="", since=state.now
    )
    state.change(candidate=again)
    return again


def _kept(state: PassState, candidate: Candidate) -> bool:
    return candidate.digest in state.seen.snapshots or candidate.digest == state.seen.mailbox


def job_name(state: PassState, candidate: Candidate) -> str:
    """`<name>-val-<10 hex>` of everything a report counts for."""
    champion = state.champion.digest if state.champion else None
    mark = hashed(
        state.seen.uid, candidate.digest, candidate.inputs, champion, candidate.attempt, candidate.started
    )
    return f"{state.seen.name}-val-{mark}"


def _validation(state: PassState, candidate: Candidate) -> Validation:
    champion, best = state.champion, state.status.best
    compared = champion.digest if champion and champion.digest in state.seen.snapshots else None
    compared = compared if compared != candidate.digest else None
    also = best.digest if best and best.digest in state.seen.snapshots else None
    return Validation(
        name=job_name(state, candidate),
        uri=state.spec.artifact.uri,
        digest=candidate.digest,
        held=candidate.digest in state.seen.snapshots,
        holdout_uri=state.spec.holdout.uri,
        holdout_digest=state.spec.holdout.digest,
        champion=compared,
        best=also if also not in {compared, candidate.digest} else None,
        min_auc=state.spec.min_auc,
        image=state.image,
        attempt=candidate.attempt,
        deadline=state.spec.progress_deadline.seconds,
    )


# --- from verdict to champion ----------------------------------------------------------------------------------------------------


def promote_passed(state: PassState) -> None:
    """Promote what passed and is kept, unless something holds it; a pinned revision that is held and passed needs no Job."""
    asked = state.status.requested
    if (
        state.is_suspended
        or state.champion_changed
        or asked is None
        or state.permanent_entry(asked.digest) is not None
    ):
        return
    champion = state.champion
    if champion is not None and champion.digest == asked.digest:
        state.change(hold=None)
        return
    known = state.known_revision(asked.digest)
    if (
        state.pinned
        and known is not None
        and known.passed == state.gate_hash
        and asked.digest in state.seen.snapshots
    ):
        promote(state, known, "the pinned revision is held and has passed this gate")
        return
    candidate = state.status.candidate
    if candidate is None or candidate.digest != asked.digest or candidate.verdict is not Evidence.PASS:
        return
    if candidate.digest not in state.seen.snapshots or candidate.inputs != verdict_inputs(
        state, asked.digest, _holdout(state)
    ):
        return
    hold = why_held(state, candidate)
    if hold != state.status.hold:
        state.change(hold=hold)
    if hold is None:
        promote(state, as_revision(state, candidate, state.image), candidate.message)
    elif hold.until is not None:
        state.requeue_at(hold.until)


def why_held(state: PassState, candidate: Candidate) -> Hold | None:
    """After a drift rollback, candidates of poll and retraining wait; nothing waits while nothing serves.

    After two within a week they wait for a person, however long that takes: time mends no training.
    """
    if state.quarantine_is_full() and state.champion is not None:
        return Hold(reason=Reason.QUARANTINE_FULL)
    recent = [r for r in state.status.rollbacks if is_automatic(r)]
    if state.champion is None or state.pinned or candidate.released or not recent:
        return None
    week = [r for r in recent if state.now - r.at < REPEAT_WINDOW]
    again = len(recent) > 1 and recent[0].at - recent[1].at < REPEAT_WINDOW
    if len(week) >= 2 or (
        again and (state.champion.since or recent[0].at) <= recent[0].at
    ):  # nobody has promoted since
        return Hold(reason=Reason.HELD_AFTER_ROLLBACK)
    until = recent[0].at + timedelta(seconds=state.spec.rollback.cooldown.seconds)
    return Hold(reason=Reason.HELD_AFTER_ROLLBACK, until=until) if state.now < until else None
