"""The layout keeps its promises: no shadowed module, generated files fresh, each import contract catches a breach."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from leadmodel_operator.resource import crd

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ("cli", "contract", "followup", "local", "operator", "predictor", "privacy", "training")


def test_operator_is_never_a_package():
    assert not (ROOT / "operator" / "__init__.py").exists()
    assert not list((ROOT / "tests").glob("*/__init__.py"))


def test_helpers_of_tests_lie_in_folders():
    assert [file.name for file in (ROOT / "tests").glob("*.py")] == ["conftest.py"]


def test_generated_files_are_fresh():
    assert (ROOT / "crds" / "leadmodels.yaml").read_text() == crd.render()
    assert (ROOT / "charts" / "leadmodel" / "files" / "leadmodels.yaml").read_text() == crd.render()


def test_locks_name_no_host():
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in lock.read_text()
        assert "--hash=sha256:" in lock.read_text()


BREACHES = {
    "parts": ("predictor/leadmodel_predictor/breach.py", "import leadmodel_training.rows"),
    "artifact": ("contract/leadmodel_artifact/breach.py", "import numpy"),
    "levels": ("contract/leadmodel_artifact/model.py", "import leadmodel_artifact.scoring"),
    "messages": ("contract/leadmodel_messages/breach.py", "import leadmodel_store.store"),
    "statistics": ("contract/leadmodel_statistics/breach.py", "import leadmodel_artifact.artifact"),
    "text": ("contract/leadmodel_text/breach.py", "import leadmodel_artifact.artifact"),
    "operator": ("operator/leadmodel_operator/breach.py", "import leadmodel_store.store"),
    "client": ("operator/leadmodel_operator/kubernetes/apiserver/client.py", "import kubernetes.client"),
    "predictor": ("predictor/leadmodel_predictor/breach.py", "import sklearn"),
    "store": ("contract/leadmodel_store/breach.py", "import leadmodel_artifact.artifact"),
    "privacy": ("privacy/leadmodel_privacy/breach.py", "import leadmodel_artifact.artifact"),
    "followup": ("followup/leadmodel_followup/breach.py", "import leadmodel_privacy.detect"),
    "messengers": (
        "followup/leadmodel_followup/planning/breach.py",
        "import leadmodel_followup.ledger.errors",
    ),
    "pure": ("operator/leadmodel_operator/planning/gate.py", "import time"),
    "layers": ("operator/leadmodel_operator/resource/breach.py", "import leadmodel_operator.planning.plan"),
    "rooms": ("predictor/leadmodel_predictor/serving/breach.py", "import leadmodel_predictor.http.guard"),
    "machine": ("local/leadmodel_local/state/breach.py", "import leadmodel_local.port"),
    "people": ("cli/leadmodel_cli/views/breach.py", "import leadmodel_cli.kubectl.cluster"),
    "outside": ("cli/leadmodel_cli/views/breach.py", "import leadmodel_local.port"),
    "runtimes": ("local/leadmodel_local/breach.py", "import leadmodel_operator.kubernetes.render.names"),
}


def test_every_contract_has_a_breach():
    named = set(re.findall(r'^id = "(\w+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE))
    assert named == set(BREACHES)


@pytest.mark.slow
@pytest.mark.parametrize("contract", BREACHES)
def test_a_breach_is_caught(contract, tmp_path):
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    file, line = BREACHES[contract]
    with (tmp_path / file).open("a") as target:
        target.write(f"\n{line}\n")
    path = ":".join(str(tmp_path / folder) for folder in FOLDERS)
    program = Path(sys.executable).parent / "lint-imports"
    env = {"PYTHONPATH": path, "PATH": "/usr/bin:/bin"}
    found = subprocess.run(
        [str(program), "--contract", contract, "--no-cache"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1, found.stdout[-500:] + found.stderr[-500:]
    assert "BROKEN" in found.stdout
