"""The cluster → `Observed`. Reads only. What is not ours (by UID) is never read for a decision, only named as a conflict."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from leadmodel_messages.window import Window
from leadmodel_operator.kubernetes.render.names import (
    CHAMPION,
    DECISION,
    DIGEST,
    PREVIOUS,
    ROLE,
    TEMPLATE,
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


@dataclass
class Live:
    """Everything read in one pass, as the API server gave it. Lists hold only what is ours."""

    lead_model: Object
    uid: str
    deployment: Object | None = None
    service: Object | None = None
    autoscaler: Object | None = None
    pods: list[Object] = field(default_factory=list)
    job_pods: list[Object] = field(default_factory=list)
    jobs: list[Object] = field(default_factory=list)
    cron_jobs: list[Object] = field(default_factory=list)
    revisions: dict[str, Object] = field(default_factory=dict)  # digest → metadata of its ConfigMap
    ledger: Object | None = None
    mailbox: Object | None = None
    conflicts: list[str] = field(default_factory=list)
    orphans: list[Object] = field(
        default_factory=list
    )  # snapshots of a LeadModel of this name that was deleted
    packed: tuple[str, bytes] | None = None  # verified bytes of the mailbox

    def owns(self, found: Object | None) -> bool:
        """Whether its controller is this LeadModel, and it stays."""
        return found is not None and controller_uid(found) == self.uid and not is_leaving(found)

    def foreign(self, found: Object | None) -> bool:
        """Whether someone else's object has the name of one of ours."""
        return found is not None and controller_uid(found) != self.uid and not is_leaving(found)


def annotations(found: Object) -> dict[str, str]:
    """Its annotations."""
    return found["metadata"].get("annotations") or {}


def instant(text: str | None) -> datetime | None:
    """An API server's time."""
    return None if text is None else datetime.fromisoformat(text).astimezone(UTC)


# --- pods and rollout ---------------------------------------------------------------------------------------------------------


def rollout_seen(live: Live) -> RolloutSeen | None:
    """The Deployment of ours."""
    found = live.deployment
    if found is None:
        return None
    template = found["spec"]["template"]
    notes = template["metadata"].get("annotations") or {}
    status, wanted = found.get("status") or {}, found["spec"].get("replicas", 1)
    observed = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
    updated, ready = status.get("updatedReplicas", 0), status.get("readyReplicas", 0)
    conditions = {c["type"]: c for c in status.get("conditions") or []}
    late = conditions.get("Progressing", {}).get("reason") == "ProgressDeadlineExceeded"
    settled = observed and updated == wanted == status.get("replicas", 0) == ready
    return RolloutSeen(
        champion=notes.get(CHAMPION, ""),
        previous=notes.get(PREVIOUS) or None,
        image=template["spec"]["containers"][0]["image"],
        template=int(annotations(found).get(TEMPLATE, "1")),
        decision=int(annotations(found).get(DECISION, "0")),
        settled=settled,
        deadline_exceeded=observed and late,
        replicas=wanted,
        ready=ready,
        updated=updated,
        total=status.get("replicas", 0),
        available=conditions.get("Available", {}).get("status") == "True",
        fault=_replica_failure(conditions),
    )


def _replica_failure(conditions: Mapping[str, Object]) -> Fault | None:
    found = conditions.get("ReplicaFailure", {})
    if found.get("status") != "True":
        return None
    return Fault(
        FaultKind.REPLICA_FAILURE,
        str(found.get("reason", ""))[:64],
        message=str(found.get("message", ""))[:256],
    )


def pod_seen(pod: Object, window: Window | None) -> PodSeen:
    """One pod of ours."""
    notes = annotations(pod)
    conditions = {c["type"]: c for c in pod.get("status", {}).get("conditions") or []}
    leaving = "deletionTimestamp" in pod["metadata"]
    champion = window.champion if window else None
    previous = window.previous if window else None
    return PodSeen(
        name=pod["metadata"]["name"],
        template_champion=notes.get(CHAMPION, ""),
        image=pod["spec"]["containers"][0]["image"],
        ready=not leaving and conditions.get("Ready", {}).get("status") == "True",
        champion=champion.digest if champion else None,
        previous=previous.digest if previous else None,
        window=window,
        fault=fault_of(pod),
    )


