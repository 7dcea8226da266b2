"""Commands of runbooks that need pods, logs, Helm or the API server itself, run as they are written on a real installation.

Commands that take a digest out of status run in the state of their alert, by tests/project/test_runbook_commands.py: here a LeadModel
is rolled back, so that it has no previous model.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster.crds import monitoring
from e2e.harness.cluster import FULL, HELM_NAMESPACE, ROOT, Cluster, wait_for
from e2e.harness.conversations import Conversations
from e2e.harness.load import post
from e2e.harness.models import Model
from e2e.harness.store import Store
from e2e.harness.subject import Subject
from leadmodel_training.columns import Rows
from leadmodel_training.rows import write_csv
from support.docs_commands import lines, marked
from support.runbooks import PAGES, left_out, refusals, silent

pytestmark = [pytest.mark.docs, pytest.mark.alone, pytest.mark.own, FULL]
END = "@@@ end of command"
LEADS = "/sales/leads.csv.gz"


@dataclass
class OnCall:
    """A LeadModel after a bad week, and the leads that tonight's retraining will have."""

    subject: Subject
    leads: bytes

    def calm(self) -> None:
        """Wait until what the block before set in motion has come to rest; Jobs that a person made are gone."""
        cluster, namespace = self.subject.cluster, self.subject.namespace
        made = ("retrain-now", "backfill-now", "-n", namespace, "--ignore-not-found", "--cascade=foreground")
        cluster.kubectl("delete", "job", *made)
        for name, where in (("leadmodel", HELM_NAMESPACE), (self.subject.name, namespace)):
            cluster.kubectl("rollout", "status", f"deployment/{name}", "-n", where, "--timeout=240s")

    def refusals(self) -> list[str]:
        """Answers of the operator to commands that it did not carry out."""
        return refusals(self.subject.cluster.items("events.events.k8s.io", self.subject.namespace))

    def mend_the_leads(self) -> None:
        """Upload what the retraining of the bad week did not find."""
        self.subject.store.files[LEADS] = self.leads


@pytest.fixture(scope="module")
def on_call(
    cluster: Cluster,
    operator: None,
    images: str,
    store: Store,
    good: Model,
    broken: Model,
    worse: Model,
    rows: Callable[[], Rows],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[OnCall]:
    """Rolled back by hand, a candidate refused, a retraining failed, a backfill ran."""
    subject, there = Subject(cluster, store, "sales"), Conversations()
    remove = ("delete", "namespace", subject.namespace, "--ignore-not-found", "--timeout=180s")
    try:
        for file in monitoring():
            cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(file))
        known = ("get", "--raw=/apis/monitoring.coreos.com/v1")
        wait_for("monitors are served", lambda: "podmonitors" in cluster.kubectl(*known, check=False))
        cluster.kubectl(*remove)  # an earlier test may have left it, or not have waited for its end
        cluster.kubectl("create", "namespace", subject.namespace)
        with there.running(tmp_path_factory.mktemp("redis")):
            there.make_secret(subject)
            have_a_bad_week(subject, good, broken, worse)
            yield OnCall(subject, write_csv(Rows(dict(rows().columns))))
    finally:
        cluster.kubectl(*remove, check=False)
        for file in monitoring():
            cluster.kubectl("delete", "--ignore-not-found", "-f", str(file))
        cluster.install(images)


def have_a_bad_week(subject: Subject, good: Model, broken: Model, worse: Model) -> None:
    """Make every part of status that a runbook reads."""
    nights = {
        "retraining": {"leads": {"uri": subject.store.uri(LEADS)}, "label": "y", "exclude": ["duration"]},
        "piiBackfill": {"redis": {"secretName": "conversations"}, "keyPatterns": ["chat:*"]},
    }
    subject.serve(good, **nights)
    subject.put(broken)
    subject.poll()
    subject.until_champion(broken)
    subject.until("Ready", "True", "Serving")
    subject.annotate("rollback-to", good.digest)
    subject.until("Ready", "False", "RolledBack")
    for role in ("retraining", "backfill"):
        subject.run_now(role, f"{role}-of-the-week")
    subject.put(worse, holdout=good.holdout)
    subject.poll()
    subject.until("Validated", "False", "AucBelowMinimum")
    url = subject.url()
    for lead in good.leads(300):
        post(url, lead)
    subject.wait("the backfill", lambda: subject.status().get("backfill"), 300)
    subject.wait("the error", lambda: (subject.status().get("retraining") or {}).get("error"), 300)
    subject.wait("drift", lambda: (subject.status().get("drift") or {}).get("psi") is not None, 120)


def blocks(page: Path) -> list[list[str]]:
    """The commands of each block of a page that needs a real installation, without those that run nowhere."""
    return [[line for line in lines(block) if left_out(line) is None] for block in marked(page, "sh cluster")]


def ended(subject: Subject, commands: list[str], folder: Path) -> tuple[int, list[str], str]:
    """Run commands in one shell; its exit code, what each command printed, and the errors."""
    shutil.copytree(ROOT / "charts", folder / "charts", dirs_exist_ok=True)
    script = "\n".join(["set -euo pipefail", *(f"{command}\necho '{END}'" for command in commands)])
    env = {**os.environ, "KUBECONFIG": subject.cluster.kubeconfig}
    command, quiet = ["bash", "-c", script], subprocess.DEVNULL
    shell = subprocess.run(
        command, check=False, text=True, capture_output=True, stdin=quiet, cwd=folder, env=env, timeout=500
    )
    return shell.returncode, shell.stdout.split(f"{END}\n")[:-1], shell.stderr


RUN = [page for page in PAGES if any(blocks(page))]


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_commands_run_and_show_something(page: Path, on_call: OnCall, tmp_path: Path):
    if page.stem == "LeadModelRetrainingOverdue":
        on_call.mend_the_leads()
    for commands in blocks(page):
        on_call.calm()
        code, outputs, errors = ended(on_call.subject, commands, tmp_path)
        assert code == 0, f"{commands[len(outputs)]}\n{outputs}\n{errors}\n{on_call.subject.shown()}"
        assert silent(commands, outputs) == []
        assert on_call.refusals() == []
        print(f"{len(commands)} commands of {page.stem}")


def test_a_command_that_fails_is_seen(on_call: OnCall, tmp_path: Path):
    """The control: the second command names no pod."""
    commands = ["kubectl get leadmodels -A", "kubectl -n sales logs no-such-pod", "true"]
    code, outputs, errors = ended(on_call.subject, commands, tmp_path)
    assert (code, len(outputs)) == (1, 1)
    assert "no-such-pod" in errors


def test_a_command_that_is_refused_is_seen(on_call: OnCall, tmp_path: Path):
    """The control: the shell is content, the operator is not. It comes last, since its event stays."""
    unknown = "sha256:" + "e" * 64
    commands = [
        f"kubectl -n sales annotate leadmodel conversion customerops.dev/release={unknown} --overwrite"
    ]
    code, _, errors = ended(on_call.subject, commands, tmp_path)
    assert code == 0, errors
    (refusal,) = on_call.subject.wait("the refusal", on_call.refusals)
    assert "neither quarantined nor held" in refusal
