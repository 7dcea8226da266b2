"""Tells people of a training on standard error: what was decided, always, and its steps where standard error is a terminal."""

import sys
import time


class StepTimer:
    """Writes lines for people; those on steps have the seconds since the start."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._shown = sys.stderr.isatty()

    def log(self, step: str) -> None:
        """Show the step that begins now."""
        if self._shown:
            print(f"{time.monotonic() - self._start:6.1f} s  {step}", file=sys.stderr)  # noqa: T201  # a terminal

    def note(self, line: str) -> None:
        """Tell what was decided, also where nobody watches: a log keeps it."""
        print(f"leadmodel-train: {line}", file=sys.stderr)  # noqa: T201  # for people
