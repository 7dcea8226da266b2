"""The condition RetrainingHealthy as a chain of rules: the first rule that applies answers.

no retraining in the spec                               | Unknown NotConfigured
a run cannot start                                      | False CannotStart
the last run failed, and no later one is under way      | False Failed
a scheduled run did not start                           | False Overdue
suspended, and no run has finished                      | Unknown Suspended
no run has finished                                     | Unknown Running or Pending
otherwise                                               | True Succeeded
"""

from leadmodel_operator.planning.facts import Answer, Rule, false, first_answer, true, unknown
from leadmodel_operator.planning.job_faults import newest_running
from leadmodel_operator.planning.observed import JobKind
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_jobs import RetrainingResult
from leadmodel_operator.resource.vocabulary import Reason


def retraining_healthy(state: PassState) -> Answer:
    """Whether the last retraining made a model; the gate judges the model."""
    return first_answer(RETRAINING, state, true(Reason.SUCCEEDED, f"made {short(_result(state).digest)}"))


def _result(state: PassState) -> RetrainingResult:
    return state.status.retraining or RetrainingResult()


def _not_configured(state: PassState) -> Answer | None:
    """The spec asks for no retraining."""
    return unknown(Reason.NOT_CONFIGURED) if state.spec.retraining is None else None


def _cannot_start(state: PassState) -> Answer | None:
    """The newest run cannot start."""
    why = _result(state).waiting
    return false(Reason.CANNOT_START, why) if why else None


def _failed(state: PassState) -> Answer | None:
    """The last run failed; a later run that is under way says so first."""
    error = _result(state).error
    if not error:
        return None
    if newest_running(state, JobKind.RETRAINING) is not None:
        return unknown(Reason.RUNNING, "a run is under way; the last one failed")
    return false(Reason.FAILED, error)


def _overdue(state: PassState) -> Answer | None:
    """A run that should have started long ago did not."""
    is_late = any(s.kind is JobKind.RETRAINING and s.overdue for s in state.seen.schedules)
    return false(Reason.OVERDUE, "the last scheduled retraining did not run") if is_late else None


def _not_finished(state: PassState) -> Answer | None:
    """No run has finished yet."""
    if _result(state).job is not None:
        return None
    if newest_running(state, JobKind.RETRAINING) is not None:
        return unknown(Reason.RUNNING)
    is_suspended = state.spec.retraining is not None and state.spec.retraining.suspend
    return unknown(Reason.SUSPENDED if is_suspended else Reason.PENDING)


RETRAINING: tuple[Rule, ...] = (_not_configured, _cannot_start, _failed, _overdue, _not_finished)
