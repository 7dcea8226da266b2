"""Objects of the cluster → the planner's words. Pure: nothing is read here, and only fields the cache keeps are looked at."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from leadmodel_messages.texts import one_line
from leadmodel_messages.window import Window
from leadmodel_operator.kubernetes.render.names import (
    CHALLENGER_DIGEST,
    CHAMPION,
    DECISION,
    DIGEST,
    PREVIOUS,
    ROLE,
    TEMPLATE,
    TEXT_DIGEST,
    Object,
    controller,
    controller_uid,
    is_leaving,
)
from leadmodel_operator.kubernetes.render.objects import PREDICTOR
from leadmodel_operator.planning.observed import (
    Fault,
    FaultKind,
    JobKind,
    JobSeen,
    JobState,
    PodSeen,
    RolloutSeen,
)
from leadmodel_operator.resource.vocabulary import KIND

REASON_LENGTH, MESSAGE_LENGTH = 64, 256  # characters of Kubernetes' texts that a condition can show
TERMINATION_LENGTH = 4096  # bytes the kubelet keeps of a termination message
SINGLE_POD = frozenset(
    {JobKind.VALIDATION, JobKind.POLL, JobKind.RETRAINING, JobKind.TEXT_CHECK, JobKind.ENRICHMENT}
)  # Jobs that are not tried again


def annotations(item: Object) -> dict[str, str]:
    """Return an object's annotations, empty where the object has none."""
    return item["metadata"].get("annotations") or {}


def digest_of(config_map: Object) -> str | None:
    """Read the full digest a snapshot's ConfigMap names; snapshots are immutable, so a digest verified once stays true."""
    return annotations(config_map).get(DIGEST)


def text_digest_of(config_map: Object) -> str | None:
    """Read the full digest that the ConfigMap of a text model names."""
    return annotations(config_map).get(TEXT_DIGEST)


def challenger_digest_of(config_map: Object) -> str | None:
    """Read the full digest of the candidate that the ConfigMap before the pods names."""
    return annotations(config_map).get(CHALLENGER_DIGEST)


def slots_of(pod: Object) -> set[str]:
    """Read the digests that a predictor's template names."""
    notes = annotations(pod)
    return {digest for slot in (CHAMPION, PREVIOUS) if (digest := notes.get(slot))}


def instant(text: str | None) -> datetime | None:
    """Parse a time of the API server, UTC."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


# --- pods and rollout ---------------------------------------------------------------------------------------------------------


def rollout_seen(deployment: Object | None) -> RolloutSeen | None:
    """Summarise the LeadModel's Deployment for the planner; None while the Deployment does not exist."""
    if deployment is None:
        return None
    template = deployment["spec"]["template"]
    slots = annotations(template)
    status, wanted = deployment.get("status") or {}, deployment["spec"].get("replicas", 1)
    observed = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    updated, ready = status.get("updatedReplicas", 0), status.get("readyReplicas", 0)
    conditions = _by_type(status)
    late = conditions.get("Progressing", {}).get("reason") == "ProgressDeadlineExceeded"
    return RolloutSeen(
        champion=slots.get(CHAMPION, ""),
        previous=slots.get(PREVIOUS) or None,
        image=_image(template),
        template=_whole(annotations(deployment).get(TEMPLATE), 1),
        decision=_whole(annotations(deployment).get(DECISION), 0),
        settled=observed and updated == wanted == status.get("replicas", 0) == ready,
        deadline_exceeded=observed and late,
        replicas=wanted,
        ready=ready,
        updated=updated,
        total=status.get("replicas", 0),
        available=conditions.get("Available", {}).get("status") == "True",
        fault=_replica_failure(conditions),
    )


def _whole(text: str | None, default: int) -> int:
    """Read a number in an annotation, which anyone who may edit Deployments can write; `default` for anything else."""
    fits = text is not None and len(text) <= 15 and text.isascii() and text.isdecimal()
    return int(text) if fits and text else default


def _image(item: Object) -> str:
    return str(item["spec"]["containers"][0].get("image", ""))


def _by_type(status: Mapping[str, Any]) -> dict[str, Object]:
    return {condition["type"]: condition for condition in status.get("conditions") or []}


def _replica_failure(conditions: Mapping[str, Object]) -> Fault | None:
    condition = conditions.get("ReplicaFailure", {})
    return fault_from(FaultKind.REPLICA_FAILURE, condition) if condition.get("status") == "True" else None


def fault_from(kind: FaultKind, source: Mapping[str, Any]) -> Fault:
    """Read reason and message of a condition, a container's state or an event."""
    reason, message = (
        one_line(str(source.get(name, "")), limit)
        for name, limit in (("reason", REASON_LENGTH), ("message", MESSAGE_LENGTH))
    )
    return Fault(kind, reason, message=message)


def predictor_pods(
    deployment: Object | None, pods: Sequence[Object], replica_sets: Sequence[Object]
) -> list[Object]:
    """Pick the pods that belong to a ReplicaSet of the Deployment."""
    if deployment is None:
        return []
    uid = deployment["metadata"]["uid"]
    ours = {rs["metadata"]["uid"] for rs in replica_sets if controller_uid(rs) == uid}
    predictors = [p for p in pods if (p["metadata"].get("labels") or {}).get(ROLE) == PREDICTOR]
    return [pod for pod in predictors if controller_uid(pod) in ours]


def pod_seen(pod: Object, window: Window | None) -> PodSeen:
    """Describe a predictor's pod; `window` is the pod's answer, None where the pod gave none."""
    champion = window.champion if window else None
    previous = window.previous if window else None
    return PodSeen(
        name=pod["metadata"]["name"],
        template_champion=annotations(pod).get(CHAMPION, ""),
        image=_image(pod),
        ready=is_ready(pod),
        champion=champion.digest if champion else None,
        previous=previous.digest if previous else None,
        window=window,
        fault=fault_of(pod),
    )


