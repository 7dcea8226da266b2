"""`leadmodel local demo` from arguments to exit code: a folder of its own, the steps in order, no process left running."""

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

from leadmodel_local.demo.figures import Figures, read_figures
from leadmodel_local.demo.run import DemoRun
from leadmodel_local.demo.sandbox import Sandbox, StepFailed
from leadmodel_local.demo.screen import Screen, choose_screen, summary
from leadmodel_local.demo.steps import STEPS
from leadmodel_local.demo.story import StepProgress, Story
from leadmodel_local.rows import LeadsError
from leadmodel_local.state import files
from leadmodel_messages.uris import local_path

if TYPE_CHECKING:
    from leadmodel_local.demo.recording import Recording

LOCK_WAIT_S = 3.0
EVENT_DELAY_S = 0.1  # an event follows its decision within this time


def add_options(demo: argparse.ArgumentParser) -> None:
    """Add the options of the demo to its parser."""
    demo.add_argument(
        "--leads", type=Path, help="your leads with outcomes, CSV or JSON lines; default: made-up ones"
    )
    demo.add_argument("--label", default="y", help="the column that says whether a lead converted (y)")
    demo.add_argument("--exclude", default="", help="columns known only after the outcome, comma separated")
    demo.add_argument("--min-auc", type=float, default=0.6, help="what the gate of the demo asks for (0.6)")
    demo.add_argument("--seed", type=int, default=7, help="of everything random (7)")
    demo.add_argument(
        "--folder", type=local_path, help="where everything lies afterwards; what is there goes"
    )
    demo.add_argument(
        "--picture", type=local_path, help="also write the live screen as a moving picture (SVG)"
    )


def demo_folder(options: argparse.Namespace) -> Path:
    """Return the folder of the demo: one per user, so that the next demo cleans up after one that was killed."""
    folder: Path = options.folder or Path(tempfile.gettempdir()) / f"leadmodel-demo-{os.getuid()}"
    return folder.absolute()


def main(options: argparse.Namespace, now: Callable[[], datetime]) -> int:
    """Run the demo. Returns 0 only when every step held."""
    folder = demo_folder(options)
    if folder.exists() and any(folder.iterdir()) and not (folder / "lock").exists():
        print(f"leadmodel: {folder} holds something else; give another --folder", file=sys.stderr)
        return 2
    lock = _take_lock(folder / "lock")
    if lock is None:
        print(f"leadmodel: another demo runs in {folder}; wait for it or give --folder", file=sys.stderr)
        return 1
    for number in (signal.SIGTERM, signal.SIGINT):  # also where whoever started the demo ignores Ctrl-C
        signal.signal(number, _interrupt)
    with lock:
        return _run(options, folder, now)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _take_lock(path: Path) -> IO[bytes] | None:
    """Take the lock, trying for a while: a process that only tests the lock holds it for moments."""
    until = time.monotonic() + LOCK_WAIT_S
    while time.monotonic() < until:
        with contextlib.suppress(files.Busy):
            return files.hold(path)
        time.sleep(0.05)
    return None


def _run(options: argparse.Namespace, folder: Path, now: Callable[[], datetime]) -> int:
    story = Story(tuple(StepProgress(step.title) for step in STEPS), str(folder))
    chosen = choose_screen(story)
    recording = _record(chosen, story) if options.picture else None
    screen: Screen = recording or chosen
    demo = _prepare(options, folder, lambda text: _show_event(story, screen, text))
    story.read_figures = lambda: read_figures(demo.sandbox.model, demo.load, now())
    try:
        figures = _run_steps(demo, story, screen)
    except KeyboardInterrupt:
        demo.close()  # before the folder goes
        shutil.rmtree(folder, ignore_errors=True)
        print("\nleadmodel: stopped, nothing is left", file=sys.stderr)
        return 130
    finally:
        demo.close()
    if recording is not None:
        recording.write(options.picture)
    print("\n".join(summary(story, figures, _advice(folder, story))), flush=True)
    return 0 if story.all_held else 1


def _prepare(options: argparse.Namespace, folder: Path, on_event: Callable[[str], None]) -> DemoRun:
    sandbox = Sandbox(folder, on_event, min_auc=options.min_auc, label=options.label)
    leads = options.leads and options.leads.absolute()
    return DemoRun(
        sandbox, leads, options.label, tuple(filter(None, options.exclude.split(","))), options.seed
    )


def _record(screen: Screen, story: Story) -> "Recording":
    from leadmodel_local.demo.recording import Recording

    return Recording(screen, story)


def _show_event(story: Story, screen: Screen, text: str) -> None:
    story.events.append((story.seconds(), text))
    screen.event(text)


def _run_steps(demo: DemoRun, story: Story, screen: Screen) -> Figures:
    """Run the steps up to the first that fails; return the figures of the last moment."""
    _clear(demo.sandbox)
    with screen:
        for step, progress in zip(STEPS, story.steps, strict=True):
            progress.began = story.seconds()
            screen.step_began(progress)
            try:
                progress.message, progress.held = step.run(demo), True
            except (StepFailed, LeadsError, OSError) as error:
                progress.message, progress.held = str(error), False
            time.sleep(EVENT_DELAY_S)
            demo.sandbox.show_new_events()
            progress.took = story.seconds() - progress.began
            screen.step_ended(progress)
            if not progress.held:
                break
    return story.read_figures()


def _clear(sandbox: Sandbox) -> None:
    """End and remove what an earlier demo left in the folder."""
    sandbox.close()
    for path in sandbox.folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != "lock":
            path.unlink()


def _advice(folder: Path, story: Story) -> list[str]:
    state = folder / "state"
    if not story.all_held:
        return [f"What the runtime said: {folder}/runtime/stderr", f"All of it: {folder}"]
    return [
        "Look at next:",
        f"  leadmodel local --state {state} why        the last decision, in prose",
        f"  leadmodel local --state {state} history    all of them",
        f"  less {folder}/model.yaml    the manifest: put your own URIs in, and",
        "  leadmodel local up model.yaml              run it here, or kubectl apply it",
    ]
