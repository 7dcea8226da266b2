"""The condition SourceReachable as a chain of rules: the first rule that applies answers.

the newest poll cannot start                            | False CannotStart
the last poll failed                                    | False, reason of the poll
the last poll found an artifact but no holdout          | False HoldoutUnavailable
a poll was answered                                     | True Polled
the spec pins the digest                                | Unknown NotPolled
otherwise                                               | Unknown Pending

The source of a pinned digest is read by validations alone: Validated tells of these.
"""

from leadmodel_operator.planning.facts import Answer, Rule, false, first_answer, true, unknown
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.status_jobs import PollResult
from leadmodel_operator.resource.vocabulary import Reason


def source_reachable(state: PassState) -> Answer:
    """Whether the last poll of the source was answered; `lastTransitionTime` says since when."""
    return first_answer(SOURCE, state, unknown(Reason.PENDING, "the source was not polled yet"))


def _poll(state: PassState) -> PollResult:
    return state.status.poll or PollResult()


def _cannot_start(state: PassState) -> Answer | None:
    """The newest poll cannot start."""
    why = _poll(state).waiting
    return false(Reason.CANNOT_START, why) if why else None


def _failed(state: PassState) -> Answer | None:
    """The last poll failed; a file over the size limit is an answer."""
    known = _poll(state)
    if known.reason is None or known.attempt == 0:
        return None
    polls = "the last poll" if known.attempt == 1 else f"{known.attempt} polls in a row"
    return false(known.reason, f"{polls} failed: {known.error or ''}")


def _without_holdout(state: PassState) -> Answer | None:
    """The store gives the artifact but not the holdout, without which no candidate can be judged."""
    why = _poll(state).holdout_error
    return false(Reason.HOLDOUT_UNAVAILABLE, f"the last poll found no holdout: {why}") if why else None


def _answered(state: PassState) -> Answer | None:
    """Give the condition of a source that answered its last poll."""
    known = _poll(state)
    is_answered = known.last_success is not None or known.reason is Reason.ARTIFACT_TOO_LARGE
    return true(Reason.POLLED) if is_answered else None


def _pinned(state: PassState) -> Answer | None:
    """The spec pins the digest."""
    return unknown(Reason.NOT_POLLED, "the spec pins the digest") if state.pinned else None


SOURCE: tuple[Rule, ...] = (_cannot_start, _failed, _without_holdout, _answered, _pinned)
