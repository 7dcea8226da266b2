"""Brings up what the tests on a real cluster need, once: cluster, images, chart, store, models."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from build import bin_dir

import cluster as cluster_program
from e2e_harness import (
    BASE,
    HELM_NAMESPACE,
    HELM_RELEASE,
    HOST,
    ROOT,
    Cluster,
    Model,
    Store,
    Subject,
    corrupted,
    real_leads,
    run,
    train_on,
)

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """A cluster that is up."""
    started = time.monotonic()
    run(sys.executable, "tests/cluster/cluster.py", "up")
    print(f"\ncluster up in {time.monotonic() - started:.1f} s")
    kubeconfig = os.environ.get("KUBECONFIG") or str(cluster_program.KUBECONFIG)
    return Cluster(kubeconfig, bin_dir())


@pytest.fixture(scope="session")
def images(cluster: Cluster) -> str:
    """The tag of the images, in the cluster."""
    tag = f"e2e-{uuid.uuid4().hex[:8]}"
    print(run("env", f"BASE={BASE}", f"TAG={tag}", sys.executable, "images/build.py"))
    for image in ("operator", "predictor", "training", "privacy"):
        archive = Path(f"{cluster_program.CACHE}/{image}.tar")
        archive.unlink(missing_ok=True)
        name = f"localhost/leadmodel-{image}:{tag}"
        run("buildah", "push", name, f"oci-archive:{archive}:{name}")
        cluster_program.import_image(archive)
        run("buildah", "rmi", name)
        archive.unlink()
    return tag


@pytest.fixture(scope="session")
def operator(cluster: Cluster, images: str) -> None:
    """The operator, installed by its chart."""
    values = [
        f"--set=images.{i}=localhost/leadmodel-{i}:{images}"
        for i in ("operator", "predictor", "training", "privacy")
    ]
    cluster.helm(
        "upgrade",
        "--install",
        HELM_RELEASE,
        str(ROOT / "charts" / "leadmodel"),
        "-n",
        HELM_NAMESPACE,
        "--create-namespace",
        "--wait",
        "--timeout=120s",
        *values,
    )


@pytest.fixture(scope="session")
def store(cluster: Cluster) -> Store:
    """A store that pods reach."""
    found = Store()
    found.start(HOST)
    return found


@pytest.fixture
def subject(cluster: Cluster, operator: None, store: Store) -> Iterator[Subject]:
    """A LeadModel's name in a fresh namespace."""
    namespace = f"t-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", namespace)
    cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    yield Subject(cluster, store, namespace)
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture(scope="session")
def rows():
    """Real leads; left out where there are none."""
    if not os.environ.get("LEADMODEL_DATA"):
        pytest.skip("LEADMODEL_DATA is not set: tests on real leads are left out")
    return real_leads()


@pytest.fixture(scope="session")
def good(rows) -> Model:
    """A model that passes."""
    return train_on(rows, "duration,poutcome,pdays,previous")


@pytest.fixture(scope="session")
def better(rows) -> Model:
    """A model that passes and ranks better."""
    return train_on(rows, "duration")


@pytest.fixture(scope="session")
def worse(rows) -> Model:
    """A model below minAuc."""
    kept = {"day", "loan", "y"}
    return train_on(rows, ",".join(name for name in rows.columns if name not in kept))


@pytest.fixture(scope="session")
def broken(rows) -> Model:
    """A model retrained on rows of a broken export."""
    return train_on(corrupted(rows, 0.9), "duration")


def pytest_sessionfinish() -> None:
    """Nothing of ours is left in the image store."""
    subprocess.run(["buildah", "rm", "--all"], check=False, capture_output=True)
