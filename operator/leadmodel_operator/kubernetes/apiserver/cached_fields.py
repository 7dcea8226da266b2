"""Fields of each resource that the cache keeps: the ones a pass reads. A change of any other field is no news to a LeadModel."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from leadmodel_operator.kubernetes.render.names import MANAGED_BY, Object, scales
from leadmodel_operator.resource.vocabulary import GROUP, PLURAL

WHOLE = (
    "deployments",
    "pods",
    "jobs",
    "cronjobs",
    "services",
    "poddisruptionbudgets",
    "horizontalpodautoscalers",
    "networkpolicies",
    "serviceaccounts",
    "roles",
    "rolebindings",
)
METADATA_ONLY = ("configmaps", "replicasets")  # requested without their data
ANNOTATION, ANNOTATIONS = 1024, 32  # characters of one, and how many
_UNREAD = {"managedFields", "selfLink", "resourceVersion"}  # the cache holds the version beside the object


def _metadata(item: Object) -> Object:
    metadata = {name: value for name, value in item["metadata"].items() if name not in _UNREAD}
    if "annotations" in metadata:
        metadata["annotations"] = _own(metadata["annotations"])
    return metadata


def _own(annotations: Mapping[str, str] | None) -> dict[str, str]:
    """Pick the annotations of this project, with as much of each as a pass reads: others may be 256 KiB of anything."""
    own = {
        name: value[:ANNOTATION]
        for name, value in (annotations or {}).items()
        if name.startswith(f"{GROUP}/")
    }
    return dict(sorted(own.items())[:ANNOTATIONS])


def _with_version(item: Object) -> Object:
    """Keep the version: the data of a ConfigMap is not cached, so a change of the data shows in the version alone."""
    return _metadata(item) | {"resourceVersion": item["metadata"].get("resourceVersion")}


def _with_own_annotations(item: Object) -> Object:
    metadata = _metadata(item)
    metadata.pop("labels", None)
    return {"annotations": {}, **metadata}


def _with_scalers(item: Object) -> Object:
    return _metadata(item) | {"managedFields": [entry for entry in _managed_fields(item) if scales(entry)]}


def _with_own_writes(item: Object) -> Object:
    own = [entry for entry in _managed_fields(item) if entry.get("manager") == MANAGED_BY]
    times = [{name: entry.get(name) for name in ("manager", "time")} for entry in own]
    return _metadata(item) | {"managedFields": times}


def _managed_fields(item: Object) -> list[Object]:
    return item["metadata"].get("managedFields") or []


def _image(item: Object) -> Object:
    return {"containers": [{"image": item["spec"]["containers"][0].get("image", "")}]}


def _template_image(item: Object) -> Object:
    return {"template": {"spec": _image(item["spec"]["template"])}}


def _conditions(item: Object) -> Object:
    return {"conditions": (item.get("status") or {}).get("conditions") or []}


def _pod_status(item: Object) -> Object:
    status = item.get("status") or {}
    return {name: status[name] for name in ("podIP", "conditions", "containerStatuses") if name in status}


@dataclass(frozen=True)
class _Kept:
    """Fields kept of one resource. `parts` None: every field besides metadata, unchanged."""

    metadata: Callable[[Object], Object] = _metadata
    parts: Mapping[str, Callable[[Object], Object]] | None = None


_KEPT = {
    "configmaps": _Kept(_with_version, parts={}),
    "cronjobs": _Kept(_with_own_writes),
    "deployments": _Kept(_with_scalers),
    "jobs": _Kept(parts={"spec": _template_image, "status": _conditions}),
    "pods": _Kept(parts={"spec": _image, "status": _pod_status}),
    "replicasets": _Kept(parts={}),
    PLURAL: _Kept(_with_own_annotations),
}
_ALL = _Kept()


def fields_read(resource: str, item: Object) -> Object:
    """Copy the fields of an object that a pass reads."""
    kept = _KEPT.get(resource, _ALL)
    parts = item if kept.parts is None else {name: part(item) for name, part in kept.parts.items()}
    return {**parts, "metadata": kept.metadata(item)}


def backfill_read(lead_model: Object) -> Object:
    """Copy the fields of a LeadModel that tell other LeadModels of its namespace which conversations it redacts."""
    names = ("name", "creationTimestamp", "deletionTimestamp")
    metadata = {name: lead_model["metadata"][name] for name in names if name in lead_model["metadata"]}
    backfill = lead_model["spec"]["piiBackfill"]
    kept = {name: backfill[name] for name in ("redis", "keyPatterns", "suspend") if name in backfill}
    return {"metadata": metadata, "spec": {"piiBackfill": kept}}
