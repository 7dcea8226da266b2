"""Status → phase and conditions. Every condition is always present; `lastTransitionTime` moves only on a flip."""

from dataclasses import dataclass
from datetime import timedelta

from leadmodel_operator.planning.champion import is_serving
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status import Condition
from leadmodel_operator.resource.vocabulary import (
    ConditionStatus,
    ConditionType,
    Evidence,
    Phase,
    Reason,
    Source,
)

_T, _F, _U = ConditionStatus.TRUE, ConditionStatus.FALSE, ConditionStatus.UNKNOWN


@dataclass(frozen=True)
class Said:
    """What a condition says."""

    status: ConditionStatus
    reason: Reason
    message: str = ""


def conclude(state: PassState) -> None:
    """Write phase, replicas and conditions."""
    there = state.seen.rollout
    answers = {
        ConditionType.READY: _ready(state),
        ConditionType.AVAILABLE: _available(state),
        ConditionType.VALIDATED: _validated(state),
        ConditionType.STALLED: _stalled(state),
        ConditionType.DRIFT_DETECTED: _drift(state),
        ConditionType.ROLLED_BACK: _rolled_back(state),
        ConditionType.BACKFILL_HEALTHY: _backfill(state),
    }
    answers[ConditionType.RECONCILING] = _reconciling(state, answers)
    if answers[ConditionType.RECONCILING].status is _T:
        answers[ConditionType.STALLED] = Said(_F, Reason.SETTLED)
    state.change(
        phase=_phase(state, answers),
        replicas=len(state.seen.pods),
        ready_replicas=_ready_pods(state),
        selector=f"customerops.dev/leadmodel={state.seen.name},customerops.dev/role=predictor",
        url=state.seen.url or f"http://{state.seen.name}.{state.seen.namespace}.svc:80/predict"
        if there or state.champion
        else "",
    )
    before = {condition.type: condition for condition in state.status.conditions}
    state.change(
        conditions=tuple(_condition(state, kind, answers[kind], before.get(kind)) for kind in ConditionType)
    )


def _condition(state: PassState, kind: ConditionType, said: Said, before: Condition | None) -> Condition:
    same = before is not None and before.status is said.status
    return Condition(
        type=kind,
        status=said.status,
        reason=said.reason,
        message=said.message[:1024],
        observed_generation=state.seen.generation,
        last_transition_time=before.last_transition_time if same and before is not None else state.now,
    )


def _ready_pods(state: PassState) -> int:
    champion = state.champion
    return sum(
        pod.ready and champion is not None and pod.template_champion == champion.digest
        for pod in state.seen.pods
    )


def is_rolled_back(state: PassState) -> bool:
    """An older champion serves by our decision, and nothing was promoted since."""
    rollbacks, champion = state.status.rollbacks, state.champion
    if not rollbacks or (champion is not None and champion.digest != rollbacks[0].to):
        return False
    asked = state.status.requested
    return state.permanent_entry(rollbacks[0].from_) is not None and (
        asked is None or champion is None or asked.digest != champion.digest
    )


def _current(state: PassState) -> bool:
    """The champion passed under the present gate and is what is asked for, or only a polled candidate differs."""
    champion, asked = state.champion, state.status.requested
    if champion is None or champion.passed != state.gate_hash or asked is None:
        return False
    if asked.digest == champion.digest:
        return True
    return asked.source is not Source.SPEC and not is_rolled_back(state)


def _ready(state: PassState) -> Said:
    asked, candidate = state.status.requested, state.status.candidate
    if state.seen.conflicts:
        return Said(_F, Reason.UNAVAILABLE, f"{state.seen.conflicts[0]} belongs to someone else")
    if state.spec_changed and not _current(state):
        return Said(_F, Reason.FETCHING, "the spec asks for something new")
    if is_rolled_back(state):
        newest = state.status.rollbacks[0]
        return Said(
            _F,
            Reason.ROLLED_BACK,
            f"serving {short(newest.to)}, {short(newest.from_)} is quarantined: {newest.reason}",
        )
    if asked is not None and state.pinned and (entry := state.permanent_entry(asked.digest)) is not None:
        return Said(
            _F,
            Reason.QUARANTINED,
            f"serving {short(_digest(state))}, {short(asked.digest)} is quarantined: {entry.evidence}",
        )
    if _current(state):
        return _ready_by_pods(state)
    if asked is None:
        refused = candidate is not None and candidate.verdict is Evidence.FAIL
        reason = Reason.GATE_FAILED if refused else Reason.FETCHING
        return Said(_F, reason, _why_no_answer(state))
    return _ready_by_candidate(state)


