"""Refusals of the API server and names taken by others, in the words of conditions.

A refusal is known from the pass after the one that was refused. A process that has made no pass yet goes by what status says.
"""

from collections.abc import Sequence

from leadmodel_operator.planning.facts import Answer, false, served_by_pods, true, without_figures
from leadmodel_operator.planning.observed import Refusal, RefusalKind
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.vocabulary import ConditionType, Reason

_REASONS = {
    RefusalKind.RIGHTS: Reason.FORBIDDEN,
    RefusalKind.QUOTA: Reason.QUOTA_EXCEEDED,
    RefusalKind.CONTENT: Reason.REFUSED,
}
_NAMED, LENGTH = (
    3,
    990,
)  # refusals that a message names, and their characters: what status would cut looks new in each pass


def why_refused(state: PassState) -> Answer | None:
    """What the API server refused of the last pass, as the answer of Stalled; None if nothing was."""
    refused = state.seen.refused
    if refused is None:
        return _as_before(state, ConditionType.STALLED)
    if not refused:
        return None
    more = f"; and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
    named = refused[:_NAMED]
    message = "; ".join(_sentence(refusal)[: LENGTH // len(named)] for refusal in named) + more
    return true(_REASONS[refused[0].kind], steady_words(state, message, refused))


def refusal_answer(state: PassState, refused: Sequence[Refusal] | None) -> Answer | None:
    """What the API server refused of follow-ups, as the answer of FollowUpsHealthy; None if nothing was."""
    if refused is None:
        return _as_before(state, ConditionType.FOLLOW_UPS_HEALTHY)
    if not refused:
        return None
    message = "; ".join(_sentence(refusal) for refusal in refused[:_NAMED])[:LENGTH]
    return false(_REASONS[refused[0].kind], steady_words(state, message, refused))


def why_not_carried_out(state: PassState) -> Answer | None:
    """The refusal that keeps the spec or a decision from pods or callers, as the answer of Ready: of the Deployment or the Service."""
    if state.seen.refused is None:
        return _as_before(state, ConditionType.READY)
    refusal = refused_to_serve(state)
    if refusal is None:
        return None
    return false(
        _REASONS[refusal.kind],
        f"{served_by_pods(state)}; {steady_words(state, _sentence(refusal), (refusal,))}",
    )


def refused_to_serve(state: PassState) -> Refusal | None:
    """The refusal of the Deployment or of the Service; None if both were taken."""
    needed = {f"Deployment/{state.seen.name}", f"Service/{state.seen.name}"}
    return next((refusal for refusal in state.seen.refused or () if refusal.name in needed), None)


def was_refused(state: PassState) -> bool:
    """Whether status says that the API server refused something."""
    return _as_before(state, ConditionType.STALLED) is not None


def _as_before(state: PassState, kind: ConditionType) -> Answer | None:
    """The answer that status has for a condition if a refusal decided it."""
    before = next((condition for condition in state.status.conditions if condition.type is kind), None)
    if before is None or before.reason not in _REASONS.values():
        return None
    return Answer(before.status, before.reason, before.message)


def steady_words(state: PassState, message: str, refused: Sequence[Refusal]) -> str:
    """The message as status has it if only figures differ, since a webhook may give another request id each time.

    The figures of a quota are news.
    """
    if any(refusal.kind is RefusalKind.QUOTA for refusal in refused):
        return message
    for condition in state.status.conditions:
        for text in (condition.message, condition.message.partition("; ")[2]):
            if condition.reason in _REASONS.values() and without_figures(text) == without_figures(message):
                return text
    return message


def _sentence(refusal: Refusal) -> str:
    if refusal.kind is RefusalKind.RIGHTS:
        return (
            f"the operator may not {refusal.request} here ({refusal.name}); give it the rights of its chart"
        )
    if refusal.kind is RefusalKind.QUOTA:
        return f"a quota of the namespace refuses {refusal.name}: {refusal.message}; raise the quota or ask for less"
    return f"the API server refuses {refusal.name}: {refusal.message or 'it gives no reason'}"
