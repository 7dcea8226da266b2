"""The chart's PodMonitor and ServiceMonitor as the scrape configuration that the Prometheus operator makes of them.

Only what the chart uses is translated; anything else is an error, so that nothing is lost silently.
"""

import re
from typing import Any

Object = dict[str, Any]
TRANSLATED = {"port", "path", "honorLabels", "interval", "scrapeTimeout", "relabelings", "metricRelabelings"}
OF_SPEC = {"selector", "namespaceSelector", "jobLabel", "podMetricsEndpoints", "endpoints"}


def scrape_config(monitor: Object) -> Object:
    """One scrape configuration. Raises ValueError for a field that is not translated."""
    pods = monitor["kind"] == "PodMonitor"
    (endpoint,) = monitor["spec"]["podMetricsEndpoints" if pods else "endpoints"]
    if unknown := (endpoint.keys() - TRANSLATED) | (monitor["spec"].keys() - OF_SPEC):
        raise ValueError(f"not translated: {', '.join(sorted(unknown))}")
    role = "pod" if pods else "endpoints"
    where = monitor["spec"]["namespaceSelector"]
    discovery = {"role": role} | ({} if where.get("any") else {"namespaces": {"names": where["matchNames"]}})
    return {
        "job_name": f"{monitor['kind']}/{monitor['metadata']['name']}",
        "honor_labels": endpoint["honorLabels"],
        "metrics_path": endpoint["path"],
        "scrape_interval": endpoint["interval"],
        **({"scrape_timeout": endpoint["scrapeTimeout"]} if "scrapeTimeout" in endpoint else {}),
        "kubernetes_sd_configs": [discovery],
        "relabel_configs": [
            *_kept(monitor, endpoint, pods=pods),
            *_job(monitor, pods=pods),
            *map(_rule, endpoint.get("relabelings", [])),
        ],
        "metric_relabel_configs": [_rule(rule) for rule in endpoint.get("metricRelabelings", [])],
    }


def _kept(monitor: Object, endpoint: Object, *, pods: bool) -> list[Object]:
    """What the operator of Prometheus adds by itself: which targets, and their namespace, pod and container."""
    kind, port = ("pod", "pod_container_port_name") if pods else ("service", "endpoint_port_name")
    selector = monitor["spec"]["selector"]
    wanted = dict(selector.get("matchLabels", {}))
    for rule in selector.get("matchExpressions", []):
        assert rule["operator"] == "In"
        wanted[rule["key"]] = "|".join(rule["values"])
    return [
        *(
            {
                "action": "keep",
                "source_labels": [f"__meta_kubernetes_{kind}_label_{_name(label)}"],
                "regex": value,
            }
            for label, value in wanted.items()
        ),
        {"action": "keep", "source_labels": [f"__meta_kubernetes_{port}"], "regex": endpoint["port"]},
        {"source_labels": ["__meta_kubernetes_namespace"], "target_label": "namespace"},
        {"source_labels": ["__meta_kubernetes_pod_name"], "target_label": "pod"},
        {"source_labels": ["__meta_kubernetes_pod_container_name"], "target_label": "container"},
    ]


def _job(monitor: Object, *, pods: bool) -> list[Object]:
    """What the operator of Prometheus makes the label `job` of: the label that `jobLabel` names, where Service or pod has it."""
    metadata, label = monitor["metadata"], monitor["spec"].get("jobLabel")
    usual: Object = (
        {"source_labels": [], "replacement": f"{metadata['namespace']}/{metadata['name']}"}
        if pods
        else {"source_labels": ["__meta_kubernetes_service_name"]}
    )
    kind = "pod" if pods else "service"
    of_label = [f"__meta_kubernetes_{kind}_label_{_name(label or '')}"]
    named = {"source_labels": of_label, "regex": "(.+)"} if label else None
    return [rule | {"target_label": "job"} for rule in (usual, named) if rule]


def _name(label: str) -> str:
    return re.sub(r"\W", "_", label)


def _rule(rule: Object) -> Object:
    names = {"sourceLabels": "source_labels", "targetLabel": "target_label"}
    return {names.get(key, key): value for key, value in rule.items()}
