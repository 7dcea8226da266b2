"""The files for the repository's host: every YAML parses, and what they call exists."""

import copy
import re

import pytest
import yaml

from project.house import ROOT

FILES = sorted([*ROOT.glob(".github/**/*.yml"), ROOT / ".pre-commit-config.yaml"])
TARGETS = set(re.findall(r"^([a-z][a-z0-9-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
RELEASE = ROOT / "docs" / "releasing.md"


def texts(node) -> list[str]:
    """Every text in a document."""
    if isinstance(node, dict):
        return [text for value in node.values() for text in texts(value)]
    if isinstance(node, list):
        return [text for value in node for text in texts(value)]
    return [node] if isinstance(node, str) else []


def targets(text: str) -> set[str]:
    """The make targets that a text calls; words with a `=` set variables."""
    calls = re.findall(r"\bmake ((?:[a-zA-Z0-9_=.-]+ ?)+)", text)
    return {word for call in calls for word in call.split() if "=" not in word}


WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
ON_THE_RUNNER = {"chromium"}  # as Google Chrome, which tests of the page take, too


def installed(workflow) -> dict[str, set[str]]:
    """Per job the Debian packages that its steps install."""
    packages = {}
    for name, job in workflow["jobs"].items():
        commands = [
            step["run"].replace("$PACKAGES", workflow["env"]["PACKAGES"])
            for step in job["steps"]
            if "run" in step
        ]
        lists = [found for text in commands for found in re.findall(r"apt-get install ([^&|;\n]+)", text)]
        packages[name] = {word for words in lists for word in words.split() if not word.startswith("-")}
    return packages


def lacking(workflow) -> dict[str, set[str]]:
    """Per job the packages that `.ci/run` installs for the same tests, and the job does not."""
    loop = re.search(r"^for tool in (.+); do$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert loop is not None
    wanted = {pair.partition(":")[2] for pair in loop[1].split()} - ON_THE_RUNNER
    assert {"prometheus", "redis-server"} <= wanted
    return {name: gap for name, there in installed(workflow).items() if (gap := wanted - there)}


def test_every_job_installs_what_the_own_run_installs():
    assert set(WORKFLOW["jobs"]) == {"test", "e2e"}
    assert lacking(WORKFLOW) == {}


def test_a_job_without_a_package_is_seen():
    """The control: a test would skip in that job without a word."""
    workflow = copy.deepcopy(WORKFLOW)
    steps = workflow["jobs"]["e2e"]["steps"]
    workflow["jobs"]["e2e"]["steps"] = [step for step in steps if "apt-get" not in step.get("run", "")]
    workflow["env"]["PACKAGES"] = workflow["env"]["PACKAGES"].replace("buildah ", "")
    gaps = lacking(workflow)
    assert gaps["test"] == {"buildah"}
    assert {"prometheus", "buildah"} <= gaps["e2e"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_yaml_parses(file):
    assert isinstance(yaml.safe_load(file.read_text()), dict)


def test_the_workflow_calls_what_exists():
    steps = [step["run"] for job in WORKFLOW["jobs"].values() for step in job["steps"] if "run" in step]
    called = set().union(*map(targets, steps))
    assert called <= TARGETS
    assert {"test", "e2e", "cluster-down"} <= called, "what .ci/run calls"


def test_the_hooks_call_what_exists():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    entries = [hook["entry"] for repository in config["repos"] for hook in repository["hooks"]]
    assert all(repository["repo"] == "local" for repository in config["repos"])
    for entry in entries:
        program = entry.split()[0]
        assert program.startswith(".venv/bin/") or targets(entry) <= TARGETS
        if program.startswith(".venv/bin/"):
            assert (ROOT / program).exists(), program


def test_the_release_page_calls_what_exists():
    blocks = re.findall(r"```text\n(.*?)```", RELEASE.read_text(), re.DOTALL)
    called = set().union(*map(targets, "\n".join(blocks).splitlines()))
    assert called
    assert called <= TARGETS


def test_templates_name_pages_that_exist():
    for name in re.findall(r"docs/[a-z-]+\.md", (ROOT / ".github/PULL_REQUEST_TEMPLATE.md").read_text()):
        assert (ROOT / name).exists(), name


def test_a_target_is_read_from_a_call():
    assert targets("make lock crds TAG=1 && make test") == {"lock", "crds", "test"}
