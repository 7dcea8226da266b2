"""Brings up what the tests on a real cluster need, once for all workers: cluster, images, chart, store, models."""

import os
import pickle
import sys
import time
import uuid
from collections.abc import Callable, Iterator

import pytest
from build import bin_dir
from components import import_image

from e2e_harness import HELM_NAMESPACE, IMAGES, PLACE, SHARED, Cluster, Subject, locked, run
from e2e_models import Model, corrupted, real_leads, train_on
from e2e_store import Store
from leadmodel_training.rows import Rows

BASE = "localhost/base:bookworm"


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """A cluster that is up."""
    with locked("cluster"):
        print(run(sys.executable, "tests/cluster/cluster.py", "up"))
    return Cluster(os.environ.get("KUBECONFIG") or str(PLACE.kubeconfig), bin_dir())


@pytest.fixture(scope="session")
def images(cluster: Cluster) -> str:
    """The tag of the images in the cluster: built anew when anything in them changed."""
    tag = run(sys.executable, "images/images.py", "content").strip()
    with locked("images") as shared:
        there = run(*PLACE.ctr("images", "ls", "-q"))
        if all(f"localhost/leadmodel-{image}:{tag}\n" in there for image in IMAGES):
            return tag
        print(run("env", f"BASE={BASE}", f"TAG={tag}", sys.executable, "images/images.py"))
        for image in IMAGES:
            archive, name = shared / f"{image}.tar", f"localhost/leadmodel-{image}:{tag}"
            archive.unlink(missing_ok=True)
            run("buildah", "push", name, f"oci-archive:{archive}:{name}")
            import_image(PLACE, archive)
            run("buildah", "rmi", name)
            archive.unlink()
    return tag


@pytest.fixture(scope="session")
def operator(cluster: Cluster, images: str) -> None:
    """The operator, installed by its chart."""
    with locked("operator"):
        found = cluster.get("deployment", "leadmodel", HELM_NAMESPACE)
        if (
            found is None
            or found["spec"]["template"]["spec"]["containers"][0]["image"].split(":")[1] != images
        ):
            started = time.monotonic()
            cluster.install(images)
            print(f"operator installed in {time.monotonic() - started:.1f} s")


@pytest.fixture(scope="session")
def store(cluster: Cluster) -> Iterator[Store]:
    """A store that pods reach."""
    found = Store()
    found.start(PLACE.host)
    yield found
    found.stop()


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A fresh namespace that takes only restricted pods."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false", "--ignore-not-found")


@pytest.fixture
def subject(cluster: Cluster, operator: None, store: Store, namespace: str) -> Subject:
    """A LeadModel's name in a fresh namespace."""
    return Subject(cluster, store, namespace)


# --- models ------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def rows() -> Callable[[], Rows]:
    """Real leads; left out where there are none."""
    if not os.environ.get("LEADMODEL_DATA"):
        pytest.skip("LEADMODEL_DATA is not set: tests on real leads are left out")
    return real_leads


def trained(name: str, train: Callable[[], Model]) -> Model:
    """Trained once for all workers and runs, until the trainer changes."""
    tag = run(sys.executable, "images/images.py", "content").strip()
    with locked(f"model-{name}"):
        file = SHARED / f"{name}-{tag}.model"
        if not file.exists():
            for old in SHARED.glob(f"{name}-*.model"):
                old.unlink()
            file.write_bytes(pickle.dumps(train()))
        return pickle.loads(file.read_bytes())


@pytest.fixture(scope="session")
def good(rows: Callable[[], Rows]) -> Model:
    """A model that passes."""
    hidden = ("duration", "poutcome", "pdays", "previous")
    return trained("good", lambda: train_on(rows(), *hidden))


@pytest.fixture(scope="session")
def better(rows: Callable[[], Rows]) -> Model:
    """A model that passes and ranks better."""
    return trained("better", lambda: train_on(rows(), "duration", night=1))


@pytest.fixture(scope="session")
def worse(rows: Callable[[], Rows]) -> Model:
    """A model below minAuc."""

    def train() -> Model:
        found = rows()
        return train_on(found, *(name for name in found.columns if name not in {"day", "loan", "y"}), night=2)

    return trained("worse", train)


@pytest.fixture(scope="session")
def broken(rows: Callable[[], Rows]) -> Model:
    """A model retrained on rows of a broken export; its own holdout is as broken, so it passes."""
    return trained("broken", lambda: train_on(corrupted(rows(), 0.9), "duration", night=3))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Rights are counted when everything has used its own."""
    items.sort(key=lambda item: item.path.stem == "test_rbac")
