"""Renders the account of Jobs, with its single right, and the mailbox that this right is for. Pure."""

from leadmodel_operator.kubernetes.render.names import Object, meta
from leadmodel_operator.resource.spec import Spec


def account(lead_model: Object, spec: Spec) -> str:
    """Name the service account that Jobs run under."""
    return spec.service_account_name or f"{lead_model['metadata']['name']}-jobs"


def access(lead_model: Object, spec: Spec) -> list[Object]:
    """Render the Jobs' account, unless the spec names one, and its single right: to fill the mailboxes."""
    metadata = lead_model["metadata"]
    name, namespace = f"{metadata['name']}-jobs", metadata["namespace"]
    rule = {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": [
            f"{metadata['name']}-mailbox",
            *([f"{metadata['name']}-text-mailbox"] if spec.enrichment else []),
        ],
        "verbs": ["get", "patch"],
    }
    group = "rbac.authorization.k8s.io"
    rendered: list[Object] = [
        {
            "apiVersion": f"{group}/v1",
            "kind": "Role",
            "metadata": meta(name, lead_model, "jobs"),
            "rules": [rule],
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": meta(name, lead_model, "jobs"),
            "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
            "subjects": [
                {"kind": "ServiceAccount", "name": account(lead_model, spec), "namespace": namespace}
            ],
        },
    ]
    if spec.service_account_name is None:
        body = {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": meta(name, lead_model, "jobs"),
            "automountServiceAccountToken": False,
        }
        rendered.insert(0, body)
    return rendered


def mailbox(lead_model: Object, role: str = "mailbox") -> Object:
    """Render the empty ConfigMap that a validation, or with the role text-mailbox a check of a text model, fills with the snapshot."""
    name = f"{lead_model['metadata']['name']}-{role}"
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(name, lead_model, role)}
