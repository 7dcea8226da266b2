"""Validation: which digest needs judging under which inputs, what a finished Job says, when it is tried again."""

from dataclasses import replace
from datetime import timedelta

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_artifact.report import Report
from leadmodel_artifact.report import parse as parse_report
from leadmodel_operator.planning.champion import as_revision, promote
from leadmodel_operator.planning.drift import REPEAT_WINDOW, is_automatic
from leadmodel_operator.planning.gate import judge
from leadmodel_operator.planning.observed import JobKind, JobSeen, JobState, Validation
from leadmodel_operator.planning.pass_state import Draft
from leadmodel_operator.planning.sources import backoff, parse
from leadmodel_operator.resource.digest import hashed, short
from leadmodel_operator.resource.status import Candidate, Hold, PollResult, Quarantined, Requested
from leadmodel_operator.resource.vocabulary import Evidence, QuarantineKind, Reason, Source


def verdict_inputs(draft: Draft, digest: str, holdout: str | None) -> str:
    """What a verdict depends on: gate, holdout, image, and the champion where the comparison binds."""
    champion = (
        draft.champion.digest
        if draft.champion and draft.champion.digest != digest and not draft.pinned
        else None
    )
    return hashed(digest, draft.gate_hash, holdout, draft.image, champion, draft.pinned)


def _holdout(draft: Draft) -> str | None:
    return draft.spec.holdout.digest or (draft.status.poll.holdout_digest if draft.status.poll else None)


def subject(draft: Draft) -> str | None:
    """The digest that needs a verdict now; None when nothing does."""
    asked, champion = draft.status.requested, draft.champion
    if champion is not None and not draft.reachable(champion.digest):
        return champion.digest
    if asked is None or draft.lasting(asked.digest) is not None:
        return None
    if champion is not None and asked.digest == champion.digest:
        return None if champion.passed == draft.gate_hash else asked.digest
    entry = draft.quarantined(asked.digest)
    if entry is not None:
        if entry.inputs == verdict_inputs(draft, asked.digest, _holdout(draft)):
            return None
        draft.release(asked.digest)
    return asked.digest


def note_validation(draft: Draft) -> None:
    """Take the answer of the Job of the present candidate."""
    candidate = draft.status.candidate
    if candidate is None or candidate.digest is None or candidate.verdict is not None:
        return
    name = job_name(draft, candidate)
    job = next((j for j in draft.seen.jobs if j.kind is JobKind.VALIDATION and j.name == name), None)
    if job is None or job.state is JobState.RUNNING:
        return
    report = _report(job)
    if report is None or report.artifact is None:
        _no_answer(draft, candidate, job)
    elif report.reason == Reason.SOURCE_MOVED:
        _moved(draft, candidate, report.artifact.digest)
    elif report.artifact.digest == candidate.digest:
        _judge(draft, candidate, report)
    else:
        _no_answer(draft, candidate, job)


def _report(job: JobSeen) -> Report | None:
    if job.state is not JobState.SUCCEEDED:
        return None
    try:
        return parse_report(job.message)
    except LayoutError:
        return None


_ERRORS = {
    "ArtifactNotFound": Reason.ARTIFACT_NOT_FOUND,
    "HoldoutUnavailable": Reason.HOLDOUT_UNAVAILABLE,
    "ArtifactTooLarge": Reason.ARTIFACT_TOO_LARGE,
}


def _no_answer(draft: Draft, candidate: Candidate, job: JobSeen) -> None:
    """Could not be measured: never the model's fault, tried again for ever."""
    answer = parse(job.message)
    reason = _ERRORS.get(str(answer.get("error")), Reason.FETCH_RETRYING)
    fault = f" ({job.fault.reason})" if job.fault else ""
    said = str(answer.get("message") or f"the validation ended without a report{fault}")[:512]
    if reason is Reason.ARTIFACT_TOO_LARGE:
        draft.change(candidate=replace(candidate, verdict=Evidence.FAIL, reason=reason, message=said))
        draft.say("GateFailed", f"{short(candidate.digest)}: {said}", warning=True)
        return
    draft.change(
        candidate=replace(
            candidate, verdict=Evidence.UNAVAILABLE, reason=reason, message=said, since=draft.now
        )
    )
    if candidate.attempt == 1:
        draft.say("ValidationUnavailable", f"{short(candidate.digest)}: {said}", warning=True)


