"""Results of the CronJobs that retrain and that redact personal data."""

from dataclasses import replace

from leadmodel_messages import backfill, failure, training
from leadmodel_messages.backfill import BackfillAnswer, Mode
from leadmodel_messages.exits import BackfillExit
from leadmodel_messages.termination import read
from leadmodel_operator.planning.facts import without_figures
from leadmodel_operator.planning.job_faults import why_no_answer, why_waiting
from leadmodel_operator.planning.observed import JobKind, JobSeen, JobState
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.polls import NO_ANSWER
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing, withheld
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_jobs import BackfillResult, RetrainingResult
from leadmodel_operator.resource.vocabulary import EventReason, Source


def record_retraining(state: PassState) -> Outcome:
    """Record the newest retraining; its artifact is requested, or only offered if the spec pins another one."""
    step, job = PlanStep.RETRAINING_RESULT, _newest_finished(state, JobKind.RETRAINING)
    why = why_waiting(state, JobKind.RETRAINING)
    known = state.status.retraining or RetrainingResult()
    if job is None or known.job == job.name:
        if why == known.waiting:
            return nothing(step)
        state.change(retraining=replace(known, waiting=why))
        return _report_waiting(state, step, EventReason.RETRAINING_FAILED, why, known.waiting)
    answer = read(training.parse, job.message) if job.may_answer else None
    if answer is None:
        message = _why_no_model(job, known.waiting)
        state.change(retraining=replace(known, job=job.name, error=message, waiting=why))
        state.emit(EventReason.RETRAINING_FAILED, message, warning=True)
        return did(step, f"the failure of Job {job.name} was recorded")
    digest = answer.digest
    state.change(
        retraining=RetrainingResult(last_success=job.finished or state.now, digest=digest, job=job.name)
    )
    since = state.status.poll.since if state.status.poll else None
    if since is not None and job.created < since:
        return withheld(step, f"{short(digest)} was trained for a source of an earlier spec")
    if state.pinned:
        message = f"the retraining made {short(digest)}; artifact.digest pins another, so it is only offered"
        state.emit(EventReason.RETRAINED_OFFERED, message)
        return withheld(step, message)
    state.request(digest, Source.RETRAINING)
    return did(step, f"{short(digest)} of the retraining is requested")


def _report_waiting(
    state: PassState, step: PlanStep, event: EventReason, why: str | None, before: str | None
) -> Outcome:
    """Report a new cause why a run cannot start."""
    if why is None:
        return nothing(step)
    if without_figures(why) != without_figures(before or ""):
        state.emit(event, why, warning=True)
    return withheld(step, why)


def _why_no_model(job: JobSeen, waiting: str | None) -> str:
    """Explain a failed retraining: the message of the program, else what the platform tells of its pod, with a remedy."""
    message = (read(failure.parse, job.message) or NO_ANSWER).message
    if message:
        return message[:256]
    if job.fault is not None and job.fault.reason == "OOMKilled":
        return "the training ran out of memory; raise retraining.resources.limits.memory or take a shorter period"
    return why_no_answer(job, waiting)


def _newest_finished(state: PassState, kind: JobKind) -> JobSeen | None:
    finished = [j for j in state.seen.jobs if j.kind is kind and j.state is not JobState.RUNNING]
    return max(finished, key=lambda j: j.created, default=None)


def record_backfill(state: PassState) -> Outcome:
    """Record the counts of the newest backfill; values that the backfill read are never recorded."""
    step, job = PlanStep.BACKFILL_RESULT, _newest_finished(state, JobKind.BACKFILL)
    why = why_waiting(state, JobKind.BACKFILL)
    known = state.status.backfill or BackfillResult()
    if (
        job is None
        or known.job == job.name
        or (known.job_created_at is not None and job.created < known.job_created_at)
    ):
        if why == known.waiting:
            return nothing(step)
        state.change(backfill=replace(known, waiting=why))
        return _report_waiting(state, step, EventReason.BACKFILL_FAILED, why, known.waiting)
    answer = read(backfill.parse, job.message) or BackfillAnswer()
    counted = _counted(job, answer)
    if job.state is JobState.SUCCEEDED:
        state.change(backfill=replace(counted, last_success=job.finished or state.now))
        return did(step, f"the counts of Job {job.name} were recorded")
    message = _why_failed(job, answer, known.waiting)
    is_finished = job.exit_code == BackfillExit.RESIDUE
    kept = counted if is_finished else replace(known, job=job.name, job_created_at=job.created)
    state.change(backfill=replace(kept, last_success=known.last_success, error=message, waiting=why))
    state.emit(EventReason.BACKFILL_FAILED, message, warning=True)
    return did(step, f"the failure of Job {job.name} was recorded")


def _counted(job: JobSeen, answer: BackfillAnswer) -> BackfillResult:
    """The counts of a run. A dry run changes nothing: the messages with personal data count as messages to change."""
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


def _why_failed(job: JobSeen, answer: BackfillAnswer, waiting: str | None) -> str:
    if answer.head.message:
        return f"the backfill failed: {answer.head.message}"[:256]
    return why_no_answer(job, waiting)
