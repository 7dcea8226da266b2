"""Tells people of a training on standard error: what was decided, always, and its steps where standard error is a terminal."""

import sys
import time
from collections.abc import Callable
from enum import StrEnum


class Step(StrEnum):
    """The steps whose share of a whole training is known."""

    READ = "read"  # the leads are read
    FIT = "fit"  # the fitting begins
    EXPORT = "export"  # the fitting is done


# Share of the time of a training that has passed when a step begins: 150,000 leads of bench/training.py for linear models, and for the
# others the longer fitting of docs/training.md.
PASSED = {
    "linear": {Step.READ: 0.21, Step.FIT: 0.48, Step.EXPORT: 0.64},
    "trees": {Step.READ: 0.16, Step.FIT: 0.36, Step.EXPORT: 0.73},
    "auto": {Step.READ: 0.12, Step.FIT: 0.27, Step.EXPORT: 0.80},
}


class StepTimer:
    """Writes lines for people; those on steps have the seconds since the start."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._start = clock, clock()
        self._shown = sys.stderr.isatty()

    def log(self, step: str, passed: float | None = None) -> None:
        """Show the step that begins now, and the time left where the share of the training that has passed is known."""
        if self._shown:
            seconds = self._clock() - self._start
            left = f", about {seconds / passed - seconds:.0f} s left" if passed else ""
            print(f"{seconds:6.1f} s  {step}{left}", file=sys.stderr)  # noqa: T201  # a terminal

    def note(self, line: str) -> None:
        """Tell what was decided, also where nobody watches: a log keeps it."""
        print(f"leadmodel-train: {line}", file=sys.stderr)  # noqa: T201  # for people
