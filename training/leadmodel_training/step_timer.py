"""What takes long says so, to people only: nothing is written where standard error is no terminal."""

import sys
import time


class StepTimer:
    """Lines with the seconds since the start."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._shown = sys.stderr.isatty()

    def log(self, what: str) -> None:
        """What begins now."""
        if self._shown:
            print(f"{time.monotonic() - self._start:6.1f} s  {what}", file=sys.stderr)  # noqa: T201  # a terminal
