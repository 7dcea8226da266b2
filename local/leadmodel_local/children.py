"""Child processes that outlive their parent: each has a folder, and holds the lock in it for as long as it lives.

So whoever comes after a crash knows which children live without trusting a number: a lock that is held is a child that lives, and
its pid is the one it wrote itself. A child cannot be started twice, for its lock cannot be taken twice.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from leadmodel_local import files

KILLED = 137
_WRAPPER = 'trap : TERM; echo $$ >pid.tmp; mv pid.tmp pid; "$@"; echo $? >exit.tmp; mv exit.tmp exit'
LOCK, MESSAGE = "lock", "message"


class Children:
    """Starts children and reaps those it started; looks after those that others started."""

    def __init__(self) -> None:
        self._mine: list[subprocess.Popen[bytes]] = []

    def start(
        self,
        folder: Path,
        command: Sequence[str],
        *,
        environ: Mapping[str, str] | None = None,
        sockets: Sequence[int] = (),
    ) -> None:
        """Start it in its folder, unless it lives. Its own process group, so that a Ctrl-C is not its business."""
        self.reap()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock = files.hold(folder / LOCK)
        except files.Busy:
            return
        with lock, (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            for name in ("exit", "pid"):
                (folder / name).unlink(missing_ok=True)
            (folder / MESSAGE).write_bytes(b"")
            self._mine.append(
                subprocess.Popen(  # noqa: S603  # our own programs
                    ["/bin/sh", "-c", _WRAPPER, "sh", *command],
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    start_new_session=True,
                    pass_fds=(lock.fileno(), *sockets),
                    env={**os.environ, **(environ or {})},
                )
            )

    def reap(self) -> None:
        """Let go of those that ended."""
        self._mine = [child for child in self._mine if child.poll() is None]


def lives(folder: Path) -> bool:
    """Whether the child of this folder lives."""
    return files.held(folder / LOCK)


def pid(folder: Path) -> int | None:
    """The process group of a child, as it wrote it down itself."""
    try:
        return int((folder / "pid").read_text())
    except (OSError, ValueError):
        return None


def began(folder: Path) -> bool:
    """Whether it was ever started."""
    return (folder / "pid").exists() or lives(folder)


def exit_code(folder: Path) -> int | None:
    """How it ended; None while it lives. A child that could not write its code was killed."""
    if lives(folder):
        return None
    try:
        return int((folder / "exit").read_text())
    except (OSError, ValueError):
        return KILLED


def message(folder: Path) -> str:
    """Its last word."""
    try:
        return (folder / MESSAGE).read_text(errors="replace")[:4096]
    except OSError:
        return ""


def stop(folder: Path, sig: signal.Signals = signal.SIGTERM) -> None:
    """Signal a living child and all of its own; one that ended is left alone."""
    group = pid(folder)
    if group is not None and lives(folder):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, sig)
