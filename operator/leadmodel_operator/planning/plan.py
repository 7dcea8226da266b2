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
from leadmodel_operator.planning.pass_state import Draft
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
    draft = Draft(seen, seen.spec, status, paused=seen.paused or seen.spec.paused)
    sources.note_spec(draft)
    champion.note_served(draft)
    if not draft.halted:
        champion.check_rollout(draft)
    annotations.act(draft)
    sources.note_polls(draft)
    sources.note_retraining(draft)
    sources.note_backfill(draft)
    validation.note_validation(draft)
    _drift(draft)
    if not draft.halted:
        champion.check_lost(draft)
        validation.promote_passed(draft)
    validate = validation.next_validation(draft)
    wanted = desired(draft, validate)
    conditions.conclude(draft)
    return Plan(draft.status, wanted, tuple(draft.events), _wake(draft))


def _wake(draft: Draft) -> float:
    if draft.champion is not None and draft.seen.scrapes:
        draft.wake.append(draft.spec.drift.interval.seconds)
    if draft.seen.conflicts or draft.seen.refused:
        draft.wake.append(CONFLICT_S)
    for schedule in draft.seen.schedules:
        if schedule.late_at is not None and schedule.late_at > draft.now:
            draft.wake_at(schedule.late_at)
    return min([RESYNC_S, *draft.wake])


def _drift(draft: Draft) -> None:
    """Assess live leads, and go back when (and only when) the previous model would do better on them."""
    here = draft.champion
    if (
        here is None
        or draft.moved
        or not draft.seen.scraped
        or here.served_at is None
        or draft.status.rollout is not None
    ):
        return
    status, spec = draft.status, draft.spec
    ready = sum(pod.ready and pod.template_champion == here.digest for pod in draft.seen.pods)
    assessed = assess(
        status.drift,
        draft.seen.pods,
        champion=here.digest,
        previous=status.previous.digest if status.previous else None,
        ready=ready,
        policy=spec.drift,
        now=draft.now,
    )
    before = status.drift.evidence if status.drift else None
    draft.change(drift=assessed.result)
    champion.note_proven(draft)
    action = decide(
        assessed,
        previous=status.previous,
        previous_usable=_why_unusable(draft),
        moved_at=here.moved_at,
        rollbacks=status.rollbacks,
        quarantine=status.quarantine,
        drift=spec.drift,
        rollback=spec.rollback,
        now=draft.now,
    )
    _act(draft, action, breaching=before is not Evidence.FAIL and assessed.result.evidence is Evidence.FAIL)


def _why_unusable(draft: Draft) -> str | None:
    previous = draft.status.previous
    if previous is None:
        return None
    if not draft.reachable(previous.digest):
        return "the bytes of the previous model are lost"
    if previous.auc is not None and not (previous.auc >= draft.spec.min_auc):
        return "the previous model fails the present gate"
    return None


def _act(draft: Draft, action: Action, *, breaching: bool) -> None:
    if breaching:
        draft.say(
            "DriftBreaching", "live leads differ from the reference; watching whether it lasts", warning=True
        )
    if action.step is Step.NOTHING or draft.halted:
        return
    if action.step is Step.ROLL_BACK:
        target = draft.status.previous
        champion.roll_back(
            draft, target, kind=QuarantineKind.DRIFT, reason=action.reason, message=action.message
        )
        return
    champion.note_moved(draft)
    found = draft.status.drift
    if found is not None and not found.verdict:
        draft.change(drift=replace(found, verdict=action.message[:256]))
        draft.say("DriftSustained", f"{action.message}; retraining is recommended", warning=True)


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
