"""The commands that README and docs have people run on a cluster, run as they are written."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from cluster.argocd import NAMESPACE as ARGOCD
from e2e.harness.cluster import HELM_NAMESPACE, HELM_RELEASE, IMAGES, PLACE, ROOT, Cluster, released
from e2e.harness.models import Model
from leadmodel_store.store import put
from support.docs_commands import commands, without_runbooks

pytestmark = [pytest.mark.docs, pytest.mark.alone, pytest.mark.own]

PAGES = [page for page in without_runbooks() if any(c.cluster for c in commands(page))]
BUCKET, SECRET = "s3://leads/conversion", "model-store"


@pytest.fixture(scope="module")
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


def with_secret(manifest: str) -> str:
    """A manifest whose sources log in with the Secret, unless it names Secrets already."""
    if "secretName" in manifest:
        return manifest
    return re.sub(
        rf"^( +)(uri: {BUCKET}/\S+)$", rf"\1\2\n\1secretName: {SECRET}", manifest, flags=re.MULTILINE
    )


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_commands_run_as_written(
    page: Path,
    cluster: Cluster,
    release: None,
    a_cluster_without: None,
    s3: dict[str, str],
    better: Model,
    tmp_path: Path,
):
    """With the documented URIs: the manifests only name a Secret besides, as the page tells everybody whose pods have no identity."""
    put(f"{BUCKET}/model.json", better.raw, environ=s3)
    put(f"{BUCKET}/holdout.csv.gz", better.holdout, environ=s3)
    metadata = {"name": SECRET, "namespace": "default"}
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": s3})
    for name in ("crds", "charts", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for file in (tmp_path / "crds" / "examples").glob("*.yaml"):
        file.write_text(with_secret(file.read_text()).replace("0.70", "0.60"))
    lines = "\n".join(c.text for c in commands(page) if c.cluster)
    env = {**os.environ, "KUBECONFIG": cluster.kubeconfig}
    script = f"set -euxo pipefail\n{lines}"
    found = subprocess.run(
        ["bash", "-c", script],
        check=False,
        text=True,
        capture_output=True,
        cwd=tmp_path,
        env=env,
        timeout=800,
    )
    assert found.returncode == 0, f"{found.stdout[-2000:]}\n{found.stderr[-3000:]}"
