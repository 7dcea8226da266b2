"""README and docs are true: their commands run as written, their links lead somewhere, what they name exists."""

import contextlib
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest

from docs_commands import ROOT, commands, pages, unmarked

BIN = ROOT / ".venv" / "bin"
TARGETS = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
ELSEWHERE = {"make", "cd", "git"}  # checked below, run by people


def names(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("page", pages(), ids=names(pages()))
def test_blocks_say_what_they_are(page):
    assert not unmarked(page), "mark each block: sh, sh cluster, text, yaml, json, python ..."


@pytest.mark.parametrize("page", pages(), ids=names(pages()))
def test_make_targets_exist(page):
    for command in commands(page):
        if command.words[:1] == ["make"]:
            assert {w for w in command.words[1:] if not re.search("[=-]", w[:1]) and "=" not in w} <= TARGETS


@pytest.mark.parametrize("page", pages(), ids=names(pages()))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in link:
            assert (page.parent / link).exists(), link


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def run_page(lines: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """All lines in one shell, in a folder that looks like a clone; what it left running is ended."""
    for name in ("crds", "charts", "docs"):
        (folder / name).symlink_to(ROOT / name)
    script = "set -euo pipefail\n" + "\n".join(lines)
    env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "NO_COLOR": "1", "TERM": "dumb"}
    script = script.replace("8080", str(free_port()))
    with (folder / "said").open("w") as said:
        shell = subprocess.Popen(
            ["bash", "-c", script], cwd=folder, env=env, stdout=said, stderr=said, stdin=subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
    try:
        code = shell.wait(240)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(shell.pid, signal.SIGTERM)
    return subprocess.CompletedProcess(script, code, (folder / "said").read_text())


def own(page: Path) -> list[str]:
    """The page's commands for this machine."""
    return [c.text for c in commands(page) if not c.cluster and c.words and c.words[0] not in ELSEWHERE]


RUN = [page for page in pages() if own(page)]


@pytest.mark.parametrize("page", RUN, ids=names(RUN))
def test_commands_run_as_written(page, tmp_path):
    found = run_page(own(page), tmp_path)
    assert found.returncode == 0, f"{found.args}\n---\n{found.stdout[-3000:]}"


def test_a_broken_command_is_seen(tmp_path):
    assert run_page(["leadmodel-train --no-such-flag"], tmp_path).returncode == 2
