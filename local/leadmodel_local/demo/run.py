"""What the steps of the demo work with: the sandbox, the load on it, and the form of a step."""

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from leadmodel_local.demo.leads import Table
from leadmodel_local.demo.load import Load
from leadmodel_local.demo.sandbox import Sandbox, StepFailed


@dataclass
class DemoRun:
    """What the steps of one demo share."""

    sandbox: Sandbox
    source: Path | None  # leads of the user; None: leads are made
    label: str
    exclude: Sequence[str]
    seed: int
    past: Table | None = None  # what trainings read
    live: Table | None = None  # what callers send
    load: Load | None = None
    better_training: subprocess.Popen[str] | None = None
    bad_training: subprocess.Popen[str] | None = None
    corrupt: str | None = None  # digest of the model of the corrupt night

    def check_requests(self) -> None:
        """Raise StepFailed if a request failed so far."""
        assert self.load is not None
        if self.load.failures:
            raise StepFailed(
                f"{len(self.load.failures)} of {self.load.sent} requests failed: {self.load.failures[0]}"
            )

    def close(self) -> None:
        """End the callers and every process of the sandbox, however far the demo came."""
        if self.load is not None:
            self.load.__exit__()
        self.sandbox.close()


@dataclass(frozen=True)
class DemoStep:
    """One step: its title, and the function that runs it and returns a sentence."""

    title: str
    run: Callable[[DemoRun], str]
