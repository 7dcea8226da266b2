"""Names, paths, labels and owners of what belongs to a LeadModel."""

from typing import Any

from leadmodel_operator.resource.vocabulary import API_VERSION, GROUP, KIND, PLURAL, VERSION

LABEL, ROLE = f"{GROUP}/leadmodel", f"{GROUP}/role"
DIGEST, DECISION, RENDERED, CLAIMED = (
    f"{GROUP}/{word}" for word in ("digest", "decision", "rendered", "claimed")
)
CHAMPION, PREVIOUS, TEMPLATE = (f"{GROUP}/{word}" for word in ("champion", "previous", "template"))
MANAGED_BY = "leadmodel-operator"
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
    """The path of a collection, an object or a subresource."""
    found = f"{_GROUPS[resource]}/namespaces/{namespace}/{resource}"
    return "/".join([found, *([name] if name else []), *([sub] if sub else [])])


def collection(resource: str, namespace: str) -> str:
    """The path of a collection in a namespace, or ("") in all."""
    return path(resource, namespace) if namespace else f"{_GROUPS[resource]}/{resource}"


def path_of(body: Object) -> str:
    """The path of an object we render."""
    return path(KINDS[body["kind"]], body["metadata"]["namespace"], body["metadata"]["name"])


def collection_of(body: Object) -> str:
    """The path of its collection."""
    return path(KINDS[body["kind"]], body["metadata"]["namespace"])


def revision_name(name: str, digest: str) -> str:
    """The ConfigMap of a snapshot."""
    return f"{name}-rev-{digest.removeprefix('sha256:')[:12]}"


def owner(uid: str, name: str) -> Object:
    """The controller owner of everything we make."""
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "name": name,
        "uid": uid,
        "controller": True,
        "blockOwnerDeletion": False,
    }


def meta(name: str, lead_model: Object, role: str, annotations: dict[str, str] | None = None) -> Object:
    """Metadata of an object of ours."""
    about = lead_model["metadata"]
    return {
        "name": name,
        "namespace": about["namespace"],
        "labels": {
            "app.kubernetes.io/name": "leadmodel",
            "app.kubernetes.io/managed-by": MANAGED_BY,
            LABEL: about["name"],
            ROLE: role,
        },
        **({"annotations": annotations} if annotations else {}),
        "ownerReferences": [owner(about["uid"], about["name"])],
    }


def controller(found: Object) -> Object | None:
    """The owner reference of the controller of an object."""
    owners = found["metadata"].get("ownerReferences") or []
    return next((dict(reference) for reference in owners if reference.get("controller")), None)


def controller_uid(found: Object) -> str | None:
    """The UID of the controller of an object."""
    reference = controller(found)
    return str(reference["uid"]) if reference else None


def is_leaving(found: Object) -> bool:
    """Whether it is being deleted: waited for, never read."""
    return "deletionTimestamp" in found["metadata"]


def scales(entry: Object) -> bool:
    """Whether an entry of a Deployment's managedFields is of someone else who set the number of pods."""
    owned = (entry.get("fieldsV1") or {}).get("f:spec") or {}
    return "f:replicas" in owned and entry.get("manager") != MANAGED_BY
