"""Polls of the source: what finished polls answered, and when the next poll is due."""

from dataclasses import replace
from datetime import timedelta

from leadmodel_messages import failure, poll
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.failure import Failure
from leadmodel_messages.poll import PollAnswer, Stored
from leadmodel_messages.termination import read
from leadmodel_messages.uris import place
from leadmodel_operator.planning.facts import without_figures
from leadmodel_operator.planning.job_faults import why_no_answer, why_waiting
from leadmodel_operator.planning.observed import JobKind, JobSeen, JobState
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing, withheld
from leadmodel_operator.resource.digest import hashed, short
from leadmodel_operator.resource.status_jobs import PollResult
from leadmodel_operator.resource.status_models import Candidate
from leadmodel_operator.resource.vocabulary import Command, EventReason, Evidence, Reason, Source

NO_ANSWER = Failure(ErrorWord.UNKNOWN, "")
BACKOFF_MINUTES = (1, 2, 4, 8, 16, 32, 60)
_SAME_SECOND_JOBS = 8  # names kept of poll Jobs created within one second


def backoff(attempt: int) -> timedelta:
    """The time to wait after a failed attempt: 1, 2, 4 … 60 minutes after the first, second … attempt."""
    return timedelta(minutes=BACKOFF_MINUTES[min(max(attempt, 1), len(BACKOFF_MINUTES)) - 1])


def record_polls(state: PassState) -> Outcome:
    """Record the results of finished polls, oldest first."""
    before = state.status.poll
    finished = [j for j in state.seen.jobs if j.kind is JobKind.POLL and j.state is not JobState.RUNNING]
    for job in sorted(finished, key=lambda j: (j.created, j.finished or state.now)):
        known = state.status.poll or PollResult()
        if not _is_processed(known, job):
            _record_poll(state, job, mark_processed(known, [job]))
    _record_waiting(state)
    known = state.status.poll or PollResult()
    if known.waiting:
        return withheld(PlanStep.POLL_RESULTS, known.waiting)
    if known.reason is not None:
        return withheld(PlanStep.POLL_RESULTS, f"the source gave no artifact: {known.reason}")
    is_new = before is not None and before != known
    requested = state.status.requested
    if is_new and requested is not None:
        return did(PlanStep.POLL_RESULTS, f"the source answered; {short(requested.digest)} is requested")
    return nothing(PlanStep.POLL_RESULTS)


def _record_waiting(state: PassState) -> None:
    """Record why the newest poll cannot start, and report a new cause."""
    known, why = state.status.poll or PollResult(), why_waiting(state, JobKind.POLL)
    if why == known.waiting:
        return
    state.change(poll=replace(known, waiting=why))
    if why is not None and without_figures(why) != without_figures(known.waiting or known.error or ""):
        state.emit(EventReason.SOURCE_UNAVAILABLE, why, warning=True)


def _is_processed(known: PollResult, job: JobSeen) -> bool:
    """Whether the result of a poll Job was processed already.

    creationTimestamp has a resolution of one second, so Jobs of the same second are compared by name.
    """
    if known.job_created_at is None or job.created > known.job_created_at:
        return False
    return job.created < known.job_created_at or job.name in (known.job or "").split()


def mark_processed(known: PollResult, jobs: list[JobSeen]) -> PollResult:
    """Mark poll Jobs as processed. Only timestamps of the API server are compared, for the operator's clock may differ."""
    for job in sorted((j for j in jobs if not _is_processed(known, j)), key=lambda j: j.created):
        same_second = (known.job or "").split() if known.job_created_at == job.created else []
        names = [*same_second[1 - _SAME_SECOND_JOBS :], job.name]
        known = replace(known, job_created_at=job.created, job=" ".join(names))
    return known


def _record_poll(state: PassState, job: JobSeen, known: PollResult) -> None:
    answer = read(poll.parse, job.message) if job.may_answer else None
    if answer is not None and answer.uri == place(state.spec.artifact.uri):
        _record_answer(state, job, known, answer)
    elif answer is not None:
        state.change(poll=known)  # an answer of another source
    else:
        _record_failure(state, job, known, read(failure.parse, job.message) or NO_ANSWER)


