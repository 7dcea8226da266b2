"""The commands that README and docs have people run on a cluster, run as they are written."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from e2e.harness.cluster import ROOT, Cluster
from e2e.harness.documented import fill, manifests
from e2e.harness.models import Model
from support.docs_commands import commands, without_runbooks

pytestmark = [pytest.mark.docs, pytest.mark.alone, pytest.mark.own]

PAGES = [page for page in without_runbooks() if any(c.cluster for c in commands(page))]


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
    fill(cluster, s3, better)
    for name in ("crds", "charts", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name)
    manifests(tmp_path)
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
