"""Targets out of a cluster's objects are those that Prometheus' own discovery would give, and the monitors choose among them."""

import json
from typing import Any

import pytest

from support import discovery
from support.helm import one, render
from support.monitors import scrape_config

VALUES = ("--set=metrics.serviceMonitor.enabled=true", "--set=metrics.podMonitor.enabled=true")
OURS = {"namespace": "leadmodel-system"}


def pod(name: str, labels: dict[str, str], phase: str = "Running", **about: Any) -> dict[str, Any]:
    container = {"name": "main", "ports": [{"name": "http", "containerPort": 8080}]}
    metadata = {"name": name, "namespace": "sales", "labels": labels, **about}
    status = {"phase": phase, **({} if phase == "Pending" else {"podIP": "10.0.0.1"})}
    return {"kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}, "status": status}


PREDICTOR = {"customerops.dev/role": "predictor", "customerops.dev/leadmodel": "conversion"}
PODS = [
    pod("conversion-1", PREDICTOR),
    pod("conversion-2", PREDICTOR, "Pending"),
    pod("ended-1", PREDICTOR, "Succeeded"),
    pod("operator-1", {}, **OURS),
]
SERVICE = {
    "kind": "Service",
    "metadata": {"name": "metrics", "labels": {"app.kubernetes.io/name": "leadmodel-operator"}, **OURS},
}
SLICE = {
    "kind": "EndpointSlice",
    "metadata": {"name": "metrics-x", "labels": {"kubernetes.io/service-name": "metrics"}, **OURS},
    "ports": [{"name": "http", "port": 8080}],
    "endpoints": [{"addresses": ["10.0.0.9"], "targetRef": {"kind": "Pod", "name": "operator-1"}}],
}


def test_a_pod_is_a_target_once_it_has_an_address_and_until_it_ends():
    groups = discovery.targets({"role": "pod"}, PODS)
    assert [group["labels"]["__meta_kubernetes_pod_name"] for group in groups] == [
        "conversion-1",
        "operator-1",
    ]
    assert groups[0]["targets"] == ["10.0.0.1:8080"]
    assert groups[0]["labels"]["__meta_kubernetes_pod_label_customerops_dev_leadmodel"] == "conversion"


def test_an_endpoint_carries_the_labels_of_its_service_and_its_pod():
    (group,) = discovery.targets({"role": "endpoints"}, [*PODS, SERVICE, SLICE])
    assert group["targets"] == ["10.0.0.9:8080"]
    labels = group["labels"]
    assert labels["__meta_kubernetes_service_label_app_kubernetes_io_name"] == "leadmodel-operator"
    assert labels["__meta_kubernetes_pod_name"] == "operator-1"
    assert labels["__meta_kubernetes_endpoint_port_name"] == "http"


@pytest.mark.parametrize("names", [["sales"], ["other"]])
def test_only_the_namespaces_of_the_monitor_are_looked_at(names):
    groups = discovery.targets({"role": "pod", "namespaces": {"names": names}}, PODS)
    assert bool(groups) == (names == ["sales"])


@pytest.mark.parametrize("kind", ["PodMonitor", "ServiceMonitor"])
def test_every_label_that_a_monitor_reads_is_given(kind):
    scrape = scrape_config(one(render(*VALUES), kind))
    (wanted,) = scrape["kubernetes_sd_configs"]
    seen = discovery.targets(wanted, [*PODS, SERVICE, SLICE])
    given = {name for group in seen for name in group["labels"]}
    read = {name for rule in scrape["relabel_configs"] for name in rule["source_labels"]}
    assert seen
    missing = {name for name in read - given if "_label_" not in name}
    assert missing <= {
        "__meta_kubernetes_pod_container_name"
    }  # an endpoint has none; Prometheus drops an empty label


def test_a_file_is_replaced_when_targets_change_and_only_then(tmp_path):
    scrape = {
        "job_name": "PodMonitor/x",
        "kubernetes_sd_configs": [{"role": "pod"}],
        "metrics_path": "/metrics",
    }
    config, file = discovery.from_files(scrape, tmp_path)
    assert config["metrics_path"] == "/metrics"
    assert "kubernetes_sd_configs" not in config
    discovery.write(file, scrape, PODS)
    first = file.stat().st_ino
    discovery.write(file, scrape, PODS)
    assert file.stat().st_ino == first
    discovery.write(file, scrape, PODS[1:])
    assert len(json.loads(file.read_text())) == 1
