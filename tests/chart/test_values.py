"""values.yaml, its schema, its page and the templates agree: nothing is undeclared, unused, undescribed or unchecked."""

import json
import re
from typing import Any

import pytest
import yaml

from chart.values_page import README, documented, page
from support.helm import CHART, one, render, template

TEXT = (CHART / "values.yaml").read_text()
VALUES: dict[str, Any] = yaml.safe_load(TEXT)
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
PATHS = [value.path for value in documented(TEXT)]
TEMPLATES = [*sorted((CHART / "templates").rglob("*.*"))]


def leaves(node: Any, path: str = "") -> list[str]:
    """Dotted paths of values that hold no declared value of ours: those with a comment, and any without."""
    if path in PATHS or not isinstance(node, dict) or not node:
        return [path]
    return [leaf for name, inner in node.items() for leaf in leaves(inner, f"{path}.{name}".lstrip("."))]


def value_at(path: str) -> Any:
    node: Any = VALUES
    for name in path.split("."):
        node = node[name]
    return node


def node_at(path: str) -> dict[str, Any]:
    """The schema's node for a path; KeyError where it has none."""
    node = SCHEMA
    for name in path.split("."):
        node = node["properties"][name]
    return node


def test_the_page_of_values_is_fresh():
    assert README.read_text() == page(TEXT), "run `make values`"


def test_every_value_is_described_by_a_sentence():
    assert leaves(VALUES) == PATHS
    for value in documented(TEXT):
        assert value.meaning.endswith("."), value.path
        assert len(value.meaning) >= 8, value.path


def test_every_value_is_in_the_schema_and_every_property_in_values():
    def of_schema(node: dict[str, Any], path: str = "") -> list[str]:
        if path in PATHS or path == "global":
            return [path]
        assert node["additionalProperties"] is False, path
        inner = node["properties"].items()
        return [leaf for name, part in inner for leaf in of_schema(part, f"{path}.{name}".lstrip("."))]

    assert sorted(of_schema(SCHEMA)) == sorted([*PATHS, "global"])


def test_every_value_a_template_uses_is_declared():
    used = {
        path.rstrip(".")
        for file in TEMPLATES
        for path in re.findall(r"\.Values\.([A-Za-z][A-Za-z0-9.]*)", file.read_text())
    }
    assert len(used) > 80
    for path in used - {"securityContext.privileged"}:  # of Kubernetes
        value_at(path)
    with pytest.raises(KeyError):
        value_at("metrics.serviceMonitor.relabellings")


# --- each value changes something -------------------------------------------------------------------------------------------

EVERYTHING = """
networkPolicy: {enabled: true}
metrics: {serviceMonitor: {enabled: true}, podMonitor: {enabled: true}}
prometheusRule: {enabled: true}
grafanaDashboard: {enabled: true, operator: {create: true}}
watchNamespaces: [sales]
webhook: {secretName: hook, urlKey: url}
argocd: {customizations: true, notifications: true}
"""
SPECIAL: dict[
    str, Any
] = {  # where the next value of the same type is none that the schema allows, or none that differs
    "image.digest": "sha256:" + "1" * 64,
    "image.pullPolicy": "Never",
    "predictor.image.digest": "sha256:" + "1" * 64,
    "training.image.digest": "sha256:" + "1" * 64,
    "privacy.image.digest": "sha256:" + "1" * 64,
    "followup.image.digest": "sha256:" + "1" * 64,
    "scrape": "proxy",
    "logLevel": "debug",
    "logFormat": "text",
    "webhook.reasons": ["Paused"],
    "webhook.url": None,  # with webhook.urlKey it is refused
    "watchNamespaces": ["other"],
    "namespaces": ["other"],
    "podDisruptionBudget.minAvailable": 1,
    "podDisruptionBudget.maxUnavailable": 2,
    "podDisruptionBudget.unhealthyPodEvictionPolicy": "IfHealthyBudget",
    "metrics.serviceMonitor.interval": "7s",
    "metrics.serviceMonitor.scrapeTimeout": "7s",
    "metrics.podMonitor.interval": "7s",
    "metrics.podMonitor.scrapeTimeout": "7s",
    "prometheusRule.runbookUrl": "https://runbooks.example.com",
    "prometheusRule.disabled": {"LeadModelHighDrift": True},
    "prometheusRule.overrides": {"LeadModelHighDrift": {"threshold": 4}},
    "grafanaDashboard.folderAnnotation": None,  # counts with a folder
    "tmp.sizeLimit": "1Gi",
    "imageRegistry": "mirror.example.com",
    "hostUsers": False,
    "replicas": 4,
    "images": {"operator": "x"},
    "imagePullPolicy": "Never",
    "networkPolicy.enabled": False,
    "metrics.serviceMonitor.enabled": False,
    "metrics.podMonitor.enabled": False,
    "prometheusRule.enabled": False,
    "grafanaDashboard.enabled": False,
    "grafanaDashboard.operator.create": False,
    "argocd.customizations": False,
    "argocd.notifications": False,
    "networkPolicies": {"enabled": True, "apiServerPorts": [1]},
    "resources": {"limits": {"memory": "1Gi"}},
    "extraArgs": ["--x"],
    "extraObjects": ["{apiVersion: v1, kind: ConfigMap, metadata: {name: x}}"],
}
OF_FILES = {  # of files that another value set may lack
    "prometheusRule": "files/alerts.yaml",
    "grafanaDashboard": "files/dashboards",
}


