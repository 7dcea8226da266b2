"""The condition Ready as a chain of rules: the first rule that applies answers.

Ready
------------------------------------------------------|-------------------------------------
an object with its name is someone else's           | False Unavailable
the API server refuses Deployment or Service          | False Forbidden, QuotaExceeded or Refused
this generation asks for something new                | False Fetching
an older champion serves after a rollback             | False RolledBack
the pinned digest is quarantined for good             | False Quarantined
the champion answers the spec                         | by its pods, see READY_BY_PODS
nothing is requested                                  | False GateFailed or Fetching
the requested digest was refused                      | False GateFailed
otherwise                                             | False Validating
"""

from leadmodel_operator.planning.challenger_record import is_open
from leadmodel_operator.planning.facts import (
    Answer,
    Rule,
    changes_pods,
    false,
    first_answer,
    is_current,
    is_rolled_back,
    ready_pods,
    served_by_pods,
    true,
    why_no_request,
    why_not_measured,
    why_pods_wait,
)
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.refusals import why_not_carried_out
from leadmodel_operator.planning.rollout import is_serving
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.vocabulary import Evidence, Reason


def ready(state: PassState) -> Answer:
    """Whether what the spec asks for serves, seen in the pods."""
    requested = state.status.requested
    name, challenger = short(requested.digest if requested else None), state.status.challenger
    checked = challenger.digest if challenger is not None and is_open(challenger) else None
    is_checked = requested is not None and checked == requested.digest
    step = "checked against live leads" if is_checked else "measured on the holdout"
    message = why_not_measured(state) or f"{name} is {step}"
    return first_answer(READY, state, false(Reason.VALIDATING, message))


def _champion(state: PassState) -> str:
    return short(state.champion.digest if state.champion else None)


def _because(state: PassState) -> str:
    why = why_pods_wait(state)
    return f" ({why})" if why else ""


# --- Ready ------------------------------------------------------------------------------------------------------------------


def _name_conflict(state: PassState) -> Answer | None:
    """Another owner made an object with a name that the LeadModel needs."""
    if not state.seen.conflicts:
        return None
    named = ", ".join(sorted(state.seen.conflicts))
    return false(Reason.UNAVAILABLE, f"not this LeadModel's: {named}")


def _new_spec(state: PassState) -> Answer | None:
    """The very write that raises observedGeneration says so, and `kubectl wait` never passes on the old model."""
    if not state.spec_changed or is_current(state):
        return None
    return false(Reason.FETCHING, "the spec asks for something new")


def _rolled_back(state: PassState) -> Answer | None:
    """An older champion serves after a rollback."""
    if not is_rolled_back(state):
        return None
    newest = state.status.rollbacks[0]
    message = f"{served_by_pods(state)}, {short(newest.from_)} is quarantined: {newest.reason}"
    return false(Reason.ROLLED_BACK, message)


def _pinned_quarantined(state: PassState) -> Answer | None:
    """Pinning never lifts a permanent quarantine entry."""
    requested = state.status.requested
    entry = state.permanent_entry(requested.digest) if requested and state.pinned else None
    if entry is None:
        return None
    message = f"{served_by_pods(state)}, {short(entry.digest)} is quarantined: {entry.evidence}"
    return false(Reason.QUARANTINED, message)


def _champion_is_current(state: PassState) -> Answer | None:
    """The champion answers the spec: its pods decide."""
    if not is_current(state):
        return None
    message = f"{_champion(state)} is rolled out: {ready_pods(state)} pods ready{_because(state)}"
    return first_answer(READY_BY_PODS, state, false(Reason.ROLLING_OUT, message))


def _nothing_requested(state: PassState) -> Answer | None:
    """The source has given no digest; a file over the size limit is refused without a digest."""
    candidate = state.status.candidate
    if state.status.requested is not None:
        return None
    is_refused = candidate is not None and candidate.verdict is Evidence.FAIL
    return false(Reason.GATE_FAILED if is_refused else Reason.FETCHING, why_no_request(state))


def _refused(state: PassState) -> Answer | None:
    """The requested digest is in quarantine."""
    requested = state.status.requested
    entry = state.quarantine_entry(requested.digest) if requested else None
    return false(Reason.GATE_FAILED, f"{short(entry.digest)}: {entry.evidence}") if entry else None


def _candidate_has_verdict(state: PassState) -> Answer | None:
    """The candidate was refused, or passed and is not promoted yet, or could not be measured."""
    candidate = state.status.candidate
    if candidate is None or candidate.verdict is None:
        return None
    is_refused = candidate.verdict is Evidence.FAIL
    return false(Reason.GATE_FAILED if is_refused else Reason.VALIDATING, candidate.message)


READY: tuple[Rule, ...] = (
    _name_conflict,
    why_not_carried_out,
    _new_spec,
    _rolled_back,
    _pinned_quarantined,
    _champion_is_current,
    _nothing_requested,
    _refused,
    _candidate_has_verdict,
)


# --- Ready, by the pods of a champion that answers the spec -----------------------------------------------------------------


def _template_changes(state: PassState) -> Answer | None:
    """Pods change to a new template of the same champion."""
    if not changes_pods(state):
        return None
    message = f"pods of {_champion(state)} change to the template of this spec{_because(state)}"
    return false(Reason.ROLLING_OUT, message)


def _serves_everywhere(state: PassState) -> Answer | None:
    """Every pod serves the champion; without pods nothing serves."""
    if not is_serving(state):
        return None
    if not any(pod.ready for pod in state.seen.pods):
        return false(Reason.UNAVAILABLE, "replicas is 0: no pod serves")
    return true(Reason.SERVING, f"{_champion(state)} serves in every pod")


def _serves_in_enough_pods(state: PassState) -> Answer | None:
    """The champion has served in every pod before and is available, while some pods are replaced."""
    deployed, champion, count = state.seen.rollout, state.champion, ready_pods(state)
    if not _has_served(state) or not count or deployed is None or champion is None:
        return None
    if deployed.champion != champion.digest or not deployed.available:
        return None
    return true(Reason.SERVING, f"{_champion(state)} serves in {count} pods")


def _has_lost_its_pods(state: PassState) -> Answer | None:
    """The champion has served in every pod before and is not available any more."""
    if not _has_served(state):
        return None
    return false(Reason.UNAVAILABLE, f"{_champion(state)} is not ready in its pods{_because(state)}")


def _has_served(state: PassState) -> bool:
    champion = state.champion
    return state.status.rollout is None and champion is not None and champion.served_at is not None


READY_BY_PODS: tuple[Rule, ...] = (
    _template_changes,
    _serves_everywhere,
    _serves_in_enough_pods,
    _has_lost_its_pods,
)
