"""Status → phase and conditions. Every condition is always present; `lastTransitionTime` changes with the status alone.

    condition       | decided by                      | phase it leads to (first row that applies)
    ----------------|---------------------------------|---------------------------------------------------------------
    (paused)        | annotation or spec              | Paused
    Reconciling     | `_reconciling`                  | Fetching, Validating, RollingBack or RollingOut, by its reason
    Stalled         | STALLED in `stalled.py`         | RolledBack, else Blocked
    DriftDetected   | `drift_detected`               | Breaching, from the first breaching reading on
    Ready           | READY in `readiness.py`         | Serving, else Pending
    Validated       | VALIDATED in `validated.py`     |
    Available       | `_available`                    |
    RolledBack      | `_rolled_back`                  |
    BackfillHealthy | BACKFILL in `backfill_health.py`|
    SourceReachable | SOURCE in `source_health.py`    |
    RetrainingHealthy | RETRAINING in `retraining_health.py` |
    EnrichmentHealthy | ENRICHMENT in `enrichment_health.py` |
    FollowUpsHealthy | FOLLOW_UPS in `followups_health.py` |

Reconciling and Stalled are never both True: a rollout within its deadline reconciles, everything else that needs a person stalls.
"""

from collections.abc import Mapping
from dataclasses import replace

from leadmodel_operator.planning.backfill_health import backfill_healthy
from leadmodel_operator.planning.drift_detected import drift_detected
from leadmodel_operator.planning.enrichment_health import enrichment_healthy
from leadmodel_operator.planning.facts import (
    Answer,
    false,
    is_rolled_back,
    ready_pods,
    served_by_pods,
    serving_digests,
    true,
    unknown,
    why_pods_wait,
    without_figures,
)
from leadmodel_operator.planning.followups_health import follow_ups_healthy, report_follow_ups
from leadmodel_operator.planning.observed import Observed
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.readiness import ready
from leadmodel_operator.planning.retraining_health import retraining_healthy
from leadmodel_operator.planning.source_health import source_reachable
from leadmodel_operator.planning.stalled import is_overdue, stalled
from leadmodel_operator.planning.validated import validated
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status import Condition, Status
from leadmodel_operator.resource.vocabulary import (
    ConditionStatus,
    ConditionType,
    EventReason,
    Evidence,
    Phase,
    Reason,
)

Answers = Mapping[ConditionType, Answer]
_MESSAGE = 1024  # characters of a message that status holds


def conclude(state: PassState) -> None:
    """Write phase, conditions and the figures of the pods into status."""
    answers = {
        ConditionType.READY: ready(state),
        ConditionType.AVAILABLE: _available(state),
        ConditionType.VALIDATED: validated(state),
        ConditionType.STALLED: stalled(state),
        ConditionType.DRIFT_DETECTED: drift_detected(state.status.drift),
        ConditionType.ROLLED_BACK: _rolled_back(state),
        ConditionType.BACKFILL_HEALTHY: backfill_healthy(state),
        ConditionType.SOURCE_REACHABLE: source_reachable(state),
        ConditionType.RETRAINING_HEALTHY: retraining_healthy(state),
        ConditionType.ENRICHMENT_HEALTHY: enrichment_healthy(state),
        ConditionType.FOLLOW_UPS_HEALTHY: follow_ups_healthy(state),
    }
    answers[ConditionType.RECONCILING] = _reconciling(state, answers)
    if answers[ConditionType.RECONCILING].status is ConditionStatus.TRUE:
        answers[ConditionType.STALLED] = false(Reason.SETTLED)
    _report_new_cause(state, answers[ConditionType.STALLED])
    report_follow_ups(state, answers[ConditionType.FOLLOW_UPS_HEALTHY])
    phase = _phase(state, answers)
    is_same = phase is state.status.phase and state.status.phase_since is not None
    state.change(
        phase=phase,
        phase_since=state.status.phase_since if is_same else state.now,
        replicas=len(state.seen.pods),
        ready_replicas=ready_pods(state),
        selector=f"customerops.dev/leadmodel={state.seen.name},customerops.dev/role=predictor",
        url=_url(state),
        conditions=tuple(_condition(kind, answers[kind], state.seen, state.status) for kind in ConditionType),
    )


def _report_new_cause(state: PassState, answer: Answer) -> None:
    """Add an event when the cause of Stalled is new; a rollback has its own event, and other figures are no new cause."""
    before = next((c for c in state.status.conditions if c.type is ConditionType.STALLED), None)
    known = before is not None and before.status is ConditionStatus.TRUE
    is_same = known and before is not None and before.reason is answer.reason
    if is_same and before is not None and _same_cause(before.message, answer.message):
        return
    if answer.status is not ConditionStatus.TRUE or answer.reason is Reason.ROLLED_BACK:
        return
    reason = EventReason(answer.reason)
    if all(event.reason is not reason for event in state.events):
        state.emit(reason, answer.message or "a person is needed", warning=True)


def _same_cause(recorded: str, message: str) -> bool:
    return without_figures(recorded) == without_figures(message[:_MESSAGE])


def unread(seen: Observed, status: Status) -> Status:
    """The status of a LeadModel whose objects the operator may not read; other conditions stay as they were."""
    return _blocked(seen, status, unknown(Reason.FORBIDDEN, seen.unread))


def invalid(seen: Observed, status: Status) -> Status:
    """The status of a LeadModel whose stored spec breaks the present schema; other conditions stay as they were."""
    return _blocked(seen, status, false(Reason.INVALID_SPEC, seen.invalid))


