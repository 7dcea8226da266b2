"""The chart by real Helm: the API server takes what it renders, it comes from the chart before it and goes back, and tests itself.

`previous/` holds the package of the chart before this one; docs/releasing.md says when to replace it.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cluster.crds import monitoring
from e2e.harness.cluster import HELM_NAMESPACE, HELM_RELEASE, ROOT, Cluster, named, wait_for
from e2e.harness.models import Model
from e2e.harness.subject import Subject
from support.helm import CHART, VALUE_SETS, render, render_set

pytestmark = [pytest.mark.lifecycle, pytest.mark.alone, pytest.mark.own]

(PREVIOUS,) = sorted((Path(__file__).parent / "previous").glob("leadmodel-*.tgz"))
NAMESPACES = ("leadmodel-system", "monitoring", "sales", "support", "team-a-system")
NOT_HERE = {
    "GrafanaDashboard",  # its definition is published in no place that these tests may use
    "Pod",  # wants an account that is there; `helm test` makes it below
}


@pytest.fixture(scope="module")
def with_monitoring(cluster: Cluster) -> Iterator[None]:
    """The definitions of the Prometheus Operator, without the operator; and the namespaces that value sets name."""
    there = set(cluster.kubectl("get", "namespaces", "-o", "name").split())
    made = [name for name in NAMESPACES if f"namespace/{name}" not in there]
    for name in made:
        cluster.kubectl("create", "namespace", name)
    for file in monitoring():
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(file))
    known = ("get", "--raw=/apis/monitoring.coreos.com/v1")
    wait_for("monitors are served", lambda: "podmonitors" in cluster.kubectl(*known, check=False))
    yield
    for file in monitoring():
        cluster.kubectl("delete", "--wait=false", "--ignore-not-found", "-f", str(file))
    for name in set(made) - {HELM_NAMESPACE}:
        cluster.kubectl("delete", "namespace", name, "--wait=false")


def strictly(cluster: Cluster, objects: list[dict[str, Any]]) -> str:
    """The API server's answer to objects it must know every field of; nothing is written."""
    listing = {"apiVersion": "v1", "kind": "List", "items": objects}
    how = ("apply", "--server-side", "--force-conflicts", "--dry-run=server", "--validate=strict", "-f", "-")
    return cluster.kubectl(*how, stdin=json.dumps(listing), check=False)


@pytest.mark.parametrize("name", VALUE_SETS)
def test_the_api_server_knows_every_field(cluster: Cluster, with_monitoring: None, name: str):
    another = "--set=fullnameOverride=another"  # what is installed would be merged with it
    values = f"--values={CHART / 'ci' / f'{name}-values.yaml'}"
    objects = [body for body in render(values, another) if body["kind"] not in NOT_HERE]
    answer = strictly(cluster, objects)
    assert answer.count("(server dry run)") == len(objects), answer


def test_control_a_field_nobody_knows_is_refused(cluster: Cluster, with_monitoring: None):
    (monitor,) = (body for body in render_set("production") if body["kind"] == "PodMonitor")
    monitor["spec"]["podMetricsEndpoints"][0]["relabellings"] = []
    assert "relabellings" in strictly(cluster, [monitor])


def test_the_plain_manifests_are_taken(cluster: Cluster, with_monitoring: None):
    objects = list(yaml.safe_load_all((ROOT / "deploy" / "operator.yaml").read_text()))
    answer = strictly(cluster, objects)
    assert answer.count("(server dry run)") == len(objects), answer


# --- a release ---------------------------------------------------------------------------------------------------------------


OLD_IMAGES = ("operator", "predictor", "training", "privacy")  # of the release before


@pytest.fixture
def previous(cluster: Cluster, images: str) -> Iterator[tuple[str, ...]]:
    """The chart before this one, installed with its own names of values; this one again afterwards."""
    cluster.helm("uninstall", HELM_RELEASE, "-n", HELM_NAMESPACE, "--wait", "--ignore-not-found")
    restricted(cluster)
    values = tuple(f"--set=images.{image}={named(image, images)}" for image in OLD_IMAGES)
    upgrade(cluster, str(PREVIOUS), *values)
    yield values
    cluster.install(images)


def restricted(cluster: Cluster) -> None:
    """Have the operator's namespace take only restricted pods, from now on."""
    cluster.kubectl("create", "namespace", HELM_NAMESPACE, check=False)
    label = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("label", "namespace", HELM_NAMESPACE, label, "--overwrite")


def upgrade(cluster: Cluster, chart: str, *values: str) -> None:
    wait = ("--wait", "--timeout=240s")
    cluster.helm("upgrade", "--install", HELM_RELEASE, chart, "-n", HELM_NAMESPACE, *wait, *values)


def refused(cluster: Cluster, *arguments: str) -> str:
    """What Helm says when it refuses."""
    with pytest.raises(RuntimeError) as refusal:
        cluster.helm(*arguments)
    return str(refusal.value)