def _digest(state: PassState) -> str | None:
    return state.champion.digest if state.champion else None


def _why_no_answer(state: PassState) -> str:
    poll = state.status.poll
    return poll.error if poll is not None and poll.error else "the source has not said yet what it holds"


def _changes_pods(state: PassState) -> bool:
    """Whether the Deployment of the champion has pods of an older template: image, resources or settings are rolled out."""
    there, champion = state.seen.rollout, state.champion
    if there is None or champion is None or there.champion != champion.digest:
        return False
    old = there.updated < there.replicas or there.total > there.updated
    return champion.served_at is not None and state.status.rollout is None and old


def _pods_late(state: PassState) -> bool:
    return _changes_pods(state) and state.seen.rollout is not None and state.seen.rollout.deadline_exceeded


def _ready_by_pods(state: PassState) -> Said:
    champion = state.champion
    if _changes_pods(state):
        return Said(
            _F, Reason.ROLLING_OUT, f"pods of {short(_digest(state))} change to the template of this spec"
        )
    if is_serving(state):
        if not any(pod.ready for pod in state.seen.pods):
            return Said(_F, Reason.UNAVAILABLE, "scaled to no pods")
        return Said(_T, Reason.SERVING, f"{short(_digest(state))} serves in every pod")
    if (
        champion is not None
        and champion.served_at is not None
        and state.status.rollout is None
        and _ready_pods(state)
    ):
        there = state.seen.rollout
        if there is not None and there.champion == champion.digest and there.available:
            return Said(_T, Reason.SERVING, f"{short(champion.digest)} serves in {_ready_pods(state)} pods")
    if state.status.rollout is None and champion is not None and champion.served_at is not None:
        return Said(_F, Reason.UNAVAILABLE, f"{short(champion.digest)} is not ready in its pods")
    return Said(
        _F, Reason.ROLLING_OUT, f"{short(_digest(state))} is rolled out: {_ready_pods(state)} pods ready"
    )


def _ready_by_candidate(state: PassState) -> Said:
    candidate, asked = state.status.candidate, state.status.requested
    entry = state.quarantine_entry(asked.digest) if asked else None
    if entry is not None:
        return Said(_F, Reason.GATE_FAILED, f"{short(entry.digest)}: {entry.evidence}")
    if candidate is None or candidate.verdict is None:
        return Said(
            _F, Reason.VALIDATING, f"{short(asked.digest if asked else None)} is measured on the holdout"
        )
    if candidate.verdict is Evidence.FAIL:
        return Said(_F, Reason.GATE_FAILED, candidate.message)
    return Said(_F, Reason.VALIDATING, candidate.message)


def _available(state: PassState) -> Said:
    there = state.seen.rollout
    if state.champion is None and there is None:
        return Said(_F, Reason.NO_GOOD_REVISION, "no revision has passed the gate yet")
    if there is not None and there.available and any(pod.ready for pod in state.seen.pods):
        return Said(_T, Reason.MINIMUM_REPLICAS_AVAILABLE)
    return Said(_F, Reason.MINIMUM_REPLICAS_UNAVAILABLE, "no pod answers yet")


