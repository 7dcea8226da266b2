"""Names, paths, labels and owners of the objects that belong to a LeadModel. Pure."""

from typing import Any

from leadmodel_operator.resource.vocabulary import API_VERSION, GROUP, KIND, PLURAL, VERSION

LABEL, ROLE = f"{GROUP}/leadmodel", f"{GROUP}/role"
DIGEST, DECISION, RENDERED, CLAIMED = (
    f"{GROUP}/{word}" for word in ("digest", "decision", "rendered", "claimed")
)
CHAMPION, PREVIOUS, TEMPLATE = (f"{GROUP}/{word}" for word in ("champion", "previous", "template"))
TEXT_DIGEST = f"{GROUP}/text-digest"  # not DIGEST: an earlier release would take a text model for a model
CHALLENGER_DIGEST = f"{GROUP}/challenger-digest"  # not DIGEST, for the same reason
MANAGED_LABEL, MANAGED_BY = "app.kubernetes.io/managed-by", "leadmodel-operator"
Object = dict[str, Any]

_GROUPS = {
    "configmaps": "/api/v1",
    "services": "/api/v1",
    "pods": "/api/v1",
    "serviceaccounts": "/api/v1",
    "deployments": "/apis/apps/v1",
    "replicasets": "/apis/apps/v1",
    "jobs": "/apis/batch/v1",
    "cronjobs": "/apis/batch/v1",
    "poddisruptionbudgets": "/apis/policy/v1",
    "horizontalpodautoscalers": "/apis/autoscaling/v2",
    "networkpolicies": "/apis/networking.k8s.io/v1",
    "roles": "/apis/rbac.authorization.k8s.io/v1",
    "rolebindings": "/apis/rbac.authorization.k8s.io/v1",
    "events": "/apis/events.k8s.io/v1",
    PLURAL: f"/apis/{GROUP}/{VERSION}",
}
KINDS = {
    "ConfigMap": "configmaps",
    "Service": "services",
    "ServiceAccount": "serviceaccounts",
    "Deployment": "deployments",
    "Job": "jobs",
    "CronJob": "cronjobs",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "HorizontalPodAutoscaler": "horizontalpodautoscalers",
    "NetworkPolicy": "networkpolicies",
    "Role": "roles",
    "RoleBinding": "rolebindings",
}


def path(resource: str, namespace: str, name: str | None = None, sub: str | None = None) -> str:
    """Return the API path of a collection, of an object (`name`) or of a subresource (`sub`)."""
    collection_path = f"{_GROUPS[resource]}/namespaces/{namespace}/{resource}"
    return "/".join([collection_path, *([name] if name else []), *([sub] if sub else [])])


def collection(resource: str, namespace: str) -> str:
    """Return the API path of a collection in a namespace, or with "" in all namespaces."""
    return path(resource, namespace) if namespace else f"{_GROUPS[resource]}/{resource}"


def path_of(body: Object) -> str:
    """Return the API path of a rendered object."""
    return path(KINDS[body["kind"]], body["metadata"]["namespace"], body["metadata"]["name"])


def name_of(body: Object) -> str:
    """Return kind and name of a rendered object, as conditions name the object."""
    return f"{body['kind']}/{body['metadata']['name']}"


def collection_of(body: Object) -> str:
    """Return the API path of the collection a rendered object is created in."""
    return path(KINDS[body["kind"]], body["metadata"]["namespace"])


def revision_name(name: str, digest: str) -> str:
    """Name the ConfigMap of a snapshot after the first twelve hexadecimal digits of its digest."""
    return f"{name}-rev-{digest.removeprefix('sha256:')[:12]}"


def text_revision_name(name: str, digest: str) -> str:
    """Name the ConfigMap of a text model's snapshot after the first twelve hexadecimal digits of its digest."""
    return f"{name}-text-{digest.removeprefix('sha256:')[:12]}"


def owner(uid: str, name: str) -> Object:
    """Return the owner reference that every object of a LeadModel carries; the garbage collector follows it."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def meta(name: str, lead_model: Object, role: str, annotations: dict[str, str] | None = None) -> Object:
    """Return metadata of an object of a LeadModel. `role` is the value of its role label, such as predictor."""
    parent = lead_model["metadata"]
    return {
        "name": name,
        "namespace": parent["namespace"],
        "labels": {
            "app.kubernetes.io/name": "leadmodel",
            MANAGED_LABEL: MANAGED_BY,
            LABEL: parent["name"],
            ROLE: role,
        },
        **({"annotations": annotations} if annotations else {}),
        "ownerReferences": [owner(parent["uid"], parent["name"])],
    }


def controller(item: Object) -> Object | None:
    """Return the owner reference of an object's controller."""
    owners = item["metadata"].get("ownerReferences") or []
    return next((dict(reference) for reference in owners if reference.get("controller")), None)


def controller_uid(item: Object) -> str | None:
    """Return the UID of an object's controller."""
    reference = controller(item)
    return str(reference["uid"]) if reference else None


def is_leaving(item: Object) -> bool:
    """Tell whether an object is being deleted: its end is waited for, and no decision reads the object."""
    return "deletionTimestamp" in item["metadata"]


def scales(entry: Object) -> bool:
    """Tell whether an entry of a Deployment's managedFields says that someone else set the number of pods."""
    owned = (entry.get("fieldsV1") or {}).get("f:spec") or {}
    return "f:replicas" in owned and entry.get("manager") != MANAGED_BY
