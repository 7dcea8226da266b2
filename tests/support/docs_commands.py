"""The commands of README and docs, so that tests run them as they are written.

A fenced block marked `sh` is run: those for a shell on this machine by tests/project/test_docs.py, page by page in one shell and
one empty folder; a block marked `sh cluster` on the real cluster by tests/e2e. Blocks with any other mark are shown, not run.
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One command line, whole, of one block."""

    text: str
    cluster: bool

    @property
    def words(self) -> list[str]:
        """The words of the line, quotes resolved."""
        return shlex.split(self.text, comments=True)


def pages() -> list[Path]:
    """README and every page of docs."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def commands(page: Path) -> list[Command]:
    """The commands of a page in their order; a line goes on after a backslash or inside a here-document."""
    found = []
    for mark, body in _BLOCK.findall(page.read_text()):
        if mark.split()[:1] == ["sh"]:
            found += [Command(line, mark.split()[1:] == ["cluster"]) for line in _lines(body)]
    return found


def unmarked(page: Path) -> list[str]:
    """The first lines of blocks without a mark: nobody knows whether they are commands."""
    return [body.split("\n")[0] for mark, body in _BLOCK.findall(page.read_text()) if not mark.strip()]


def _lines(body: str) -> list[str]:
    lines: list[str] = []
    end = None  # of the here-document we are in
    for raw in body.splitlines():
        if end is not None or (lines and lines[-1].endswith("\\")):
            lines[-1] += "\n" + raw
            end = None if raw == end else end
        elif raw.strip() and not raw.startswith("#"):
            lines.append(raw)
            here = re.search(r"<<'?(\w+)'?", raw)
            end = here.group(1) if here else None
    return lines
