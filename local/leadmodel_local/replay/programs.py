"""The real programs of a replay as child processes: trainings, validations, polls, and predictors at a simulated time."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from leadmodel_messages.commands import termination_log
from leadmodel_messages.window import Window
from leadmodel_messages.window_document import parse


@dataclass(frozen=True)
class Result:
    """How a program ended: exit code, termination message, last line on stderr."""

    code: int
    message: str
    stderr: str


def run(command: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None) -> Result:
    """Run a program of the project to its end."""
    message = folder / "message"
    message.write_text("", encoding="utf-8")
    done = subprocess.run(  # noqa: S603  # our own programs
        [sys.executable, "-m", *command, *termination_log(message)],
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **(environ or {})},
        check=False,
    )
    return Result(
        done.returncode, message.read_text(encoding="utf-8"), (done.stderr.strip().splitlines() or [""])[-1]
    )


class Predictors:
    """Predictors in one child process, whose clock the replay sets."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "leadmodel_predictor.jobs.rehearse"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        """Return the predictors, which run until the block ends."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the child process and wait for its end."""
        assert self._process.stdout is not None
        self._in.close()
        self._process.wait()
        self._process.stdout.close()

    @property
    def _in(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdout is not None
        self._in.write(json.dumps(request) + "\n")
        self._in.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def serve(self, champion: Path, previous: Path | None, pods: int) -> None:
        """Serve these models from a number of pods, with empty windows."""
        second = str(previous) if previous else None
        self._ask({"serve": {"champion": str(champion), "previous": second, "pods": pods}})

    def challenge(self, challenger: Path | None, now: float) -> None:
        """Load a candidate in each pod, beside the models that serve and the leads of the past; None drops the one that is loaded."""
        self._ask({"challenge": str(challenger) if challenger else None, "at": now})

    def share(self, weight: int | None) -> None:
        """Have the loaded candidate answer this per cent of leads from now on; None: no lead."""
        self._ask({"share": weight})

    def score(self, leads: Sequence[tuple[float, dict[str, Any]]]) -> list[float | None]:
        """Score leads at their times in Unix seconds; None stands for a refused lead."""
        return list(self._ask({"leads": leads})["scores"]) if leads else []

    def windows(self, now: float, since: float | None) -> list[Window]:
        """Return the drift window of each pod at a time in Unix seconds."""
        return [parse(window) for window in self._ask({"look": now, "since": since})["windows"]]
