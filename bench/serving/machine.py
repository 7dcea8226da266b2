"""Where things run: one core for the server, another for the load, a cache folder outside the clone."""

import os
import platform
import shutil
import sys
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "leadmodel" / "bench"
FOUND = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []  # before anyone moves


def cores() -> tuple[int, int] | None:
    """(server, load), or None where two cores or the means to choose them are missing."""
    if shutil.which("taskset") is None:
        return None
    return (FOUND[0], FOUND[1]) if len(FOUND) > 1 else None


def pinned(command: list[str], place: int) -> list[str]:
    """The command on the server's core (0) or on the load's (1)."""
    both = cores()
    return command if both is None else ["taskset", "-c", str(both[place]), *command]


def to_load_core() -> None:
    """Move this process to the load's core, for whoever asks questions beside wrk."""
    both = cores()
    if both is not None:
        os.sched_setaffinity(0, {both[1]})


def describe() -> str:
    """One line about this machine."""
    both = cores()
    where = (
        f"server on core {both[0]}, load on core {both[1]}" if both else "not pinned: the figures are poor"
    )
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} cores, {platform.machine()}; {where}; loopback"
    )


def need_wrk() -> str:
    """The path of wrk, or an end with a sentence."""
    found = shutil.which("wrk")
    if found is None:
        sys.exit(
            "wrk is missing: `apt-get install wrk` (Debian, Ubuntu) or `brew install wrk`, then run this again"
        )
    return found