def _validated(state: PassState) -> Said:
    champion, asked, candidate = state.champion, state.status.requested, state.status.candidate
    if state.status.hold is not None:
        return Said(
            _U,
            state.status.hold.reason,
            "passed, and held after a rollback; customerops.dev/release lifts it",
        )
    if (
        asked is not None
        and champion is not None
        and asked.digest == champion.digest
        and champion.passed == state.gate_hash
    ):
        return Said(_T, Reason.GATE_PASSED, f"AUC {champion.auc:.4f}" if champion.auc is not None else "")
    entry = state.quarantine_entry(asked.digest) if asked else None
    if entry is not None:
        return Said(_F, entry.reason, entry.evidence)
    if candidate is not None and candidate.verdict is not None:
        status = {Evidence.PASS: _T, Evidence.FAIL: _F}.get(candidate.verdict, _U)
        return Said(status, candidate.reason or Reason.PENDING, candidate.message)
    poll = state.status.poll
    if asked is None and poll is not None and poll.reason is not None:
        return Said(_U, poll.reason, poll.error or "")
    return Said(_U, Reason.PENDING, "not measured yet")


def overdue(state: PassState) -> bool:
    """Whether what is going on has taken longer than the deadline."""
    limit = timedelta(seconds=state.spec.progress_deadline.seconds)
    candidate, rollout, there = state.status.candidate, state.status.rollout, state.seen.rollout
    if rollout is not None:
        if state.now - rollout.since > limit or (there is not None and there.deadline_exceeded):
            return True
        state.requeue_at(rollout.since + limit + timedelta(seconds=1))
        return False
    waiting = candidate is not None and candidate.verdict in {None, Evidence.UNAVAILABLE}
    started = candidate.started if candidate is not None and waiting else None
    if started is None and state.status.requested is None and state.status.poll and state.status.poll.error:
        started = state.status.poll.since
    if started is None:
        return False
    if state.now - started > limit:
        return True
    state.requeue_at(started + limit + timedelta(seconds=1))
    return False


def _blocked(state: PassState) -> bool:
    """Whether a refusal needs a person: the spec names it, nothing serves, or the champion has not passed this spec."""
    champion = state.champion
    return state.pinned or champion is None or champion.passed != state.gate_hash


def _stalled(state: PassState) -> Said:
    asked, candidate = state.status.requested, state.status.candidate
    if state.seen.conflicts:
        said = f"{state.seen.conflicts[0]} is not this LeadModel's; delete or rename it"
        return Said(_T, Reason.NAME_CONFLICT, said)
    if state.seen.refused:
        said = f"the operator may not {state.seen.refused[0]} here; give it the rights of its chart"
        return Said(_T, Reason.FORBIDDEN, said)
    if is_rolled_back(state):
        no_target = state.champion is None
        reason = Reason.NO_ROLLBACK_TARGET if no_target else Reason.ROLLED_BACK
        return Said(_T, reason, "train a better model, or release the digest")
    if asked is not None and state.permanent_entry(asked.digest) is not None and _blocked(state):
        return Said(
            _T, Reason.QUARANTINED, f"{short(asked.digest)} is quarantined; release it or ask for another"
        )
    refused = (asked is not None and state.quarantine_entry(asked.digest) is not None) or (
        candidate is not None and candidate.verdict is Evidence.FAIL
    )
    if refused and _blocked(state):
        return Said(_T, Reason.GATE_FAILED, _validated(state).message)
    if candidate is not None and candidate.verdict is Evidence.INSUFFICIENT and _blocked(state):
        return Said(_T, Reason.HOLDOUT_TOO_SMALL, candidate.message)
    if _pods_late(state) or (overdue(state) and (state.status.rollout is not None or not _current(state))):
        return Said(_T, Reason.PROGRESS_DEADLINE_EXCEEDED, _why_late(state))
    return Said(_F, Reason.SETTLED)


def _why_late(state: PassState) -> str:
    there = state.seen.rollout
    faults = [there.fault if there else None, *(pod.fault for pod in state.seen.pods)]
    fault = next((found for found in faults if found is not None), None)
    if state.status.rollout is not None or _changes_pods(state):
        why = f"{fault.kind}: {fault.reason}" if fault else "pods are not ready"
        return f"the rollout is late ({why})"
    candidate = state.status.candidate
    return candidate.message if candidate is not None and candidate.message else _why_no_answer(state)