def is_ready(pod: Object) -> bool:
    """Tell whether a pod is ready and not about to go."""
    conditions = _by_type(pod.get("status") or {})
    return conditions.get("Ready", {}).get("status") == "True" and not is_leaving(pod)


def fault_of(pod: Object) -> Fault | None:
    """Name what keeps a pod from running: it was not scheduled, its container failed, or its container cannot start."""
    scheduled = _by_type(pod.get("status") or {}).get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return fault_from(FaultKind.UNSCHEDULABLE, scheduled)
    container = _first_container(pod)
    state, last = container.get("state") or {}, container.get("lastState") or {}
    ended = state.get("terminated") or last.get("terminated")
    if ended is not None and ended.get("exitCode", 0) != 0:
        return Fault(
            FaultKind.TERMINATED,
            one_line(str(ended.get("reason", "")), REASON_LENGTH),
            ended.get("exitCode"),
            one_line(str(ended.get("message", "")), TERMINATION_LENGTH),
        )
    waiting = state.get("waiting")
    if waiting is not None and waiting.get("reason") not in {None, "ContainerCreating", "PodInitializing"}:
        return fault_from(FaultKind.WAITING, waiting)
    return None


def _first_container(pod: Object) -> Object:
    return next(iter((pod.get("status") or {}).get("containerStatuses") or []), {})


# --- Jobs ----------------------------------------------------------------------------------------------------------------------------


def kind_of(item: Object) -> JobKind | None:
    """Read the purpose of a Job or CronJob from its label; None for another object of ours."""
    role = (item["metadata"].get("labels") or {}).get(ROLE, "")
    return JobKind(role) if role in list(JobKind) else None


def is_started_by_hand(job: Object, cron_uids: set[str]) -> bool:
    """Tell whether a person made this backfill by `kubectl create job --from=cronjob/…`.

    kubectl names the CronJob as an owner, though not as the controller. Only a backfill's counts are taken from such a Job; those of
    other kinds are not read, because their answers could decide.
    """
    owners = job["metadata"].get("ownerReferences") or []
    named = any(o.get("kind") == "CronJob" and o.get("uid") in cron_uids for o in owners)
    return named and kind_of(job) is JobKind.BACKFILL


def jobs_seen(
    jobs: Sequence[Object], pods: Sequence[Object], faults: Mapping[str, Fault] = MappingProxyType({})
) -> list[JobSeen]:
    """Describe Jobs, the newest first; `faults` are those that events tell of Jobs, by their names."""
    known = ((job, job_seen(job, pods)) for job in jobs)
    seen = [replace(s, fault=s.fault or faults.get(s.name)) for _, s in known if s is not None]
    return sorted(seen, key=lambda job: job.created, reverse=True)


def job_seen(job: Object, pods: Sequence[Object]) -> JobSeen | None:
    """Describe a Job by its conditions and the termination message of its newest pod; None for a Job without a known purpose."""
    kind, pod, state = kind_of(job), newest_pod(job, pods), _state_of(job)
    if kind is None:
        return None
    ended: Any = (_first_container(pod).get("state") or {}).get("terminated") or {} if pod is not None else {}
    created = instant(job["metadata"]["creationTimestamp"])
    assert created is not None
    return JobSeen(
        name=job["metadata"]["name"],
        kind=kind,
        state=state,
        created=created,
        finished=instant(ended.get("finishedAt")) if ended else None,
        message=str(ended.get("message", "")),
        exit_code=ended.get("exitCode"),
        fault=fault_of(pod) if pod is not None else _fault_of_job(job),
        image=_image(job["spec"]["template"]),
        uid=job["metadata"]["uid"],
        waits=state is JobState.RUNNING and not has_begun(pod),
    )


def newest_pod(job: Object, pods: Sequence[Object]) -> Object | None:
    """Pick the pod that speaks for a Job: its newest.

    Jobs that are not tried again have one pod; of several, some may be forged, and none speaks.
    """
    own = [pod for pod in pods if controller_uid(pod) == job["metadata"]["uid"] and not is_leaving(pod)]
    if kind_of(job) in SINGLE_POD and len(own) > 1:
        return None
    return max(own, key=lambda p: p["metadata"]["creationTimestamp"], default=None)


def has_begun(pod: Object | None) -> bool:
    """Tell whether a container of a pod runs or has run."""
    container = _first_container(pod) if pod is not None else {}
    return bool(
        {"running", "terminated"} & (container.get("state") or {}).keys() or container.get("lastState")
    )


def _fault_of_job(job: Object) -> Fault | None:
    """Read why a Job failed whose pods are gone, such as DeadlineExceeded."""
    failed = _by_type(job.get("status") or {}).get("Failed", {})
    return fault_from(FaultKind.TERMINATED, failed) if failed.get("status") == "True" else None


def _state_of(job: Object) -> JobState:
    conditions = _by_type(job.get("status") or {}).items()
    true = {name for name, condition in conditions if condition["status"] == "True"}
    if "Complete" in true:
        return JobState.SUCCEEDED
    return JobState.FAILED if "Failed" in true else JobState.RUNNING


# --- snapshots -------------------------------------------------------------------------------------------------------------------------


def is_orphan(config_map: Object, name: str) -> bool:
    """Tell whether a snapshot names a LeadModel of this name as controller.

    Of a snapshot with another UID that owner is gone, since only one object can have a name: a restore brought the snapshot back.
    """
    owner = controller(config_map)
    named = owner is not None and (owner.get("kind"), owner.get("name")) == (KIND, name)
    return named and digest_of(config_map) is not None
