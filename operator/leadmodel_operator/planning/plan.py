"""`plan`: everything seen → status, what should be, events and trace. The one place where decisions are put in order. Pure.

observe → **plan** → record → apply. A decision is written to status before anything is done about the decision; what should be is
derived from that status alone.
"""

from leadmodel_operator.planning import conditions
from leadmodel_operator.planning.annotations import run_commands
from leadmodel_operator.planning.attempts import next_validation
from leadmodel_operator.planning.champion import replace_lost
from leadmodel_operator.planning.cronjob_results import record_backfill, record_retraining
from leadmodel_operator.planning.desired import desired
from leadmodel_operator.planning.follow_ups import watch_follow_ups
from leadmodel_operator.planning.ledger import evidence_of, rebuild
from leadmodel_operator.planning.live_leads import watch_live_leads
from leadmodel_operator.planning.observed import Observed
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.planned import Desired, Event, EventType, Plan
from leadmodel_operator.planning.polls import next_poll, record_polls
from leadmodel_operator.planning.promotion import promote_passed
from leadmodel_operator.planning.refusals import was_refused
from leadmodel_operator.planning.rollout import watch_rollout
from leadmodel_operator.planning.sources import record_spec
from leadmodel_operator.planning.text_attempts import next_text_check
from leadmodel_operator.planning.text_check import record_text_check
from leadmodel_operator.planning.text_pods import watch_texts
from leadmodel_operator.planning.text_serving import record_text_spec, serve_text
from leadmodel_operator.planning.text_training import record_text_training
from leadmodel_operator.planning.validation import record_validation
from leadmodel_operator.resource.status import Status
from leadmodel_operator.resource.vocabulary import ConditionStatus, ConditionType, EventReason, Reason

RESYNC_S = 1800.0
CONFLICT_S = 30.0  # no event tells that a name became free


def plan(seen: Observed) -> Plan:
    """Plan one pass. Never raises and reads no clock; the same input gives the same plan."""
    if seen.unread:
        return _plan_unread(seen)
    status = (
        rebuild(seen) if seen.status is None or _is_new_beside_a_ledger(seen, seen.status) else seen.status
    )
    if seen.spec is None:
        return _plan_without_spec(seen, status)
    paused = seen.paused or seen.spec.paused
    state = PassState(seen, seen.spec, status, paused=paused, evidence=evidence_of(seen.ledger, status))
    for step in (
        record_spec,
        watch_rollout,
        run_commands,
        record_polls,
        record_retraining,
        record_backfill,
        record_validation,
        watch_live_leads,
        replace_lost,
        promote_passed,
        record_text_spec,
        record_text_training,
        record_text_check,
        watch_texts,
        serve_text,
        watch_follow_ups,
    ):
        state.trace.append(step(state))
    validate, outcome = next_validation(state)
    state.trace.append(outcome)
    poll_job, outcome = next_poll(state)
    state.trace.append(outcome)
    check, outcome = next_text_check(state)
    state.trace.append(outcome)
    wanted = desired(state, validate, poll_job, check)
    conditions.conclude(state)
    return Plan(state.status, wanted, tuple(state.events), _requeue_after(state), tuple(state.trace))


def _is_new_beside_a_ledger(seen: Observed, status: Status) -> bool:
    """Whether the ledger of an earlier LeadModel of this name was taken over: a ledger has records only after a decision."""
    return seen.adopts and bool(seen.ledger) and status.decision == 0


def _requeue_after(state: PassState) -> float:
    """Seconds until the next pass: the earliest reason to look again."""
    if state.champion is not None and state.seen.scrapes:
        state.requeue_delays.append(state.spec.drift.interval.seconds)
    if state.seen.conflicts or state.seen.refused:
        state.requeue_delays.append(CONFLICT_S)
    if state.seen.refused is None and was_refused(state):
        state.requeue_in(1)
    for schedule in state.seen.schedules:
        if schedule.late_at is not None and schedule.late_at > state.now:
            state.requeue_at(schedule.late_at)
    return min([RESYNC_S, *state.requeue_delays])


def _untouched(seen: Observed) -> Desired:
    return Desired(keep=seen.snapshots, ledger=seen.ledger, frozen=True, touch_serve=False, tidy=False)


def _plan_unread(seen: Observed) -> Plan:
    """Plan without knowing what there is: report the read that the API server refuses, touch nothing."""
    status = seen.status or Status()
    ready = next((c for c in status.conditions if c.type is ConditionType.READY), None)
    known = ready is not None and (ready.status, ready.reason) == (ConditionStatus.UNKNOWN, Reason.FORBIDDEN)
    event = Event(EventReason.FORBIDDEN, seen.unread[:1000], EventType.WARNING)
    return Plan(conditions.unread(seen, status), _untouched(seen), () if known else (event,), CONFLICT_S)


def _plan_without_spec(seen: Observed, status: Status) -> Plan:
    """Plan for a spec that was stored before a stricter schema: report that, touch nothing, let the champion serve on."""
    untouched = _untouched(seen)
    known = any(condition.reason is Reason.INVALID_SPEC for condition in status.conditions)
    event = Event(EventReason.INVALID_SPEC, seen.invalid[:1000], EventType.WARNING)
    return Plan(conditions.invalid(seen, status), untouched, () if known else (event,), RESYNC_S)
