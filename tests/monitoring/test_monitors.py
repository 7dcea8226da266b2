"""The chart's monitors give series the labels that alerts and dashboards rely on."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from monitoring.catalog import OPERATOR_TARGET, PREDICTOR_TARGET
from monitoring.rules import ROOT

from leadmodel_operator.kubernetes.render.names import LABEL, ROLE
from support.monitors import scrape_config

GOLDEN = ROOT / "tests" / "chart" / "golden"
ROLES = ("validation", "followups")
FILES = [file for file in sorted(GOLDEN.glob("*.yaml")) if "kind: PodMonitor" in file.read_text()]
POD = {"namespace": "sales", "pod": "conversion-1", LABEL: "conversion", ROLE: "predictor", "port": "http"}


def monitors(file: Path) -> dict[str, dict[str, Any]]:
    documents = yaml.safe_load_all(file.read_text())
    return {d["kind"]: d for d in documents if d and d["kind"] in {"PodMonitor", "ServiceMonitor"}}


def labels(config: dict[str, Any], meta: dict[str, str]) -> dict[str, str] | None:
    """The labels of a target with these facts; None where it is not kept. Replace and keep, as the chart uses them."""
    given: dict[str, str] = {}
    for rule in config["relabel_configs"]:
        value = ";".join(meta.get(name, "") for name in rule["source_labels"])
        if rule.get("action") == "keep":
            if re.fullmatch(rule["regex"], value) is None:
                return None
        elif value or "replacement" in rule:
            given[rule["target_label"]] = rule.get("replacement", value)
    return given


def meta(kind: str, port: str, facts: dict[str, str]) -> dict[str, str]:
    own = {
        "namespace": "__meta_kubernetes_namespace",
        "pod": "__meta_kubernetes_pod_name",
        "port": f"__meta_kubernetes_{port}",
    }
    return {
        own.get(k, f"__meta_kubernetes_{kind}_label_{re.sub(r'[./-]', '_', k)}"): v for k, v in facts.items()
    }


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_predictors_get_the_labels_that_alerts_use(file):
    config = scrape_config(monitors(file)["PodMonitor"])
    given = labels(config, meta("pod", "pod_container_port_name", POD))
    assert given is not None
    assert given.keys() >= PREDICTOR_TARGET
    assert (given["namespace"], given["leadmodel"], given["pod"]) == ("sales", "conversion", "conversion-1")
    of_role = {r: labels(config, meta("pod", "pod_container_port_name", POD | {ROLE: r})) for r in ROLES}
    assert of_role["validation"] is None
    assert of_role["followups"] == given


@pytest.mark.parametrize(
    "file", [file for file in FILES if "ServiceMonitor" in monitors(file)], ids=lambda file: file.stem
)
def test_the_operators_own_labels_win(file):
    config = scrape_config(monitors(file)["ServiceMonitor"])
    assert config["honor_labels"] is True
    wanted = monitors(file)["ServiceMonitor"]["spec"]["selector"]["matchLabels"]
    facts = {**wanted, "namespace": "ops", "pod": "operator-1", "port": "http"}
    given = labels(config, meta("service", "endpoint_port_name", facts))
    assert given is not None
    assert given.keys() >= OPERATOR_TARGET


OF_SERVICE = {"namespace": "ops", "pod": "operator-1", "port": "http"}


def service_monitor() -> tuple[dict[str, Any], dict[str, str]]:
    """The chart's ServiceMonitor, and what Prometheus knows of a target that it takes."""
    (monitor, *_) = [found for file in FILES if (found := monitors(file).get("ServiceMonitor"))]
    facts = meta("service", "endpoint_port_name", monitor["spec"]["selector"]["matchLabels"] | OF_SERVICE)
    return monitor, facts | {"__meta_kubernetes_service_name": "metrics"}


def test_the_job_of_the_operator_is_the_label_that_the_monitor_names():
    monitor, facts = service_monitor()
    given = labels(scrape_config(monitor), facts)
    assert given is not None
    assert given["job"] == "leadmodel-operator"


@pytest.mark.parametrize("job_label", [None, "app.kubernetes.io/absent"])
def test_control_without_that_label_the_job_is_the_service(job_label):
    monitor, facts = service_monitor()
    monitor["spec"].pop("jobLabel")
    given = labels(scrape_config(monitor | {"spec": monitor["spec"] | {"jobLabel": job_label}}), facts)
    assert given is not None
    assert given["job"] == "metrics"


def test_the_job_of_predictors_is_the_monitor_and_a_label_where_one_is_named():
    monitor = monitors(FILES[0])["PodMonitor"]
    facts = meta("pod", "pod_container_port_name", POD)
    metadata = monitor["metadata"]
    for job_label, job in ((None, f"{metadata['namespace']}/{metadata['name']}"), (LABEL, "conversion")):
        given = labels(scrape_config(monitor | {"spec": monitor["spec"] | {"jobLabel": job_label}}), facts)
        assert given is not None
        assert given["job"] == job


@pytest.mark.parametrize("where", ["endpoint", "spec"])
def test_a_setting_that_is_not_translated_is_seen(where):
    monitor = monitors(FILES[0])["PodMonitor"]
    spec = monitor["spec"]
    (spec["podMetricsEndpoints"][0] if where == "endpoint" else spec)["scheme"] = "https"
    with pytest.raises(ValueError, match="scheme"):
        scrape_config(monitor)


def test_prometheus_accepts_these_and_those_of_the_page(tmp_path):
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool (Debian: prometheus) is not installed")
    text = (ROOT / "docs" / "monitoring.md").read_text()
    (page,) = [
        block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "scrape_configs" in block
    ]
    document = yaml.safe_load(page)
    shutil.copy(ROOT / "charts" / "leadmodel" / "files" / "alerts.yaml", tmp_path)
    chart = [scrape_config(monitor) for file in FILES[-1:] for monitor in monitors(file).values()]
    file = tmp_path / "prometheus.yaml"
    for configs in (document["scrape_configs"], chart):
        known = [
            {k: v for k, v in c.items() if k != "kubernetes_sd_configs"} for c in configs
        ]  # Debian leaves Kubernetes out
        file.write_text(yaml.safe_dump({**document, "scrape_configs": known}))
        ended = subprocess.run(
            [promtool, "check", "config", str(file)], check=False, capture_output=True, text=True, timeout=60
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
