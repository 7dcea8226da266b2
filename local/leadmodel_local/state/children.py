"""Child processes that outlive their parent. Each child has a folder and holds the lock in that folder for as long as the child runs.

After a crash the next runtime therefore knows which children run without trusting a pid: a held lock is a running child, and the
pid in the folder was written by that child. No child can be started twice, because its lock cannot be taken twice.
"""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from leadmodel_local.state import files

KILLED = 137
_WRAPPER = 'trap : TERM; echo $$ >pid.tmp; mv pid.tmp pid; "$@"; echo $? >exit.tmp; mv exit.tmp exit'
_TIED = 'echo $$ >pid.tmp; mv pid.tmp pid; exec "$@"'
LOCK, MESSAGE = "lock", "message"


class Children:
    """Starts children, and reaps the children this object started."""

    def __init__(self) -> None:
        self._mine: list[subprocess.Popen[bytes]] = []

    def start(
        self,
        folder: Path,
        command: Sequence[str],
        *,
        environ: Mapping[str, str] | None = None,
        sockets: Sequence[int] = (),
        tied: bool = False,
    ) -> None:
        """Start a child in its folder unless that child runs; its own process group keeps a Ctrl-C away from the child.

        Args:
            folder: The folder of the child.
            command: The program and its arguments.
            environ: Variables beside those of this process.
            sockets: Sockets that the child inherits.
            tied: Whether the child ends when this process ends; such a child leaves no exit code.
        """
        self.reap()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            lock = files.hold(folder / LOCK)
        except files.Busy:
            return
        if tied:
            command = [sys.executable, "-m", "leadmodel_local.state.tied", str(os.getpid()), *command]
        with lock, (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
            _forget_run(folder)
            child = subprocess.Popen(  # noqa: S603  # our own programs
                ["/bin/sh", "-c", _TIED if tied else _WRAPPER, "sh", *command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                pass_fds=(lock.fileno(), *sockets),
                env={**os.environ, **(environ or {})},
            )
            self._mine.append(child)

    def reap(self) -> None:
        """Reap the children that ended."""
        self._mine = [child for child in self._mine if child.poll() is None]


def _forget_run(folder: Path) -> None:
    for name in ("exit", "pid"):
        (folder / name).unlink(missing_ok=True)
    (folder / MESSAGE).write_bytes(b"")


def is_alive(folder: Path) -> bool:
    """Whether the child of this folder runs."""
    return files.held(folder / LOCK)


def process_group(folder: Path) -> int | None:
    """Return the process group of a child, as the child itself wrote it down; None before that."""
    try:
        return int((folder / "pid").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def was_started(folder: Path) -> bool:
    """Whether the child of this folder was ever started."""
    return (folder / "pid").exists() or is_alive(folder)


def exit_code(folder: Path) -> int | None:
    """Return the exit code; None while the child runs. A child that left no code was killed."""
    if is_alive(folder):
        return None
    try:
        return int((folder / "exit").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return KILLED


def message(folder: Path) -> str:
    """Return the termination message of a child, at most 4,096 characters."""
    try:
        return (folder / MESSAGE).read_text(encoding="utf-8", errors="replace")[:4096]
    except OSError:
        return ""


def stop(folder: Path, sig: signal.Signals = signal.SIGTERM) -> None:
    """Signal the process group of a running child; do nothing when the child has ended."""
    group = process_group(folder)
    if group is not None and is_alive(folder):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, sig)
