"""`get -o tree`: one LeadModel with its models, processes and Jobs. Drawn by `rich` on a terminal that has it, else in plain text."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadmodel_local.state.documents import JobProcess, PredictorProcess, Processes
from leadmodel_local.views import table
from leadmodel_operator.resource.digest import short

STYLES = {"good": "green", "bad": "red", "": ""}


@dataclass(frozen=True)
class Node:
    """One line of the tree and the lines below. `mood` colours the line: `good`, `bad` or empty."""

    text: str
    below: tuple["Node", ...] = ()
    mood: str = ""


def build(document: Mapping[str, Any], processes: Processes, now: datetime) -> Node:
    """Build the tree of a LeadModel from its document and its child processes."""
    metadata, status = document["metadata"], document["status"]
    ready = next((c for c in status.get("conditions", []) if c["type"] == "Ready"), None)
    if ready is None:
        state, mood = "nothing is known yet", "bad"
    else:
        state = f"{status.get('phase', 'Pending')}: {ready['message'] or ready['reason']}"
        mood = "good" if ready["status"] == "True" else "bad"
    models = [*_served(status, processes.predictors, now), *_candidate(status)]
    below = [*models, *_quarantine(status), *_drift(status), *_jobs(processes.jobs)]
    return Node(f"{metadata['namespace']}/{metadata['name']}  {state}", tuple(below), mood)


def _served(status: Mapping[str, Any], predictors: Sequence[PredictorProcess], now: datetime) -> list[Node]:
    nodes = []
    for role in ("champion", "previous"):
        model = status.get(role)
        if model is not None:
            auc = f", AUC {model['auc']:.4f}" if model.get("auc") is not None else ""
            proven = ", proven on live leads" if model.get("provenAt") else ""
            text = f"{role} {short(model['digest'])}{auc}, {table.age(model.get('since'), now)}{proven}"
            pods = [_predictor(pod, model["digest"]) for pod in predictors] if role == "champion" else []
            nodes.append(Node(text, tuple(pods)))
    return nodes


def _candidate(status: Mapping[str, Any]) -> list[Node]:
    candidate = status.get("candidate")
    if candidate is None or candidate.get("digest") is None:
        return []
    verdict = candidate.get("verdict") or "being judged"
    text = f"candidate {short(candidate['digest'])}, {verdict}: {candidate.get('message', '')}".rstrip(": ")
    return [Node(text, mood="bad" if verdict == "Fail" else "")]


def _predictor(pod: PredictorProcess, champion: str) -> Node:
    state = "leaving" if pod.leaving else "running" if pod.alive else "not running"
    other = "" if pod.champion == champion else f", serves {short(pod.champion)}"
    mood = "good" if pod.alive and not pod.leaving else "bad" if not pod.alive else ""
    port = "?" if pod.port is None else pod.port
    return Node(f"predictor {pod.name}, {state}, port {port}{other}", mood=mood)


def _quarantine(status: Mapping[str, Any]) -> list[Node]:
    below = [
        Node(
            f"{short(entry['digest'])} {entry['kind']}: {entry.get('evidence') or entry['reason']}",
            mood="bad",
        )
        for entry in status.get("quarantine") or []
    ]
    return [Node("quarantine", tuple(below))] if below else []


def _drift(status: Mapping[str, Any]) -> list[Node]:
    drift = status.get("drift")
    if drift is None:
        return []
    psi = f", largest PSI {drift['psi']:.2f} in {drift['feature']}" if drift.get("psi") is not None else ""
    mood = "bad" if drift["evidence"] == "Fail" else "good" if drift["evidence"] == "Pass" else ""
    return [Node(f"live leads {drift['evidence']}, {drift['samples']} leads{psi}", mood=mood)]


def _jobs(jobs: Sequence[JobProcess]) -> list[Node]:
    return [Node("jobs", tuple(_job(job) for job in jobs))] if jobs else []


def _job(job: JobProcess) -> Node:
    code = job.exit_code
    state = "running" if code is None else "succeeded" if code == 0 else f"failed with exit code {code}"
    return Node(f"{job.name}, {state}", mood="bad" if code else "good" if code == 0 else "")


# --- drawing -----------------------------------------------------------------------------------------------------------------


def draw(nodes: Sequence[Node]) -> str:
    """Draw trees, in colour on a terminal with `rich`."""
    if sys.stdout.isatty():
        try:
            return _rich(nodes)
        except ImportError:
            pass
    return "\n".join(line for node in nodes for line in plain(node))


def plain(node: Node) -> list[str]:
    """Draw a tree as plain lines."""
    lines = [node.text]
    for i, child in enumerate(node.below):
        last = i + 1 == len(node.below)
        first, *rest = plain(child)
        lines.append(("└─ " if last else "├─ ") + first)
        lines += [("   " if last else "│  ") + line for line in rest]
    return lines


def _rich(nodes: Sequence[Node]) -> str:
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    def branch(node: Node) -> Tree:
        tree = Tree(Text(node.text, STYLES[node.mood]), guide_style="dim")
        for child in node.below:
            tree.children.append(branch(child))
        return tree

    console = Console(highlight=False)
    with console.capture() as captured:
        for node in nodes:
            console.print(branch(node), soft_wrap=True)
    return captured.get().rstrip("\n")
