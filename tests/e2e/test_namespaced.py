"""Namespaced mode: Roles instead of a ClusterRole, and nothing outside the named namespaces is seen or touched."""

import time
import uuid
from collections.abc import Iterator

import pytest

from e2e.harness.cluster import HELM_NAMESPACE, Cluster
from e2e.harness.models import Model
from e2e.harness.store import Store
from e2e.harness.subject import Subject

pytestmark = [pytest.mark.security, pytest.mark.alone]


@pytest.fixture
def only_here(cluster: Cluster, images: str, operator: None, namespace: str) -> Iterator[str]:
    """The operator, told to watch one namespace; cluster-wide again afterwards."""
    cluster.install(images, f"--set=watchNamespaces={{{namespace}}}")
    yield namespace
    cluster.install(images)


def test_one_namespace_and_nothing_else(only_here: str, cluster: Cluster, store: Store, good: Model):
    assert cluster.get("clusterrole", "leadmodel", "default") is None
    assert cluster.get("clusterrolebinding", "leadmodel", "default") is None
    assert cluster.get("role", "leadmodel", only_here) is not None
    elsewhere = Subject(cluster, store, f"t-{uuid.uuid4().hex[:8]}")
    cluster.kubectl("create", "namespace", elsewhere.namespace)
    try:
        elsewhere.put(good)
        elsewhere.apply()
        here = Subject(cluster, store, only_here)
        here.serve(good)
        time.sleep(3)
        assert not elsewhere.status()
        assert not cluster.items("deploy,jobs,svc", elsewhere.namespace)
        assert can(cluster, "get", "leadmodels", only_here)
        assert not can(cluster, "get", "leadmodels", elsewhere.namespace)
        assert not can(cluster, "get", "secrets", only_here)
    finally:
        cluster.kubectl("delete", "namespace", elsewhere.namespace, "--wait=false")


def can(cluster: Cluster, verb: str, what: str, namespace: str) -> bool:
    who = f"--as=system:serviceaccount:{HELM_NAMESPACE}:leadmodel"
    return cluster.kubectl("auth", "can-i", verb, what, "-n", namespace, who, check=False).startswith("yes")
