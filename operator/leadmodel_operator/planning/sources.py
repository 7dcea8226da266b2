"""What the user asks for: the pin, else the newest completed answer of a poll or a retraining for the present URI."""

from dataclasses import replace
from datetime import timedelta

from leadmodel_messages import backfill, failure, poll, training
from leadmodel_messages.backfill import BackfillAnswer, Mode
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.exits import BackfillExit
from leadmodel_messages.failure import Failure
from leadmodel_messages.poll import PollAnswer, Stored
from leadmodel_messages.termination import read
from leadmodel_messages.uris import show
from leadmodel_operator.planning.observed import FaultKind, JobKind, JobSeen, JobState
from leadmodel_operator.planning.pass_state import PassState, inputs_of
from leadmodel_operator.resource.digest import hashed, short
from leadmodel_operator.resource.status import (
    BackfillResult,
    Candidate,
    PollResult,
    Requested,
    RetrainingResult,
)
from leadmodel_operator.resource.vocabulary import Command, Evidence, Reason, Source

NO_ANSWER = Failure(ErrorWord.UNKNOWN, "")
BACKOFF_MINUTES = (1, 2, 4, 8, 16, 32, 60)


def backoff(attempt: int) -> timedelta:
    """1, 2, 4 … 60 minutes after the first, second … attempt."""
    return timedelta(minutes=BACKOFF_MINUTES[min(max(attempt, 1), len(BACKOFF_MINUTES)) - 1])


def record_spec(state: PassState) -> None:
    """See whether this spec asks for something else than the last one did."""
    now, before = inputs_of(state.spec), state.status.inputs
    state.spec_changed = before is None or before != now
    if before is None or before.source != now.source:
        known = state.status.poll or PollResult()
        if before is not None:
            state.change(requested=None, candidate=None)
            known = PollResult(
                holdout_digest=known.holdout_digest, job_created_at=known.job_created_at, job=known.job
            )
        known = _hear(known, [j for j in state.seen.jobs if j.kind is JobKind.POLL])
        state.change(
            poll=replace(known, since=state.now.replace(microsecond=0), etag=None, attempt=0, due=None)
        )
    elif before.gate != now.gate:
        known = state.status.poll or PollResult()
        state.change(poll=replace(known, holdout_digest=None, holdout_etag=None))
    state.change(inputs=now, observed_generation=state.seen.generation)
    pin = state.spec.artifact.digest
    asked = state.status.requested
    if pin is not None and (asked is None or asked.digest != pin or asked.source is not Source.SPEC):
        _request(state, pin, Source.SPEC)


def _request(state: PassState, digest: str, source: Source) -> None:
    state.change(
        requested=Requested(digest=digest, source=source, uri=show(state.spec.artifact.uri), at=state.now)
    )


# --- polls -----------------------------------------------------------------------------------------------------------------


def record_polls(state: PassState) -> None:
    """Take the answers of finished polls, oldest first."""
    done = [j for j in state.seen.jobs if j.kind is JobKind.POLL and j.state is not JobState.RUNNING]
    for job in sorted(done, key=lambda j: (j.created, j.finished or state.now)):
        known = state.status.poll or PollResult()
        if not _is_heard(known, job):
            _record_poll(state, job, _hear(known, [job]))


def _is_heard(known: PollResult, job: JobSeen) -> bool:
    """Whether its answer was taken, or counts no more. Jobs have whole seconds: those of one second are known by their names."""
    if known.job_created_at is None or job.created > known.job_created_at:
        return False
    return job.created < known.job_created_at or job.name in (known.job or "").split()


def _hear(known: PollResult, jobs: list[JobSeen]) -> PollResult:
    """With these as heard. They are told by names and times of the API server alone: its clock is not ours."""
    for job in sorted((j for j in jobs if not _is_heard(known, j)), key=lambda j: j.created):
        beside = (known.job or "").split() if known.job_created_at == job.created else []
        known = replace(known, job_created_at=job.created, job=" ".join([*beside[-7:], job.name]))
    return known


