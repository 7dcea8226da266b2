"""Facts that several conditions share, and the chain that evaluates the rules of a condition."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.vocabulary import ConditionStatus, Reason, Source


@dataclass(frozen=True)
class Answer:
    """The status of a condition, with its reason in one word and in one sentence (may be empty)."""

    status: ConditionStatus
    reason: Reason
    message: str = ""


def true(reason: Reason, message: str = "") -> Answer:
    """Build the answer True with a reason."""
    return Answer(ConditionStatus.TRUE, reason, message)


def false(reason: Reason, message: str = "") -> Answer:
    """Build the answer False with a reason."""
    return Answer(ConditionStatus.FALSE, reason, message)


def unknown(reason: Reason, message: str = "") -> Answer:
    """Build the answer Unknown with a reason."""
    return Answer(ConditionStatus.UNKNOWN, reason, message)


Rule = Callable[[PassState], Answer | None]  # None: the rule does not apply


def first_answer(rules: Sequence[Rule], state: PassState, default: Answer) -> Answer:
    """The answer of the first rule that applies; `default` if none does."""
    return next((answer for rule in rules if (answer := rule(state)) is not None), default)


def is_rolled_back(state: PassState) -> bool:
    """Whether an older champion serves by decision of the operator, and nothing was promoted since."""
    rollbacks, champion, requested = state.status.rollbacks, state.champion, state.status.requested
    if not rollbacks or (champion is not None and champion.digest != rollbacks[0].to):
        return False
    if state.permanent_entry(rollbacks[0].from_) is None:
        return False
    return requested is None or champion is None or requested.digest != champion.digest


def is_current(state: PassState) -> bool:
    """Whether the champion answers the present spec.

    The champion passed the present gate, and is the requested digest unless a poll or a retraining requested another one.
    """
    champion, requested = state.champion, state.status.requested
    if champion is None or champion.passed != state.gate_hash or requested is None:
        return False
    if requested.digest == champion.digest:
        return True
    return requested.source is not Source.SPEC and not is_rolled_back(state)


def changes_pods(state: PassState) -> bool:
    """Whether pods of the champion change to a new template (image, resources, settings) without a change of champion."""
    deployed, champion = state.seen.rollout, state.champion
    if deployed is None or champion is None or deployed.champion != champion.digest:
        return False
    has_old_pods = deployed.updated < deployed.replicas or deployed.total > deployed.updated
    return champion.served_at is not None and state.status.rollout is None and has_old_pods


def ready_pods(state: PassState) -> int:
    """The number of ready pods whose template names the champion."""
    champion = state.champion
    return sum(
        pod.ready and champion is not None and pod.template_champion == champion.digest
        for pod in state.seen.pods
    )


def why_no_request(state: PassState) -> str:
    """Why no digest is requested."""
    poll = state.status.poll
    return poll.error if poll is not None and poll.error else "the source has not said yet what it holds"
