"""A candidate goes from step to step of a canary: each step is recorded before the pods are worded, and counts once they report it.

What is recorded here is carried out by one write of the place where predictors look for a candidate: `kubernetes/write/asked_pods.py`.
"""

from dataclasses import replace
from datetime import timedelta

from leadmodel_operator.planning.canary import Progress, Shown, fault, progress, sentence, shown, step_ends
from leadmodel_operator.planning.challenger_place import takes_challenger
from leadmodel_operator.planning.challenger_record import REPORT_WAIT, any_ready, is_held_by_leads, record
from leadmodel_operator.planning.live_response import LiveVerdict, Response
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.scraping import window_interval
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_challenger import Challenger, ScoreShift
from leadmodel_operator.resource.vocabulary import EventReason, Evidence, Reason


def takes_steps(state: PassState) -> bool:
    """Whether a candidate goes through steps: the spec has some, and the operator can put it before pods and read what they report."""
    return bool(state.spec.rollout.steps) and takes_challenger(state) and state.seen.scrapes


def begin_step(state: PassState, challenger: Challenger, number: int) -> Challenger:
    """Record a step; the pods are worded after the write of status."""
    steps, decision = state.spec.rollout.steps, state.status.decision + 1
    weight = steps[number].weight
    begun = replace(
        challenger, step=number, weight=weight, decision=decision, step_since=state.now, shown_since=None
    )
    state.change(challenger=begun, decision=decision)
    state.requeue_in(1)
    state.emit(
        EventReason.CANARY_STEP,
        f"{short(challenger.digest)} is to answer {weight} % of leads: step {number + 1} of {len(steps)}",
    )
    return begun


def end_steps(state: PassState, challenger: Challenger) -> None:
    """Record that the candidate answers no leads any more, because the spec has no steps any more."""
    decision = state.status.decision + 1
    ended = replace(challenger, step=None, weight=None, decision=decision, step_since=None, shown_since=None)
    state.change(challenger=ended, decision=decision)
    state.requeue_in(1)


def go_on(
    state: PassState,
    challenger: Challenger,
    live: tuple[LiveVerdict, ScoreShift | None],
    *,
    binding: bool,
    released: bool,
) -> Response:
    """Go on with the steps of a candidate that is in one.

    Args:
        state: The working state of the pass.
        challenger: The record of the candidate.
        live: The verdict of all live leads in the pods, and the difference of the scores.
        binding: Whether that verdict binds.
        released: Whether a person released the candidate: it is promoted, whatever pods report.
    """
    challenger = _as_the_spec_says(state, challenger)
    if not state.seen.scraped and any_ready(state) and not released:
        return _wait(state, challenger, Response.HOLD if is_held_by_leads(state) else Response.ASK)
    pods = shown(
        state.seen.pods,
        champion=state.champion.digest if state.champion is not None else "",
        digest=challenger.digest,
        weight=challenger.weight or 0,
    )
    if pods.is_whole and challenger.shown_since is None:
        challenger = replace(challenger, shown_since=state.now)
        state.change(challenger=challenger)
    step = state.spec.rollout.steps[challenger.step or 0]
    follows = progress(challenger, step, pods, now=state.now, patience=patience(state))
    verdict, response = _judged(state, challenger, live[0], pods, follows, binding=binding, released=released)
    if response is Response.ASK and follows is Progress.NEXT:
        challenger = begin_step(state, challenger, (challenger.step or 0) + 1)
        verdict = replace(
            verdict, message=sentence(challenger, state.spec.rollout.steps, replace(pods, pods=0))
        )
    if response is Response.PROMOTE:
        challenger = replace(challenger, step=None, weight=None, step_since=None, shown_since=None)
    record(state, challenger, verdict, live[1], response, share=pods.sums)
    return response if response in {Response.PROMOTE, Response.REFUSE} else _wait(state, challenger, response)


def _judged(
    state: PassState,
    challenger: Challenger,
    verdict: LiveVerdict,
    pods: Shown,
    follows: Progress,
    *,
    binding: bool,
    released: bool,
) -> tuple[LiveVerdict, Response]:
    """What status is to say of the candidate, and what follows; Ask: it stays in its steps."""
    steps, number = state.spec.rollout.steps, challenger.step or 0
    worded = replace(verdict, message=sentence(challenger, steps, pods))
    if released:
        return worded, Response.PROMOTE
    if binding and verdict.evidence is Evidence.FAIL:
        return verdict, Response.REFUSE
    if (why := fault(pods.sums)) is not None:
        return replace(verdict, evidence=Evidence.FAIL, reason=why[0], message=why[1]), Response.REFUSE
    if challenger.promoted:
        return worded, Response.PROMOTE
    match follows:
        case Progress.NEXT if number + 1 == len(steps):
            return worded, Response.PROMOTE
        case Progress.STUCK if state.spec.gate.live.on_insufficient == "Promote":
            return worded, Response.PROMOTE
        case Progress.STUCK:
            return _not_shown(worded), Response.HOLD
    return (_not_shown(worded) if _is_late(state, challenger, pods) else worded), Response.ASK


def _not_shown(verdict: LiveVerdict) -> LiveVerdict:
    return replace(verdict, evidence=Evidence.INSUFFICIENT, reason=Reason.NOT_LOADED)


def _is_late(state: PassState, challenger: Challenger, pods: Shown) -> bool:
    """Whether pods should have given the candidate its share by now; the alert about candidates that are not loaded goes by the reason."""
    since = challenger.step_since or state.now
    return not pods.is_whole and challenger.shown_since is None and state.now - since >= 2 * REPORT_WAIT


def patience(state: PassState) -> timedelta:
    """How long pods are waited for that do not give a candidate its share."""
    return max(timedelta(seconds=state.spec.gate.live.max_wait.seconds), 2 * REPORT_WAIT)


def _as_the_spec_says(state: PassState, challenger: Challenger) -> Challenger:
    """The record in the steps as the spec has them now: its number is kept, its weight follows the spec."""
    steps = state.spec.rollout.steps
    number = min(challenger.step or 0, len(steps) - 1)
    if (number, steps[number].weight) == (challenger.step, challenger.weight):
        return challenger
    return begin_step(state, challenger, number)


def _wait(state: PassState, challenger: Challenger, response: Response) -> Response:
    """Look again when windows are read, and when the step is over."""
    state.requeue_in(window_interval(state.spec, state.status))
    over = step_ends(challenger, state.spec.rollout.steps[challenger.step or 0])
    if over is not None and over > state.now:
        state.requeue_at(over)
    return response