def fault_of(pod: Object) -> Fault | None:
    """What is wrong with a pod, first match."""
    status = pod.get("status") or {}
    scheduled: Object = next((c for c in status.get("conditions") or [] if c["type"] == "PodScheduled"), {})
    if scheduled.get("status") == "False":
        return Fault(
            FaultKind.UNSCHEDULABLE,
            str(scheduled.get("reason", ""))[:64],
            message=str(scheduled.get("message", ""))[:256],
        )
    container: Object = next(iter(status.get("containerStatuses") or []), {})
    state, last = container.get("state") or {}, container.get("lastState") or {}
    ended = state.get("terminated") or last.get("terminated")
    if ended is not None and ended.get("exitCode", 0) != 0:
        return Fault(
            FaultKind.TERMINATED,
            str(ended.get("reason", ""))[:64],
            ended.get("exitCode"),
            str(ended.get("message", ""))[:4096],
        )
    waiting = state.get("waiting")
    if waiting is not None and waiting.get("reason") not in {None, "ContainerCreating", "PodInitializing"}:
        return Fault(
            FaultKind.WAITING, str(waiting["reason"])[:64], message=str(waiting.get("message", ""))[:256]
        )
    return None


# --- Jobs ----------------------------------------------------------------------------------------------------------------------------


def kind_of(found: Object) -> JobKind | None:
    """What a Job or CronJob of ours is for."""
    word = (found["metadata"].get("labels") or {}).get(ROLE, "")
    return JobKind(word) if word in list(JobKind) else None


def is_started_by_hand(job: Object, cron_uids: set[str]) -> bool:
    """A backfill by `kubectl create job --from=cronjob/…`, which names the CronJob as an owner, not as the controller.

    Only its counts are taken. Of other kinds such a Job is not read: what it says could decide.
    """
    owners = job["metadata"].get("ownerReferences") or []
    named = any(o.get("kind") == "CronJob" and o.get("uid") in cron_uids for o in owners)
    return named and kind_of(job) is JobKind.BACKFILL


def job_seen(job: Object, pods: Sequence[Object]) -> JobSeen | None:
    """One Job with the termination message of its newest pod."""
    kind = kind_of(job)
    if kind is None:
        return None
    conditions = {
        c["type"] for c in (job.get("status") or {}).get("conditions") or [] if c["status"] == "True"
    }
    state = (
        JobState.SUCCEEDED
        if "Complete" in conditions
        else JobState.FAILED
        if "Failed" in conditions
        else JobState.RUNNING
    )
    mine = [pod for pod in pods if controller_uid(pod) == job["metadata"]["uid"]]
    pod = max(mine, key=lambda p: p["metadata"]["creationTimestamp"], default=None)
    ended: Any = _terminated(pod) if pod is not None else {}
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
        fault=fault_of(pod) if pod is not None else None,
        image=job["spec"]["template"]["spec"]["containers"][0]["image"],
    )


def _terminated(pod: Object) -> Object:
    container: Object = next(iter((pod.get("status") or {}).get("containerStatuses") or []), {})
    return (container.get("state") or {}).get("terminated") or {}


def predictor_pods(live: Live, pods: Sequence[Object], replica_sets: Sequence[Object]) -> list[Object]:
    """Pods that come through a ReplicaSet of our Deployment."""
    if live.deployment is None:
        return []
    uid = live.deployment["metadata"]["uid"]
    ours = {rs["metadata"]["uid"] for rs in replica_sets if controller_uid(rs) == uid}
    role = [p for p in pods if (p["metadata"].get("labels") or {}).get(ROLE) == PREDICTOR]
    return [pod for pod in role if controller_uid(pod) in ours]


def revisions_of(live: Live, config_maps: Sequence[Object]) -> dict[str, Object]:
    """Snapshots of ours by their full digest; immutable, so what was verified once stays so."""
    return {d: m for m in config_maps if live.owns(m) and (d := annotations(m).get(DIGEST)) is not None}


def orphans_of(live: Live, config_maps: Sequence[Object]) -> list[Object]:
    """Snapshots whose owner had our kind and name and is gone, for only one object can have a name: a restore brought them."""
    name = live.lead_model["metadata"]["name"]

    def lost(item: Object) -> bool:
        by = controller(item)
        ours = by is not None and (by.get("kind"), by.get("name")) == (KIND, name)
        return ours and live.foreign(item) and annotations(item).get(DIGEST) is not None

    return [item for item in config_maps if lost(item)]
