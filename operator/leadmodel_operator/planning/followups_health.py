"""The condition FollowUpsHealthy as a chain of rules: the first rule that applies answers.

no followUps in the spec                                | Unknown NotConfigured
this runtime runs no follow-ups                         | Unknown MetricsUnavailable
an object with its name is someone else's               | False NameConflict
the API server refuses one of its objects               | False Forbidden, QuotaExceeded or Refused
a pod cannot start for want of a Secret                 | False SecretMissing
the Redis may forget what it acknowledged: pods end     | False UnsafeLedger
pods cannot use the ledger                              | False LedgerUnavailable
no pod is ready, for progressDeadline                   | False PodsNotReady
no pod is ready                                         | Unknown RollingOut
pods are never asked, or none answers                   | Unknown MetricsUnavailable
pods report a Secret or a key of it that is not there   | False SecretMissing
pods report settings or templates that cannot be used   | False TemplatesInvalid
not all ready pods read these settings, for progressDeadline | False ProgressDeadlineExceeded
not all ready pods read these settings                  | Unknown RollingOut
suspended                                               | Unknown Suspended
a follow-up is due for long, and none takes it          | False Overdue
otherwise                                               | True Healthy
"""

from datetime import timedelta

from leadmodel_messages.exits import FollowUpExit
from leadmodel_operator.planning.facts import (
    Answer,
    Rule,
    false,
    first_answer,
    true,
    unknown,
    without_figures,
)
from leadmodel_operator.planning.observed import FaultKind, FollowUpsSeen
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.refusals import refusal_answer
from leadmodel_operator.resource.status_followups import FollowUpsStatus
from leadmodel_operator.resource.vocabulary import ConditionStatus, ConditionType, EventReason, Reason

LATE = timedelta(minutes=15)
_OF_SECRETS = (
    "channels",
    "contactKey",
    "intake",
    "redis",
    "secrets",
)  # where a field begins that a Secret fills
UNREADABLE = "pods end because settings or contactKey cannot be used: is the key in the Secret, and the one with which the plan began?"
_NAMED = 3
_LENGTH = 900  # characters of a message


def follow_ups_healthy(state: PassState) -> Answer:
    """Whether pods send follow-ups by the settings of the spec, and nothing is wrong with them."""
    known = state.status.follow_ups
    words = "" if known is None else f"{known.ready_pods} pods send; {known.waiting} follow-ups wait"
    if known is not None and known.unknown:
        words += f"; {known.unknown} have no outcome"
    return first_answer(FOLLOW_UPS, state, true(Reason.HEALTHY, words))


def report_follow_ups(state: PassState, answer: Answer) -> None:
    """Add an event when what is wrong with follow-ups is new, or mended; other figures are no new cause."""
    before = next((c for c in state.status.conditions if c.type is ConditionType.FOLLOW_UPS_HEALTHY), None)
    was_bad = before is not None and before.status is ConditionStatus.FALSE
    if answer.status is ConditionStatus.FALSE:
        same = before is not None and was_bad and before.reason is answer.reason
        if same and before is not None and without_figures(before.message) == without_figures(answer.message):
            return
        state.emit(EventReason.FOLLOW_UPS_UNHEALTHY, f"{answer.reason}: {answer.message}", warning=True)
    elif was_bad and answer.status is ConditionStatus.TRUE:
        state.emit(EventReason.FOLLOW_UPS_HEALTHY, answer.message)


def _known(state: PassState) -> FollowUpsStatus:
    return state.status.follow_ups or FollowUpsStatus(settings="", since=state.now)


def _seen(state: PassState) -> FollowUpsSeen:
    return state.seen.follow_ups or FollowUpsSeen()


def _is_late(state: PassState) -> bool:
    """Whether the settings were decided longer ago than the deadline."""
    return state.now - _known(state).since >= timedelta(seconds=state.spec.progress_deadline.seconds)


def _not_configured(state: PassState) -> Answer | None:
    """The spec asks for no follow-ups."""
    return unknown(Reason.NOT_CONFIGURED) if state.spec.follow_ups is None else None


def _not_run_here(state: PassState) -> Answer | None:
    """The runtime has no pods for them."""
    if state.seen.follow_ups is not None:
        return None
    return unknown(Reason.METRICS_UNAVAILABLE, "a replay sends no follow-ups")


def _name_conflict(state: PassState) -> Answer | None:
    """Another owner has an object of a name that they need."""
    names = ", ".join(sorted(_seen(state).conflicts))
    if not names:
        return None
    return false(Reason.NAME_CONFLICT, f"not this LeadModel's: {names}; delete or rename what is there")


def _refused(state: PassState) -> Answer | None:
    """The API server refuses one of their objects."""
    return refusal_answer(state, _seen(state).refused)


