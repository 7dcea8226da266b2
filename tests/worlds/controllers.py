"""What a cluster does around the small world's LeadModel: Jobs end, pods start, a Deployment replaces them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from leadmodel_messages import refusal
from leadmodel_messages.exits import PredictorExit
from leadmodel_messages.refusal import Refusal
from leadmodel_operator.planning.observed import Fault, FaultKind, JobKind, JobState
from leadmodel_operator.planning.planned import Serve
from worlds.challengers import move_challengers
from worlds.names import IMAGE, digest, letter_of
from worlds.programs import Ending, Programs, ValidationRequest
from worlds.texts import finish_checks, move_texts

if TYPE_CHECKING:
    from leadmodel_operator.planning.planned import Validation
    from worlds.world import Job, Pod, World


# --- Jobs --------------------------------------------------------------------------------------------------------------------


def programs(world: World) -> Programs:
    """Give the programs of Jobs the facts of a world."""
    store = world.store if world.store_up else None
    return Programs(digest, letter_of, world.truths, store, world.holdout, world.positives)


def finish_jobs(world: World) -> bool:
    """End each running poll and validation as its program ends; tell whether there was one."""
    polls, validations = world.running(JobKind.POLL), world.running(JobKind.VALIDATION)
    for job in polls:
        end_job(world, job, programs(world).poll(job.uri))
    for job in validations:
        _finish_validation(world, job)
    checked = finish_checks(world)
    return bool(polls or validations) or checked


def fail_jobs(world: World, fault: Fault | None = None) -> None:
    """End each running Job without an answer: evicted, out of memory, past its deadline."""
    for job in world.jobs.values():
        if job.state is JobState.RUNNING:
            end_job(world, job, Ending(137, ""))
            job.fault = fault


def end_job(world: World, job: Job, ending: Ending) -> None:
    """Give a Job the end of its program."""
    job.state = JobState.SUCCEEDED if ending.succeeded else JobState.FAILED
    job.finished, job.exit_code, job.message = world.now, ending.exit_code, ending.message


def _finish_validation(world: World, job: Job) -> None:
    request = job.validation
    assert request is not None
    assert world.spec is not None
    if _is_denied(world, request):
        world.invariants.denied.add(request.digest or "")
    ending = programs(world).validate(
        ValidationRequest(
            request.image, request.uri, request.digest, request.held, request.champion, request.best
        )
    )
    if ending.delivered is not None:
        world.mailbox = digest(ending.delivered)
        if world.positives >= world.spec.gate.min_positives:
            world.invariants.passed.add(world.mailbox)
    end_job(world, job, ending)


def _is_denied(world: World, request: Validation) -> bool:
    """Tell whether the store answers, and does not have the bytes that are to be measured."""
    if request.held or request.digest is None or not world.store_up:
        return False
    return world.store.get(request.uri) != letter_of(request.digest)


# --- pods --------------------------------------------------------------------------------------------------------------------


def move_pods(world: World) -> bool:
    """Let the Deployment's controller and the kubelet take one step; tell whether anything changed."""
    before = [replace(pod) for pod in world.pods]
    _move_pods(world)
    moved = before != world.pods
    return any([move_texts(world), move_challengers(world), moved])


def is_new(pod: Pod, serve: Serve) -> bool:
    """Tell whether a pod was made from the template that is to serve."""
    template = (serve.champion, serve.previous, serve.image, serve.text, serve.challenger)
    return (pod.champion, pod.previous, pod.image, pod.takes_text, pod.takes_challenger) == template


def _move_pods(world: World) -> None:
    deployment = world.deployment
    if deployment is None:
        world.pods = []
        return
    serve = deployment.serve
    wanted = serve.replicas or 0
    new = [pod for pod in world.pods if is_new(pod, serve)]
    while len(new) < wanted:
        new.append(world.add_pod(serve))
    for pod in world.pods:
        _start(world, pod)
    if all(pod.ready for pod in new):
        world.pods = new[:wanted]
    elif world.now - deployment.since > timedelta(seconds=serve.progress_deadline):
        deployment.deadline_exceeded = True


def _start(world: World, pod: Pod) -> None:
    if pod.ready:
        return
    if world.bad_image or pod.image != IMAGE:
        pod.fault = Fault(FaultKind.WAITING, "ImagePullBackOff")
    elif pod.champion not in world.snapshots:
        pod.fault = Fault(FaultKind.WAITING, "ContainerCreating", message="configmap not found")
    elif not world.truth(pod.champion).loads:
        message = refusal.dump(Refusal("examples differ", pod.champion))
        pod.fault = Fault(FaultKind.TERMINATED, "Error", PredictorExit.REFUSED, message)
    else:
        pod.ready, pod.fault, pod.reported = True, None, pod.champion
