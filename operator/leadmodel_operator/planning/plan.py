"""`plan`: everything seen → status, what should be, events. The one place where decisions are put in order. Pure.

observe → **plan** → record → apply. What is decided here is written to status before anything is done about it; what should be is
derived from that status alone.
"""

from dataclasses import replace

from leadmodel_operator.planning import annotations, champion, conditions, sources, validation
from leadmodel_operator.planning.desired import desired
from leadmodel_operator.planning.drift import Action, Step, assess, decide
from leadmodel_operator.planning.ledger import rebuild
from leadmodel_operator.planning.observed import Desired, Observed, Plan
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.status import Condition, Status
from leadmodel_operator.resource.vocabulary import (
    ConditionStatus,
    ConditionType,
    Evidence,
    Phase,
    QuarantineKind,
    Reason,
)

RESYNC_S = 1800.0
CONFLICT_S = 30.0  # no event tells that a name became free


def plan(seen: Observed) -> Plan:
    """The plan for what was seen. Never raises, reads no clock; the same input gives the same plan."""
    status = seen.status if seen.status is not None else rebuild(seen)
    if seen.spec is None:
        return _invalid(seen, status)
    state = PassState(seen, seen.spec, status, paused=seen.paused or seen.spec.paused)
    sources.record_spec(state)
    champion.record_served(state)
    if not state.is_suspended:
        champion.check_rollout(state)
    annotations.run_commands(state)
    sources.record_polls(state)
    sources.record_retraining(state)
    sources.record_backfill(state)
    validation.record_validation(state)
    _drift(state)
    if not state.is_suspended:
        champion.check_lost(state)
        validation.promote_passed(state)
    validate = validation.next_validation(state)
    wanted = desired(state, validate)
    conditions.conclude(state)
    return Plan(state.status, wanted, tuple(state.events), _wake(state))


def _wake(state: PassState) -> float:
    if state.champion is not None and state.seen.scrapes:
        state.requeue_delays.append(state.spec.drift.interval.seconds)
    if state.seen.conflicts or state.seen.refused:
        state.requeue_delays.append(CONFLICT_S)
    for schedule in state.seen.schedules:
        if schedule.late_at is not None and schedule.late_at > state.now:
            state.requeue_at(schedule.late_at)
    return min([RESYNC_S, *state.requeue_delays])


def _drift(state: PassState) -> None:
    """Assess live leads, and go back when (and only when) the previous model would do better on them."""
    here = state.champion
    if (
        here is None
        or state.champion_changed
        or not state.seen.scraped
        or here.served_at is None
        or state.status.rollout is not None
    ):
        return
    status, spec = state.status, state.spec
    ready = sum(pod.ready and pod.template_champion == here.digest for pod in state.seen.pods)
    assessed = assess(
        status.drift,
        state.seen.pods,
        champion=here.digest,
        previous=status.previous.digest if status.previous else None,
        ready=ready,
        policy=spec.drift,
        now=state.now,
    )
    before = status.drift.evidence if status.drift else None
    state.change(drift=assessed.result)
    champion.record_proven(state)
    action = decide(
        assessed,
        previous=status.previous,
        rollback_blocker=_why_unusable(state),
        population_shifted_at=here.population_shifted_at,
        rollbacks=status.rollbacks,
        quarantine=status.quarantine,
        drift=spec.drift,
        rollback=spec.rollback,
        now=state.now,
    )
    _act(state, action, breaching=before is not Evidence.FAIL and assessed.result.evidence is Evidence.FAIL)


def _why_unusable(state: PassState) -> str | None:
    previous = state.status.previous
    if previous is None:
        return None
    if not state.is_reachable(previous.digest):
        return "the bytes of the previous model are lost"
    if previous.auc is not None and not (previous.auc >= state.spec.min_auc):
        return "the previous model fails the present gate"
    return None


def _act(state: PassState, action: Action, *, breaching: bool) -> None:
    if breaching:
        state.emit(
            "DriftBreaching", "live leads differ from the reference; watching whether it lasts", warning=True
        )
    if action.step is Step.NOTHING or state.is_suspended:
        return
    if action.step is Step.ROLL_BACK:
        target = state.status.previous
        champion.roll_back(
            state, target, kind=QuarantineKind.DRIFT, reason=action.reason, message=action.message
        )
        return
    champion.record_population_shift(state)
    found = state.status.drift
    if found is not None and not found.verdict:
        state.change(drift=replace(found, verdict=action.message[:256]))
        state.emit("DriftSustained", f"{action.message}; retraining is recommended", warning=True)


def _invalid(seen: Observed, status: Status) -> Plan:
    """Stored before a stricter schema: say so, touch nothing, let the champion serve on."""
    said = {ConditionType.READY: ConditionStatus.FALSE, ConditionType.STALLED: ConditionStatus.TRUE}
    before = {condition.type: condition for condition in status.conditions}
    found: list[Condition] = []
    for kind in ConditionType:
        old = before.get(kind)
        answer = said.get(
            kind, ConditionStatus.FALSE if kind is ConditionType.RECONCILING else ConditionStatus.UNKNOWN
        )
        if old is not None and kind not in said and kind is not ConditionType.RECONCILING:
            found.append(old)
            continue
        same = old is not None and old.status is answer
        found.append(
            Condition(
                type=kind,
                status=answer,
                reason=Reason.INVALID_SPEC,
                message=seen.invalid[:1024],
                observed_generation=seen.generation,
                last_transition_time=old.last_transition_time if same and old is not None else seen.now,
            )
        )
    status = replace(
        status, phase=Phase.BLOCKED, conditions=tuple(found), observed_generation=seen.generation
    )
    held = Desired(keep=seen.snapshots, ledger=seen.ledger, frozen=True, touch_serve=False, tidy=False)
    return Plan(status, held, (), RESYNC_S)
