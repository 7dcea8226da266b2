"""The real programs of a rehearsal as children: trainings, validations, polls, and the predictors of another time."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Self

from leadmodel_messages.commands import termination_log
from leadmodel_messages.window import Window, parse


@dataclass(frozen=True)
class Ended:
    """How a program ended: its code, its last word, and what it said on stderr."""

    code: int
    message: str
    said: str


def run(command: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None) -> Ended:
    """Run a program of the project to its end."""
    word = folder / "message"
    word.write_text("")
    done = subprocess.run(  # noqa: S603  # our own programs
        [sys.executable, "-m", *command, *termination_log(word)],
        capture_output=True,
        text=True,
        env={**os.environ, **(environ or {})},
        check=False,
    )
    return Ended(done.returncode, word.read_text(), (done.stderr.strip().splitlines() or [""])[-1])


class Predictors:
    """Predictors whose clock is told."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "leadmodel_predictor.jobs.rehearse"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        """They live until the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """End them."""
        self._in.close()
        self._process.wait()

    @property
    def _in(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdout is not None
        self._in.write(json.dumps(question) + "\n")
        self._in.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer

    def serve(self, champion: Path, previous: Path | None, pods: int) -> None:
        """Begin anew with these models; nothing is counted yet."""
        second = str(previous) if previous else None
        self._ask({"serve": {"champion": str(champion), "previous": second, "pods": pods}})

    def take(self, leads: Sequence[tuple[float, dict[str, Any]]]) -> list[float | None]:
        """The scores of leads at their times; None where one is refused."""
        return list(self._ask({"leads": leads})["scores"]) if leads else []

    def look(self, now: float, since: float | None) -> list[Window]:
        """What each saw."""
        return [parse(window) for window in self._ask({"look": now, "since": since})["windows"]]
