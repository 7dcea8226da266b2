"""The page of the dashboard over situations of the small world, in a thread; and its pictures for the docs, taken by a real Chromium.

PYTHONPATH=tests .venv/bin/python -m support.dashboard_page      writes docs/pictures/dashboard-*.png
"""

import asyncio
import contextlib
import copy
import shutil
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from leadmodel_cli.dashboard.app import Page, application
from leadmodel_cli.kubectl.parts import children
from leadmodel_cli.views.story import Look
from leadmodel_messages.window import FeatureWindow, SlotWindow, Window
from leadmodel_messages.window_psi import slot_psis
from worlds.kubectl import WorldKubectl
from worlds.leader import Leader
from worlds.programs import Truth
from worlds.situations import held_after_rollback, replaced, serving
from worlds.world import World

ROOT = Path(__file__).parents[2]
TOKEN = "the-token"
EXPECTED = {  # feature → leads that drifted, leads the champion was trained on, leads that fit
    "score": ((70, 90, 120, 110, 60, 50), (110, 130, 110, 80, 45, 25), (75, 95, 118, 104, 60, 48)),
    "source": ((60, 180, 260), (190, 210, 100), (70, 185, 245)),
    "age": ((50, 100, 150, 120, 80), (90, 130, 140, 90, 50), (55, 104, 148, 116, 77)),
    "details_len": ((90, 160, 150, 100), (100, 165, 145, 90), (92, 161, 149, 98)),
    "budget": ((120, 130, 125, 125), (124, 126, 125, 125), (121, 129, 125, 125)),
}
CARD = {
    "name": "lead-conversion",
    "kind": "linear",
    "recipe": "linear",
    "trained_at": "2026-01-05T06:12:00+00:00",
    "auc": {"claimed": 0.8012, "measured": 0.8000},
    "holdout": {"rows": 5000},
    "training": {"rows": 21480, "positives": 2210, "horizon_days": 14.0, "label": "converted"},
    "features": [{"name": name} for name in EXPECTED if name != "score"],
}


def window(*, drifts: bool) -> Window:
    """A window of 500 leads: those the champion's reference expects, or others; the previous model's reference fits either way."""

    def slot(digest: str, share: float) -> SlotWindow:
        features = {
            name: FeatureWindow(
                "numeric", 500, 5000, 1e5, came if drifts else fits, mixed(trained, fits, share)
            )
            for name, (came, trained, fits) in EXPECTED.items()
        }
        return SlotWindow(digest, "holdout-newest/v1", 500, 0, 0, (), (), features)

    return Window("boot", 1e9, slot("a", 1.0 if drifts else 0.0), slot("b", 0.7 if drifts else 0.1))


def mixed(first: Sequence[int], second: Sequence[int], share: float) -> tuple[float, ...]:
    """Leads per bin between two lists: `share` of the first."""
    return tuple(share * a + (1 - share) * b for a, b in zip(first, second, strict=True))


@dataclass
class Sample:
    """A source with LeadModels in various situations; `error` is raised instead, `extra` is laid over each document."""

    looks: dict[tuple[str, str], Look] = field(default_factory=dict)
    error: str = ""

    def put(self, name: str, world: World, *, drifts: bool = False, namespace: str = "sales") -> None:
        """Add the LeadModel of a world under another name."""
        kubectl = WorldKubectl(world)
        document = copy.deepcopy(kubectl.lead_model())
        document["metadata"] |= {
            "name": name,
            "namespace": namespace,
            "creationTimestamp": "2026-01-02T08:00:00Z",
        }
        family = children([*kubectl.pods(), *kubectl.jobs()])
        answers = [window(drifts=drifts)] if world.pods else []
        if drifts:  # the figures of the world are those of its own, smaller windows
            champion, previous = (
                slot_psis(getattr(answers[0], role), 150) for role in ("champion", "previous")
            )
            feature = max(champion, key=lambda name: champion[name].value)
            psi, other = champion[feature].value, max(index.value for index in previous.values())
            verdict = f"No rollback: the previous model drifts too (PSI {other:.2f} on the same leads, below 0.1 is asked for)."
            document["status"]["drift"] |= {"psi": psi, "feature": feature, "verdict": verdict}
            next(c for c in document["status"]["conditions"] if c["type"] == "DriftDetected")["message"] = (
                verdict
            )
        self.looks[namespace, name] = Look(document, family, answers, CARD if world.pods else None)

    def lead_models(self) -> list[Any]:
        """Every document."""
        if self.error:
            raise RuntimeError(self.error)
        return [look.document for look in self.looks.values()]

    def look(self, namespace: str, name: str) -> Look:
        """One of them."""
        return self.looks[namespace, name]