def _cannot_start(state: PassState) -> Answer | None:
    """A Secret that a pod's variables come from is not there."""
    faults = (pod.fault for pod in _seen(state).pods if pod.fault is not None and not pod.ready)
    waiting = (f for f in faults if f.kind is FaultKind.WAITING and f.reason == "CreateContainerConfigError")
    fault = next(waiting, None)
    return false(Reason.SECRET_MISSING, fault.message or "a Secret is not there") if fault else None


def _without_pods(state: PassState) -> Answer | None:
    """No pod is ready."""
    pods = _seen(state).pods
    if any(pod.ready for pod in pods):
        return None
    fault = next((pod.fault for pod in pods if pod.fault is not None), _seen(state).fault)
    why = f" ({fault.reason}{f': {fault.message}' if fault.message else ''})" if fault is not None else ""
    if _ends_with(state, FollowUpExit.USAGE):
        why = f" ({UNREADABLE})"
    words = f"none of {len(pods)} pods is ready{why}"[:_LENGTH]
    if _is_late(state):
        return false(Reason.PODS_NOT_READY, words)
    return unknown(Reason.ROLLING_OUT, words)


def _unseen(state: PassState) -> Answer | None:
    """Nobody reports anything."""
    if not state.seen.scrapes:
        return unknown(Reason.METRICS_UNAVAILABLE, "pods are not asked what they send")
    if _known(state).answered is None:
        return unknown(Reason.ROLLING_OUT, "pods are asked soon")
    if _known(state).answered:
        return None
    return unknown(Reason.METRICS_UNAVAILABLE, "no pod answers what it sends")


def _unsafe_ledger(state: PassState) -> Answer | None:
    """The Redis may lose what it acknowledged."""
    if not _ends_with(state, FollowUpExit.UNSAFE):
        return None
    words = "the Redis may forget what it acknowledged: set appendonly yes and maxmemory-policy noeviction"
    return false(Reason.UNSAFE_LEDGER, f"nothing is sent: {words}")


def _ends_with(state: PassState, code: FollowUpExit) -> bool:
    """Whether a pod that is not ready ended with an exit code."""
    waiting = (pod.fault for pod in _seen(state).pods if not pod.ready and pod.fault is not None)
    return any(fault.kind is FaultKind.TERMINATED and fault.exit_code == code for fault in waiting)


def _without_ledger(state: PassState) -> Answer | None:
    """The Redis does not answer the pods."""
    ledger = _known(state).ledger
    if ledger is None and not _ends_with(state, FollowUpExit.TRY_AGAIN):
        return None
    return false(Reason.LEDGER_UNAVAILABLE, f"nothing is sent: {ledger or 'the Redis does not answer'}")


def _sentence(state: PassState, *, of_secrets: bool) -> str:
    """What pods report of Secrets, or of everything else, in one sentence."""
    chosen = [p for p in _known(state).problems if p.field.startswith(_OF_SECRETS) is of_secrets]
    more = f"; and {len(chosen) - _NAMED} more" if len(chosen) > _NAMED else ""
    return "; ".join(f"{p.field}: {p.reason}" for p in chosen[:_NAMED]) + more


def _without_secret(state: PassState) -> Answer | None:
    """Pods miss a key of a Secret."""
    words = _sentence(state, of_secrets=True)
    return false(Reason.SECRET_MISSING, words) if words else None


def _invalid(state: PassState) -> Answer | None:
    """Pods cannot use settings or templates."""
    words = _sentence(state, of_secrets=False)
    return false(Reason.TEMPLATES_INVALID, words) if words else None


def _reading(state: PassState) -> Answer | None:
    """Not all ready pods that answered read these settings."""
    known = _known(state)
    if known.current_pods >= (known.answered or 0):
        return None
    words = f"{known.current_pods} of {known.answered} pods read the settings of this spec"
    if _is_late(state):
        return false(Reason.PROGRESS_DEADLINE_EXCEEDED, words)
    return unknown(Reason.ROLLING_OUT, words)


def _suspended(state: PassState) -> Answer | None:
    """The spec keeps the ledger and sends nothing."""
    spec = state.spec.follow_ups
    if spec is None or not spec.suspend:
        return None
    return unknown(Reason.SUSPENDED, f"nothing is sent; {_known(state).waiting} follow-ups wait")


def _overdue(state: PassState) -> Answer | None:
    """A follow-up should have been sent long ago."""
    known = _known(state)
    if known.oldest_due is None or state.now - known.oldest_due < LATE:
        return None
    return false(
        Reason.OVERDUE, f"the oldest follow-up that waits is due since {known.oldest_due:%Y-%m-%d %H:%M} UTC"
    )


FOLLOW_UPS: tuple[Rule, ...] = (
    _not_configured,
    _not_run_here,
    _name_conflict,
    _refused,
    _cannot_start,
    _unsafe_ledger,
    _without_ledger,
    _without_pods,
    _unseen,
    _without_secret,
    _invalid,
    _reading,
    _suspended,
    _overdue,
)