def _moved(draft: Draft, candidate: Candidate, found: str) -> None:
    """The source holds another digest by now: that one is requested, but a pin and a lost champion wait for their own."""
    champion = draft.champion
    if draft.pinned or (champion is not None and champion.digest == candidate.digest):
        said = f"the source holds {short(found)} instead of {short(candidate.digest)}"
        draft.change(
            candidate=replace(
                candidate,
                verdict=Evidence.UNAVAILABLE,
                reason=Reason.DIGEST_MISMATCH,
                message=said,
                since=draft.now,
            )
        )
        return
    asked = draft.status.requested
    uri = asked.uri if asked else ""
    source = asked.source if asked else Source.POLL
    draft.change(requested=Requested(digest=found, source=source, uri=uri, at=draft.now), candidate=None)


def _judge(draft: Draft, candidate: Candidate, report: Report) -> None:
    champion = draft.champion
    rejudged = champion is not None and champion.digest == candidate.digest
    compare = not draft.pinned and not rejudged
    found = judge(report, min_auc=draft.spec.min_auc, gate=draft.spec.gate, compare=compare)
    if report.holdout_digest:
        _know_holdout(draft, report.holdout_digest)
    inputs = verdict_inputs(draft, candidate.digest or "", _holdout(draft))
    candidate = replace(
        candidate,
        inputs=inputs,
        verdict=found.evidence,
        reason=found.reason,
        message=found.message[:512],
        holdout_digest=report.holdout_digest,
        version=report.artifact.version if report.artifact else None,
        since=draft.now if found.evidence is Evidence.UNAVAILABLE else candidate.since,
    )
    draft.change(candidate=candidate, gate=found.result)
    if rejudged and champion is not None:
        _rejudged(draft, candidate)
        return
    if found.evidence is Evidence.FAIL and candidate.digest:
        entry = Quarantined(
            digest=candidate.digest,
            kind=QuarantineKind.GATE,
            reason=found.reason,
            since=draft.now,
            inputs=inputs,
            evidence=found.message[:160],
        )
        draft.quarantine(entry)
        draft.say("GateFailed", f"{short(candidate.digest)}: {found.message}", warning=True)
    elif found.evidence is Evidence.PASS:
        draft.say("GatePassed", f"{short(candidate.digest)}: {found.message}")
    else:
        draft.say("GateUndecided", f"{short(candidate.digest)}: {found.message}", warning=True)


def _rejudged(draft: Draft, candidate: Candidate) -> None:
    """The champion under a new gate: it serves on whatever comes out."""
    champion = draft.champion
    if champion is None or candidate.verdict is not Evidence.PASS:
        return
    measured = draft.status.gate.auc if draft.status.gate else None
    auc = (
        champion.auc if champion.auc is not None else measured
    )  # an argument of its pods: it stays, or they restart
    draft.change(champion=replace(champion, passed=draft.gate_hash, auc=auc), candidate=None)


def _know_holdout(draft: Draft, digest: str) -> None:
    known = draft.status.poll or PollResult()
    if known.holdout_digest != digest:
        draft.change(poll=replace(known, holdout_digest=digest, holdout_etag=None))


# --- what to measure next -------------------------------------------------------------------------------------------------------


def next_validation(draft: Draft) -> Validation | None:
    """The validation that should run now; the attempt is recorded in status before its Job is made."""
    digest = subject(draft)
    candidate = draft.status.candidate
    if digest is None:
        _drop_candidate(draft)
        return None
    inputs = verdict_inputs(draft, digest, _holdout(draft))
    if candidate is None or candidate.digest != digest or candidate.inputs != inputs:
        if draft.halted:
            return None
        candidate = Candidate(
            digest=digest, inputs=inputs, attempt=1, since=draft.now, started=draft.now, source=draft.source
        )
        draft.change(candidate=candidate)
    elif not draft.halted:
        candidate = _again(draft, candidate)
    if candidate.verdict is not None or (draft.halted and candidate.since == draft.now):
        return None
    return _validation(draft, candidate)


def _drop_candidate(draft: Draft) -> None:
    """Nothing is under validation: what was refused stays to be seen, all else goes."""
    candidate = draft.status.candidate
    if candidate is not None and candidate.verdict is not Evidence.FAIL:
        draft.change(candidate=None)