def _blocked(seen: Observed, status: Status, ready: Answer) -> Status:
    """The status of a LeadModel about which nothing can be decided; `ready` names the reason."""
    answers = {
        ConditionType.READY: ready,
        ConditionType.RECONCILING: false(ready.reason, ready.message),
        ConditionType.STALLED: true(ready.reason, ready.message),
    }
    untouched = {
        condition.type: condition for condition in status.conditions if condition.type not in answers
    }
    never_known = unknown(ready.reason, ready.message)
    conditions = tuple(
        untouched.get(kind) or _condition(kind, answers.get(kind, never_known), seen, status)
        for kind in ConditionType
    )
    is_same = status.phase is Phase.BLOCKED and status.phase_since is not None
    return replace(
        status,
        phase=Phase.BLOCKED,
        phase_since=status.phase_since if is_same else seen.now,
        conditions=conditions,
        observed_generation=seen.generation,
    )


def _condition(kind: ConditionType, answer: Answer, seen: Observed, status: Status) -> Condition:
    before = next((condition for condition in status.conditions if condition.type is kind), None)
    is_same = before is not None and before.status is answer.status
    return Condition(
        type=kind,
        status=answer.status,
        reason=answer.reason,
        message=answer.message[:_MESSAGE],
        observed_generation=seen.generation,
        last_transition_time=before.last_transition_time if before is not None and is_same else seen.now,
    )


def _url(state: PassState) -> str:
    """The URL to which clients POST leads; empty before anything serves."""
    if state.seen.rollout is None and state.champion is None:
        return ""
    return state.seen.url or f"http://{state.seen.name}.{state.seen.namespace}.svc:80/predict"


def _available(state: PassState) -> Answer:
    """Whether some model answers, requested or not."""
    deployed = state.seen.rollout
    if state.champion is None and deployed is None:
        return false(Reason.NO_GOOD_REVISION, "no revision has passed the gate yet")
    if deployed is not None and deployed.available and any(pod.ready for pod in state.seen.pods):
        return true(Reason.MINIMUM_REPLICAS_AVAILABLE)
    if deployed is not None and deployed.settled and deployed.replicas == 0:
        return false(Reason.MINIMUM_REPLICAS_UNAVAILABLE, "replicas is 0: no pod serves")
    why = why_pods_wait(state)
    return false(Reason.MINIMUM_REPLICAS_UNAVAILABLE, f"no pod answers{f' ({why})' if why else ' yet'}")


def _reconciling(state: PassState, answers: Answers) -> Answer:
    """Whether work is in progress that needs no person.

    A rollout within its deadline wins over Stalled, unless the API server does not take its objects; everything else loses against
    Stalled.
    """
    if state.paused:
        return false(Reason.PAUSED)
    rollout, is_ready = state.status.rollout, answers[ConditionType.READY]
    if rollout is not None and not is_overdue(state) and not _is_kept_from_writing(answers):
        is_promotion = rollout.reason is Reason.PROMOTED
        return true(Reason.ROLLING_OUT if is_promotion else Reason.ROLLING_BACK, is_ready.message)
    if answers[ConditionType.STALLED].status is ConditionStatus.TRUE or rollout is not None:
        return false(Reason.SETTLED)
    in_progress = {Reason.FETCHING, Reason.VALIDATING, Reason.ROLLING_OUT}
    if is_ready.status is ConditionStatus.FALSE and is_ready.reason in in_progress:
        return true(is_ready.reason, is_ready.message)
    return false(Reason.SETTLED)


def _is_kept_from_writing(answers: Answers) -> bool:
    reasons = {Reason.NAME_CONFLICT, Reason.FORBIDDEN, Reason.QUOTA_EXCEEDED, Reason.REFUSED}
    return answers[ConditionType.STALLED].reason in reasons


def _rolled_back(state: PassState) -> Answer:
    """Whether an older champion serves by decision of the operator."""
    if not is_rolled_back(state):
        return false(Reason.AS_REQUESTED)
    newest = state.status.rollbacks[0]
    if serving_digests(state) == [newest.to]:
        return true(newest.reason, f"{short(newest.to)} serves instead of {short(newest.from_)}")
    decided = f"decided: {short(newest.to)} is to serve instead of {short(newest.from_)}"
    return true(newest.reason, f"{decided}; {served_by_pods(state)}")


_WORKING_PHASES = {
    Reason.FETCHING: Phase.FETCHING,
    Reason.VALIDATING: Phase.VALIDATING,
    Reason.ROLLING_BACK: Phase.ROLLING_BACK,
}


def _phase(state: PassState, answers: Answers) -> Phase:
    """The conditions in one word, by the table of this module."""
    working, needs_person = answers[ConditionType.RECONCILING], answers[ConditionType.STALLED]
    if state.paused:
        return Phase.PAUSED
    if working.status is ConditionStatus.TRUE:
        return _WORKING_PHASES.get(working.reason, Phase.ROLLING_OUT)
    if needs_person.status is ConditionStatus.TRUE:
        return Phase.ROLLED_BACK if needs_person.reason is Reason.ROLLED_BACK else Phase.BLOCKED
    if state.status.drift is not None and state.status.drift.evidence is Evidence.FAIL:
        return Phase.BREACHING
    is_ready = answers[ConditionType.READY].status is ConditionStatus.TRUE
    return Phase.SERVING if is_ready else Phase.PENDING