def _record_poll(state: PassState, job: JobSeen, known: PollResult) -> None:
    answer = read(poll.parse, job.message) if job.state is JobState.SUCCEEDED else None
    if answer is not None and answer.uri == show(state.spec.artifact.uri):
        _answered(state, job, known, answer)
    elif answer is not None:
        state.change(poll=known)  # of another source
    else:
        _unanswered(state, known, read(failure.parse, job.message) or NO_ANSWER)


def _unanswered(state: PassState, known: PollResult, why: Failure) -> None:
    if why.error is ErrorWord.ARTIFACT_TOO_LARGE:
        _too_large(state, known, why)
        return
    is_gone = why.error is ErrorWord.ARTIFACT_NOT_FOUND
    reason = Reason.ARTIFACT_NOT_FOUND if is_gone else Reason.FETCH_RETRYING
    message = (why.message or "the poll ended without an answer")[:256]
    attempt = known.attempt + 1
    state.change(
        poll=replace(known, attempt=attempt, reason=reason, error=message, due=state.now + backoff(attempt))
    )
    if attempt == 1:
        state.emit("SourceUnavailable", message, warning=True)


def _answered(state: PassState, job: JobSeen, known: PollResult, answer: PollAnswer) -> None:
    digest, holdout = answer.artifact.digest, answer.holdout or Stored(None)
    state.change(
        poll=replace(
            known,
            last_success=job.finished or state.now,
            etag=answer.artifact.etag or known.etag,
            holdout_etag=holdout.etag or known.holdout_etag,
            holdout_digest=holdout.digest or known.holdout_digest,
            attempt=0,
            due=None,
            wanted="",
            reason=None,
            error=None,
        )
    )
    requested = state.status.requested
    if digest and not state.pinned and (requested is None or requested.digest != digest):
        _request(state, digest, Source.POLL)


def _too_large(state: PassState, known: PollResult, why: Failure) -> None:
    mark = hashed(show(state.spec.artifact.uri), why.etag, why.size)
    message = (why.message or "the artifact is too large")[:512]
    state.change(
        poll=replace(
            known, attempt=0, due=None, wanted="", reason=Reason.ARTIFACT_TOO_LARGE, error=message[:256]
        )
    )
    before = state.status.candidate
    if state.pinned or (before is not None and before.fingerprint == mark):
        return
    state.change(
        candidate=Candidate(
            digest=None,
            inputs=mark,
            attempt=1,
            since=state.now,
            verdict=Evidence.FAIL,
            reason=Reason.ARTIFACT_TOO_LARGE,
            message=message,
            source=Source.POLL,
            fingerprint=mark,
        )
    )
    state.emit("GateFailed", message, warning=True)


def poll_now(state: PassState) -> str | None:
    """The name of the poll Job to make now, if one is due; its reason is recorded so that it is made once."""
    known = state.status.poll or PollResult()
    if state.is_suspended:
        return None
    if known.wanted:
        return known.wanted if not _answered_already(state, known.wanted) else None
    if not _due(state, known):
        return None
    command = state.seen.commands.get(Command.POLL, "")
    mark = hashed(
        state.seen.uid,
        inputs_of(state.spec).source,
        command,
        known.attempt,
        known.job_created_at,
        known.job,
        known.since,
    )
    name = f"{state.seen.name}-poll-{mark}"
    state.change(poll=replace(known, wanted=name))
    return name


def _answered_already(state: PassState, name: str) -> bool:
    known = state.status.poll
    ended = any(job.name == name and job.state is not JobState.RUNNING for job in state.seen.jobs)
    if known is not None and ended:
        state.change(poll=replace(known, wanted=""))
    return ended


def _due(state: PassState, known: PollResult) -> bool:
    if known.due is not None and state.now < known.due:
        state.requeue_at(known.due)
        return False
    if state.pinned:
        return False
    return (
        state.status.requested is None and known.reason is not Reason.ARTIFACT_TOO_LARGE
    ) or known.due is not None


