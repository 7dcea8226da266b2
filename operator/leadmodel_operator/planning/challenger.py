"""The candidate that live leads are asked about: recorded, put before the pods, judged, and only then promoted or refused.

before a candidate would be promoted (first that applies)          | what follows
--------------------------------------------------------------------|--------------------------------------------------
nothing serves, or gate.live.policy is Off                          | it is promoted
an older CRD does not keep the record                               | it is promoted
the verdict under these inputs is final                             | it is promoted, or refused as before
the champion never served, and no pod is ready                      | it is promoted
this candidate has not been asked about under these inputs          | it is recorded, and put before the pods
no pod is ready                                                     | Insufficient NotLoaded
the pods were not read in this pass                                 | as before
the verdict binds                                                   | see `live_response.py`
the verdict is only reported                                        | it is promoted, at the latest after REPORT_WAIT

A verdict holds for its digest, champion, holdout, gate, live gate and drift.maxPsi; any change asks again. Whoever is no candidate for promotion any
more is no challenger either: the pods forget it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from leadmodel_operator.planning.attempts import live_inputs, pass_again
from leadmodel_operator.planning.challenger_place import not_mounted, takes_challenger
from leadmodel_operator.planning.challenger_reading import ask_pods
from leadmodel_operator.planning.drift import REFRESH
from leadmodel_operator.planning.facts import without_figures
from leadmodel_operator.planning.live_response import LiveVerdict, Response, respond
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.scraping import window_interval
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


def _any_ready(state: PassState) -> bool:
    return any(pod.ready for pod in state.seen.pods)


def is_held_by_leads(state: PassState) -> bool:
    """Whether the candidate is held because too few live leads could be compared."""
    return state.status.hold is not None and state.status.hold.reason in _INSUFFICIENT


def consult(state: PassState, digest: str, *, released: bool) -> Response:
    """Tell whether live leads let a candidate serve that the holdout let pass; asks them first.

    Args:
        state: The working state of the pass.
        digest: Digest of the candidate.
        released: Whether a person released the candidate: then nobody waits, and the verdict is only reported.
    """
    live, champion = state.spec.gate.live, state.champion
    is_unrecorded = state.seen.unrecorded == digest  # without a record, every pass would begin anew
    if champion is None or live.policy == "Off" or is_unrecorded:
        return Response.PROMOTE
    known = _known(state, digest)
    never_served = champion.served_at is None and not _any_ready(state)
    if never_served and (known is None or is_open(known)):
        return Response.PROMOTE
    state.asks = True
    challenger = known or _begun(state, digest)
    released = released or challenger.released
    binding = is_binding(state) and not released
    if not is_open(challenger):
        is_refused = challenger.verdict is Evidence.FAIL and binding
        return Response.REFUSE if is_refused else Response.PROMOTE
    verdict, shift = _verdict(state, challenger, champion.digest)
    until = asked_until(state, challenger)
    # a deadline alone decides nothing: the pods may hold the leads by then
    is_over, is_read = state.now >= until, state.seen.scraped or not _any_ready(state)
    waited = released or not state.seen.scrapes or (is_over and is_read)
    response = respond(verdict, live, binding=binding, waited=waited)
    if response is Response.ASK and is_over and is_held_by_leads(state):
        response = Response.HOLD  # a pass that read no window ends no hold
    _record(state, challenger, verdict, shift, response)
    if response is Response.ASK:
        state.requeue_at(max(until, state.now + timedelta(seconds=1)))
        state.requeue_in(window_interval(state.spec, state.status))
    return response


def _known(state: PassState, digest: str) -> Challenger | None:
    """The record of this candidate under the present inputs; None if there is none."""
    known, inputs = state.status.challenger, live_inputs(state, digest)
    return known if known is not None and (known.digest, known.inputs) == (digest, inputs) else None


def _begun(state: PassState, digest: str) -> Challenger:
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


def _verdict(
    state: PassState, challenger: Challenger, champion: str
) -> tuple[LiveVerdict, ScoreShift | None]:
    """The verdict on the windows of this pass, or the last one if the pods were not read."""
    if not takes_challenger(state):
        return not_mounted(state), None
    if not _any_ready(state):
        return LiveVerdict(Evidence.INSUFFICIENT, Reason.NOT_LOADED, "no pod of the champion is ready"), None
    if not state.seen.scrapes:
        message = "no pod is asked: this operator reads no drift windows"
        return LiveVerdict(Evidence.INSUFFICIENT, Reason.METRICS_UNAVAILABLE, message), None
    if not state.seen.scraped or challenger.since == state.now:
        reason = challenger.reason or Reason.NOT_LOADED
        message = challenger.message or "no pod has loaded the candidate yet"
        return LiveVerdict(Evidence.INSUFFICIENT, reason, message), challenger.shift
    verdict, shift = ask_pods(
        state.seen.pods,
        champion=champion,
        challenger=challenger.digest,
        ready=sum(pod.ready for pod in state.seen.pods),
        policy=state.spec.gate.live,
        drift=state.spec.drift,
    )
    return (not_mounted(state) if verdict.reason is Reason.NOT_MOUNTED else verdict), shift


def _record(
    state: PassState,
    challenger: Challenger,
    verdict: LiveVerdict,
    shift: ScoreShift | None,
    response: Response,
) -> None:
    """Write the verdict down; while more leads may come, figures alone at most every REFRESH."""
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
    """Let a digest serve whatever the live gate says of it; one that they refused had passed on the holdout."""
    challenger, candidate = state.status.challenger, state.status.candidate
    if challenger is None or challenger.digest != digest:
        if not is_open(challenger) and state.spec.gate.live.policy != "Off":
            known = Challenger(digest=digest, inputs="", since=state.now, until=state.now, released=True)
            state.change(challenger=known)
        return
    state.change(challenger=replace(challenger, released=True))
    if candidate is not None and candidate.digest == digest and candidate.reason in LIVE_REFUSALS:
        state.change(candidate=replace(candidate, released=True))
        pass_again(state, digest)


def drop_unasked(state: PassState) -> None:
    """Forget a challenger that is no candidate for promotion any more: held, aborted, replaced, or the champion changed."""
    if not is_open(state.status.challenger) or state.asks or state.is_suspended:
        return
    state.change(challenger=None)
    if is_held_by_leads(state):
        state.change(hold=None)
