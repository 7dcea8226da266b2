"""Renders the objects that serve: Deployment, Service, disruption budget, autoscaler and network policy. Pure."""

from urllib.parse import urlsplit

from leadmodel_messages import commands
from leadmodel_messages.commands import EVERY_ADDRESS, Address, Model, Program
from leadmodel_messages.places import CHALLENGER_FILE, SNAPSHOT_FILE, TEXT_FILE
from leadmodel_operator.kubernetes.render.arguments import start
from leadmodel_operator.kubernetes.render.names import (
    CHAMPION,
    DECISION,
    LABEL,
    PREVIOUS,
    ROLE,
    TEMPLATE,
    Object,
    meta,
    revision_name,
)
from leadmodel_operator.planning.planned import Serve
from leadmodel_operator.resource.spec_serving import Predictor

PORT, USER = 8080, 65532
PREDICTOR = "predictor"
TEXT_FOLDER = "/models/text"  # where predictors look for their text model
CHALLENGER_FOLDER = "/models/challenger"  # where predictors look for a candidate
RESOURCES = {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "256Mi"}}
JOB_RESOURCES = {  # with a limit of CPU, which a quota of limits.cpu asks for
    "requests": {"cpu": "50m", "memory": "128Mi"},
    "limits": {"cpu": "1", "memory": "1Gi"},
}
SECURITY = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
POD_SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def selector(name: str) -> dict[str, str]:
    """Return the labels that select a LeadModel's predictor pods."""
    return {LABEL: name, ROLE: PREDICTOR}


def service(lead_model: Object) -> Object:
    """Render the Service that leads are sent to; the Service stays while no pod serves."""
    name = lead_model["metadata"]["name"]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": meta(name, lead_model, PREDICTOR),
        "spec": {
            "selector": selector(name),
            "ports": [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}],
        },
    }


def deployment(lead_model: Object, serve: Serve, replicas: int | None) -> Object:
    """Render the Deployment of the predictors. `replicas` None: an autoscaler owns the number of pods."""
    name = lead_model["metadata"]["name"]
    annotations = {DECISION: str(serve.decision), TEMPLATE: str(serve.template)}
    metadata = meta(name, lead_model, PREDICTOR, annotations)
    spec = {
        "selector": {"matchLabels": selector(name)},
        "revisionHistoryLimit": 3,
        "progressDeadlineSeconds": int(serve.progress_deadline),
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": pod_template(lead_model, serve),
    }
    if replicas is not None:
        spec["replicas"] = replicas
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def pod_template(lead_model: Object, serve: Serve) -> Object:
    """Render a predictor's pod from slots, image, template version and the spec's pod fields, and from nothing else.

    A template that changed with anything more would restart every pod of every model when that changes.
    """
    name, pod = lead_model["metadata"]["name"], serve.pod
    labels = {**(pod.pod_labels or {}), **meta(name, lead_model, PREDICTOR)["labels"]}
    annotations = {**(pod.pod_annotations or {}), CHAMPION: serve.champion, PREVIOUS: serve.previous or ""}
    spread = [dict(item) for item in pod.topology_spread_constraints] or [
        {
            "maxSkew": 1,
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": selector(name)},
        }
    ]
    optional = {
        "nodeSelector": dict(pod.node_selector) if pod.node_selector else None,
        "affinity": pod.affinity,
        "priorityClassName": pod.priority_class_name,
        **admission(pod),
    }
    return {
        "metadata": {"labels": labels, "annotations": annotations},
        "spec": {
            "automountServiceAccountToken": False,
            "securityContext": POD_SECURITY,
            "terminationGracePeriodSeconds": 40,
            "containers": [_predictor(serve)],
            "topologySpreadConstraints": spread,
            "volumes": _volumes(name, serve),
            **{key: value for key, value in optional.items() if value is not None},
        },
    }


def admission(pod: Predictor) -> Object:
    """Render what lets a pod pull its image and run on a node, and keeps it from none: pull secrets and tolerations."""
    return {
        "tolerations": [dict(item) for item in pod.tolerations] or None,
        "imagePullSecrets": [{"name": secret} for secret in pod.image_pull_secrets] or None,
    }


