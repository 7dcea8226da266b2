"""The record of the candidate that is checked against live leads: begun, written down, released, refused, dropped."""

from dataclasses import replace
from datetime import datetime, timedelta

from leadmodel_messages.window import ShareWindow
from leadmodel_operator.planning.attempts import live_inputs, pass_again
from leadmodel_operator.planning.drift import REFRESH
from leadmodel_operator.planning.facts import without_figures
from leadmodel_operator.planning.live_response import LiveVerdict, Response
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_challenger import Challenger, ScoreShift
from leadmodel_operator.resource.status_decisions import Quarantined
from leadmodel_operator.resource.vocabulary import (
    LIVE_REFUSALS,
    EventReason,
    Evidence,
    QuarantineKind,
    Reason,
)

_INSUFFICIENT = {
    Reason.INSUFFICIENT_SAMPLES,
    Reason.NOT_LOADED,
    Reason.NOT_MOUNTED,
    Reason.METRICS_UNAVAILABLE,
}
REPORT_WAIT = timedelta(minutes=2)  # a kubelet takes 90 seconds to bring a candidate to its pods


def is_binding(state: PassState) -> bool:
    """Whether verdicts of the live gate bind. A pin is enforced: for it they do only if the spec says so."""
    policy = state.spec.gate.live.policy
    return policy == "Require" or (policy is None and not state.pinned)


def is_open(challenger: Challenger | None) -> bool:
    """Whether the pods are being asked."""
    return challenger is not None and challenger.until is None


def asked_until(state: PassState, challenger: Challenger) -> datetime:
    """Until when leads are waited for: `maxWait`, or two minutes at most where the verdict is only reported."""
    longest = timedelta(seconds=state.spec.gate.live.max_wait.seconds)
    return challenger.since + (longest if is_binding(state) else min(longest, REPORT_WAIT))


def any_ready(state: PassState) -> bool:
    """Whether a pod of the champion is ready."""
    return any(pod.ready for pod in state.seen.pods)


def is_held_by_leads(state: PassState) -> bool:
    """Whether the candidate is held because too few live leads could be compared."""
    return state.status.hold is not None and state.status.hold.reason in _INSUFFICIENT


def known_record(state: PassState, digest: str) -> Challenger | None:
    """The record of this candidate under the present inputs; None if there is none."""
    known, inputs = state.status.challenger, live_inputs(state, digest)
    return known if known is not None and (known.digest, known.inputs) == (digest, inputs) else None


def begin(state: PassState, digest: str) -> Challenger:
    """A new record of a candidate; what a person released stays so."""
    before, decision = state.status.challenger, state.status.decision + 1
    begun = Challenger(
        digest=digest,
        inputs=live_inputs(state, digest),
        since=state.now,
        decision=decision,
        released=before is not None and before.digest == digest and before.released,
    )
    state.change(challenger=begun, decision=decision)
    state.requeue_in(1)
    return begun


def record(
    state: PassState,
    challenger: Challenger,
    verdict: LiveVerdict,
    shift: ScoreShift | None,
    response: Response,
    *,
    share: ShareWindow | None = None,
) -> None:
    """Write the verdict down; while more leads may come, figures alone at most every REFRESH.

    Args:
        state: The working state of the pass.
        challenger: The record so far.
        verdict: The newest verdict.
        shift: The difference of the scores of both models.
        response: What follows from the verdict.
        share: What became of the leads that the candidate was to answer; None: no pod gave it any.
    """
    ends = response in {Response.PROMOTE, Response.REFUSE}
    message = verdict.message[:256]
    same = (verdict.evidence, verdict.reason) == (challenger.verdict, challenger.reason)
    if not ends and same and without_figures(message) == without_figures(challenger.message):
        is_recent = challenger.at is not None and state.now - challenger.at < REFRESH
        if is_recent or (message, verdict.samples) == (challenger.message, challenger.samples):
            return
    state.change(
        challenger=replace(
            challenger,
            until=state.now if ends else None,
            at=state.now,
            verdict=Evidence.FAIL if response is Response.REFUSE else verdict.evidence,
            reason=verdict.reason,
            message=message,
            samples=verdict.samples,
            psi=verdict.psi,
            champion_psi=verdict.champion_psi,
            feature=verdict.feature,
            unread=verdict.unread,
            shift=shift,
            answered=share.answered if share is not None else challenger.answered,
            failed=share.failed if share is not None else challenger.failed,
            refused=share.refused if share is not None else challenger.refused,
        )
    )


def refuse(state: PassState, digest: str) -> str:
    """Quarantine a candidate that live leads do not let serve, once; the sentence that says why."""
    challenger, candidate = state.status.challenger, state.status.candidate
    known = challenger.reason if challenger else None
    reason = known if known in LIVE_REFUSALS else Reason.UNLIKE_LIVE_LEADS
    message = challenger.message if challenger else ""
    inputs, entry = live_inputs(state, digest), state.quarantine_entry(digest)
    if entry is None or entry.inputs != inputs:
        state.add_to_quarantine(
            Quarantined(
                digest=digest,
                kind=QuarantineKind.GATE,
                reason=reason,
                since=state.now,
                inputs=inputs,
                evidence=message[:160],
            )
        )
        state.emit(EventReason.GATE_FAILED, f"{short(digest)}: {message}", warning=True)
    if candidate is not None and candidate.digest == digest:
        refused = replace(candidate, verdict=Evidence.FAIL, reason=reason, message=message)
        state.change(candidate=refused, hold=None)
    return message


def release_challenger(state: PassState, digest: str) -> None:
    """Let a digest serve whatever live leads say of it; one that they refused had passed on the holdout."""
    challenger, candidate = state.status.challenger, state.status.candidate
    if challenger is None or challenger.digest != digest:
        is_checked = state.spec.gate.live.policy != "Off" or state.spec.rollout.steps
        if not is_open(challenger) and is_checked:
            known = Challenger(digest=digest, inputs="", since=state.now, until=state.now, released=True)
            state.change(challenger=known)
        return
    state.change(challenger=replace(challenger, released=True))
    if candidate is not None and candidate.digest == digest:
        state.change(candidate=replace(candidate, released=True))
        pass_again(state, digest)


def drop_unasked(state: PassState) -> None:
    """Forget a challenger that is no candidate for promotion any more: held, aborted, replaced, or the champion changed."""
    if not is_open(state.status.challenger) or state.asks or state.is_suspended:
        return
    state.change(challenger=None)
    if is_held_by_leads(state):
        state.change(hold=None)
