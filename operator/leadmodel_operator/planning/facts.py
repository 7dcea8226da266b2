"""Facts that several conditions share, and the chain that evaluates the rules of a condition."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from leadmodel_operator.planning.observed import Fault, FaultKind
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.digest import short
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


_FIGURES = re.compile(r"(?<!\S)\S*\d\S*")  # looked for at the beginning of a word alone
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


def serving_digests(state: PassState) -> list[str]:
    """The digests that ready pods serve: as they report, else as their template names."""
    return sorted({pod.champion or pod.template_champion for pod in state.seen.pods if pod.ready})


def served_by_pods(state: PassState) -> str:
    """What ready pods serve, in words."""
    digests = serving_digests(state)
    return f"pods serve {' and '.join(map(short, digests))}" if digests else "no pod serves"


def why_pods_wait(state: PassState) -> str:
    """Why pods do not start, in the words of the platform; "" if nothing is known."""
    deployed = state.seen.rollout
    faults = [deployed.fault if deployed else None, *(pod.fault for pod in state.seen.pods)]
    fault = next((fault for fault in faults if fault is not None), None)
    return fault_words(fault) if fault is not None else ""


def fault_words(fault: Fault) -> str:
    """A fault in words. What a program left as its last message is for programs; only its exit code is shown."""
    if fault.kind is FaultKind.TERMINATED:
        code = "" if fault.exit_code is None else f", exit code {fault.exit_code}"
        return f"{fault.kind}: {fault.reason}{code}"
    printable = "".join(sign if sign.isprintable() else " " for sign in fault.message)
    return f"{fault.kind}: {fault.reason}" + (f": {' '.join(printable.split())}" if printable.strip() else "")


def without_figures(message: str) -> str:
    """A message without its figures and identities: two messages that are equal then have the same cause."""
    return _FIGURES.sub("#", message)


def why_no_request(state: PassState) -> str:
    """Why no digest is requested."""
    poll = state.status.poll
    why = (poll.waiting or poll.error) if poll is not None else None
    return why or "the source has not said yet what it holds"


def why_not_measured(state: PassState) -> str:
    """Why the running validation cannot start; "" if it can."""
    candidate = state.status.candidate
    return candidate.message if candidate is not None and candidate.verdict is None else ""
