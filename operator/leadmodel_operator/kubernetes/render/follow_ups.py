"""Renders what sends follow-ups: settings, Deployment, Service, disruption budget and network policy. Pure.

A change of the settings reaches pods by the mounted file; the pods' template holds nothing of the settings but names of Secrets. Secrets
and templates are mounted as optional, so that a pod starts without one and reports which key it misses.
"""

from collections.abc import Iterator
from urllib.parse import urlsplit

from leadmodel_messages.commands import Program
from leadmodel_operator.kubernetes.render.arguments import start
from leadmodel_operator.kubernetes.render.names import LABEL, ROLE, Object, meta
from leadmodel_operator.kubernetes.render.objects import POD_SECURITY, PORT, SECURITY, admission
from leadmodel_operator.planning.planned import FollowUpsWork
from leadmodel_operator.resource.conversion import dump
from leadmodel_operator.resource.spec_followups import FollowUps
from leadmodel_operator.resource.spec_serving import Predictor

FOLLOW_UPS = "followups"  # role, and how the names of all objects end
SETTINGS_FILE = "followups.json"
FOLDER = "/etc/leadmodel"
RESOURCES = {"requests": {"cpu": "50m", "memory": "96Mi"}, "limits": {"memory": "384Mi"}}
GRACE_S = 45  # longer than a call to a provider may take
KINDS = (
    "Deployment",
    "Service",
    "PodDisruptionBudget",
    "NetworkPolicy",
    "ConfigMap",
)  # in the order of deletion


def object_name(name: str) -> str:
    """Name the objects of the follow-ups of a LeadModel."""
    return f"{name}-{FOLLOW_UPS}"


def selector(name: str) -> dict[str, str]:
    """Return the labels that select the pods of a LeadModel that send follow-ups."""
    return {LABEL: name, ROLE: FOLLOW_UPS}


def objects(lead_model: Object, work: FollowUpsWork, pod: Predictor, image: str) -> list[Object]:
    """Render all objects, the settings first, since pods start with them; `pod` gives pull secrets and tolerations."""
    return [
        config_map(lead_model, work),
        service(lead_model),
        network_policy(lead_model, work.spec),
        budget(lead_model),
        deployment(lead_model, work.spec, pod, image),
    ]


def _object(lead_model: Object, kind: str, api_version: str, **parts: Object) -> Object:
    metadata = meta(object_name(lead_model["metadata"]["name"]), lead_model, FOLLOW_UPS)
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **parts}


def config_map(lead_model: Object, work: FollowUpsWork) -> Object:
    """Render the ConfigMap with the settings document."""
    return _object(lead_model, "ConfigMap", "v1", data={SETTINGS_FILE: work.settings})


def service(lead_model: Object) -> Object:
    """Render the Service for intake, webhooks and the page to unsubscribe."""
    ports = [{"name": "http", "port": 80, "targetPort": "http", "protocol": "TCP"}]
    spec = {"selector": selector(lead_model["metadata"]["name"]), "ports": ports}
    return _object(lead_model, "Service", "v1", spec=spec)


def budget(lead_model: Object) -> Object:
    """Render the disruption budget: at most one pod is evicted at a time."""
    labels = selector(lead_model["metadata"]["name"])
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
    return _object(lead_model, "PodDisruptionBudget", "policy/v1", spec=spec)


def network_policy(lead_model: Object, spec: FollowUps) -> Object:
    """Render the network policy: in on the pods' port; out to DNS, the Redis, providers (443) and the ports of their other addresses."""
    others = {urlsplit(c.api_url).port or _default_port(c.api_url) for c in spec.channels if c.api_url}
    ports = [443, *sorted({spec.redis.port, *others} - {443})]
    names = [{"port": 53, "protocol": protocol} for protocol in ("UDP", "TCP")]
    policy = {
        "podSelector": {"matchLabels": selector(lead_model["metadata"]["name"])},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"ports": [{"port": PORT, "protocol": "TCP"}]}],
        "egress": [{"ports": [*names, *({"port": port, "protocol": "TCP"} for port in ports)]}],
    }
    return _object(lead_model, "NetworkPolicy", "networking.k8s.io/v1", spec=policy)


