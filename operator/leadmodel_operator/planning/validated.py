"""The condition Validated as a chain of rules: the first rule that applies answers.

Validated
------------------------------------------------------|-------------------------------------
the candidate passed and is held                      | Unknown, reason of the hold
the candidate passed and answers a share of leads     | Unknown Canary
the candidate passed and is checked on live leads     | Unknown LiveGatePending
the champion is requested and passed the present gate | True GatePassed
the requested digest is quarantined                   | False, reason of the entry
the candidate has a verdict                           | True, False or Unknown, its reason
the source gave no artifact                           | Unknown, reason of the poll
otherwise                                             | Unknown Pending
"""

from leadmodel_operator.planning.challenger_record import asked_until, is_binding, is_held_by_leads, is_open
from leadmodel_operator.planning.facts import (
    Answer,
    Rule,
    false,
    first_answer,
    true,
    unknown,
    why_not_measured,
)
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.status_challenger import Challenger
from leadmodel_operator.resource.vocabulary import ConditionStatus, Evidence, Reason

_LIFT = "customerops.dev/release lifts it"


def validated(state: PassState) -> Answer:
    """The verdict of the gate on the requested digest."""
    return first_answer(
        VALIDATED, state, unknown(Reason.PENDING, why_not_measured(state) or "not measured yet")
    )


def _held(state: PassState) -> Answer | None:
    """The candidate passed and waits."""
    hold = state.status.hold
    if hold is None:
        return None
    challenger = state.status.challenger
    if is_held_by_leads(state) and challenger is not None:
        return unknown(hold.reason, f"passed on the holdout, and held: {challenger.message}; {_LIFT}")
    return unknown(hold.reason, f"passed, and held after a rollback; {_LIFT}")


def _asked(state: PassState) -> Answer | None:
    """The candidate passed on the holdout, and the pods score their leads with it."""
    challenger = state.status.challenger
    if challenger is None or not is_open(challenger):
        return None
    if challenger.step is not None:
        return unknown(Reason.CANARY, f"passed so far; {_in_steps(state, challenger)}")
    return unknown(Reason.LIVE_GATE_PENDING, f"passed on the holdout; {_waits_for(state, challenger)}")


def _in_steps(state: PassState, challenger: Challenger) -> str:
    """Say which share of leads the candidate is to answer, and how a person ends that."""
    if (why := state.why_suspended) is not None:
        return f"nothing is decided: {why}; {challenger.message}"
    return (
        f"{challenger.message}; customerops.dev/promote ends the steps, customerops.dev/abort the candidate"
    )


def _waits_for(state: PassState, challenger: Challenger) -> str:
    """Say what is waited for, until when, and what ends the wait."""
    if (why := state.why_suspended) is not None:
        return f"nothing is decided: {why}; {challenger.message or 'no pod has loaded it yet'}"
    until = f"{asked_until(state, challenger):%Y-%m-%d %H:%M} UTC"
    if not is_binding(state):
        return f"checked against live leads until {until} at the latest, and promoted whatever they say: {challenger.message}"
    holds = state.spec.gate.live.on_insufficient == "Hold"
    then = "held" if holds else "promoted without them"
    if challenger.reason is Reason.CANNOT_READ_LIVE_LEADS:
        then = "refused"
    return (
        f"checked against live leads before it answers any: {challenger.message or 'no pod has loaded it yet'};"
        f" at {until} it is {then} (gate.live), and customerops.dev/release promotes it at once"
    )


def _champion_passed(state: PassState) -> Answer | None:
    """The champion is what is requested and passed the present gate."""
    champion, requested = state.champion, state.status.requested
    if champion is None or requested is None or requested.digest != champion.digest:
        return None
    if champion.passed != state.gate_hash:
        return None
    return true(Reason.GATE_PASSED, f"AUC {champion.auc:.4f}" if champion.auc is not None else "")


def _in_quarantine(state: PassState) -> Answer | None:
    """The requested digest is in quarantine."""
    requested = state.status.requested
    entry = state.quarantine_entry(requested.digest) if requested else None
    return false(entry.reason, entry.evidence) if entry is not None else None


def _judged(state: PassState) -> Answer | None:
    """The candidate has a verdict."""
    candidate = state.status.candidate
    if candidate is None or candidate.verdict is None:
        return None
    statuses = {Evidence.PASS: ConditionStatus.TRUE, Evidence.FAIL: ConditionStatus.FALSE}
    status = statuses.get(candidate.verdict, ConditionStatus.UNKNOWN)
    return Answer(status, candidate.reason or Reason.PENDING, candidate.message)


def _source_failed(state: PassState) -> Answer | None:
    """Nothing is requested, because the source gave no artifact."""
    poll = state.status.poll
    if state.status.requested is not None or poll is None:
        return None
    if poll.waiting:
        return unknown(Reason.CANNOT_START, poll.waiting)
    return unknown(poll.reason, poll.error or "") if poll.reason is not None else None


VALIDATED: tuple[Rule, ...] = (_held, _asked, _champion_passed, _in_quarantine, _judged, _source_failed)
