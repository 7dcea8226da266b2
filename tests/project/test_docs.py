"""README and docs are true: their commands run as written, their links lead somewhere, what they name exists."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
from itertools import takewhile
from pathlib import Path

import pytest

from support.docs_commands import ROOT, SHELLS, commands, lines, marked, pages, unmarked
from support.redis_servers import Server, free_port

BIN = ROOT / ".venv" / "bin"
TARGETS = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
PROGRAM = re.compile(r"(\$ )?(kubectl|helm|make|docker|git|leadmodel|redis-cli) ")
ELSEWHERE = {"make", "cd", "git"}  # checked below, run by people


def names(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("page", pages(), ids=names(pages()))
def test_blocks_say_what_they_are(page):
    assert not unmarked(page), "mark each block: sh, sh cluster, text, yaml, json, python ..."


def test_a_block_that_no_test_takes_is_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```sh\none\n```\n```sh servng\ntwo\n```\n```\nthree\n```\n```yaml\nfour: 4\n```\n")
    assert unmarked(page) == ["two", "three"]


@pytest.mark.parametrize("page", pages(), ids=names(pages()))
def test_make_targets_exist(page):
    for command in commands(page):
        if command.words[:1] == ["make"]:
            asked = list(takewhile(lambda word: word != "&&", command.words[1:]))
            assert {word for word in asked if word[0].isalpha() and "=" not in word} <= TARGETS


@pytest.mark.parametrize("page", pages(), ids=names(pages()))
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in link:
            assert (page.parent / link).exists(), link


def anchors(text: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", re.sub(r"\]\([^)]*\)", "", head).lower()).replace(" ", "-")
        for head in headings
    }


@pytest.mark.parametrize("page", pages(), ids=names(pages()))
def test_links_lead_to_a_heading(page):
    for link, anchor in re.findall(r"\]\(([^)#\s]*\.md|)#([^)\s]+)\)", page.read_text()):
        target = page.parent / link if link else page
        assert anchor in anchors(target.read_text()), f"{link}#{anchor}"


def test_anchors_are_made_as_githubs():
    assert anchors("# One\n## 7. Two `words`, [a](b)\n") == {"one", "7-two-words-a"}


def run_page(lines: list[str], folder: Path, redis: int = 0) -> subprocess.CompletedProcess[str]:
    """All lines in one shell, in a folder that looks like a clone; what it left running is ended."""
    for name in ("crds", "charts", "docs"):
        (folder / name).symlink_to(ROOT / name)
    ports = {"8080": free_port(), "6379": redis, "redis-cli": f"redis-cli -p {redis}"}
    script = "set -euo pipefail\n" + "\n".join(lines)
    env = {**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "NO_COLOR": "1", "TERM": "dumb"}
    for port, stands_for in ports.items():
        script = script.replace(port, str(stands_for))
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


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=names(RUN))
def test_commands_run_as_written(page, tmp_path):
    if "redis-cli" in page.read_text() and shutil.which("redis-cli") is None:
        pytest.skip("redis-cli (Debian: redis-tools) is not installed")
    redis = Server("valkey", tmp_path).start()
    try:
        found = run_page(own(page), tmp_path, redis.port)
    finally:
        redis.stop()
    assert found.returncode == 0, f"{found.args}\n---\n{found.stdout[-3000:]}"


def test_a_broken_command_is_seen(tmp_path):
    assert run_page(["leadmodel-train --no-such-flag"], tmp_path).returncode == 2


def command_counts() -> dict[str, int]:
    """Command lines of README, docs and runbooks by what runs them."""
    of_runbooks = [page for page in pages() if page.parent.name == "runbooks"]
    others = [page for page in pages() if page not in of_runbooks]
    every = [(command, page) for page in others for command in commands(page)]
    on_machine = sum(len(own(page)) for page in others)
    on_cluster = sum(command.cluster for command, _ in every)

    def marked_lines(mark: str, of: list[Path]) -> int:
        return sum(len(lines(block)) for page in of for block in marked(page, mark))

    shown = [line for page in pages() for block in marked(page, "text") for line in block.splitlines()]
    return {
        "on this machine": on_machine,
        "on a simulated cluster": marked_lines("sh serving", others),
        "on a real cluster": on_cluster + marked_lines("sh drill", others),
        "of runbooks": sum(marked_lines(mark, of_runbooks) for mark in SHELLS),
        "by people (make, cd, git)": len(every) - on_machine - on_cluster,
        "shown and not run": sum(bool(PROGRAM.match(line)) for line in shown),
    }


def test_commands_are_counted():
    """No command line of a shell block is left out of the counts; what runs where is said by support/docs_commands.py."""
    counts = command_counts()
    print("documented commands: " + ", ".join(f"{number} {kind}" for kind, number in counts.items()))
    every = sum(len(lines(block)) for page in pages() for mark in SHELLS for block in marked(page, mark))
    assert sum(counts.values()) - counts["shown and not run"] == every
    assert counts["on this machine"] + counts["on a simulated cluster"] + counts["on a real cluster"] >= 120
    assert counts["of runbooks"] >= 100


def test_the_tests_of_the_threat_model_exist():
    page = (ROOT / "docs" / "threat-model.md").read_text()
    rows = [
        line
        for line in page.split("## What is not held")[0].splitlines()
        if line.startswith("| ") and "`test_" in line
    ]
    named = set(re.findall(r"`(test_\w+)`", page))
    written = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    assert len(rows) >= 19
    assert named <= written


def repeated(text: str) -> list[str]:
    """Lines right behind a block that the block shows already: what a renewal of the block would have to remove."""
    blocks = re.finditer(r"^```[^\n]*\n(.*?)^```\n(?=([^\n]+))", text, re.MULTILINE | re.DOTALL)
    return [found[2] for found in blocks if found[2] in found[1].split("\n")]


@pytest.mark.parametrize("page", pages(), ids=names(pages()))
def test_no_block_is_shown_twice(page):
    assert repeated(page.read_text()) == []


def test_a_block_that_is_shown_twice_is_seen():
    assert repeated("```text\none\ntwo\n```\none\ntwo\n") == ["one"]
    assert repeated("```text\none\n```\n\none\n") == []


def old_values(text: str) -> list[str]:
    """The old names of values of the chart that a text uses, by the chart's own page."""
    chart = (ROOT / "charts" / "leadmodel" / "README.md").read_text()
    old = re.findall(r"^\| `(\w+)` \|.*\| Old name of", chart, re.MULTILINE)
    assert len(old) >= 5
    return [
        name for name in old if re.search(rf"`{name}[`.=]|^ *{name}:|--set[ =]'?{name}\b", text, re.MULTILINE)
    ]


@pytest.mark.parametrize("page", pages(), ids=names(pages()))
def test_values_of_the_chart_have_their_present_names(page):
    assert (
        old_values(page.read_text()) == [] or "Names of values of chart 0.1\nstill work" in page.read_text()
    )


@pytest.mark.parametrize("line", ["`namespaces`", "   images:", "--set 'networkPolicies.enabled=true'"])
def test_an_old_name_of_a_value_is_seen(line):
    assert len(old_values(f"Use\n{line}\n")) == 1
