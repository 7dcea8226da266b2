"""The candidate that is checked against live leads: recorded, put before the pods, judged, and only then promoted or refused.

before a candidate would be promoted (first that applies)          | what follows
--------------------------------------------------------------------|--------------------------------------------------
nothing serves, or gate.live.policy is Off                          | it is promoted
an older CRD does not keep the record                               | it is promoted
the verdict under these inputs is final                             | it is promoted, or refused as before
the champion never served, and no pod is ready                      | it is promoted
this candidate has not been checked under these inputs              | it is recorded, and put before the pods
no pod is ready                                                     | Insufficient NotLoaded
the pods were not read in this pass                                 | as before
the verdict binds                                                   | see `live_response.py`
the verdict is only reported                                        | it is promoted, at the latest after REPORT_WAIT

A verdict holds for its digest, champion, holdout, gate, live gate and drift.maxPsi; any change asks again. Whoever is no candidate for promotion any
more is no challenger either: the pods forget it.
"""

from datetime import timedelta

from leadmodel_operator.planning.canary_steps import begin_step, end_steps, go_on, takes_steps
from leadmodel_operator.planning.challenger_place import not_mounted, takes_challenger
from leadmodel_operator.planning.challenger_reading import ask_pods
from leadmodel_operator.planning.challenger_record import (
    any_ready,
    asked_until,
    begin,
    is_binding,
    is_held_by_leads,
    is_open,
    known_record,
    record,
)
from leadmodel_operator.planning.live_response import LiveVerdict, Response, respond
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.scraping import window_interval
from leadmodel_operator.resource.status_challenger import Challenger, ScoreShift
from leadmodel_operator.resource.vocabulary import Evidence, Reason


def consult(state: PassState, digest: str, *, released: bool) -> Response:
    """Tell whether live leads let a candidate serve that the holdout let pass; asks them first.

    Args:
        state: The working state of the pass.
        digest: Digest of the candidate.
        released: Whether a person released the candidate: then nobody waits, and the verdict is only reported.
    """
    live, champion = state.spec.gate.live, state.champion
    is_unrecorded = state.seen.unrecorded == digest  # without a record, every pass would begin anew
    if champion is None or is_unrecorded or (live.policy == "Off" and not takes_steps(state)):
        return Response.PROMOTE
    known = known_record(state, digest)
    never_served = champion.served_at is None and not any_ready(state)
    if never_served and (known is None or is_open(known)):
        return Response.PROMOTE
    state.asks = True
    challenger = known or begin(state, digest)
    released = released or challenger.released
    binding = is_binding(state) and not released
    if not is_open(challenger):
        is_refused = challenger.verdict is Evidence.FAIL and (binding or _by_steps(challenger, released))
        return Response.REFUSE if is_refused else Response.PROMOTE
    verdict, shift = _verdict(state, challenger, champion.digest)
    if challenger.step is not None and takes_steps(state):
        return go_on(state, challenger, (verdict, shift), binding=binding, released=released)
    if challenger.step is not None:
        end_steps(state, challenger)
        return Response.ASK
    return _before_steps(state, challenger, verdict, shift, released=released)


def _by_steps(challenger: Challenger, released: bool) -> bool:
    """Whether a candidate was refused for the leads that it was to answer: then it is refused for a pin, too."""
    return challenger.step is not None and not released


def _before_steps(
    state: PassState,
    challenger: Challenger,
    verdict: LiveVerdict,
    shift: ScoreShift | None,
    *,
    released: bool,
) -> Response:
    """Wait for live leads, and tell what follows from what they say; a candidate that may serve goes to the first step, if there is one."""
    binding = is_binding(state) and not released
    until = asked_until(state, challenger)
    # a deadline alone decides nothing: the pods may hold the leads by then
    is_over, is_read = state.now >= until, state.seen.scraped or not any_ready(state)
    is_off = state.spec.gate.live.policy == "Off"
    waited = released or is_off or not state.seen.scrapes or (is_over and is_read)
    response = respond(verdict, state.spec.gate.live, binding=binding, waited=waited)
    if response is Response.ASK and is_over and is_held_by_leads(state):
        response = Response.HOLD  # a pass that read no window ends no hold
    if response is Response.PROMOTE and not released and takes_steps(state) and any_ready(state):
        challenger, response = begin_step(state, challenger, 0), Response.ASK
    record(state, challenger, verdict, shift, response)
    if response is Response.ASK:
        state.requeue_at(max(until, state.now + timedelta(seconds=1)))
        state.requeue_in(window_interval(state.spec, state.status))
    return response


def _verdict(
    state: PassState, challenger: Challenger, champion: str
) -> tuple[LiveVerdict, ScoreShift | None]:
    """The verdict on the windows of this pass, or the last one if the pods were not read."""
    if not takes_challenger(state):
        return not_mounted(state), None
    if state.spec.gate.live.policy == "Off":
        message = "live leads are not compared: gate.live.policy is Off"
        return LiveVerdict(Evidence.INSUFFICIENT, Reason.CANARY, message), None
    if not any_ready(state):
        return LiveVerdict(Evidence.INSUFFICIENT, Reason.NOT_LOADED, "no pod of the champion is ready"), None
    if not state.seen.scrapes:
        message = "not checked against live leads: this operator reads no drift windows"
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
