"""`kubectl leadmodel report`: a zip for people who help, without secrets and without leads.

No Secret, no ConfigMap, no log and no endpoint of a pod is read. What is read goes through `scrub`, and every file of the zip is made
from that alone.
"""

import json
import zipfile
from argparse import Namespace
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from leadmodel_cli.kubectl.cluster import Cluster, ClusterError, Document
from leadmodel_cli.kubectl.manifest import object_schema
from leadmodel_cli.kubectl.parts import children
from leadmodel_cli.kubectl.scrub import HIDDEN, Scrubber, by_schema
from leadmodel_cli.kubectl.verbs import digests
from leadmodel_cli.kubectl.version import operators, own_version
from leadmodel_cli.views import advice, tree, why
from leadmodel_messages.exits import KubectlExit

README = f"""\
What is in here was read by `kubectl leadmodel report`, with the rights of the person who ran it.

Not read at all: Secrets, ConfigMaps (ledger, snapshots of models), logs, leads, anything from a pod's port.
In what was read, each word that is neither in the source of LeadModel nor the name of one of these objects is replaced by {HIDDEN},
values of environment variables, labels and annotations included.
"""
METADATA = ("name", "namespace", "generation", "creationTimestamp", "resourceVersion", "deletionTimestamp")


def files(
    document: Document, objects: Sequence[Document], events: Sequence[Document], versions: Any, now: datetime
) -> dict[str, str]:
    """Build the files of a report by name. Pure.

    Args:
        document: The LeadModel.
        objects: Pods, Jobs and other objects with its label.
        events: Events of the namespace.
        versions: What runs, as JSON.
        now: The instant of the report.
    """
    scrubber = Scrubber.of([document, *objects], digests(document.get("status") or {}))
    clean = scrubber.clean(_lead_model(document))
    parts = scrubber.clean([_object(item) for item in objects])
    family = children(
        [{**item, "metadata": item["metadata"]} for item in parts if item["kind"] in {"Pod", "Job"}],
        all_jobs=True,
    )
    status = "\n".join([*tree.plain(tree.build(clean, family, now)), "", *advice.advise(clean)])
    return {
        "README.txt": README,
        "versions.json": _json(scrubber.clean(versions)),
        "leadmodel.json": _json(clean),
        "objects.json": _json(parts),
        "events.json": _json(scrubber.clean([_event(e) for e in events if _is_ours(e, document, objects)])),
        "status.txt": status,
        "why.txt": "\n".join(why.why(clean)),
        "history.txt": "\n".join(why.history(clean)),
    }


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _lead_model(document: Document) -> Document:
    kept = by_schema({key: document.get(key) or {} for key in ("spec", "status")}, object_schema())
    commands = [
        key for key in document["metadata"].get("annotations") or {} if key.startswith("customerops.dev/")
    ]
    return {"metadata": {**_metadata(document), "commands": commands}, **kept}


def _metadata(item: Document) -> Document:
    return {key: item["metadata"][key] for key in METADATA if key in item["metadata"]}


def _object(item: Document) -> Document:
    """Kind, name, role, and of the status what says how it is: no environment, no arguments, no template."""
    metadata, status = item["metadata"], item.get("status") or {}
    labels = {
        key: value
        for key, value in (metadata.get("labels") or {}).items()
        if key.startswith("customerops.dev/")
    }
    annotations = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if key == "customerops.dev/champion"
    }
    conditions = [
        {key: condition.get(key) for key in ("type", "status", "reason", "message", "lastTransitionTime")}
        for condition in status.get("conditions") or []
    ]
    counts = {
        key: value for key, value in status.items() if isinstance(value, int) and not isinstance(value, bool)
    }
    containers = [_container(container) for container in status.get("containerStatuses") or []]
    return {
        "kind": item["kind"],
        "metadata": {**_metadata(item), "labels": labels, "annotations": annotations},
        "status": {
            "phase": status.get("phase", ""),
            **counts,
            "conditions": conditions,
            "containerStatuses": containers,
        },
    }


def _container(container: Mapping[str, Any]) -> Document:
    states = {}
    for key in ("state", "lastState"):
        for name, value in (container.get(key) or {}).items():
            states[key] = {
                name: {
                    word: value.get(word)
                    for word in ("reason", "exitCode", "startedAt", "finishedAt")
                    if word in value
                }
            }
    return {"restartCount": container.get("restartCount", 0), "ready": bool(container.get("ready")), **states}


def _event(event: Document) -> Document:
    regarding = event.get("regarding") or {}
    return {
        "kind": str(regarding.get("kind", "")),
        "name": str(regarding.get("name", "")),
        "type": str(event.get("type", "")),
        "reason": str(event.get("reason", "")),
        "note": str(event.get("note", "")),
        "at": str(event.get("eventTime") or event.get("deprecatedLastTimestamp") or ""),
    }


def _is_ours(event: Document, document: Document, objects: Sequence[Document]) -> bool:
    names = {item["metadata"]["name"] for item in (document, *objects)}
    return (event.get("regarding") or {}).get("name") in names


def report(cluster: Cluster, options: Namespace, now: datetime) -> int:
    """Write the zip. Returns 0; what could not be read for want of rights is left out and named."""
    document = cluster.lead_model(options.name)
    namespace, missing = document["metadata"]["namespace"], []
    objects: list[Document] = []
    for kinds in ("pods", "jobs", "cronjobs", "deployments", "horizontalpodautoscalers"):
        try:
            objects += cluster.parts(document, kinds)
        except ClusterError as error:
            missing.append(f"{kinds}: {error}")
    try:
        events = cluster.items("events.events.k8s.io", namespace=namespace)
    except ClusterError as error:
        events = []
        missing.append(f"events: {error}")
    versions: Document = {"plugin": own_version()}
    try:
        versions["operator"] = operators(cluster)
    except ClusterError as error:
        missing.append(f"operators: {error}")
    path = options.out or f"leadmodel-report-{options.name}-{now:%Y%m%dT%H%M%SZ}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files(document, objects, events, versions, now).items():
            archive.writestr(name, text + "\n")
    for line in missing:
        print(f"not read: {line}")
    print(f"written: {path}; look into it before you send it (README.txt says what was left out)")
    return KubectlExit.DONE
