"""The official client's models, which refuse a misspelt or misplaced field of an object."""

from typing import Any

from kubernetes import client as official
from pydantic import BaseModel

MODELS: dict[str, type[BaseModel]] = {
    "ConfigMap": official.V1ConfigMap,
    "CronJob": official.V1CronJob,
    "Deployment": official.V1Deployment,
    "Event": official.EventsV1Event,
    "HorizontalPodAutoscaler": official.V2HorizontalPodAutoscaler,
    "Job": official.V1Job,
    "Lease": official.V1Lease,
    "NetworkPolicy": official.V1NetworkPolicy,
    "PodDisruptionBudget": official.V1PodDisruptionBudget,
    "Role": official.V1Role,
    "RoleBinding": official.V1RoleBinding,
    "Service": official.V1Service,
    "ServiceAccount": official.V1ServiceAccount,
}
CHART_MODELS = MODELS | {
    "ClusterRole": official.V1ClusterRole,
    "ClusterRoleBinding": official.V1ClusterRoleBinding,
    "CustomResourceDefinition": official.V1CustomResourceDefinition,
    "Pod": official.V1Pod,
    "Secret": official.V1Secret,
}


def check(body: dict[str, Any]) -> None:
    """Raise where the object does not fit. The models also take Python's spelling of a field; the API server does not."""
    model = CHART_MODELS[body["kind"]].model_validate(body)
    assert shape(model.model_dump(by_alias=True, exclude_unset=True)) == shape(body)


def shape(value: Any) -> Any:
    """The names in a document, without its values."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    return [shape(item) for item in value] if isinstance(value, list) else None
