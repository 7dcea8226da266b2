"""The result of the CronJob that trains text models."""

from dataclasses import replace

from leadmodel_messages import failure, text_training
from leadmodel_messages.termination import read
from leadmodel_operator.planning.facts import without_figures
from leadmodel_operator.planning.job_faults import why_no_answer, why_waiting
from leadmodel_operator.planning.observed import JobKind, JobSeen, JobState
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.polls import NO_ANSWER
from leadmodel_operator.planning.text_attempts import request_text_check
from leadmodel_operator.planning.text_models import change_text, pinned_text
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing, withheld
from leadmodel_operator.resource.status_jobs import RetrainingResult
from leadmodel_operator.resource.vocabulary import EventReason

_STEP = PlanStep.TEXT_TRAINING


def record_text_training(state: PassState) -> Outcome:
    """Record the newest training of a text model; the source is then looked at, unless the spec pins a digest."""
    known = state.status.enrichment
    if known is None:
        return nothing(_STEP)
    before = known.training or RetrainingResult()
    job, why = _newest_finished(state), why_waiting(state, JobKind.ENRICHMENT)
    if job is None or job.name == before.job:
        return _record_waiting(state, before, why)
    if job.state is JobState.SUCCEEDED:
        answer = read(text_training.parse, job.message)
        ended = RetrainingResult(
            last_success=job.finished or state.now, digest=answer.digest if answer else None, job=job.name
        )
        change_text(state, training=ended)
        if pinned_text(state) is not None:
            return withheld(_STEP, "a text model was trained; artifact.digest pins another")
        request_text_check(state)
        return did(_STEP, "a text model was trained; the source is looked at")
    message = ((read(failure.parse, job.message) or NO_ANSWER).message or why_no_answer(job, before.waiting))[
        :256
    ]
    change_text(state, training=replace(before, job=job.name, error=message, waiting=why))
    state.emit(EventReason.ENRICHMENT_TRAINING_FAILED, message, warning=True)
    return did(_STEP, f"the failure of Job {job.name} was recorded")


def _newest_finished(state: PassState) -> JobSeen | None:
    ended = (j for j in state.seen.jobs if j.kind is JobKind.ENRICHMENT and j.state is not JobState.RUNNING)
    return max(ended, key=lambda job: job.created, default=None)


def _record_waiting(state: PassState, before: RetrainingResult, why: str | None) -> Outcome:
    if why != before.waiting:
        change_text(state, training=replace(before, waiting=why))
        if why is not None and without_figures(why) != without_figures(before.waiting or ""):
            state.emit(EventReason.ENRICHMENT_TRAINING_FAILED, why, warning=True)
    return withheld(_STEP, why) if why else nothing(_STEP)
