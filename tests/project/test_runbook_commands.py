"""Commands of runbooks run and show something: kubectl and the operator as they are, on a simulated cluster in the alert's state.

A block marked `sh serving` runs here, one marked `sh cluster` on a real installation by tests/e2e/test_runbooks.py.
"""

import json
import re

import pytest

from leadmodel_operator.resource.vocabulary import Command
from project.test_tasks import outcome
from support.docs_commands import lines, marked, marks
from support.pod_security import breaches
from support.runbooks import LEFT_OUT, PAGES, left_out, refusals, silent
from worlds import on_call
from worlds.fake_cluster import digest
from worlds.real_kubectl import KUBECTL

DIGESTS = {command for command in Command if command.takes_digest}
RUN = [page for page in PAGES if marked(page, "sh serving")]
needs_kubectl = pytest.mark.skipif(KUBECTL is None, reason="kubectl is not installed")
VERBS = re.compile(r"annotate leadmodel conversion customerops\.dev/([\w-]+)=")


def story(page):
    """The story that leads to the state that the alert of a runbook is for."""
    return on_call.STORIES.get(page.stem, on_call.serves)


def by_hand(page):
    """The commands of a page in which a person writes a digest that the person has looked at."""
    return [line for block in marked(page, "text") if "DIGEST" in block for line in lines(block)]


def run_by_nothing(page):
    """The marks of blocks that nothing runs; queries are run by the tests of the alerts."""
    known = {"promql", "sh serving", "sh cluster"} | ({"text"} if by_hand(page) else set())
    return [mark for mark in marks(page) if mark not in known]


def not_done(commands, cluster):
    """What annotations of these commands asked for and the operator has not done: not seen, without a value, or refused."""
    verbs = {verb for command in commands for verb in VERBS.findall(command)} - {"paused"}
    ignored = sorted(verb for verb in verbs if not cluster.status["handled"].get(verb))
    return ignored + refusals(cluster.all("events"))


def quarantined(cluster):
    """The digests in quarantine, newest first."""
    return [entry["digest"] for entry in cluster.status.get("quarantine", [])]


@pytest.mark.slow
@needs_kubectl
@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_commands_run_and_show_something(page, tmp_path):
    commands = [line for block in marked(page, "sh serving") for line in lines(block)]
    code, outputs, errors, cluster = outcome(commands, tmp_path, story(page))
    assert code == 0, f"{outputs}\n{errors}\n{cluster.status}"
    assert silent(commands, outputs) == []
    assert not_done(commands, cluster) == [], "the operator did what each annotation asks for"


@pytest.mark.slow
@needs_kubectl
def test_the_release_of_a_rollback_frees_what_the_rollback_took_out(tmp_path):
    (page,) = [page for page in RUN if page.stem == "LeadModelRolledBack"]
    (release,) = [
        line for block in marked(page, "sh serving") for line in lines(block) if "/release=" in line
    ]
    code, _, errors, cluster = outcome([release], tmp_path, on_call.refused_since)
    assert (code, quarantined(cluster)) == (0, [digest("D")]), errors


@pytest.mark.slow
@needs_kubectl
def test_control_the_newest_of_the_quarantine_is_another_digest(tmp_path):
    newest = "$(kubectl -n sales get leadmodel conversion -o jsonpath='{.status.quarantine[0].digest}')"
    release = f'kubectl -n sales annotate leadmodel conversion customerops.dev/release="{newest}"'
    _, _, _, cluster = outcome([release], tmp_path, on_call.refused_since)
    assert digest("B") in quarantined(cluster), "the artifact of the rollback is as it was"


@pytest.mark.slow
@needs_kubectl
def test_a_digest_written_by_a_person_is_released(tmp_path):
    (command,) = [line for page in PAGES for line in by_hand(page)]
    release = command.replace("DIGEST", digest("B"))
    code, _, errors, cluster = outcome([release], tmp_path, on_call.refused_since)
    assert (code, quarantined(cluster)) == (0, [digest("D")]), errors


@needs_kubectl
def test_a_command_that_shows_nothing_is_seen(tmp_path):
    """The control: a field that the state does not have."""
    commands = ["kubectl -n sales get leadmodel conversion -o jsonpath='{.status.retraining.error}'"]
    code, outputs, *_ = outcome(commands, tmp_path, on_call.serves)
    assert code == 0
    assert silent(commands, outputs) == commands


