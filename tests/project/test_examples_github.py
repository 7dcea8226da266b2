"""examples/github: the workflow for the weekly backfill is one that GitHub takes, and does what the issue of the page says."""

import re

import pytest
import yaml

from project.house import ROOT

FILE = ROOT / "examples" / "github" / "backfill.yaml"
TEXT = FILE.read_text()
WORKFLOW = yaml.safe_load(TEXT)
TRIGGERS = WORKFLOW[True]  # YAML 1.1 reads `on` as a truth value
JOB = WORKFLOW["jobs"]["backfill"]
STEPS = {step["name"]: step for step in JOB["steps"]}
# the contexts that GitHub offers at each place of a workflow, as its reference lists them
CONTEXTS = {
    "concurrency": {"github", "inputs", "vars"},
    "environment": {"github", "needs", "strategy", "matrix", "vars", "inputs"},
    "env": {"github", "needs", "strategy", "matrix", "vars", "secrets", "inputs"},
    "steps": {
        "github", "needs", "strategy", "matrix", "job", "runner", "env", "vars", "secrets", "steps", "inputs",
    },
}  # fmt: skip
KEYS = {"name", "on", True, "permissions", "concurrency", "env", "defaults", "jobs", "run-name"}
JOB_KEYS = {
    "runs-on", "timeout-minutes", "environment", "env", "steps", "needs", "if", "permissions", "strategy", "name",
}  # fmt: skip
STEP_KEYS = {
    "name",
    "id",
    "if",
    "uses",
    "with",
    "run",
    "env",
    "shell",
    "working-directory",
    "continue-on-error",
}


def contexts(node) -> set[str]:
    """The contexts that expressions in a document name; words in quotes are none."""
    text = yaml.safe_dump(node, width=10_000)
    inside = re.findall(r"\$\{\{(.*?)\}\}", text, re.DOTALL)
    return {name for part in inside for name in re.findall(r"\b([a-z]+)\.", re.sub(r"'[^']*'", "", part))}


def test_every_key_is_one_that_github_knows():
    assert set(WORKFLOW) <= KEYS
    assert set(JOB) <= JOB_KEYS
    for step in JOB["steps"]:
        assert set(step) <= STEP_KEYS
        assert ("run" in step) != ("uses" in step)


@pytest.mark.parametrize("place", CONTEXTS)
def test_expressions_use_what_their_place_offers(place):
    node = WORKFLOW.get(place) or JOB[place]
    assert contexts(node) <= CONTEXTS[place]


def test_a_context_that_is_not_offered_is_seen():
    assert contexts({"env": {"X": "${{ runner.temp }} ${{ github.event_name == 'a.b' }}"}}) == {
        "runner",
        "github",
    }
    assert not contexts("${{ runner.temp }}") <= CONTEXTS["env"]


def test_a_person_starts_staging_and_the_schedule_starts_production():
    assert set(TRIGGERS) == {"workflow_dispatch", "schedule"}
    assert [entry["cron"] for entry in TRIGGERS["schedule"]] == ["0 2 * * 0"]
    assert JOB["environment"].endswith("'schedule' && 'production' || 'staging' }}")
    assert JOB["env"]["MODE"].endswith("'schedule' && 'Apply' || 'DryRun' }}")
    assert "exit 2" in STEPS["mode"]["run"]


def test_logs_are_kept_for_thirty_days_whatever_happens():
    keep = STEPS["keep the logs for 30 days"]
    assert keep["with"]["retention-days"] == 30
    assert keep["if"] == STEPS["logs"]["if"] == "always()"


def test_no_expression_stands_in_a_script():
    """What comes from outside reaches a script by its environment: otherwise it could become a command."""
    assert [step["name"] for step in JOB["steps"] if "${{" in step.get("run", "")] == []


def test_the_workflow_may_read_nothing_of_the_repository():
    assert WORKFLOW["permissions"] == {}


def test_every_name_of_the_operator_exists():
    spec = yaml.safe_load((ROOT / "crds" / "leadmodels.yaml").read_text())["spec"]["versions"][0]
    fields = spec["schema"]["openAPIV3Schema"]["properties"]
    assert "mode" in fields["spec"]["properties"]["piiBackfill"]["properties"]
    assert set(fields["spec"]["properties"]["piiBackfill"]["properties"]["mode"]["enum"]) == {
        "DryRun",
        "Apply",
    }
    assert "backfill" in fields["status"]["properties"]
