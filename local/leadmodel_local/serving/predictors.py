"""Predictors as child processes: what their folders and their own ports say, and how the planner reads that."""

import http.client
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from leadmodel_local.serving.listener import HOST
from leadmodel_local.state import children, files
from leadmodel_local.state.files import ModelFolder
from leadmodel_messages.window import Window
from leadmodel_operator.planning.observed import Fault, FaultKind, PodSeen, RolloutSeen
from leadmodel_operator.planning.scraping import TIMEOUT_S, WINDOW_LIMIT, read_window, window_target


@dataclass(frozen=True)
class Pod:
    """One predictor. `template` is the template the predictor was started with, `port` its own port beside the shared one."""

    name: str
    folder: Path
    template: dict[str, Any]
    port: int
    leaving: bool
    restarts: int
    alive: bool
    ready: bool


def http_get(port: int, target: str, limit: int, timeout: float = TIMEOUT_S) -> bytes | None:
    """Return the body of a 200 answer of at most `limit` bytes from a predictor's own port, else None."""
    connection = http.client.HTTPConnection(HOST, port, timeout=timeout)
    try:
        connection.request("GET", target)
        answer = connection.getresponse()
        body = answer.read(limit + 1)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return body if answer.status == 200 and len(body) <= limit else None


def list_pods(folder: ModelFolder) -> list[Pod]:
    """List the predictors of a LeadModel by name, after asking each whether it is ready."""
    pods = []
    for path in sorted((folder.folder / "pods").glob("*")):
        metadata = files.read_json(path / "about.json")
        if metadata is not None:
            pods.append(_pod(path, metadata))
    return pods


def _pod(folder: Path, metadata: dict[str, Any]) -> Pod:
    alive = children.is_alive(folder)
    leaving = (folder / "leaving").exists()
    ready = alive and not leaving and http_get(metadata["port"], "/readyz", 64, 0.5) is not None
    restarts = files.read_json(folder / "restarts") or 0
    return Pod(folder.name, folder, metadata["template"], metadata["port"], leaving, restarts, alive, ready)


def window_of(pod: Pod, since: float | None) -> Window | None:
    """Ask a predictor for its drift window; `since` is the beginning of a breach in Unix seconds."""
    return read_window(http_get(pod.port, window_target(since), WINDOW_LIMIT))


# --- what the planner reads --------------------------------------------------------------------------------------------------


def pod_seen(pod: Pod, window: Window | None) -> PodSeen:
    """Describe a predictor for the planner, with its window if the predictor was asked and answered."""
    failed = files.read_json(pod.folder / "failed.json")
    fault = (
        Fault(FaultKind.TERMINATED, "Error", failed["code"], failed["message"])
        if failed and failed["code"]
        else None
    )
    return PodSeen(
        name=pod.name,
        template_champion=pod.template["champion"],
        image=pod.template["image"],
        ready=pod.ready,
        champion=window.champion.digest if window and window.champion else None,
        previous=window.previous.digest if window and window.previous else None,
        window=window,
        fault=fault,
    )


def rollout_seen(folder: ModelFolder, pods: list[Pod], now: datetime) -> RolloutSeen | None:
    """Describe the rollout for the planner; None when no rollout was rendered."""
    document = files.read_json(folder.serve)
    if document is None:
        return None
    wanted = document["wanted"]
    template = wanted["template"]
    current = [p for p in pods if not p.leaving and p.template == template]
    ready = sum(p.ready for p in pods)
    current_ready = sum(p.ready for p in current)
    late = now - datetime.fromisoformat(document["since"]) > timedelta(seconds=wanted["deadline"])
    return RolloutSeen(
        champion=template["champion"],
        previous=template["previous"],
        image=template["image"],
        template=wanted["version"],
        decision=wanted["decision"],
        settled=len(pods) == len(current) == current_ready == wanted["replicas"],
        deadline_exceeded=late and current_ready < wanted["replicas"],
        replicas=wanted["replicas"],
        ready=ready,
        updated=len(current),
        available=ready >= wanted["replicas"],
    )
