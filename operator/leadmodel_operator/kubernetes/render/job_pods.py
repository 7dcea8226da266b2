"""Renders what all Jobs and CronJobs share: the pod that runs once, its volumes and its Secrets, and the object around the pod. Pure."""

from typing import Any

from leadmodel_messages.credentials import OF_TEXTS, Source
from leadmodel_operator.kubernetes.render.arguments import start
from leadmodel_operator.kubernetes.render.names import Object, meta
from leadmodel_operator.kubernetes.render.objects import JOB_RESOURCES, POD_SECURITY, SECURITY, TEXT_FOLDER
from leadmodel_operator.planning.observed import JobKind


def pod(
    image: str,
    command: list[str],
    account_name: str,
    *,
    placing: Object,
    token: bool = False,
    secrets: dict[Source, str | None] | None = None,
    claims: tuple[str | None, ...] = (),
    snapshots: dict[str, str] | None = None,
    served_text: str | None = None,
    resources: Any = None,
    env: list[Object] | None = None,
) -> Object:
    """Render a pod that runs once.

    `placing` holds pull secrets and where the pod may run, `snapshots` maps a folder under /models to its ConfigMap, `served_text` is the
    ConfigMap of the text model that serves, which need not be there, and `token` mounts the account's token.
    """
    volumes, mounts = _volumes(snapshots or {}, sorted({claim for claim in claims if claim}))
    if served_text is not None:
        volumes.append({"name": "text", "configMap": {"name": served_text, "optional": True}})
        mounts.append({"name": "text", "mountPath": TEXT_FOLDER, "readOnly": True})
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        **start(command[0], command[1:]),
        "env": env or [],
        "envFrom": _credentials(secrets or {}),
        "resources": dict(resources) if resources else JOB_RESOURCES,
        "securityContext": SECURITY,
        "terminationMessagePolicy": "File",
        "volumeMounts": mounts,
    }
    return {
        "serviceAccountName": account_name,
        "automountServiceAccountToken": token,
        "restartPolicy": "Never",
        "securityContext": POD_SECURITY,
        "containers": [container],
        "volumes": volumes,
        **{key: value for key, value in placing.items() if value},
    }


def _credentials(secrets: dict[Source, str | None]) -> list[Object]:
    """Render the Secrets of a pod's sources as variables: one Secret as it is, several once more under the prefix of their source.

    Secrets of texts have their prefix alone: an image of an earlier release, which reads no texts, takes none of them for its leads'.
    """
    named = {source: secret for source, secret in secrets.items() if secret}
    old = {secret for source, secret in named.items() if source not in OF_TEXTS}
    plain: list[Object] = [{"secretRef": {"name": secret}} for secret in sorted(old)]
    if len(set(secrets.values())) == 1:
        return plain
    own = [{"prefix": source.value, "secretRef": {"name": secret}} for source, secret in named.items()]
    return plain + own


def _volumes(snapshots: dict[str, str], claims: list[str]) -> tuple[list[Object], list[Object]]:
    """Render the volumes of a pod and their mounts: one for scratch files, one per snapshot and per claim."""
    volumes: list[Object] = [{"name": "tmp", "emptyDir": {}}]
    mounts: list[Object] = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108  # the pod's own emptyDir
    for folder, source in snapshots.items():
        volumes.append({"name": folder, "configMap": {"name": source}})
        mounts.append({"name": folder, "mountPath": f"/models/{folder}"})
    for number, claim in enumerate(claims):  # a claim may have dots and 253 characters, a volume may not
        volumes.append({"name": f"claim-{number}", "persistentVolumeClaim": {"claimName": claim}})
        mounts.append({"name": f"claim-{number}", "mountPath": f"/mnt/{claim}"})
    return volumes, mounts


def job(lead_model: Object, name: str, kind: JobKind, pod: Object, deadline: int) -> Object:
    """Render a Job that runs a pod once, for at most `deadline` seconds."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": meta(name, lead_model, kind),
        "spec": {
            "backoffLimit": 0,
            "activeDeadlineSeconds": deadline,
            "template": {"metadata": {"labels": meta(name, lead_model, kind)["labels"]}, "spec": pod},
        },
    }


def cron(  # noqa: PLR0917  # a CronJob has this many facts
    lead_model: Object,
    name: str,
    kind: JobKind,
    schedule: str,
    zone: str,
    pod: Object,
    *,
    limits: tuple[int, int],
    deadline: int,
    suspend: bool = False,
    more: Object | None = None,
    start_within: int = 3600,
) -> Object:
    """Render a CronJob that never runs twice at once.

    `limits` are the succeeded and the failed runs that are kept, `deadline` the seconds of a run, `start_within` those by which a run may
    begin late, and `more` holds further fields of the Job.
    """
    labels = meta(name, lead_model, kind)["labels"]
    template = {"metadata": {"labels": labels}, "spec": pod}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": meta(name, lead_model, kind),
        "spec": {
            "schedule": schedule,
            "timeZone": zone,
            "concurrencyPolicy": "Forbid",
            "startingDeadlineSeconds": start_within,
            "suspend": suspend,
            "successfulJobsHistoryLimit": limits[0],
            "failedJobsHistoryLimit": limits[1],
            "jobTemplate": {
                "metadata": {"labels": labels},
                "spec": {
                    "backoffLimit": 0,
                    "activeDeadlineSeconds": deadline,
                    "template": template,
                    **(more or {}),
                },
            },
        },
    }