def _reconciling(state: PassState, answers: dict[ConditionType, Said]) -> Said:
    if state.paused:
        return Said(_F, Reason.PAUSED)
    rollout = state.status.rollout
    if rollout is not None and not overdue(state):
        back = rollout.reason is not Reason.PROMOTED
        return Said(
            _T, Reason.ROLLING_BACK if back else Reason.ROLLING_OUT, answers[ConditionType.READY].message
        )
    if answers[ConditionType.STALLED].status is _T or rollout is not None:
        return Said(_F, Reason.SETTLED)
    ready = answers[ConditionType.READY]
    if ready.status is _F and ready.reason in {Reason.FETCHING, Reason.VALIDATING, Reason.ROLLING_OUT}:
        return Said(_T, ready.reason, ready.message)
    return Said(_F, Reason.SETTLED)


def _drift(state: PassState) -> Said:
    found = state.status.drift
    if found is None:
        return Said(_U, Reason.METRICS_UNAVAILABLE, "no drift window was read yet")
    shown = (
        f"PSI {found.psi:.2f} in {found.feature} over {found.samples // 100 * 100}+ leads"
        if found.psi is not None
        else ""
    )
    if found.evidence is Evidence.FAIL:
        if found.sustained:
            return Said(_T, Reason.SUSTAINED_BREACH, found.verdict or shown)
        return Said(_F, Reason.BREACHING, shown)
    if found.evidence is Evidence.PASS:
        return Said(_F, Reason.WITHIN_LIMITS, shown)
    insufficient = found.evidence is Evidence.INSUFFICIENT
    return Said(
        _U,
        Reason.INSUFFICIENT_SAMPLES if insufficient else Reason.METRICS_UNAVAILABLE,
        f"{found.pods} pods answered",
    )


def _rolled_back(state: PassState) -> Said:
    if not is_rolled_back(state):
        return Said(_F, Reason.AS_REQUESTED)
    newest = state.status.rollbacks[0]
    return Said(_T, newest.reason, f"{short(newest.to)} serves instead of {short(newest.from_)}")


def _backfill(state: PassState) -> Said:
    asked, found = state.spec.pii_backfill, state.status.backfill
    if asked is None:
        return Said(_U, Reason.NOT_CONFIGURED)
    if state.seen.covered_by is not None:
        return Said(_U, Reason.COVERED_BY, f"{state.seen.covered_by} covers the same keys")
    schedule = next((s for s in state.seen.schedules if s.kind == "backfill"), None)
    if found is not None and found.error:
        return Said(_F, Reason.FAILED, found.error)
    if schedule is not None and schedule.overdue:
        return Said(_F, Reason.OVERDUE, "the last scheduled backfill did not run")
    if asked.suspend and found is None:
        return Said(_U, Reason.SUSPENDED)
    if found is None:
        return Said(_U, Reason.RUNNING if schedule and schedule.running else Reason.PENDING)
    if found.mode == "DryRun" and found.redacted:
        return Said(_F, Reason.PII_FOUND, f"a dry run found {found.redacted} messages to redact")
    return Said(
        _T,
        Reason.SUCCEEDED,
        f"{found.scanned} messages read, {found.redacted} redacted, {found.residue} left",
    )


def _phase(state: PassState, answers: dict[ConditionType, Said]) -> Phase:
    if state.paused:
        return Phase.PAUSED
    working = answers[ConditionType.RECONCILING]
    if working.status is _T:
        return {
            Reason.FETCHING: Phase.FETCHING,
            Reason.VALIDATING: Phase.VALIDATING,
            Reason.ROLLING_BACK: Phase.ROLLING_BACK,
        }.get(working.reason, Phase.ROLLING_OUT)
    stalled = answers[ConditionType.STALLED]
    if stalled.status is _T:
        return Phase.ROLLED_BACK if stalled.reason is Reason.ROLLED_BACK else Phase.BLOCKED
    if state.status.drift is not None and state.status.drift.evidence is Evidence.FAIL:
        return Phase.BREACHING
    return Phase.SERVING if answers[ConditionType.READY].status is _T else Phase.PENDING
