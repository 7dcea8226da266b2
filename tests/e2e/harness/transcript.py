"""A story of commands as one text: a shell runs each, and its output is kept as a person sees it."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Transcript:
    """Commands and their outputs in order, with sentences between. Commands run in `folder`; only `environment` is set there."""

    folder: Path
    environment: dict[str, str]
    parts: list[str] = field(default_factory=list)

    def write(self, sentence: str) -> None:
        """Add a sentence: what comes next, or what somebody else does."""
        self.parts.append(sentence)

    def run(self, command: str) -> str:
        """Run a command, keep it with its output and errors, and return both without outer blanks; AssertionError when the command fails."""
        shell = ["bash", "-c", command]
        done = subprocess.run(
            shell,
            check=False,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=self.folder,
            env=self.environment,
            timeout=300,
        )
        assert done.returncode == 0, f"{command} ended with {done.returncode}: {done.stdout}"
        lines = [line.rstrip() for line in done.stdout.strip("\n").splitlines()]
        self.parts.append("\n".join(["```text", f"$ {command}", *lines, "```"]))
        return done.stdout.strip()

    def page(self, head: str) -> str:
        """Return the whole story below a head."""
        return "\n\n".join([head, *self.parts]) + "\n"
