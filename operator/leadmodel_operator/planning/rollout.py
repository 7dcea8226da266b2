"""What became of a champion in its pods: where the champion serves, whether live leads prove the champion, whether pods refuse to load."""

from dataclasses import replace
from datetime import timedelta

from leadmodel_messages import refusal
from leadmodel_messages.exits import PredictorExit
from leadmodel_messages.termination import read
from leadmodel_operator.planning.champion import roll_back
from leadmodel_operator.planning.fallback import fallback
from leadmodel_operator.planning.observed import FaultKind, PodSeen
from leadmodel_operator.planning.pass_state import PassState
from leadmodel_operator.planning.trace import Outcome, PlanStep, did, nothing, withheld
from leadmodel_operator.resource.digest import short
from leadmodel_operator.resource.status_models import Revision
from leadmodel_operator.resource.vocabulary import EventReason, Evidence, QuarantineKind, Reason

SHIFT_REFRESH = timedelta(
    hours=1
)  # the resolution of Revision.population_shifted_at, so that status is rarely written


def watch_rollout(state: PassState) -> Outcome:
    """Record a champion that serves in every pod, and take out a champion that its pods refuse to load."""
    was_served = state.champion is not None and state.champion.served_at is not None
    record_served(state)
    champion = state.champion
    if champion is None:
        return nothing(PlanStep.ROLLOUT)
    if champion.served_at is not None:
        message = f"{short(champion.digest)} serves in {state.seen.rollout.replicas if state.seen.rollout else 0} pods"
        return nothing(PlanStep.ROLLOUT) if was_served else did(PlanStep.ROLLOUT, message)
    if not _is_refused_by_pods(state, champion):
        return nothing(PlanStep.ROLLOUT)
    if (why := state.why_suspended) is not None:
        return withheld(PlanStep.ROLLOUT, why)
    message = "a pod with the image that validated it refused to load it"
    roll_back(state, fallback(state), kind=QuarantineKind.LOAD, reason=Reason.ROLLOUT_FAILED, message=message)
    return did(PlanStep.ROLLOUT, f"rolled back {short(champion.digest)}: {message}")


def is_serving(state: PassState) -> bool:
    """Whether every pod is ready and serves the champion that status names."""
    champion, deployed = state.champion, state.seen.rollout
    if champion is None or deployed is None or deployed.champion != champion.digest or not deployed.settled:
        return False
    serving = [
        pod
        for pod in state.seen.pods
        if pod.ready and pod.template_champion == champion.digest and pod.champion in {None, champion.digest}
    ]
    return len(serving) >= deployed.replicas


def record_served(state: PassState) -> None:
    """Record when a champion first served in every pod and with which image, and end its rollout."""
    champion, deployed = state.champion, state.seen.rollout
    if champion is None or deployed is None or not is_serving(state):
        return
    if champion.served_at is None:
        state.change(champion=replace(champion, served_at=state.now, image=deployed.image))
    rollout = state.status.rollout
    if rollout is not None and deployed.decision >= state.status.decision:
        state.change(rollout=None)
        if deployed.replicas:
            state.emit(EventReason.SERVING, f"{short(champion.digest)} serves in every pod")
        else:
            state.emit(
                EventReason.SCALED_TO_ZERO,
                f"{short(champion.digest)} is rolled out; replicas is 0, so no pod serves",
            )


def record_proven(state: PassState) -> None:
    """Record when drift evidence first passed while the champion served."""
    champion, drift = state.champion, state.status.drift
    if champion is None or champion.served_at is None or champion.proven_at is not None:
        return
    if drift is not None and drift.evidence is Evidence.PASS:
        state.change(champion=replace(champion, proven_at=state.now))


def record_population_shift(state: PassState) -> None:
    """Record a sustained breach of champion and previous model alike: the leads changed, and no model is to blame.

    Models trained in the days after learn from leads of before and of after the shift. When the leads change back, such a model
    breaches although the model is sound, and an older model fits again.
    """
    champion, drift, previous = state.champion, state.status.drift, state.status.previous
    previous_psi = (drift.previous_psi if drift is not None else None) or 0.0
    breaches_too = previous is None or (drift is not None and previous_psi >= state.spec.drift.max_psi)
    if champion is None or not breaches_too:
        return
    recorded = champion.population_shifted_at
    if recorded is None or state.now - recorded >= SHIFT_REFRESH:
        state.change(champion=replace(champion, population_shifted_at=state.now))


def _is_refused_by_pods(state: PassState, champion: Revision) -> bool:
    """Whether a pod of ours refuses the champion and no ready pod serves the champion."""
    pods = state.seen.pods
    if any(pod.ready and pod.champion == champion.digest for pod in pods):
        return False
    return any(blames_champion(pod, champion) for pod in pods)


def blames_champion(pod: PodSeen, champion: Revision) -> bool:
    """Whether a pod proves that the champion cannot be loaded.

    Only the exit code and message of a predictor that names the digest count, in a pod with the image that validated the champion.
    """
    fault = pod.fault
    if fault is None or fault.kind is not FaultKind.TERMINATED or pod.image != champion.image:
        return False
    if fault.exit_code != PredictorExit.REFUSED:
        return False
    message = read(refusal.parse, fault.message)
    return message is not None and message.digest == champion.digest
