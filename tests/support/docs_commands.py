"""The commands of README and docs, so that tests run them as they are written.

A fenced block marked `sh` is run: those for a shell on this machine by tests/project/test_docs.py, page by page in one shell and
one empty folder; a block marked `sh cluster` on the real cluster by tests/e2e; a block marked `sh serving` by tests/project/test_tasks.py,
with a LeadModel `conversion` that serves, and a block marked `text` right behind it is what people see. A block marked `sh drill` is run
where etcd is lost, by tests/e2e/test_etcd_lost.py. Runbooks have tests of their own: tests/project/test_runbook_commands.py for blocks
marked `sh serving`, tests/e2e/test_runbooks.py for blocks marked `sh cluster`. Blocks with any other mark are shown, not run.
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHELLS = {"sh", "sh cluster", "sh serving", "sh drill"}
_SERVING = re.compile(
    r"^```sh serving\n(?P<script>.*?)^```\n(?:\n```text\n(?P<output>.*?)^```\n)?", re.MULTILINE | re.DOTALL
)


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


def without_runbooks() -> list[Path]:
    """Every page whose commands are one story."""
    return [page for page in pages() if page.parent.name != "runbooks"]


def commands(page: Path) -> list[Command]:
    """The commands of a page in their order; a line goes on after a backslash or inside a here-document."""
    found = []
    for mark, body in _BLOCK.findall(page.read_text()):
        if mark.strip() in {"sh", "sh cluster"}:
            found += [Command(line, mark.split()[1:] == ["cluster"]) for line in lines(body)]
    return found


@dataclass(frozen=True)
class Shown:
    """A block of commands for a LeadModel that serves, and what a person sees then; None where the page shows nothing."""

    section: (
        int  # number of the heading above, as in `## 7. Troubleshooting`; 0 where headings have no numbers
    )
    script: str
    output: str | None
    span: tuple[int, int]  # of the output in the page


def serving(page: Path) -> list[Shown]:
    """The blocks of a page that need a LeadModel `conversion` that serves, in their order.

    Each numbered section begins anew with such a LeadModel; without numbers the whole page is one story.
    """
    text = page.read_text()
    numbers = [(found.start(), int(found[1])) for found in re.finditer(r"^## (\d+)\. ", text, re.MULTILINE)]
    return [
        Shown(
            max((number for start, number in numbers if start < found.start()), default=0),
            found["script"],
            found["output"],
            found.span("output"),
        )
        for found in _SERVING.finditer(text)
    ]


def marked(page: Path, mark: str) -> list[str]:
    """The blocks of a page with exactly this mark."""
    return [body for its, body in _BLOCK.findall(page.read_text()) if its.strip() == mark]


def marks(page: Path) -> list[str]:
    """The mark of every block of a page."""
    return [mark.strip() for mark, _ in _BLOCK.findall(page.read_text())]


def unmarked(page: Path) -> list[str]:
    """The first lines of blocks that no test takes though they may be commands: without a mark, or `sh` with an unknown word."""
    found = [(mark.strip(), body) for mark, body in _BLOCK.findall(page.read_text())]
    unknown = [body for mark, body in found if not mark or (mark.split()[0] == "sh" and mark not in SHELLS)]
    return [body.split("\n")[0] for body in unknown]


def lines(body: str) -> list[str]:
    """The command lines of a block; a line goes on after a backslash or inside a here-document."""
    found: list[str] = []
    end = None  # of the here-document we are in
    for raw in body.splitlines():
        if end is not None or (found and found[-1].endswith("\\")):
            found[-1] += "\n" + raw
            end = None if raw == end else end
        elif raw.strip() and not raw.startswith("#"):
            found.append(raw)
            here = re.search(r"<<'?(\w+)'?", raw)
            end = here.group(1) if here else None
    return found
