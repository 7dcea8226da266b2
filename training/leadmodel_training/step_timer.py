"""Shows the steps of a training on a terminal; writes nothing where standard error is no terminal."""

import sys
import time


class StepTimer:
    """Writes lines with the seconds since the start."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._shown = sys.stderr.isatty()

    def log(self, step: str) -> None:
        """Show the step that begins now."""
        if self._shown:
            print(f"{time.monotonic() - self._start:6.1f} s  {step}", file=sys.stderr)  # noqa: T201  # a terminal