def probed(commands, folder):
    """The pods that commands of runbooks would run, as kubectl sends them."""
    dry = [line.replace("--rm -i", "--dry-run=client -o json") for line in commands]
    code, outputs, errors, _ = outcome(dry, folder, on_call.serves)
    assert code == 0, errors
    return [
        json.loads(output)["spec"] for line, output in zip(dry, outputs, strict=True) if "--dry-run" in line
    ]


RUNS_A_POD = [
    page
    for page in PAGES
    if any(" run " in c and "--rm -i" in c for b in marked(page, "sh cluster") for c in lines(b))
]


@pytest.mark.slow
@needs_kubectl
@pytest.mark.parametrize("page", RUNS_A_POD, ids=lambda page: page.stem)
def test_a_pod_of_a_runbook_may_run_where_pods_must_be_restricted(page, tmp_path):
    (block,) = [b for b in marked(page, "sh cluster") if "--rm -i" in b]
    (pod,) = probed(lines(block), tmp_path / "as-written")
    assert breaches(pod) == []
    assert pod["containers"][0]["command"][:2] == ["python3", "-c"]
    assert pod["containers"][0]["image"]
    (bare,) = probed([re.sub(r" --overrides=\S+", "", line) for line in lines(block)], tmp_path / "control")
    assert len(breaches(bare)) >= 4, "the control: what kubectl makes by itself"


UNKNOWN = "sha256:" + "e" * 64


@pytest.mark.slow
@needs_kubectl
@pytest.mark.parametrize(
    ("verb", "value", "seen"),
    [
        ("release", UNKNOWN, ["neither quarantined nor held"]),
        ("rollback-to", "", ["rollback-to", "name a digest"]),
        ("refrsh", "now", ["refrsh"]),
    ],
    ids=["refused", "empty", "misspelt"],
)
def test_a_command_that_is_not_carried_out_is_seen(verb, value, seen, tmp_path):
    """The control: each ends with 0 at the shell."""
    commands = [
        f'kubectl -n sales annotate leadmodel conversion customerops.dev/{verb}="{value}" --overwrite'
    ]
    code, _, _, cluster = outcome(commands, tmp_path, on_call.serves)
    found = not_done(commands, cluster)
    assert (code, len(found)) == (0, len(seen))
    assert all(part in what for part, what in zip(seen, found, strict=True))


def by_digest(page):
    """Commands of blocks for a real installation that take a digest out of status."""
    commands = [line for block in marked(page, "sh cluster") for line in lines(block)]
    return [line for line in commands for verb in VERBS.findall(line) if verb in DIGESTS]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_with_a_digest_run_in_the_state_of_the_alert(page):
    """The installation of tests/e2e/test_runbooks.py is rolled back and has no previous model, unlike the simulated cluster."""
    assert by_digest(page) == []


def test_a_digest_for_a_real_installation_is_seen(tmp_path):
    page = tmp_path / "LeadModelNew.md"
    command = (
        'kubectl -n sales annotate leadmodel conversion customerops.dev/rollback-to="$(true)" --overwrite'
    )
    page.write_text(f"```sh cluster\n{command}\n```\n")
    assert by_digest(page) == [command]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_is_run(page):
    assert run_by_nothing(page) == []
    assert len(marked(page, "sh serving") + marked(page, "sh cluster")) >= 2


def test_a_block_that_nothing_runs_is_seen(tmp_path):
    page = tmp_path / "LeadModelNew.md"
    page.write_text("```promql\nup\n```\n```text\nkubectl get pods\n```\n```sh local\ntrue\n```\n")
    assert run_by_nothing(page) == ["text", "sh local"]


def test_commands_left_out_are_few_and_have_a_reason():
    commands = [line for page in PAGES for block in marked(page, "sh cluster") for line in lines(block)]
    never = [command for command in commands if left_out(command)]
    assert all(any(word in command for command in never) for word in LEFT_OUT)
    assert len(never) <= 5 < len(commands) / 10
    print(f"{len(commands) - len(never)} commands run on a real installation, {len(never)} nowhere")
