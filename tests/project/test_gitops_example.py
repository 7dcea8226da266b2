"""examples/gitops: three environments that promote.sh leads through, and manifests the operator takes."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from leadmodel_operator.resource.conversion import load
from leadmodel_operator.resource.spec import Spec
from project.house import ROOT

EXAMPLE = ROOT / "examples" / "gitops"
ENVIRONMENTS = ("dev", "staging", "prod")
SEVEN = f"sha256:{7:064d}"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "gitops"))


def promote(clone: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    script = [str(clone / "promote.sh"), *arguments]
    return subprocess.run(script, check=False, text=True, capture_output=True)


def pinned(clone: Path, environment: str) -> str | None:
    body = yaml.safe_load((clone / environment / "conversion.yaml").read_text())
    return body["spec"]["artifact"].get("digest")


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_a_manifest_is_a_lead_model(environment):
    body = yaml.safe_load((EXAMPLE / environment / "conversion.yaml").read_text())
    load(Spec, body["spec"], "spec")
    assert (pinned(EXAMPLE, environment) is None) == (environment == "dev")


def test_each_environment_has_an_application_and_a_kustomization():
    applications = list(yaml.safe_load_all((EXAMPLE / "argocd" / "applications.yaml").read_text()))
    assert [body["spec"]["source"]["path"] for body in applications] == list(ENVIRONMENTS)
    flux = list(yaml.safe_load_all((EXAMPLE / "flux" / "kustomizations.yaml").read_text()))[1:]
    assert [body["spec"]["path"] for body in flux] == [f"./{name}" for name in ENVIRONMENTS]
    assert all(body["spec"]["wait"] for body in flux)
    namespaces = [body["spec"]["destination"]["namespace"] for body in applications]
    assert namespaces == [body["spec"]["targetNamespace"] for body in flux]


def test_a_digest_goes_to_staging_and_from_there_to_prod(clone):
    assert promote(clone, "staging", SEVEN).returncode == 0
    assert (pinned(clone, "staging"), pinned(clone, "prod")) == (SEVEN, pinned(EXAMPLE, "prod"))
    assert promote(clone, "prod").returncode == 0
    assert pinned(clone, "prod") == SEVEN
    for name in ENVIRONMENTS:
        file = Path(name) / "conversion.yaml"
        before, after = ((folder / file).read_text().splitlines() for folder in (EXAMPLE, clone))
        changed = [line for line in after if line not in before]
        assert changed == ([] if name == "dev" else [f"    digest: {SEVEN}"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "usage"),
        (("dev",), "usage"),
        (("staging",), "not a digest: nothing"),
        (("staging", "22f8bd1b7789"), "not a digest: 22f8bd1b7789"),
        (("staging", f"{SEVEN}\nx"), "not a digest"),
        (("prod", SEVEN), "usage"),
        (("prod",), "run promote.sh staging first"),
    ],
)
def test_anything_else_writes_nothing(clone, arguments, words):
    answer = promote(clone, *arguments)
    assert answer.returncode != 0
    assert words in answer.stderr
    for name in ENVIRONMENTS:
        file = Path(name) / "conversion.yaml"
        assert (clone / file).read_text() == (EXAMPLE / file).read_text()
