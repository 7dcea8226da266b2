"""Reads the state folder into documents. Views (`table`, `tree`, `why`) are pure functions of these documents."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from leadmodel_cli.views.children import Children, Job, Mood, Pod
from leadmodel_local.state import children, files
from leadmodel_local.state.files import ModelFolder
from leadmodel_messages.visible import visible
from leadmodel_operator.resource.vocabulary import API_VERSION, KIND

JOBS_SHOWN = 6


def read(folder: ModelFolder) -> dict[str, Any]:
    """Read a LeadModel as `kubectl get -o json` would print it."""
    kept = files.read_json(folder.object) or {}
    status = (files.read_json(folder.status) or {}).get("status") or {}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {
            "name": folder.key.name,
            "namespace": folder.key.namespace,
            "uid": kept.get("uid"),
            "generation": kept.get("generation"),
            "creationTimestamp": kept.get("created"),
            "annotations": kept.get("annotations") or {},
        },
        "spec": kept.get("spec") or {},
        "status": status,
    }


def read_trace(folder: ModelFolder) -> list[dict[str, str]]:
    """Read what the newest pass did and withheld: step, effect and reason per entry; empty before the first pass."""
    return files.read_json(folder.trace) or []


def read_all(root: Path) -> list[dict[str, Any]]:
    """Read every LeadModel of a state folder, by namespace and name."""
    return [read(folder) for folder in files.model_folders(root)]


def read_children(folder: ModelFolder) -> Children:
    """Read the child processes of a LeadModel; of the Jobs the newest few."""
    pods = (_pod(path) for path in sorted((folder.folder / "pods").glob("*")))
    jobs = sorted((folder.folder / "jobs").glob("*/about.json"), key=lambda path: path.stat().st_mtime)
    return Children(tuple(pods), tuple(_job(path.parent) for path in reversed(jobs[-JOBS_SHOWN:])))


def _pod(folder: Path) -> Pod:
    metadata: Mapping[str, Any] = files.read_json(folder / "about.json") or {}
    is_alive, is_leaving = children.is_alive(folder), (folder / "leaving").exists()
    port = "?" if metadata.get("port") is None else metadata["port"]
    return Pod(
        name=visible(folder.name),
        champion=(metadata.get("template") or {}).get("champion"),
        place=f"port {port}",
        state="leaving" if is_leaving else "running" if is_alive else "not running",
        mood=Mood.WAITING if is_leaving else Mood.GOOD if is_alive else Mood.BAD,
    )


def _job(folder: Path) -> Job:
    code = children.exit_code(folder)
    if code is None:
        return Job(visible(folder.name), "running", Mood.WAITING)
    state = "succeeded" if code == 0 else f"failed with exit code {code}"
    return Job(visible(folder.name), state, Mood.BAD if code else Mood.GOOD)
