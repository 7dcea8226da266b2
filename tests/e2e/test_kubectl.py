"""`kubectl leadmodel` on the real cluster: the real kubectl finds the plugin on its PATH, and each verb does what it says."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from e2e.harness.models import Model
from e2e.harness.subject import Subject
from leadmodel_messages.exits import KubectlExit
from leadmodel_operator.resource.digest import short

pytestmark = pytest.mark.smoke


def plugin(subject: Subject, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `kubectl leadmodel WORDS` as a person does."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    place = ("-n", subject.namespace, f"--kubeconfig={subject.cluster.kubeconfig}")
    command = ["kubectl", "leadmodel", *words, *place]
    return subprocess.run(
        command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )


def test_every_verb_once(subject: Subject, good: Model, better: Model, tmp_path: Path):
    name = subject.name
    subject.serve(good)

    def says(*words: str, code: int = KubectlExit.DONE) -> str:
        done = plugin(subject, *words)
        assert done.returncode == code, f"{words}: {done.stdout}{done.stderr}\n{subject.shown()}"
        return done.stdout

    shown = says("status", name, "-v")
    assert f"champion {short(good.digest)}" in shown
    assert "✔ predictor" in shown
    assert name in says("list")
    assert json.loads(says("list", "-o", "json"))["items"][0]["metadata"]["name"] == name
    assert f"Champion: {short(good.digest)}" in says("why", name)
    subject.put(better)
    assert "done: poll" in says("poll", name)
    subject.until_champion(better)
    subject.until("Ready", "True", "Serving")
    assert "Promoted" in says("history", name)
    assert "AUC on the holdout" in (compared := says("diff", name))
    assert "are not in the cluster" not in compared
    assert "refused: " in says("rollback", name, "--to", better.digest, code=KubectlExit.REFUSED)
    assert f"done: rollback-to {short(good.digest)}" in says("rollback", name)
    assert subject.champion() == good.digest
    subject.until("Stalled", "True", "RolledBack")
    assert f"release {name}" in says("status", name, code=KubectlExit.NOT_READY)
    assert f"done: release {short(better.digest)}" in says("release", name)
    assert "is Paused" in says("pause", name)
    assert "done: " in says("resume", name)
    assert "done: refresh" in says("refresh", name)
    report = tmp_path / "report.zip"
    says("report", name, "--out", str(report))
    with zipfile.ZipFile(report) as archive:
        assert short(better.digest) in archive.read("history.txt").decode()
    assert "kubectl leadmodel " in says("version")
    manifest = tmp_path / "leadmodel.json"
    manifest.write_text(json.dumps(subject.body()))
    assert "would take it" in says("lint", str(manifest))
    assert says("abort", name, "f" * 12, code=KubectlExit.USAGE) == ""
    assert says("status", "nobody", code=KubectlExit.FAILED) == ""


def test_kubectl_completes_names(subject: Subject, good: Model):
    subject.apply()
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    env = {**os.environ, "PATH": path, "KUBECONFIG": subject.cluster.kubeconfig}
    words = ["kubectl", "__complete", "leadmodel", "status", "-n", subject.namespace, ""]
    done = subprocess.run(words, env=env, capture_output=True, text=True, check=True)
    assert subject.name in done.stdout
    assert ":4" in done.stdout