def want_poll(state: PassState) -> None:
    """A person asks for a poll."""
    known = state.status.poll or PollResult()
    state.change(poll=replace(known, due=state.now, wanted=""))


# --- retraining and backfill ------------------------------------------------------------------------------------------------


def record_retraining(state: PassState) -> None:
    """A finished retraining is an answer of the source."""
    job = _newest_done(state, JobKind.RETRAINING)
    known = state.status.retraining or RetrainingResult()
    if job is None or known.job == job.name:
        return
    answer = read(training.parse, job.message) if job.state is JobState.SUCCEEDED else None
    if answer is None:
        message = _why_no_model(job)
        state.change(retraining=replace(known, job=job.name, error=message))
        state.emit("RetrainingFailed", message, warning=True)
        return
    digest = answer.digest
    state.change(
        retraining=RetrainingResult(last_success=job.finished or state.now, digest=digest, job=job.name)
    )
    since = state.status.poll.since if state.status.poll else None
    if since is not None and job.created < since:
        return
    if state.pinned:
        state.emit(
            "RetrainedOffered",
            f"the retraining made {short(digest)}; artifact.digest pins another, so it is only offered",
        )
    else:
        _request(state, digest, Source.RETRAINING)


def _why_no_model(job: JobSeen) -> str:
    """What the training says, else what the platform says of its pod, with what would help."""
    message = (read(failure.parse, job.message) or NO_ANSWER).message
    if message:
        return message[:256]
    if job.fault is not None and job.fault.reason == "OOMKilled":
        return "the training ran out of memory; raise retraining.resources.limits.memory or take a shorter period"
    if job.fault is not None and job.fault.kind is not FaultKind.TERMINATED:
        return f"the training could not start: {job.fault.reason} {job.fault.message}".rstrip()[:256]
    if job.exit_code is not None:
        return f"the training ended with exit code {job.exit_code} and without a word; the log of its pod may say more"
    return "the training did not end in time, or its pod is gone"


def _newest_done(state: PassState, kind: JobKind) -> JobSeen | None:
    done = [j for j in state.seen.jobs if j.kind is kind and j.state is not JobState.RUNNING]
    return max(done, key=lambda j: j.created, default=None)


def record_backfill(state: PassState) -> None:
    """Counts of the last backfill, never a value."""
    job = _newest_done(state, JobKind.BACKFILL)
    known = state.status.backfill or BackfillResult()
    if (
        job is None
        or known.job == job.name
        or (known.job_created_at is not None and job.created < known.job_created_at)
    ):
        return
    answer = read(backfill.parse, job.message) or BackfillAnswer()
    counted = _counted(job, answer)
    if job.state is JobState.SUCCEEDED:
        state.change(backfill=replace(counted, last_success=job.finished or state.now))
        return
    message = _why_failed(job, answer)
    is_finished = job.exit_code == BackfillExit.RESIDUE
    kept = counted if is_finished else replace(known, job=job.name, job_created_at=job.created)
    state.change(backfill=replace(kept, last_success=known.last_success, error=message))
    state.emit("BackfillFailed", message, warning=True)


def _counted(job: JobSeen, answer: BackfillAnswer) -> BackfillResult:
    """Give what a run counted. A dry run changes nothing: the messages it found count as those it would change."""
    mode, counts = answer.head.mode, answer.counts
    return BackfillResult(
        mode=mode[:16],
        scanned=counts.scanned,
        redacted=counts.changed if mode == Mode.APPLY else counts.found,
        residue=counts.residue,
        report=answer.report[:256],
        job=job.name,
        job_created_at=job.created,
    )


def _why_failed(job: JobSeen, answer: BackfillAnswer) -> str:
    if answer.head.message:
        return f"the backfill failed: {answer.head.message}"[:256]
    if job.exit_code is None:
        return "the backfill did not end by itself"
    return f"the backfill ended with exit code {job.exit_code}"