def _again(draft: Draft, candidate: Candidate) -> Candidate:
    """Another attempt when it is time, or when a passed candidate's bytes were lost before they were kept."""
    if candidate.verdict is Evidence.UNAVAILABLE:
        due = candidate.since + backoff(candidate.attempt)
        if draft.now < due:
            draft.wake_at(due)
            return candidate
    elif not (candidate.verdict is Evidence.PASS and not _kept(draft, candidate)):
        return candidate
    again = replace(
        candidate, attempt=candidate.attempt + 1, verdict=None, reason=None, message="", since=draft.now
    )
    draft.change(candidate=again)
    return again


def _kept(draft: Draft, candidate: Candidate) -> bool:
    return candidate.digest in draft.seen.snapshots or candidate.digest == draft.seen.mailbox


def job_name(draft: Draft, candidate: Candidate) -> str:
    """`<name>-val-<10 hex>` of everything a report counts for."""
    champion = draft.champion.digest if draft.champion else None
    mark = hashed(
        draft.seen.uid, candidate.digest, candidate.inputs, champion, candidate.attempt, candidate.started
    )
    return f"{draft.seen.name}-val-{mark}"


def _validation(draft: Draft, candidate: Candidate) -> Validation:
    champion, best = draft.champion, draft.status.best
    compared = champion.digest if champion and champion.digest in draft.seen.snapshots else None
    compared = compared if compared != candidate.digest else None
    also = best.digest if best and best.digest in draft.seen.snapshots else None
    return Validation(
        name=job_name(draft, candidate),
        uri=draft.spec.artifact.uri,
        digest=candidate.digest,
        held=candidate.digest in draft.seen.snapshots,
        holdout_uri=draft.spec.holdout.uri,
        holdout_digest=draft.spec.holdout.digest,
        champion=compared,
        best=also if also not in {compared, candidate.digest} else None,
        min_auc=draft.spec.min_auc,
        image=draft.image,
        attempt=candidate.attempt,
        deadline=draft.spec.progress_deadline.seconds,
    )


# --- from verdict to champion ----------------------------------------------------------------------------------------------------


def promote_passed(draft: Draft) -> None:
    """Promote what passed and is kept, unless something holds it; a pinned revision that is held and passed needs no Job."""
    asked = draft.status.requested
    if draft.halted or draft.moved or asked is None or draft.lasting(asked.digest) is not None:
        return
    champion = draft.champion
    if champion is not None and champion.digest == asked.digest:
        draft.change(hold=None)
        return
    known = draft.revision(asked.digest)
    if (
        draft.pinned
        and known is not None
        and known.passed == draft.gate_hash
        and asked.digest in draft.seen.snapshots
    ):
        promote(draft, known, "the pinned revision is held and has passed this gate")
        return
    candidate = draft.status.candidate
    if candidate is None or candidate.digest != asked.digest or candidate.verdict is not Evidence.PASS:
        return
    if candidate.digest not in draft.seen.snapshots or candidate.inputs != verdict_inputs(
        draft, asked.digest, _holdout(draft)
    ):
        return
    hold = why_held(draft, candidate)
    if hold != draft.status.hold:
        draft.change(hold=hold)
    if hold is None:
        promote(draft, as_revision(draft, candidate, draft.image), candidate.message)
    elif hold.until is not None:
        draft.wake_at(hold.until)


def why_held(draft: Draft, candidate: Candidate) -> Hold | None:
    """After a drift rollback, candidates of poll and retraining wait; nothing waits while nothing serves.

    After two within a week they wait for a person, however long that takes: time mends no training.
    """
    if draft.full() and draft.champion is not None:
        return Hold(reason=Reason.QUARANTINE_FULL)
    recent = [r for r in draft.status.rollbacks if is_automatic(r)]
    if draft.champion is None or draft.pinned or candidate.released or not recent:
        return None
    week = [r for r in recent if draft.now - r.at < REPEAT_WINDOW]
    again = len(recent) > 1 and recent[0].at - recent[1].at < REPEAT_WINDOW
    if len(week) >= 2 or (
        again and (draft.champion.since or recent[0].at) <= recent[0].at
    ):  # nobody has promoted since
        return Hold(reason=Reason.HELD_AFTER_ROLLBACK)
    until = recent[0].at + timedelta(seconds=draft.spec.rollback.cooldown.seconds)
    return Hold(reason=Reason.HELD_AFTER_ROLLBACK, until=until) if draft.now < until else None
