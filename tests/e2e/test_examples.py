"""The API server takes every example of crds/examples and refuses every one of invalid/ with a sentence that helps."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.harness.cluster import ROOT, Cluster

pytestmark = pytest.mark.smoke

EXAMPLES = sorted((ROOT / "crds" / "examples").glob("*.yaml"))
INVALID = sorted((Path(__file__).parent / "invalid").glob("*.yaml"))


@pytest.fixture(scope="module")
def namespace(cluster: Cluster, operator: None) -> Iterator[str]:
    """A namespace for dry runs; the chart has brought the CRD."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


def dry_run(cluster: Cluster, namespace: str, file: Path) -> str:
    return cluster.kubectl("apply", "-n", namespace, "--dry-run=server", "-f", str(file), check=False)


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_an_example_is_taken(cluster: Cluster, namespace: str, file: Path):
    assert "created (server dry run)" in dry_run(cluster, namespace, file)


@pytest.mark.parametrize("file", INVALID, ids=lambda file: file.stem)
def test_an_invalid_one_is_refused_with_a_remedy(cluster: Cluster, namespace: str, file: Path):
    """The first line of the file says which field the answer names and what it tells to do."""
    field, _, remedy = file.read_text().splitlines()[0].removeprefix("# ").partition(": ")
    answer = dry_run(cluster, namespace, file)
    assert "created" not in answer
    assert field in answer
    assert remedy in answer
    assert "reader:secret" not in answer


def test_there_are_enough():
    assert len(EXAMPLES) >= 8
    assert len(INVALID) >= 40


def test_every_field_is_explained(cluster: Cluster, operator: None):
    """`kubectl explain` is documentation."""
    found = cluster.kubectl("explain", "leadmodels.spec.gate")
    assert "maxRegression" in found
    assert "Largest loss of AUC against the champion" in found