def _default_port(url: str) -> int:
    return 443 if url.startswith("https:") else 80


def deployment(lead_model: Object, spec: FollowUps, pod: Predictor, image: str) -> Object:
    """Render the Deployment of the pods that send."""
    labels = selector(lead_model["metadata"]["name"])
    rollout = {
        "replicas": spec.worker.replicas,
        "selector": {"matchLabels": labels},
        "revisionHistoryLimit": 3,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": _pod_template(lead_model, spec, pod, image),
    }
    return _object(lead_model, "Deployment", "apps/v1", spec=rollout)


def _pod_template(lead_model: Object, spec: FollowUps, pod: Predictor, image: str) -> Object:
    name = lead_model["metadata"]["name"]
    volumes = list(_volumes(name, spec))
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": selector(name)},
    }
    return {
        "metadata": {"labels": meta(name, lead_model, FOLLOW_UPS)["labels"]},
        "spec": {
            "automountServiceAccountToken": False,
            "securityContext": POD_SECURITY,
            "terminationGracePeriodSeconds": GRACE_S,
            "containers": [_container(spec, image, [mount for _, mount in volumes])],
            "topologySpreadConstraints": [spread],
            "volumes": [volume for volume, _ in volumes],
            **{key: value for key, value in admission(pod).items() if value is not None},
        },
    }


def _volumes(name: str, spec: FollowUps) -> Iterator[tuple[Object, Object]]:
    """Yield each volume with where it is mounted."""
    yield (
        {"name": "tmp", "emptyDir": {"sizeLimit": "16Mi"}},
        {"name": "tmp", "mountPath": "/tmp"},  # noqa: S108  # the pod's own emptyDir
    )
    yield _mounted("followups", "followups", configMap={"name": object_name(name)})
    templates = {"name": spec.templates.config_map_name, "optional": True}
    yield _mounted("templates", "templates", configMap=templates)
    for number, channel in enumerate(spec.channels):
        if channel.secret_name is not None:
            secret = {"secretName": channel.secret_name, "optional": True}
            yield _mounted(f"channel-{number}", f"channels/{channel.name}", secret=secret)
    key, token = spec.contact_key, spec.intake
    yield _mounted("contact-key", "contact-key", secret=_one_key(key.secret_name, key.key, "key"))
    yield _mounted("intake", "intake", secret=_one_key(token.secret_name, token.key, "token"))
    redis = spec.redis
    yield _mounted(
        "redis", "redis", secret=_one_key(redis.secret_name, redis.key, "url")
    )  # which a rotation reaches


def _mounted(volume: str, folder: str, **source: Object) -> tuple[Object, Object]:
    return {"name": volume, **source}, {"name": volume, "mountPath": f"{FOLDER}/{folder}", "readOnly": True}


def _one_key(secret: str, key: str, file: str) -> Object:
    return {"secretName": secret, "optional": True, "items": [{"key": key, "path": file}]}


def _container(spec: FollowUps, image: str, mounts: list[Object]) -> Object:
    url = {"secretKeyRef": {"name": spec.redis.secret_name, "key": spec.redis.key}}
    worker = spec.worker
    probe = {"periodSeconds": 5, "timeoutSeconds": 6, "failureThreshold": 3}
    return {
        "name": FOLLOW_UPS,
        "image": worker.image or image,
        "imagePullPolicy": "IfNotPresent",
        **start(Program.FOLLOWUP, ["run"]),
        "env": [{"name": "LEADMODEL_REDIS_URL", "valueFrom": url}],
        "ports": [{"name": "http", "containerPort": PORT, "protocol": "TCP"}],
        "resources": dump(worker.resources) if worker.resources is not None else RESOURCES,
        "securityContext": SECURITY,
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http"}, **probe},
        "livenessProbe": {
            "httpGet": {"path": "/healthz", "port": "http"},
            "periodSeconds": 10,
            "timeoutSeconds": 5,
            "failureThreshold": 12,
        },
        "terminationMessagePolicy": "File",
        "volumeMounts": mounts,
    }
