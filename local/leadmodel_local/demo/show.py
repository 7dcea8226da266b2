"""The demo from arguments to exit code: a folder of its own, the steps in order, nothing left running."""

import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING

from leadmodel_local import files
from leadmodel_local.demo import acts, screen, watch
from leadmodel_local.demo.acts import ACTS, Play
from leadmodel_local.demo.screen import Screen, Step, Story
from leadmodel_local.demo.stage import Broken, Stage
from leadmodel_local.rows import LeadsError

if TYPE_CHECKING:
    from leadmodel_local.demo.film import Film

BUSY_S = 3.0
NEWS_S = 0.1  # an event follows its decision within this time


def options(demo: argparse.ArgumentParser) -> None:
    """What the demo takes."""
    demo.add_argument(
        "--leads", type=Path, help="your leads with outcomes, CSV or JSON lines; default: made-up ones"
    )
    demo.add_argument("--label", default="y", help="the column that says whether a lead converted (y)")
    demo.add_argument("--exclude", default="", help="columns known only after the outcome, comma separated")
    demo.add_argument("--min-auc", type=float, default=0.6, help="what the gate of the demo asks for (0.6)")
    demo.add_argument("--seed", type=int, default=7, help="of everything random (7)")
    demo.add_argument("--folder", type=Path, help="where everything lies afterwards; what is there goes")
    demo.add_argument("--picture", type=Path, help="also write the live screen as a moving picture (SVG)")


def folder(given: argparse.Namespace) -> Path:
    """One folder a user, so that a demo that was killed is cleaned up by the next."""
    found: Path = given.folder or Path(tempfile.gettempdir()) / f"leadmodel-demo-{os.getuid()}"
    return found.absolute()


def main(given: argparse.Namespace, now: Callable[[], datetime]) -> int:
    """Show it; 0 only if every step held."""
    where = folder(given)
    if where.exists() and any(where.iterdir()) and not (where / "lock").exists():
        print(f"leadmodel: {where} holds something else; give another --folder", file=sys.stderr)
        return 2
    lock = _hold(where / "lock")
    if lock is None:
        print(f"leadmodel: another demo runs in {where}; wait for it or give --folder", file=sys.stderr)
        return 1
    signal.signal(signal.SIGTERM, _interrupt)
    with lock:
        return _show(given, where, now)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _hold(path: Path) -> IO[bytes] | None:
    """The lock; whoever watches it holds it for moments only."""
    until = time.monotonic() + BUSY_S
    while time.monotonic() < until:
        with contextlib.suppress(files.Busy):
            return files.hold(path)
        time.sleep(0.05)
    return None


def _show(given: argparse.Namespace, where: Path, now: Callable[[], datetime]) -> int:
    exclude = tuple(filter(None, given.exclude.split(",")))
    story = Story(tuple(Step(act.title) for act in ACTS), str(where))
    shown = screen.chosen(story)
    film = _film(shown, story) if given.picture else None
    stage = Stage(
        where, lambda text: _note(story, film or shown, text), min_auc=given.min_auc, label=given.label
    )
    play = Play(stage, given.leads and given.leads.absolute(), given.label, exclude, given.seed)
    story.look = lambda: watch.look(stage.place, play.load, now())
    try:
        _empty(stage)
        with shown:
            _play(play, story, film or shown)
        seen = story.look()
    except KeyboardInterrupt:
        acts.end(play)
        shutil.rmtree(where, ignore_errors=True)
        print("\nleadmodel: stopped, nothing is left", file=sys.stderr)
        return 130
    acts.end(play)
    if film is not None:
        film.write(given.picture)
    print("\n".join(screen.summary(story, seen, _advice(where, story))), flush=True)
    return 0 if story.good else 1


def _film(shown: Screen, story: Story) -> "Film":
    from leadmodel_local.demo.film import Film

    return Film(shown, story)


def _empty(stage: Stage) -> None:
    """End and remove what an earlier demo left."""
    stage.close()
    for path in stage.folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != "lock":
            path.unlink()


def _note(story: Story, shown: Screen, text: str) -> None:
    story.news.append((story.at(), text))
    shown.note(text)


def _play(play: Play, story: Story, shown: Screen) -> None:
    for act, step in zip(ACTS, story.steps, strict=True):
        step.began = story.at()
        shown.began(step)
        try:
            step.said, step.held = act.play(play), True
        except (Broken, LeadsError, OSError) as error:
            step.said, step.held = str(error), False
        time.sleep(NEWS_S)
        play.stage.look()
        step.took = story.at() - step.began
        shown.ended(step)
        if not step.held:
            return


def _advice(where: Path, story: Story) -> list[str]:
    state = where / "state"
    if not story.good:
        return [f"What the runtime said: {where}/runtime/stderr", f"All of it: {where}"]
    return [
        "Look at next:",
        f"  leadmodel local --state {state} why        the last decision, in prose",
        f"  leadmodel local --state {state} history    all of them",
        f"  less {where}/model.yaml    the manifest: put your own URIs in, and",
        "  leadmodel local up model.yaml              run it here, or kubectl apply it",
    ]