def _volumes(name: str, serve: Serve) -> list[Object]:
    volumes: list[Object] = [
        {"name": "tmp", "emptyDir": {"sizeLimit": "16Mi"}},
        {"name": "champion", "configMap": {"name": revision_name(name, serve.champion)}},
    ]
    if serve.previous:
        source = {"name": revision_name(name, serve.previous), "optional": True}
        volumes.append({"name": "previous", "configMap": source})
    if serve.text:
        volumes.append({"name": "text", "configMap": {"name": f"{name}-text", "optional": True}})
    if serve.challenger:
        source = {"name": f"{name}-challenger", "optional": True}
        volumes.append({"name": "challenger", "configMap": source})
    return volumes


def _predictor(serve: Serve) -> Object:
    mounts = [
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  # the pod's own emptyDir
        {"name": "champion", "mountPath": "/models/champion", "readOnly": True},
    ]
    if serve.previous:
        mounts.append({"name": "previous", "mountPath": "/models/previous", "readOnly": True})
    if serve.text:
        mounts.append({"name": "text", "mountPath": TEXT_FOLDER, "readOnly": True})
    if serve.challenger:
        mounts.append({"name": "challenger", "mountPath": CHALLENGER_FOLDER, "readOnly": True})
    return {
        "name": PREDICTOR,
        "image": serve.image,
        "imagePullPolicy": "IfNotPresent",
        **start(Program.PREDICTOR, _arguments(serve)),
        "env": [dict(item) for item in serve.pod.env],
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "resources": dict(serve.pod.resources) if serve.pod.resources else RESOURCES,
        "securityContext": SECURITY,
        **_probes(),
        "terminationMessagePolicy": "File",
        "volumeMounts": mounts,
    }


def _arguments(serve: Serve) -> list[str]:
    previous = Model(f"/models/previous/{SNAPSHOT_FILE}", serve.previous) if serve.previous else None
    return commands.predictor(
        champion=Model(f"/models/champion/{SNAPSHOT_FILE}", serve.champion),
        previous=previous,
        listen=Address("0.0.0.0" if serve.template == 1 else EVERY_ADDRESS, PORT),  # noqa: S104  # the pod's own network
        measured_auc=serve.measured_auc,
        drain_s=None,
        text_model=f"{TEXT_FOLDER}/{TEXT_FILE}" if serve.text else None,
        challenger=f"{CHALLENGER_FOLDER}/{CHALLENGER_FILE}" if serve.challenger else None,
    )


def _probes() -> Object:
    """Take a pod out of the Service within a second, but restart a pod only after two minutes.

    On a node without CPU to spare each start slows down the others. A startup probe would allow a slow start too, but make every
    start wait for one more answer.
    """
    alive = {"httpGet": {"path": "/healthz", "port": "http"}}
    ready = {"httpGet": {"path": "/readyz", "port": "http"}}
    return {
        "readinessProbe": {**ready, "periodSeconds": 1, "timeoutSeconds": 2, "failureThreshold": 1},
        "livenessProbe": {**alive, "periodSeconds": 10, "timeoutSeconds": 5, "failureThreshold": 12},
    }


def budget(lead_model: Object) -> Object:
    """Render the disruption budget: at most one pod is evicted at a time."""
    name = lead_model["metadata"]["name"]
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": meta(name, lead_model, PREDICTOR),
        "spec": {"maxUnavailable": 1, "selector": {"matchLabels": selector(name)}},
    }


def autoscaler(lead_model: Object, serve: Serve) -> Object | None:
    """Render the HorizontalPodAutoscaler; None where the spec has no autoscaling."""
    wanted = serve.autoscaling
    if wanted is None:
        return None
    name = lead_model["metadata"]["name"]
    target = {"type": "Utilization", "averageUtilization": wanted.target_cpu_utilization_percentage}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": meta(name, lead_model, PREDICTOR),
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
            "minReplicas": wanted.min_replicas,
            "maxReplicas": wanted.max_replicas,
            "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
        },
    }


def network_policy(lead_model: Object) -> Object:
    """Render the network policy: predictors take connections on their port and open none."""
    name = lead_model["metadata"]["name"]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": meta(name, lead_model, PREDICTOR),
        "spec": {
            "podSelector": {"matchLabels": selector(name)},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"ports": [{"port": PORT, "protocol": "TCP"}]}],
        },
    }


def claim_of(uri: str) -> str | None:
    """Return the claim that a pvc:// URI names; None for a URI of another scheme."""
    parts = urlsplit(uri)
    return parts.netloc if parts.scheme == "pvc" else None