def first_refused() -> World:
    """Make a world in which nothing serves, for the first model was refused."""
    world = World()
    world.upload("A", Truth(auc=0.6))
    Leader(world).settle()
    return world


def breaching() -> World:
    """Make a world in which live leads drift from both models' references: an alert, and no rollback."""
    world, leader = replaced()
    leader.step(0.1)
    world.truths["A"] = world.truths["B"] = Truth(auc=0.8, drifts=True)
    for _ in range(30):
        leader.step(5 / 60)
    return world


def paused() -> World:
    """Make a world that a person paused."""
    world, leader = serving()
    world.paused = True
    leader.settle()
    return world


def sample() -> Sample:
    """A fleet in which something is wrong, and most is well."""
    source = Sample()
    source.put("conversion", held_after_rollback()[0])
    source.put("churn", breaching(), drifts=True)
    source.put("upsell", serving(live=True)[0], namespace="marketing")
    source.put("referral", serving(live=True)[0], namespace="marketing")
    source.put("trial-to-paid", first_refused(), namespace="product")
    source.put("webinar", paused(), namespace="marketing")
    return source


@contextlib.contextmanager
def served(source: Any, *, interval: float = 0.1) -> Iterator[str]:
    """Serve a source in a thread; the address of the page, without the token."""
    moment = datetime(2026, 1, 5, 12, tzinfo=UTC)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    page = Page(source, lambda: moment, interval)
    server = uvicorn.Server(
        uvicorn.Config(
            application(page, port, TOKEN), log_level="error", access_log=False, timeout_graceful_shutdown=1
        )
    )
    page.is_over = lambda: server.should_exit
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


def chromium() -> str | None:
    """The Chromium of this machine, None where there is none."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextlib.contextmanager
def a_browser() -> Iterator[Any]:
    """A headless Chromium; the test is left out where none is installed."""
    program = chromium()
    if program is None:
        pytest.skip("chromium (Debian: chromium) is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def troubled_page(browser: Any) -> Any:
    """A page whose `troubles` are what its scripts complained of."""
    context = browser.new_context(viewport={"width": 1100, "height": 800})
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.troubles = []
    page.on(
        "console", lambda message: page.troubles.append(message.text) if message.type == "error" else None
    )
    page.on("pageerror", lambda error: page.troubles.append(str(error)))
    return page


VIEWS = {"fleet": "", "model": "#/sales/churn", "rolled-back": "#/sales/conversion"}


def main() -> int:
    """Take every picture, light and dark."""
    if chromium() is None:
        print("chromium is not installed (Debian: chromium)", file=sys.stderr)
        return 1
    with served(sample()) as address, a_browser() as browser:
        for scheme in ("light", "dark"):
            context = browser.new_context(color_scheme=scheme, viewport={"width": 1200, "height": 640})
            page = context.new_page()
            page.goto(f"{address}/?token={TOKEN}")
            for name, anchor in VIEWS.items():
                page.goto(f"{address}/{anchor}")
                page.wait_for_selector("main[aria-busy=false] h1")
                page.wait_for_timeout(700)
                path = ROOT / "docs" / "pictures" / f"dashboard-{name}-{scheme}.png"
                page.screenshot(path=path, full_page=True)
                print(f"taken: {path.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
