"""The condition Stalled as a chain of rules: the first rule that applies answers. Stalled needs a person or a new spec.

    an object with its name is someone else's             | True NameConflict
    the API server refuses what the operator must write     | True Forbidden, QuotaExceeded or Refused
    an older champion serves after a rollback               | True RolledBack; NoRollbackTarget if nothing serves
    the requested digest is quarantined for good            | True Quarantined         (*)
    the requested digest was refused by the gate            | True GateFailed          (*)
    the holdout does not let the gate decide                | True HoldoutTooSmall     (*)
    a rollout or a validation is later than the deadline    | True ProgressDeadlineExceeded
    otherwise                                               | False Settled

(*) only if a person is needed: the spec pins the digest, nothing serves, or the champion has not passed the present gate.
"""

from datetime import datetime, timedelta

from leadmodel_operator.planning.facts import (
    Answer,
    Rule,
    changes_pods,
    false,
    first_answer,
    is_current,
    is_rolled_back,
    true,
    why_no_request,
    why_pods_wait,
)
from leadmodel_operator.planning.job_faults import newest_running
from leadmodel_operator.planning.observed import JobKind
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.refusals import why_refused
from leadmodel_operator.planning.validated import validated
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_models import Candidate
from leadmodel_operator.resource.vocabulary import ADOPT_ANNOTATION, ConditionType, Evidence, Reason


def stalled(state: PassState) -> Answer:
    """Whether a person or a new spec is needed."""
    return first_answer(STALLED, state, false(Reason.SETTLED))


def is_overdue(state: PassState) -> bool:
    """Whether a rollout, validation or poll has taken longer than spec.progressDeadline.

    If not, another pass is requested for the instant at which the deadline passes.
    """
    limit = timedelta(seconds=state.spec.progress_deadline.seconds)
    rollout, deployed = state.status.rollout, state.seen.rollout
    started = rollout.since if rollout is not None else _waiting_since(state)
    if started is None:
        return False
    if rollout is not None and deployed is not None and deployed.deadline_exceeded:
        return True
    if state.now - started > limit:
        return True
    state.requeue_at(started + limit + timedelta(seconds=1))
    return False


def _waiting_since(state: PassState) -> datetime | None:
    """When the first attempt of the present validation began, or the polls of a source that gave no digest; None if neither waits."""
    candidate, poll = state.status.candidate, state.status.poll
    if candidate is not None and candidate.verdict in {None, Evidence.UNAVAILABLE} and candidate.started:
        return candidate.started
    if state.status.requested is not None or poll is None or state.paused:
        return None
    is_polled_in_vain = bool(poll.error) or newest_running(state, JobKind.POLL) is not None
    return poll.since if is_polled_in_vain else None


def _needs_a_person(state: PassState) -> bool:
    """Whether a refusal needs a person: the spec pins the digest, nothing serves, or the champion has not passed this gate."""
    champion = state.champion
    return state.pinned or champion is None or champion.passed != state.gate_hash


def _name_conflict(state: PassState) -> Answer | None:
    """Another owner made objects with names that the LeadModel needs."""
    conflicts = state.seen.conflicts
    if not conflicts:
        return None
    are, them = ("is", "it") if len(conflicts) == 1 else ("are", "them")
    named = ", ".join(sorted(set(conflicts)))
    message = f"{named} {are} not this LeadModel's; delete or rename {them}"
    if state.seen.adoptable:
        message += f", or take over what an earlier LeadModel of this name left by the annotation {ADOPT_ANNOTATION}=true"
    return true(Reason.NAME_CONFLICT, message)


def _rolled_back(state: PassState) -> Answer | None:
    """An older champion serves after a rollback, or nothing could serve."""
    if not is_rolled_back(state):
        return None
    reason = Reason.NO_ROLLBACK_TARGET if state.champion is None else Reason.ROLLED_BACK
    return true(reason, "train a better model, or release the digest")


def _quarantined(state: PassState) -> Answer | None:
    """The requested digest has a permanent quarantine entry."""
    requested = state.status.requested
    entry = state.permanent_entry(requested.digest) if requested else None
    if entry is None or not _needs_a_person(state):
        return None
    message = f"{short(entry.digest)} is quarantined; release it or ask for another"
    return true(Reason.QUARANTINED, message)


def _gate_failed(state: PassState) -> Answer | None:
    """The gate refused the requested digest or the candidate."""
    requested, candidate = state.status.requested, state.status.candidate
    is_quarantined = requested is not None and state.quarantine_entry(requested.digest) is not None
    is_refused = is_quarantined or (candidate is not None and candidate.verdict is Evidence.FAIL)
    if not is_refused or not _needs_a_person(state):
        return None
    return true(Reason.GATE_FAILED, validated(state).message)


def _holdout_too_small(state: PassState) -> Answer | None:
    """The holdout does not let the gate decide."""
    candidate = state.status.candidate
    if candidate is None or candidate.verdict is not Evidence.INSUFFICIENT or not _needs_a_person(state):
        return None
    return true(Reason.HOLDOUT_TOO_SMALL, candidate.message)


def _late(state: PassState) -> Answer | None:
    """A rollout is late, or a validation or poll is late whose result the champion does not make up for."""
    deployed = state.seen.rollout
    pods_are_late = changes_pods(state) and deployed is not None and deployed.deadline_exceeded
    if pods_are_late or (is_overdue(state) and (state.status.rollout is not None or not is_current(state))):
        return true(Reason.PROGRESS_DEADLINE_EXCEEDED, _why_late(state))
    return None


def _why_late(state: PassState) -> str:
    if state.status.rollout is not None or changes_pods(state):
        return f"the rollout is late ({why_pods_wait(state) or 'pods are not ready'})"
    candidate = state.status.candidate
    if candidate is None or candidate.verdict not in {None, Evidence.UNAVAILABLE}:
        return candidate.message if candidate is not None and candidate.message else why_no_request(state)
    return candidate.message or why_last_try_failed(state, candidate) or "the validation has not ended"


def why_last_try_failed(state: PassState, candidate: Candidate) -> str:
    """What status says while a validation is tried again: the cause of the last try holds until the new one ends."""
    before = next((c for c in state.status.conditions if c.type is ConditionType.STALLED), None)
    is_known = before is not None and before.reason is Reason.PROGRESS_DEADLINE_EXCEEDED
    return before.message if before is not None and is_known and candidate.attempt > 1 else ""


STALLED: tuple[Rule, ...] = (
    _name_conflict,
    why_refused,
    _rolled_back,
    _quarantined,
    _gate_failed,
    _holdout_too_small,
    _late,
)
