"""What Prometheus' own discovery makes of the objects of a cluster, for a Prometheus that was built without it, as Debian's is.

The labels are those of its documentation, as far as the chart's monitors can ask for them (support/monitors.py).
"""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

Object = dict[str, Any]
KINDS = "pods,services,endpointslices"  # what kubectl has to list
META = "__meta_kubernetes"


def targets(wanted: Object, objects: Sequence[Object]) -> list[Object]:
    """The groups of targets that an element of `kubernetes_sd_configs` finds among objects; relabelling decides which of them stay."""
    names = wanted.get("namespaces", {}).get("names")
    seen = [body for body in objects if names is None or body["metadata"]["namespace"] in names]
    return list({"pod": _pods, "endpoints": _endpoints}[wanted["role"]](seen))


def from_files(scrape: Object, folder: Path) -> tuple[Object, Path]:
    """A scrape configuration that reads its targets from a file instead, and that file."""
    file = folder / f"{re.sub(r'[^a-zA-Z]+', '-', scrape['job_name'])}.json"
    others = {key: value for key, value in scrape.items() if key != "kubernetes_sd_configs"}
    return {**others, "file_sd_configs": [{"files": [str(file)]}]}, file


def write(file: Path, scrape: Object, objects: Sequence[Object]) -> None:
    """Write the targets of a scrape configuration; Prometheus notices when the file is replaced."""
    (wanted,) = scrape["kubernetes_sd_configs"]
    text = json.dumps(targets(wanted, objects), sort_keys=True)
    if not file.exists() or file.read_text() != text:
        file.with_suffix(".new").write_text(text)
        file.with_suffix(".new").rename(file)


def _pods(objects: Sequence[Object]) -> Iterator[Object]:
    for pod in _of(objects, "Pod"):
        if pod["status"].get("podIP") and pod["status"]["phase"] not in {"Succeeded", "Failed"}:
            for container in pod["spec"]["containers"]:
                for port in container.get("ports", []):
                    facts = {
                        "pod_container_name": container["name"],
                        "pod_container_port_name": port.get("name", ""),
                    }
                    yield _group(pod["status"]["podIP"], port["containerPort"], _pod(pod) | facts)


def _endpoints(objects: Sequence[Object]) -> Iterator[Object]:
    services = {_key(body): body for body in _of(objects, "Service")}
    pods = {_key(body): body for body in _of(objects, "Pod")}
    for listing in _of(objects, "EndpointSlice"):
        namespace = listing["metadata"]["namespace"]
        service = services.get((namespace, listing["metadata"]["labels"].get("kubernetes.io/service-name")))
        for endpoint in (listing.get("endpoints") or []) if service else []:
            pod = pods.get((namespace, endpoint.get("targetRef", {}).get("name")))
            for port in listing.get("ports") or []:
                of_service = {"service_name": service["metadata"]["name"]} | _labels("service", service)
                facts = {"endpoint_port_name": port.get("name") or ""} | of_service | _pod(pod)
                yield _group(endpoint["addresses"][0], port["port"], {"namespace": namespace} | facts)


def _of(objects: Sequence[Object], kind: str) -> Iterator[Object]:
    return (body for body in objects if body["kind"] == kind)


def _key(body: Object) -> tuple[str, str]:
    return body["metadata"]["namespace"], body["metadata"]["name"]


def _pod(pod: Object | None) -> Object:
    if pod is None:
        return {}
    namespace, name = _key(pod)
    return {"namespace": namespace, "pod_name": name} | _labels("pod", pod)


def _labels(kind: str, body: Object) -> Object:
    labels = body["metadata"].get("labels") or {}
    return {f"{kind}_label_{re.sub(r'[^a-zA-Z0-9_]', '_', name)}": value for name, value in labels.items()}


def _group(address: str, port: int, facts: Object) -> Object:
    labels = {f"{META}_{name}": value for name, value in facts.items()}
    return {"targets": [f"{address}:{port}"], "labels": labels}