def release(cluster: Cluster) -> dict[str, Any]:
    """Newest revision of the release, and its chart."""
    listed = json.loads(cluster.helm("list", "-n", HELM_NAMESPACE, "-o", "json"))
    return dict(next(one for one in listed if one["name"] == HELM_RELEASE))


def test_from_the_previous_chart_and_back(
    subject: Subject, cluster: Cluster, previous: tuple[str, ...], good: Model, better: Model
):
    subject.serve(good, gate=None)  # which the definition before this one knows without limits on live leads
    pods = {pod["metadata"]["uid"] for pod in subject.pods()}
    upgrade(cluster, str(CHART), *previous)  # the same values, by their old names
    assert release(cluster)["chart"] != f"leadmodel-{PREVIOUS.stem.rpartition('-')[2]}"
    assert cluster.get("service", "leadmodel-metrics", HELM_NAMESPACE) is not None
    assert cluster.get("pdb", "leadmodel", HELM_NAMESPACE) is not None
    cluster.helm("rollback", HELM_RELEASE, "-n", HELM_NAMESPACE, "--wait", "--timeout=240s")
    assert cluster.get("pdb", "leadmodel", HELM_NAMESPACE) is None
    upgrade(cluster, str(CHART), *previous)
    assert {pod["metadata"]["uid"] for pod in subject.pods()} == pods, "no predictor was started anew"
    subject.apply()
    subject.put(better)
    subject.poll()
    subject.until_champion(better)


def test_defaults_of_the_previous_chart_are_refused_before_anything_changes(
    cluster: Cluster, previous: tuple[str, ...]
):
    """`--reuse-values` would leave out every new default."""
    before = release(cluster)["revision"]
    chart, where = str(CHART), ("-n", HELM_NAMESPACE)
    assert "missing properties" in refused(cluster, "upgrade", HELM_RELEASE, chart, *where, "--reuse-values")
    assert release(cluster)["revision"] == before
    wait = ("--wait", "--timeout=240s")
    cluster.helm("upgrade", HELM_RELEASE, chart, *where, "--reset-then-reuse-values", *wait)
    assert release(cluster)["revision"] != before


def test_a_refused_value_changes_nothing(cluster: Cluster, operator: None):
    before = release(cluster)["revision"]
    where = (HELM_RELEASE, str(CHART), "-n", HELM_NAMESPACE, "--reset-then-reuse-values")
    assert "replicaCounts" in refused(cluster, "upgrade", *where, "--set=replicaCounts=3")
    assert release(cluster)["revision"] == before


def test_helm_test_tells_a_healthy_operator_from_one_that_is_gone(cluster: Cluster, operator: None):
    restricted(cluster)
    where = (HELM_RELEASE, "-n", HELM_NAMESPACE, "--timeout=200s")
    assert "Succeeded" in cluster.helm("test", *where)
    scale = ("scale", "deployment", "leadmodel", "-n", HELM_NAMESPACE)
    cluster.kubectl(*scale, "--replicas=0")
    try:
        said = refused(cluster, "test", *where)
    finally:
        cluster.kubectl(*scale, "--replicas=2")
        rollout = ("rollout", "status", "deployment/leadmodel", "-n", HELM_NAMESPACE)
        cluster.kubectl(*rollout, "--timeout=180s")
        cluster.kubectl("delete", "pod", "leadmodel-test", "-n", HELM_NAMESPACE, "--ignore-not-found")
    assert "Failed" in said or "failed" in said


def test_the_operators_namespace_may_enforce_restricted(cluster: Cluster, operator: None):
    """New pods of the operator come up where only restricted ones may; control: a pod that is not restricted does not."""
    restricted(cluster)
    cluster.kubectl("rollout", "restart", "deployment/leadmodel", "-n", HELM_NAMESPACE)
    rollout = ("rollout", "status", "deployment/leadmodel", "-n", HELM_NAMESPACE)
    cluster.kubectl(*rollout, "--timeout=180s")
    answer = cluster.kubectl(
        "run", "loose", "-n", HELM_NAMESPACE, "--image=x", "--dry-run=server", check=False
    )
    assert "violates PodSecurity" in answer


def test_notes_come_with_the_release(cluster: Cluster, operator: None):
    text = cluster.helm("get", "notes", HELM_RELEASE, "-n", HELM_NAMESPACE)
    manifest = text.split("<<EOF\n")[1].split("  EOF")[0]
    answer = cluster.kubectl("apply", "--dry-run=server", "-f", "-", stdin=manifest)
    assert "leadmodel.customerops.dev/conversion created (server dry run)" in answer


def test_the_package_is_what_helm_makes(tmp_path: Path):
    """The chart can be packaged as it is, and lints without a warning of weight."""
    made = subprocess.run(
        ["helm", "package", str(CHART), "--destination", str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stderr
    (package,) = tmp_path.glob("*.tgz")
    assert package.stat().st_size < 300_000
