"""The operator is uninstalled: models serve on, and nothing that is deleted afterwards waits for it."""

import time
from collections.abc import Iterator

import pytest

from e2e.harness.cluster import HELM_NAMESPACE, HELM_RELEASE, Cluster, wait_for
from e2e.harness.load import post
from e2e.harness.models import Model
from e2e.harness.subject import Subject

pytestmark = [
    pytest.mark.lifecycle,
    pytest.mark.alone,
    pytest.mark.own,
]  # the CRD goes, and with it every LeadModel of a cluster


@pytest.fixture
def installed_again(cluster: Cluster, images: str) -> Iterator[None]:
    """Whatever happens, later tests find an operator."""
    yield
    cluster.install(images)


def uninstall(cluster: Cluster) -> None:
    cluster.helm("uninstall", HELM_RELEASE, "-n", HELM_NAMESPACE, "--wait", "--timeout=120s")
    label = "app.kubernetes.io/name=leadmodel-operator"
    wait_for("the operator's pods are gone", lambda: not cluster.items("pods", HELM_NAMESPACE, label))


def gone(cluster: Cluster, namespace: str) -> float:
    started = time.monotonic()
    cluster.kubectl("delete", "namespace", namespace, "--wait=false")
    wait_for("the namespace is gone", lambda: not cluster.get("namespace", namespace, "default"), 120)
    return time.monotonic() - started


def test_models_serve_on_and_a_namespace_goes(subject: Subject, good: Model, installed_again: None):
    cluster = subject.cluster
    subject.serve(good)
    uninstall(cluster)
    assert cluster.get("crd", "leadmodels.customerops.dev", "default") is not None, "the CRD is kept"
    assert subject.champion() == good.digest
    assert post(subject.url(), next(good.leads()))["score"] == pytest.approx(good.predicted[0], abs=1e-9)
    print(f"\nnamespace gone without an operator after {gone(cluster, subject.namespace):.1f} s")


def test_the_crd_goes_with_its_objects(subject: Subject, good: Model, installed_again: None):
    """No finalizer of ours: deleting the CRD deletes the LeadModels, and the garbage collector their children."""
    cluster = subject.cluster
    subject.serve(good, predictor={"replicas": 1})
    assert "finalizers" not in subject.object()["metadata"]
    uninstall(cluster)
    cluster.kubectl("delete", "crd", "leadmodels.customerops.dev", "--timeout=60s")
    wait_for("its children are gone", lambda: not cluster.items("deploy,pods,jobs,pdb", subject.namespace))
    gone(cluster, subject.namespace)


def test_installed_again_it_takes_over_what_serves(subject: Subject, good: Model, better: Model, images: str):
    """Uninstalled and installed while models serve: no pod restarts, and the next model rolls."""
    cluster = subject.cluster
    subject.serve(good)
    before = {pod["metadata"]["uid"] for pod in subject.pods()}
    uninstall(cluster)
    cluster.install(images)
    subject.annotate("poll", "again")
    subject.wait("it was read", lambda: subject.status()["handled"].get("poll") == "again")
    assert {pod["metadata"]["uid"] for pod in subject.pods()} == before
    subject.put(better)
    subject.poll()
    subject.until_champion(better)
    subject.until("Ready", "True", "Serving")
