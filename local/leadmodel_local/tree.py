"""`get -o tree`: one LeadModel and all that hangs on it. Drawn by `rich` on a terminal where it is there, else in plain text."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from leadmodel_local import children, files, table
from leadmodel_local.files import Place
from leadmodel_operator.resource.digest import short

STYLES = {"good": "green", "bad": "red", "": ""}
JOBS = 6  # shown at most


@dataclass(frozen=True)
class Node:
    """One line and what hangs on it. `mood`: good, bad or nothing."""

    text: str
    below: tuple["Node", ...] = ()
    mood: str = ""


def of(place: Place, now: datetime) -> Node:
    """The tree of a LeadModel."""
    found = table.document(place)
    status: dict[str, Any] = found["status"]
    ready = next((c for c in status.get("conditions", []) if c["type"] == "Ready"), None)
    good = ready is not None and ready["status"] == "True"
    said = (
        f"{status.get('phase', 'Pending')}: {ready['message'] or ready['reason']}"
        if ready
        else "nothing is known yet"
    )
    below = [*_models(place, status, now), *_quarantine(status), *_drift(status), *_jobs(place)]
    return Node(f"{place.key.namespace}/{place.key.name}  {said}", tuple(below), "good" if good else "bad")


def _models(place: Place, status: dict[str, Any], now: datetime) -> list[Node]:
    found = []
    for role in ("champion", "previous"):
        here = status.get(role)
        if here is not None:
            auc = f", AUC {here['auc']:.4f}" if here.get("auc") is not None else ""
            proven = ", proven on live leads" if here.get("provenAt") else ""
            text = f"{role} {short(here['digest'])}{auc}, {table.age(here.get('since'), now)}{proven}"
            found.append(Node(text, tuple(_pods(place, here["digest"])) if role == "champion" else ()))
    return [*found, *_candidate(status)]


def _candidate(status: dict[str, Any]) -> list[Node]:
    here = status.get("candidate")
    if here is None or here.get("digest") is None:
        return []
    verdict = here.get("verdict") or "being judged"
    text = f"candidate {short(here['digest'])}, {verdict}: {here.get('message', '')}".rstrip(": ")
    return [Node(text, mood="bad" if verdict == "Fail" else "")]


def _pods(place: Place, champion: str) -> list[Node]:
    found = []
    for folder in sorted((place.folder / "pods").glob("*")):
        about = files.read_json(folder / "about.json") or {}
        serves = (about.get("template") or {}).get("champion")
        lives, leaves = children.lives(folder), (folder / "leaving").exists()
        state = "leaving" if leaves else "running" if lives else "not running"
        other = "" if serves == champion else f", serves {short(serves)}"
        mood = "good" if lives and not leaves else "bad" if not lives else ""
        found.append(
            Node(f"predictor {folder.name}, {state}, port {about.get('port', '?')}{other}", mood=mood)
        )
    return found


def _quarantine(status: dict[str, Any]) -> list[Node]:
    entries = status.get("quarantine") or []
    below = [
        Node(f"{short(q['digest'])} {q['kind']}: {q.get('evidence') or q['reason']}", mood="bad")
        for q in entries
    ]
    return [Node("quarantine", tuple(below))] if below else []


def _drift(status: dict[str, Any]) -> list[Node]:
    drift = status.get("drift")
    if drift is None:
        return []
    psi = f", largest PSI {drift['psi']:.2f} in {drift['feature']}" if drift.get("psi") is not None else ""
    mood = "bad" if drift["evidence"] == "Fail" else "good" if drift["evidence"] == "Pass" else ""
    return [Node(f"live leads {drift['evidence']}, {drift['samples']} leads{psi}", mood=mood)]


def _jobs(place: Place) -> list[Node]:
    folders = sorted((place.folder / "jobs").glob("*/about.json"), key=lambda path: path.stat().st_mtime)[
        -JOBS:
    ]
    below = [_job(path.parent) for path in reversed(folders)]
    return [Node("jobs", tuple(below))] if below else []


def _job(folder: Path) -> Node:
    code = children.exit_code(folder)
    state = "running" if code is None else "succeeded" if code == 0 else f"failed with exit code {code}"
    return Node(f"{folder.name}, {state}", mood="bad" if code else "good" if code == 0 else "")


# --- drawing -----------------------------------------------------------------------------------------------------------------


def draw(nodes: Sequence[Node]) -> str:
    """Text for what is printed to: coloured on a terminal with `rich`."""
    if sys.stdout.isatty():
        try:
            return _rich(nodes)
        except ImportError:
            pass
    return "\n".join(line for node in nodes for line in plain(node))


def plain(node: Node) -> list[str]:
    """The lines of a tree."""
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

    def grown(node: Node) -> Tree:
        tree = Tree(Text(node.text, STYLES[node.mood]), guide_style="dim")
        for child in node.below:
            tree.children.append(grown(child))
        return tree

    console = Console(highlight=False)
    with console.capture() as captured:
        for node in nodes:
            console.print(grown(node), soft_wrap=True)
    return captured.get().rstrip("\n")
