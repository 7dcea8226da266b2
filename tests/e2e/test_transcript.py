"""From an empty cluster to a model that serves, through an alert and its end, to an empty cluster again, as one text.

LEADMODEL_RENEW=1 writes docs/transcript.md anew.
"""

import os
import shutil
import sys
from pathlib import Path

import pytest

from e2e.harness.cluster import FULL, ROOT, Cluster, wait_for
from e2e.harness.documented import fill, manifests, upload
from e2e.harness.models import Model
from e2e.harness.monitoring import watching
from e2e.harness.transcript import Transcript
from support.prometheus import Prometheus

pytestmark = [pytest.mark.docs, pytest.mark.alone, pytest.mark.own, FULL]
ALERT = "LeadModelGateFailed"
ASK = f"""promtool query instant $PROMETHEUS 'ALERTS{{alertname="{ALERT}",alertstate="firing"}}'"""
HEAD = """<!-- Written by tests/e2e/test_transcript.py on a real cluster (LEADMODEL_FULL=1 LEADMODEL_RENEW=1). Do not edit. -->
# From installation to uninstallation: a transcript

What a person sees on an empty cluster: install, apply, Ready, an alert that fires and ends, uninstall. Each command was run and each
output is its own. The bucket `s3://leads` and a Secret `model-store` with its keys were there before; `crds/examples/minimal.yaml` names
that Secret. The Prometheus of `$PROMETHEUS` has the chart's monitors and alerts, with a second in place of 15 minutes."""


@pytest.fixture
def transcript(cluster: Cluster, tmp_path: Path) -> Transcript:
    """A copy of what the commands need from the repository, and a shell that reaches the cluster and the plugin."""
    for name in ("crds", "charts"):
        shutil.copytree(ROOT / name, tmp_path / "clone" / name)
    manifests(tmp_path / "clone")
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return Transcript(
        tmp_path / "clone", {**os.environ, "KUBECONFIG": cluster.kubeconfig, "PATH": path, "NO_COLOR": "1"}
    )


def install(transcript: Transcript) -> None:
    """From nothing to a model that serves."""
    transcript.write("## Install")
    transcript.run(
        "helm install leadmodel charts/leadmodel --namespace leadmodel-system --create-namespace --wait --timeout=180s"
    )
    transcript.run("helm test leadmodel --namespace leadmodel-system")
    transcript.write("## Apply")
    transcript.run("cat crds/examples/minimal.yaml")
    transcript.run("kubectl apply -f crds/examples/minimal.yaml")
    transcript.run("kubectl wait leadmodel/conversion --for=condition=Ready --timeout=180s")
    transcript.run("kubectl get leadmodels -o wide")
    transcript.run("kubectl leadmodel status conversion")


def raise_and_end_the_alert(
    transcript: Transcript, prometheus: Prometheus, login: dict[str, str], good: Model, worse: Model
) -> None:
    """A model that the gate refuses, and the champion in its place again."""
    transcript.write(
        "## An alert fires\n\nSomebody uploads a model that ranks leads badly. Ask the source at once:"
    )
    assert transcript.run(ASK) == "", "no alert before its fault"
    upload(login, worse, good.holdout)
    transcript.run("kubectl leadmodel poll conversion")
    wait_for(f"{ALERT} fires", lambda: prometheus.firing(ALERT))
    assert ALERT in transcript.run(ASK)
    assert "AucBelowMinimum" in transcript.run("kubectl leadmodel why conversion")
    transcript.write(
        "Leads are answered by the champion meanwhile.\n\n## The alert ends\n\nThe bucket gets the champion back."
    )
    upload(login, good, good.holdout)
    transcript.run("kubectl leadmodel poll conversion")
    wait_for(f"{ALERT} ends", lambda: not prometheus.firing(ALERT))
    assert transcript.run(ASK) == ""
    transcript.run("kubectl leadmodel history conversion")


def uninstall(transcript: Transcript, cluster: Cluster) -> None:
    """Back to nothing but the definition, which the chart keeps."""
    transcript.write("## Uninstall")
    transcript.run("kubectl delete leadmodel conversion")
    transcript.run("helm uninstall leadmodel --namespace leadmodel-system --wait")
    selector = "customerops.dev/leadmodel=conversion"
    wait_for("its pods are gone", lambda: not cluster.items("pods", "default", selector))
    transcript.run(f"kubectl get deployments,services,pods --namespace default --selector {selector}")
    assert "leadmodels.customerops.dev" in transcript.run("kubectl get crd leadmodels.customerops.dev")


def test_from_installation_to_uninstallation(
    transcript: Transcript,
    cluster: Cluster,
    release: None,
    a_cluster_without: None,
    s3: dict[str, str],
    better: Model,
    worse: Model,
    tmp_path: Path,
):
    """The alert is silent, fires with its fault and is silent again; at the end only the definition is left."""
    fill(cluster, s3, better)
    prometheus_folder = tmp_path / "prometheus"
    prometheus_folder.mkdir()
    with watching(cluster, prometheus_folder) as prometheus:
        transcript.environment["PROMETHEUS"] = f"http://{prometheus.address}"
        install(transcript)
        raise_and_end_the_alert(transcript, prometheus, s3, better, worse)
        uninstall(transcript, cluster)
    page = transcript.page(HEAD)
    print(f"\n{page}")
    if os.environ.get("LEADMODEL_RENEW") == "1":
        (ROOT / "docs" / "transcript.md").write_text(page)
