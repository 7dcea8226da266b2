"""One LeadModel with its models, processes and Jobs as a tree. Drawn by `rich` on a terminal that has it, else in plain text."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leadmodel_cli.views import table
from leadmodel_cli.views.children import Children, Job, Mood, Pod
from leadmodel_cli.views.why import moment
from leadmodel_operator.resource.digest import short

STYLES = {
    Mood.GOOD: "green",
    Mood.BAD: "bold red",
    Mood.WARNING: "yellow",
    Mood.WAITING: "cyan",
    Mood.PAUSED: "magenta",
    Mood.PLAIN: "",
}
SYMBOLS = {
    Mood.GOOD: "✔ ",
    Mood.BAD: "✖ ",
    Mood.WARNING: "⚠ ",
    Mood.WAITING: "◌ ",
    Mood.PAUSED: "‖ ",
    Mood.PLAIN: "",
}


@dataclass(frozen=True)
class Node:
    """One line of the tree and the lines below. `mood` gives the line its symbol and its colour."""

    text: str
    below: tuple["Node", ...] = ()
    mood: Mood = Mood.PLAIN

    @property
    def line(self) -> str:
        """The text with its symbol in front."""
        return SYMBOLS[self.mood] + self.text


def build(document: Mapping[str, Any], children: Children, now: datetime) -> Node:
    """Build the tree of a LeadModel from its document and what belongs to it."""
    metadata, status = document["metadata"], document.get("status") or {}
    models = [*_served(status, children.pods, now), *_candidate(status)]
    below = [*models, *_quarantine(status), *_drift(status), *_follow_ups(status), *_jobs(children.jobs)]
    text = f"{metadata['namespace']}/{metadata['name']}  {headline(status)}"
    return Node(text, tuple(below), mood_of(status))


def headline(status: Mapping[str, Any]) -> str:
    """Say in one line how a LeadModel is: its phase and the sentence of its condition Ready."""
    ready = condition(status, "Ready")
    if ready is None:
        return "nothing is known yet"
    return f"{status.get('phase', 'Pending')}: {ready.get('message') or ready['reason']}"


def condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any] | None:
    """The condition of this type, or None where the status has none."""
    return next((c for c in status.get("conditions") or [] if c["type"] == kind), None)


def is_true(status: Mapping[str, Any], kind: str) -> bool:
    """Whether the condition of this type is True."""
    present = condition(status, kind)
    return present is not None and present["status"] == "True"


def mood_of(status: Mapping[str, Any]) -> Mood:
    """Sum a status up: bad if nothing answers leads, or a person is needed; a warning if leads are answered all the same."""
    if status.get("phase") == "Paused":
        return Mood.PAUSED
    if is_true(status, "Stalled"):
        return Mood.WARNING if is_true(status, "Available") else Mood.BAD
    if is_true(status, "Reconciling"):
        return Mood.WAITING
    if not is_true(status, "Ready"):
        return Mood.BAD
    drifts = is_true(status, "DriftDetected") or status.get("phase") == "Breaching"
    return Mood.WARNING if drifts else Mood.GOOD


def _served(status: Mapping[str, Any], pods: Sequence[Pod], now: datetime) -> list[Node]:
    nodes = []
    champion = (status.get("champion") or {}).get("digest")
    for role in ("champion", "previous"):
        model = status.get(role)
        if model is not None:
            auc = f", AUC {model['auc']:.4f}" if model.get("auc") is not None else ""
            proven = ", proven on live leads" if model.get("provenAt") else ""
            text = f"{role} {short(model['digest'])}{auc}, {table.age(model.get('since'), now)}{proven}"
            below = [_pod(pod, champion) for pod in pods] if role == "champion" else []
            nodes.append(Node(text, tuple(below)))
    if champion is None and pods:
        nodes.append(Node("no champion", tuple(_pod(pod, None) for pod in pods)))
    return nodes


def _candidate(status: Mapping[str, Any]) -> list[Node]:
    candidate = status.get("candidate")
    if candidate is None or candidate.get("digest") is None:
        return []
    verdict = candidate.get("verdict") or "being judged"
    text = f"candidate {short(candidate['digest'])}, {verdict}: {candidate.get('message', '')}".rstrip(": ")
    hold = status.get("hold")
    if hold is not None:
        until = f"until {moment(hold['until'])}" if hold.get("until") else "until a person releases it"
        text += f", held ({hold['reason']}) {until}"
    moods = {"Fail": Mood.BAD, "Pass": Mood.GOOD, "being judged": Mood.WAITING}
    return [Node(text, mood=Mood.WARNING if hold else moods.get(verdict, Mood.WARNING))]


def _pod(pod: Pod, champion: str | None) -> Node:
    other = "" if champion is None or pod.champion == champion else f", serves {short(pod.champion)}"
    restarts = f", {pod.restarts} restarts" if pod.restarts else ""
    return Node(f"predictor {pod.name}, {pod.state}, {pod.place}{restarts}{other}", mood=pod.mood)


def _quarantine(status: Mapping[str, Any]) -> list[Node]:
    below = [
        Node(
            f"{short(entry['digest'])} {entry['kind']}: {entry.get('evidence') or entry['reason']}",
            mood=Mood.BAD,
        )
        for entry in status.get("quarantine") or []
    ]
    return [Node("quarantine", tuple(below))] if below else []


def _drift(status: Mapping[str, Any]) -> list[Node]:
    drift = status.get("drift")
    if drift is None:
        return []
    evidence = drift.get("evidence", "Unavailable")
    psi = (
        f", largest PSI {drift['psi']:.2f} in {drift.get('feature')}" if drift.get("psi") is not None else ""
    )
    mood = {"Fail": Mood.BAD, "Pass": Mood.GOOD}.get(evidence, Mood.PLAIN)
    return [Node(f"live leads {evidence}, {drift.get('samples', 0)} leads{psi}", mood=mood)]


def _follow_ups(status: Mapping[str, Any]) -> list[Node]:
    """The pods that send follow-ups; none without `spec.followUps`."""
    known, healthy = status.get("followUps"), condition(status, "FollowUpsHealthy")
    if known is None or healthy is None:
        return []
    pods = f"{known.get('readyPods', 0)} of {known.get('pods', 0)} pods ready"
    counts = f"{known.get('waiting', 0)} wait, {known.get('sent24h', 0)} sent and {known.get('failed24h', 0)} failed within 24 hours"
    mood = {"True": Mood.GOOD, "False": Mood.BAD}.get(healthy["status"], Mood.WAITING)
    suspended = healthy["reason"] == "Suspended"
    return [
        Node(f"follow-ups {healthy['reason']}, {pods}, {counts}", mood=Mood.PAUSED if suspended else mood)
    ]


def _jobs(jobs: Sequence[Job]) -> list[Node]:
    return [Node("jobs", tuple(Node(f"{j.name}, {j.state}", mood=j.mood) for j in jobs))] if jobs else []


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
    lines = [node.line]
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
        tree = Tree(Text(node.line, STYLES[node.mood]), guide_style="dim")
        for child in node.below:
            tree.children.append(branch(child))
        return tree

    console = Console(highlight=False)
    with console.capture() as captured:
        for node in nodes:
            console.print(branch(node), soft_wrap=True)
    return captured.get().rstrip("\n")
