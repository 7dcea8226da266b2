"""Brings up what the tests on a real cluster need, once for all workers: cluster, images, chart, store, models."""

import os
import pickle
import socket
import sys
import time
import uuid
from collections.abc import Callable, Iterator

import pytest

from cluster.argocd import NAMESPACE as ARGOCD
from cluster.build import CACHE
from e2e.harness.cluster import (
    HELM_NAMESPACE,
    HELM_RELEASE,
    IMAGES,
    PLACE,
    SHARED,
    TARGET,
    Cluster,
    locked,
    named,
    released,
    run,
)
from e2e.harness.documented import SECRET
from e2e.harness.images import provide
from e2e.harness.models import Model, corrupted, real_leads, train_on
from e2e.harness.store import Store
from e2e.harness.subject import Subject
from leadmodel_training.columns import Rows
from support import object_stores
from support.object_stores import OTHER_KEY, OTHER_SECRET


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    """A cluster that is up."""
    with locked("cluster", CACHE):
        print(run(sys.executable, "tests/cluster/cluster.py", "up"))
    found = Cluster(TARGET.kubeconfig)
    if not TARGET.own:
        must_be_reached(found)
    return found


def must_be_reached(cluster: Cluster) -> None:
    """Say at once what otherwise every test would say in its own way."""
    service = cluster.get("service", "kubernetes", "default")
    assert service is not None
    address = service["spec"]["clusterIP"]
    try:
        socket.create_connection((address, 443), 5).close()
    except OSError as error:
        pytest.exit(
            f"this machine does not reach the Service kubernetes at {address}:443 ({error}): the tests ask pods and Services by"
            " their addresses, so run them where those are routed (with kind: ip route add SERVICES via NODE)"
        )


@pytest.fixture(scope="session")
def images(cluster: Cluster) -> str:
    """The tag of the images in the cluster: built anew when anything in them changed."""
    tag = run(sys.executable, "images/images.py", "content").strip()
    if TARGET.name != "given":
        provide(tag)
    return tag


@pytest.fixture(scope="session")
def operator(cluster: Cluster, images: str) -> None:
    """The operator, installed by its chart."""
    with locked("operator"):
        found, wanted = cluster.get("deployment", "leadmodel", HELM_NAMESPACE), named("operator", images)
        if found is None or found["spec"]["template"]["spec"]["containers"][0]["image"] != wanted:
            started = time.monotonic()
            cluster.install(images)
            print(f"operator installed in {time.monotonic() - started:.1f} s")


@pytest.fixture(scope="session")
def release(cluster: Cluster, images: str) -> None:
    """The images under the names that the chart's values have."""
    for image in IMAGES:
        released(PLACE, image, images)


@pytest.fixture
def a_cluster_without(cluster: Cluster, images: str) -> Iterator[None]:
    """As a user has it before: no operator, no definition. The tests' own operator comes back afterwards."""
    cluster.helm("uninstall", HELM_RELEASE, "-n", HELM_NAMESPACE, "--wait", "--ignore-not-found")
    cluster.kubectl("delete", "crd", "leadmodels.customerops.dev", "--ignore-not-found", "--timeout=60s")
    cluster.kubectl(
        "delete", "namespace", HELM_NAMESPACE, ARGOCD, "sales", "--ignore-not-found", "--timeout=120s"
    )
    cluster.kubectl("create", "namespace", ARGOCD)
    for name in ("argocd-cm", "argocd-notifications-cm"):
        cluster.kubectl("create", "configmap", name, "-n", ARGOCD)
    yield
    cluster.kubectl("delete", "leadmodels", "--all", "-n", "default", check=False)
    cluster.kubectl("delete", "secret", SECRET, "-n", "default", "--ignore-not-found")
    cluster.kubectl("delete", "namespace", ARGOCD, "sales", "--ignore-not-found", "--wait=false")
    cluster.kubectl("delete", "namespace", HELM_NAMESPACE, "--ignore-not-found", "--timeout=120s")
    cluster.install(images)


@pytest.fixture(scope="session")
def store(cluster: Cluster) -> Iterator[Store]:
    """A store that pods reach."""
    found = Store()
    found.start(TARGET.host)
    yield found
    found.stop()


@pytest.fixture(scope="session")
def s3(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A real S3 server that pods reach, with the bucket `leads`; the variables that log in, as a Secret holds them."""
    with object_stores.s3(tmp_path_factory.mktemp("s3"), "leads", host=TARGET.host) as login:
        yield login


@pytest.fixture(scope="session")
def other_s3(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A second S3 server with a bucket `leads` and a key of its own, which the first server does not know."""
    folder, key = tmp_path_factory.mktemp("other-s3"), f"{OTHER_KEY},{OTHER_SECRET}"
    with object_stores.s3(folder, "leads", keys=(key,), host=TARGET.host) as login:
        yield login


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
def later(rows: Callable[[], Rows]) -> Model:
    """The better model of another night: other bytes, the same fields."""
    return trained("later", lambda: train_on(rows(), "duration", night=4))


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
    """Rights are counted when everything has used its own; what looks into the cluster's processes needs ours."""
    items.sort(key=lambda item: item.path.stem == "test_rbac")
    if not TARGET.own:
        skip = pytest.mark.skip(reason=f"needs a cluster of our own making, not {TARGET.name}")
        for item in items:
            if item.get_closest_marker("own"):
                item.add_marker(skip)
