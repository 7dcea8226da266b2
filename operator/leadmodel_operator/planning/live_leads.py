"""The step that watches live leads: assess their drift, then roll back, alert, or do nothing."""

from dataclasses import replace

from leadmodel_operator.planning.champion import renew_previous, roll_back
from leadmodel_operator.planning.drift import assess
from leadmodel_operator.planning.first_evidence import unpack
from leadmodel_operator.planning.observed import Observed
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.rollback import Response, RollbackDecision, decide
from leadmodel_operator.planning.rollout import record_population_shift, record_proven
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing, withheld
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_models import Revision
from leadmodel_operator.resource.vocabulary import EventReason, Evidence, QuarantineKind

_STEP = PlanStep.LIVE_LEADS


def watch_live_leads(state: PassState) -> Outcome:
    """Assess live leads, and roll back if and only if the previous model would do better on the same leads."""
    champion = state.champion
    if champion is None:
        return nothing(_STEP)
    if (why := _why_not_assessed(state, champion)) is not None:
        return withheld(_STEP, why)
    renew_previous(state)
    if not state.seen.scraped:
        return _standing_alert(state)
    status, spec = state.status, state.spec
    first = unpack(state.evidence, champion.digest, state.now)
    assessed = assess(
        status.drift,
        state.seen.pods,
        champion=champion.digest,
        previous=status.previous.digest if status.previous else None,
        ready=_pods_ready(state.seen, champion.digest),
        policy=spec.drift,
        now=state.now,
        first=first,
    )
    was_breaching = status.drift is not None and status.drift.evidence is Evidence.FAIL
    state.change(drift=assessed.result)
    if (first is None or assessed.is_own) and not state.is_suspended:
        state.evidence = None
    if assessed.is_own:
        record_proven(state)
    decision = decide(
        assessed,
        previous=status.previous,
        rollback_blocker=_rollback_blocker(state),
        population_shifted_at=champion.population_shifted_at,
        rollbacks=status.rollbacks,
        quarantine=status.quarantine,
        drift=spec.drift,
        rollback=spec.rollback,
        now=state.now,
    )
    if assessed.result.evidence is Evidence.FAIL and not was_breaching:
        message = "live leads differ from the reference; watching whether it lasts"
        state.emit(EventReason.DRIFT_BREACHING, message, warning=True)
    return _respond(state, decision)


def _why_not_assessed(state: PassState, champion: Revision) -> str | None:
    if state.champion_changed:
        return "the champion changed in this pass"
    if champion.served_at is None or state.status.rollout is not None:
        return f"{short(champion.digest)} does not serve in every pod yet"
    return None


def _pods_ready(seen: Observed, digest: str) -> int:
    return sum(pod.ready and pod.template_champion == digest for pod in seen.pods)


def _rollback_blocker(state: PassState) -> str | None:
    """Why the previous model cannot serve; None if it can, or if there is none."""
    previous = state.status.previous
    if previous is None:
        return None
    if not state.is_reachable(previous.digest):
        return "the bytes of the previous model are lost"
    if previous.auc is not None and not (previous.auc >= state.spec.min_auc):
        return "the previous model fails the present gate"
    return None


def _respond(state: PassState, decision: RollbackDecision) -> Outcome:
    if decision.response is Response.NOTHING:
        return nothing(_STEP)
    if (why := state.why_suspended) is not None:
        return withheld(_STEP, why)
    if decision.response is Response.ROLL_BACK:
        target = state.status.previous
        roll_back(state, target, kind=QuarantineKind.DRIFT, reason=decision.reason, message=decision.message)
        return did(_STEP, f"rolled back: {decision.message}")
    record_population_shift(state)
    drift = state.status.drift
    if drift is not None and (not drift.verdict or drift.blocker is None):  # older operators wrote no blocker
        state.change(drift=replace(drift, verdict=decision.message[:256], blocker=decision.blocker))
        if not drift.verdict:
            message = f"{decision.message}; retraining is recommended"
            state.emit(EventReason.DRIFT_SUSTAINED, message, warning=True)
    return _standing_alert(state)


def _standing_alert(state: PassState) -> Outcome:
    """The outcome while a sustained breach stands that led to no rollback; the same on passes that read no windows."""
    drift = state.status.drift
    return withheld(_STEP, drift.verdict) if drift is not None and drift.verdict else nothing(_STEP)
