"""The candidate that live leads are asked about: recorded, put before the pods, judged, and only then promoted or refused.

before a candidate would be promoted (first that applies)          | what follows
--------------------------------------------------------------------|--------------------------------------------------
nothing serves, or gate.live.policy is Off                          | it is promoted
an older CRD does not keep the record                               | it is promoted
this candidate has not been asked about under these inputs          | it is recorded, and put before the pods
the pods were not read in this pass                                 | as before
the verdict binds                                                   | see `respond` in `live_gate.py`
the verdict is only reported                                        | it is promoted, at the latest after REPORT_WAIT

A verdict holds for its digest, champion, holdout, gate and live gate; any change asks again. Whoever is no candidate for promotion any
more is no challenger either: the pods forget it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from leadmodel_operator.planning.attempts import verdict_inputs
from leadmodel_operator.planning.challenger_reading import ask_pods, not_mounted
from leadmodel_operator.planning.facts import without_figures
from leadmodel_operator.planning.live_gate import LiveVerdict, Response, respond
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.resource.digest import hashed, short
from leadmodel_operator.resource.status_challenger import Challenger, ScoreShift
from leadmodel_operator.resource.status_decisions import Quarantined
from leadmodel_operator.resource.vocabulary import EventReason, Evidence, QuarantineKind, Reason

RENDERING = 4  # the first version of the rendering of pods that have a place for a candidate
_UNTOLD = {
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
    """Until when leads are waited for: for `maxWait`, or two minutes where the verdict is only reported."""
    longest = timedelta(seconds=state.spec.gate.live.max_wait.seconds)
    return challenger.since + (longest if is_binding(state) else min(longest, REPORT_WAIT))


def waits_for(state: PassState, challenger: Challenger) -> str:
    """Say what is waited for, until when, and what ends the wait."""
    until = f"{asked_until(state, challenger):%H:%M} UTC"
    if not is_binding(state):
        return f"live leads are asked until {until} at the latest, and the candidate is promoted whatever they say: {challenger.message}"
    holds = state.spec.gate.live.on_insufficient == "Hold"
    then = "held" if holds else "promoted without them"
    if challenger.reason is Reason.CANNOT_READ_LIVE_LEADS:
        then = "refused"
    return (
        f"live leads are asked before the candidate answers any: {challenger.message or 'no pod has loaded it yet'};"
        f" at {until} it is {then} (gate.live), and customerops.dev/release promotes it at once"
    )


def is_held_by_leads(state: PassState) -> bool:
    """Whether what holds the candidate is that live leads have not told yet."""
    return state.status.hold is not None and state.status.hold.reason in _UNTOLD


def takes_challenger(state: PassState) -> bool:
    """Whether predictors are started with a place for a candidate: an image of an earlier release would not start.

    An image that the spec names may be of an earlier release; it is taken at its word where the spec writes a policy of the live gate.
    """
    champion, rollout, policy = state.champion, state.status.rollout, state.spec.gate.live.policy
    if champion is None or champion.template < RENDERING:
        return False
    rolling_back = rollout is not None and rollout.reason is not Reason.PROMOTED
    is_named = state.spec.predictor.image is not None and not rolling_back
    return not is_named or policy in {"Require", "Report"}


def consult(state: PassState, digest: str, *, released: bool) -> Response:
    """Tell whether live leads let a candidate serve that the holdout let pass; asks them first.

    Args:
        state: The working state of the pass.
        digest: Digest of the candidate.
        released: Whether a person released the candidate: then nobody waits, and the verdict is only reported.
    """
    live, champion = state.spec.gate.live, state.champion
    is_unrecorded = state.seen.unrecorded == digest  # without a record, every pass would begin anew
    if champion is None or live.policy == "Off" or is_unrecorded or not any(p.ready for p in state.seen.pods):
        return Response.PROMOTE
    state.asks = True
    challenger = _challenger(state, digest, champion.digest)
    released = released or challenger.released
    binding = is_binding(state) and not released
    if not is_open(challenger):
        is_refused = challenger.verdict is Evidence.FAIL and binding
        return Response.REFUSE if is_refused else Response.PROMOTE
    verdict, shift = _verdict(state, challenger, champion.digest)
    until = asked_until(state, challenger)
    waited = released or state.now >= until or not state.seen.scrapes
    response = respond(verdict, live, binding=binding, waited=waited)
    _record(state, challenger, verdict, shift, response)
    if response is Response.ASK:
        state.requeue_at(until)
        state.requeue_in(state.spec.drift.interval.seconds)
    return response


def _challenger(state: PassState, digest: str, champion: str) -> Challenger:
    """The record of this candidate under the present inputs; a new one if there is none."""
    inputs = hashed(verdict_inputs(state, digest), champion, state.spec.gate.live)
    known = state.status.challenger
    if known is not None and (known.digest, known.inputs) == (digest, inputs):
        return known
    decision = state.status.decision + 1
    released = known is not None and known.digest == digest and known.released
    begun = Challenger(digest=digest, inputs=inputs, since=state.now, decision=decision, released=released)
    state.change(challenger=begun, decision=decision)
    state.requeue_in(1)
    return begun


def _verdict(
    state: PassState, challenger: Challenger, champion: str
) -> tuple[LiveVerdict, ScoreShift | None]:
    """The verdict on the windows of this pass, or the last one if the pods were not read."""
    if not takes_challenger(state):
        return not_mounted(), None
    if not state.seen.scrapes:
        message = "no pod is asked: this operator reads no drift windows"
        return LiveVerdict(Evidence.INSUFFICIENT, Reason.METRICS_UNAVAILABLE, message), None
    if not state.seen.scraped or challenger.since == state.now:
        reason = challenger.reason or Reason.NOT_LOADED
        message = challenger.message or "no pod has loaded the candidate yet"
        return LiveVerdict(Evidence.INSUFFICIENT, reason, message), challenger.shift
    return ask_pods(
        state.seen.pods,
        champion=champion,
        challenger=challenger.digest,
        ready=sum(pod.ready for pod in state.seen.pods),
        policy=state.spec.gate.live,
        drift=state.spec.drift,
    )


def _record(
    state: PassState,
    challenger: Challenger,
    verdict: LiveVerdict,
    shift: ScoreShift | None,
    response: Response,
) -> None:
    """Write the verdict down; while more leads may come, only where more than figures changed."""
    ends = response in {Response.PROMOTE, Response.REFUSE}
    message, known = verdict.message, challenger.message
    same = (verdict.evidence, verdict.reason) == (challenger.verdict, challenger.reason)
    if not ends and same and without_figures(message) == without_figures(known):
        return
    state.change(
        challenger=replace(
            challenger,
            until=state.now if ends else None,
            verdict=Evidence.FAIL if response is Response.REFUSE else verdict.evidence,
            reason=verdict.reason,
            message=verdict.message[:256],
            samples=verdict.samples,
            psi=verdict.psi,
            champion_psi=verdict.champion_psi,
            feature=verdict.feature,
            unread=verdict.unread,
            shift=shift,
        )
    )


def refuse(state: PassState, digest: str) -> str:
    """Quarantine a candidate that live leads do not let serve, once; the sentence that says why."""
    challenger, candidate = state.status.challenger, state.status.candidate
    reason = (challenger.reason if challenger else None) or Reason.UNLIKE_LIVE_LEADS
    message = challenger.message if challenger else ""
    inputs, entry = verdict_inputs(state, digest), state.quarantine_entry(digest)
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
    """Let a digest serve whatever the live gate says of it; one that they refused had passed on the holdout."""
    challenger, candidate = state.status.challenger, state.status.candidate
    if challenger is None or challenger.digest != digest:
        if not is_open(challenger) and state.spec.gate.live.policy != "Off":
            known = Challenger(digest=digest, inputs="", since=state.now, until=state.now, released=True)
            state.change(challenger=known)
        return
    state.change(challenger=replace(challenger, released=True))
    if candidate is not None and candidate.digest == digest and candidate.reason is challenger.reason:
        passed = replace(candidate, verdict=Evidence.PASS, reason=Reason.GATE_PASSED, released=True)
        state.change(candidate=passed)


def drop_unasked(state: PassState) -> None:
    """Forget a challenger that is no candidate for promotion any more: held, aborted, replaced, or the champion changed."""
    if not is_open(state.status.challenger) or state.asks or state.is_suspended:
        return
    state.change(challenger=None)
    if is_held_by_leads(state):
        state.change(hold=None)