def _record_answer(state: PassState, job: JobSeen, known: PollResult, answer: PollAnswer) -> None:
    digest, holdout = answer.artifact.digest, answer.holdout or Stored(None)
    if known.attempt:
        state.emit(
            EventReason.SOURCE_AVAILABLE, f"the source answers again, after {known.attempt} failed polls"
        )
    without = answer.holdout_error[:256] or None if answer.holdout is None else None
    if without and without_figures(without) != without_figures(known.holdout_error or ""):
        state.emit(EventReason.HOLDOUT_UNAVAILABLE, f"the holdout of the source: {without}", warning=True)
    state.change(
        poll=replace(
            known,
            holdout_error=without,
            last_success=job.finished or state.now,
            etag=answer.artifact.etag or known.etag,
            holdout_etag=holdout.etag or known.holdout_etag,
            holdout_digest=holdout.digest or known.holdout_digest,
            attempt=0,
            due=None,
            job_to_create="",
            reason=None,
            error=None,
            waiting=None,
        )
    )
    requested = state.status.requested
    if digest and not state.pinned and (requested is None or requested.digest != digest):
        state.request(digest, Source.POLL)


def _record_failure(state: PassState, job: JobSeen, known: PollResult, why: Failure) -> None:
    if why.error is ErrorWord.ARTIFACT_TOO_LARGE:
        _record_too_large(state, known, why)
        return
    is_gone = why.error in {ErrorWord.ARTIFACT_NOT_FOUND, ErrorWord.ARTIFACT_BAD_URI}
    reason = Reason.ARTIFACT_NOT_FOUND if is_gone else Reason.FETCH_RETRYING
    message = (why.message or why_no_answer(job, known.waiting))[:256]
    attempt, due = known.attempt + 1, state.now + backoff(known.attempt + 1)
    state.change(poll=replace(known, attempt=attempt, reason=reason, error=message, waiting=None, due=due))
    if without_figures(message) not in {
        without_figures(known.error or ""),
        without_figures(known.waiting or ""),
    }:
        state.emit(EventReason.SOURCE_UNAVAILABLE, message, warning=True)


def _record_too_large(state: PassState, known: PollResult, why: Failure) -> None:
    """Refuse a file over the size limit under its URI, ETag and size: such a file has no digest."""
    fingerprint = hashed(place(state.spec.artifact.uri), why.etag, why.size)
    message = (why.message or "the artifact is too large")[:512]
    reason = Reason.ARTIFACT_TOO_LARGE
    state.change(
        poll=replace(known, attempt=0, due=None, job_to_create="", reason=reason, error=message[:256])
    )
    before = state.status.candidate
    if state.pinned or (before is not None and before.fingerprint == fingerprint):
        return
    state.change(
        candidate=Candidate(
            digest=None,
            inputs=fingerprint,
            attempt=1,
            since=state.now,
            verdict=Evidence.FAIL,
            reason=reason,
            message=message,
            source=Source.POLL,
            fingerprint=fingerprint,
        )
    )
    state.emit(EventReason.GATE_FAILED, message, warning=True)


# --- the next poll -----------------------------------------------------------------------------------------------------------


def next_poll(state: PassState) -> tuple[str | None, Outcome]:
    """Choose the poll Job to create at once: its name, or None if no poll is due.

    The name is recorded in status, so that the Job is created once.
    """
    step, known = PlanStep.POLL, state.status.poll or PollResult()
    if (why := state.why_suspended) is not None:
        return None, withheld(step, why)
    if known.job_to_create:
        name = None if _has_ended(state, known.job_to_create) else known.job_to_create
        return name, did(step, "the source is polled") if name else nothing(step)
    if known.due is not None and state.now < known.due:
        state.requeue_at(known.due)
        return None, withheld(step, f"the source is polled again at {known.due:%H:%M:%S} UTC")
    if not _is_due(state, known):
        return None, nothing(step)
    name = _job_name(state, known)
    state.change(poll=replace(known, job_to_create=name))
    return name, did(step, "the source is polled")


def _is_due(state: PassState, known: PollResult) -> bool:
    """Whether the source is polled now: nothing is known of an unpinned source, or the time of the next attempt has come."""
    if state.pinned:
        return False
    is_unknown = state.status.requested is None and known.reason is not Reason.ARTIFACT_TOO_LARGE
    return is_unknown or known.due is not None


def _job_name(state: PassState, known: PollResult) -> str:
    """`<name>-poll-<10 hex>` of everything that makes a poll another one."""
    command = state.seen.commands.get(Command.POLL, "")
    source = state.inputs.source
    hex10 = hashed(
        state.seen.uid, source, command, known.attempt, known.job_created_at, known.job, known.since
    )
    return f"{state.seen.name}-poll-{hex10}"


def _has_ended(state: PassState, name: str) -> bool:
    """Whether a poll Job has ended; then its name leaves status."""
    known = state.status.poll
    ended = any(job.name == name and job.state is not JobState.RUNNING for job in state.seen.jobs)
    if known is not None and ended:
        state.change(poll=replace(known, job_to_create=""))
    return ended


def request_poll(state: PassState) -> None:
    """Make a poll due at once, as a person asked by annotation."""
    known = state.status.poll or PollResult()
    state.change(poll=replace(known, due=state.now, job_to_create=""))
