"""The condition BackfillHealthy as a chain of rules: the first rule that applies answers.

no piiBackfill in the spec                              | Unknown NotConfigured
an older LeadModel covers the same keys                 | Unknown CoveredBy
a run cannot start                                      | False CannotStart
the last run failed, and no later one is under way      | False Failed
a scheduled run did not start                           | False Overdue
suspended, and no run has finished                      | Unknown Suspended
no run has finished                                     | Unknown Running or Pending
a dry run counted messages to redact                    | False PiiFound
otherwise                                               | True Succeeded
"""

from leadmodel_operator.planning.facts import Answer, Rule, false, first_answer, true, unknown
from leadmodel_operator.planning.job_faults import newest_running
from leadmodel_operator.planning.observed import JobKind, ScheduleSeen
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.status_jobs import BackfillResult
from leadmodel_operator.resource.vocabulary import Reason


def backfill_healthy(state: PassState) -> Answer:
    """Whether the last backfill applied and verified its changes, or found nothing."""
    result = state.status.backfill or BackfillResult()
    counts = f"{result.scanned} messages read, {result.redacted} redacted, {result.residue} left"
    return first_answer(BACKFILL, state, true(Reason.SUCCEEDED, counts))


def _schedule(state: PassState) -> ScheduleSeen | None:
    return next((s for s in state.seen.schedules if s.kind is JobKind.BACKFILL), None)


def _not_configured(state: PassState) -> Answer | None:
    """The spec asks for no backfill."""
    return unknown(Reason.NOT_CONFIGURED) if state.spec.pii_backfill is None else None


def _covered(state: PassState) -> Answer | None:
    """An older LeadModel of the namespace covers the same keys."""
    other = state.seen.covered_by
    return unknown(Reason.COVERED_BY, f"{other} covers the same keys") if other is not None else None


def _failed(state: PassState) -> Answer | None:
    """The last run of the backfill failed; a later run that is under way says so first."""
    result = state.status.backfill
    if result is None or not result.error:
        return None
    if newest_running(state, JobKind.BACKFILL) is not None:
        return unknown(Reason.RUNNING, "a run is under way; the last one failed")
    return false(Reason.FAILED, result.error)


def _cannot_start(state: PassState) -> Answer | None:
    """The newest run cannot start."""
    result = state.status.backfill
    return false(Reason.CANNOT_START, result.waiting) if result is not None and result.waiting else None


def _overdue(state: PassState) -> Answer | None:
    """A run that should have started long ago did not."""
    schedule = _schedule(state)
    is_late = schedule is not None and schedule.overdue
    return false(Reason.OVERDUE, "the last scheduled backfill did not run") if is_late else None


def _suspended(state: PassState) -> Answer | None:
    """The schedule is suspended and no run has finished."""
    backfill = state.spec.pii_backfill
    is_suspended = (
        backfill is not None and backfill.suspend and (state.status.backfill or BackfillResult()).job is None
    )
    return unknown(Reason.SUSPENDED) if is_suspended else None


def _not_finished(state: PassState) -> Answer | None:
    """No run of the backfill has finished."""
    schedule = _schedule(state)
    if state.status.backfill is not None and state.status.backfill.job is not None:
        return None
    return unknown(Reason.RUNNING if schedule and schedule.running else Reason.PENDING)


def _pii_counted(state: PassState) -> Answer | None:
    """A dry run counted messages to redact."""
    result = state.status.backfill
    if result is None or result.mode != "DryRun" or not result.redacted:
        return None
    return false(Reason.PII_FOUND, f"a dry run found {result.redacted} messages to redact")


BACKFILL: tuple[Rule, ...] = (
    _not_configured,
    _covered,
    _cannot_start,
    _failed,
    _overdue,
    _suspended,
    _not_finished,
    _pii_counted,
)