def other(path: str) -> Any:
    """A value that differs from the default and fits the schema."""
    if path in SPECIAL:
        return SPECIAL[path]
    value = value_at(path)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if isinstance(value, str):
        return "other"
    return {**value, "other": "other"} if isinstance(value, dict) else [{"other": "other"}]


@pytest.mark.slow
def test_every_value_changes_what_is_rendered(tmp_path):
    """Used is what makes a difference, not what is written in a template."""
    (tmp_path / "everything.yaml").write_text(EVERYTHING)
    everything = f"--values={tmp_path / 'everything.yaml'}"
    before = template(everything).stdout
    assert before
    unused = []
    for path in PATHS:
        value = other(path)
        needs = OF_FILES.get(path.partition(".")[0])
        if value is None or (needs and not (CHART / needs).exists()):
            continue
        result = template(everything, f"--set-json={path}={json.dumps(value)}")
        if result.returncode:
            assert "schema" not in result.stderr, (path, result.stderr)
            continue  # refused by a template, which has read it
        if result.stdout == before:
            unused.append(path)
    assert unused == []
    assert template(everything, "--set=global.other=1").stdout == before, "control: a value nobody reads"


@pytest.mark.slow
def test_the_two_values_that_need_others():
    objects = render("--set=webhook.url=https://hooks.example.com/x")
    arguments = one(objects, "Deployment")["spec"]["template"]["spec"]["containers"][0]["args"]
    assert "--webhook-url=https://hooks.example.com/x" in arguments
    if (CHART / "files" / "dashboards").exists():
        where = "--set=grafanaDashboard.enabled=true,grafanaDashboard.folder=Leads,grafanaDashboard.folderAnnotation=f"
        found = [b for b in render(where) if "-dashboard-" in b["metadata"]["name"]]
        assert found
        assert all(body["metadata"]["annotations"] == {"f": "Leads"} for body in found)


# --- what is refused ----------------------------------------------------------------------------------------------------------

REFUSED = {
    "a misspelt value": ("replicaCounts=2", "additional properties 'replicaCounts' not allowed"),
    "a misspelt value inside": ("image.repo=x", "additional properties 'repo' not allowed"),
    "none of the levels": ("logLevel=loud", "/logLevel"),
    "no pod": ("replicaCount=0", "/replicaCount"),
    "a text for a number": ("replicaCount=two", "/replicaCount"),
    "a short digest": ("image.digest=sha256:abc", "/image/digest"),
    "a tag in the repository": ("image.repository=x:1:2", "/image/repository"),
    "a namespace that cannot be": ("watchNamespaces={Sales}", "/watchNamespaces/0"),
    "an address without a scheme": ("webhook.url=hooks.example.com", "/webhook/url"),
    "a reason that no event has": ("webhook.url=https://h,webhook.reasons={Promotd}", "/webhook/reasons/0"),
    "a port out of range": ("service.port=70000", "/service/port"),
    "a duration without a unit": ("metrics.podMonitor.interval=30", "/metrics/podMonitor/interval"),
    "a scrape that outlasts the interval": (
        "metrics.serviceMonitor.enabled=true,metrics.serviceMonitor.scrapeTimeout=31s",
        "metrics.serviceMonitor.scrapeTimeout: 31s is longer than the interval, 30s",
    ),
    "a scrape of a pod that outlasts the interval": (
        "metrics.podMonitor.enabled=true,metrics.podMonitor.scrapeTimeout=1m1ms,metrics.podMonitor.interval=1m",
        "metrics.podMonitor.scrapeTimeout: 1m1ms is longer than the interval, 1m",
    ),
    "a number as a label": ("podLabels.x=1", "/podLabels/x"),
    "a wrong threshold": ("prometheusRule.overrides.A.threshold=-1", "/prometheusRule/overrides/A/threshold"),
    "an argument that is none": ("extraArgs={x}", "/extraArgs/0"),
    "both budgets": (
        "podDisruptionBudget.minAvailable=1,podDisruptionBudget.maxUnavailable=1",
        "set minAvailable or maxUnavailable, not both",
    ),
    "an account nobody named": ("serviceAccount.create=false", "name the account that exists"),
    "a monitor without a Service": (
        "metrics.serviceMonitor.enabled=true,service.enabled=false",
        "set service.enabled to true",
    ),
    "a name that no Service may have": ("fullnameOverride=lead.v1", "no Service may be called lead.v1"),
    "two addresses": ("webhook.url=https://h,webhook.urlKey=u,webhook.secretName=s", "not both"),
    "a key without a Secret": ("webhook.url=https://h,webhook.signingKey=k", "name the Secret"),
    "a Secret without an address": ("webhook.secretName=s", "without an address"),
    "values of chart 0.1 as a whole": ("image=null", "missing property 'image'"),
    "an old cluster": ("", "chart requires kubeVersion"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_value_is_refused_with_its_place(case):
    value, words = REFUSED[case]
    result = template(*([f"--set={value}"] if value else ["--kube-version=1.28.0"]))
    assert result.returncode != 0
    assert words in result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(
    ("timeout", "interval"), [("30s", "30s"), ("90s", "1m30s"), ("900ms", "1s"), ("", "1s")]
)
def test_control_a_scrape_that_ends_before_the_next_is_taken(timeout, interval):
    monitor = f"metrics.podMonitor.enabled=true,metrics.podMonitor.scrapeTimeout={timeout},metrics.podMonitor.interval={interval}"
    assert template(f"--set={monitor}").returncode == 0
