"""Pods and Jobs of a LeadModel, from the API server's form into the words of the views. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from leadmodel_cli.kubectl.cluster import ROLE
from leadmodel_cli.views.children import Children, Job, Mood, Pod
from leadmodel_operator.resource.vocabulary import GROUP

Document = Mapping[str, Any]
JOBS_SHOWN = 6
CHAMPION = f"{GROUP}/champion"


def children(objects: Sequence[Document], *, all_jobs: bool = False) -> Children:
    """Build what belongs to a LeadModel from the pods and Jobs with its label; of the Jobs the newest few, or all."""
    pods = [item for item in objects if item["kind"] == "Pod" and _role(item) == "predictor"]
    jobs = [item for item in objects if item["kind"] == "Job"]
    jobs.sort(key=lambda item: str(item["metadata"].get("creationTimestamp", "")), reverse=True)
    names = sorted(pods, key=lambda item: str(item["metadata"]["name"]))
    shown = jobs if all_jobs else jobs[:JOBS_SHOWN]
    return Children(tuple(map(_pod, names)), tuple(map(_job, shown)))


def _role(item: Document) -> str:
    return str((item["metadata"].get("labels") or {}).get(ROLE, ""))


def _pod(item: Document) -> Pod:
    metadata, status = item["metadata"], item.get("status") or {}
    containers = status.get("containerStatuses") or []
    state, mood = _state(item, status, containers)
    return Pod(
        name=str(metadata["name"]),
        champion=(metadata.get("annotations") or {}).get(CHAMPION),
        place=f"node {(item.get('spec') or {}).get('nodeName') or 'none yet'}",
        state=state,
        mood=mood,
        restarts=sum(int(c.get("restartCount") or 0) for c in containers),
    )


def _state(item: Document, status: Document, containers: Sequence[Document]) -> tuple[str, Mood]:
    if "deletionTimestamp" in item["metadata"]:
        return "leaving", Mood.WAITING
    for container in containers:
        waiting = (container.get("state") or {}).get("waiting") or {}
        if waiting.get("reason") not in {None, "ContainerCreating", "PodInitializing"}:
            return f"waiting ({waiting['reason']})", Mood.BAD
    conditions = {c["type"]: c for c in status.get("conditions") or []}
    if conditions.get("Ready", {}).get("status") == "True":
        return "ready", Mood.GOOD
    scheduled = conditions.get("PodScheduled", {})
    if scheduled.get("status") == "False":
        return f"not scheduled ({scheduled.get('reason', 'Unschedulable')})", Mood.BAD
    phase = str(status.get("phase") or "Pending")
    return (phase.lower(), Mood.BAD) if phase == "Failed" else ("not ready", Mood.WAITING)


def _job(item: Document) -> Job:
    name, status = str(item["metadata"]["name"]), item.get("status") or {}
    for condition in status.get("conditions") or []:
        if condition["status"] == "True" and condition["type"] == "Complete":
            return Job(name, "succeeded", Mood.GOOD)
        if condition["status"] == "True" and condition["type"] == "Failed":
            return Job(name, f"failed ({condition.get('reason', 'Failed')})", Mood.BAD)
    if not status.get("active"):
        return Job(name, "waits to start", Mood.WAITING)
    return Job(name, "running", Mood.WAITING)
