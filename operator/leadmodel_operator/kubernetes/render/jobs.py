"""What should be → Kubernetes objects for work: validation, poll, retraining, backfill, and the account they run under. Pure."""

import hashlib
from typing import Any

from leadmodel_messages.commands import Program
from leadmodel_messages.exits import BackfillExit
from leadmodel_messages.places import SNAPSHOT_FILE
from leadmodel_operator.kubernetes.render.names import Object, meta, revision_name
from leadmodel_operator.kubernetes.render.objects import JOB_RESOURCES, POD_SECURITY, SECURITY, claim_of
from leadmodel_operator.planning import commands
from leadmodel_operator.planning.observed import JobKind, Poll, Validation
from leadmodel_operator.resource.spec import PiiBackfill, Retraining, Spec

DAY_S = 86400
_FINAL = [BackfillExit.CONFIGURATION.value, BackfillExit.RESIDUE.value]  # another try would end alike
_EVERY = {"5m": "{m}-59/5", "15m": "{m}-59/15", "30m": "{m}-59/30"}


def account(lead_model: Object, spec: Spec) -> str:
    """The service account of the Jobs."""
    return spec.service_account_name or f"{lead_model['metadata']['name']}-jobs"


def access(lead_model: Object, spec: Spec) -> list[Object]:
    """The account, and its one right: to fill the mailbox."""
    about = lead_model["metadata"]
    name, namespace = f"{about['name']}-jobs", about["namespace"]
    rule = {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": [f"{about['name']}-mailbox"],
        "verbs": ["get", "patch"],
    }
    group = "rbac.authorization.k8s.io"
    found: list[Object] = [
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
        found.insert(0, body)
    return found


def mailbox(lead_model: Object) -> Object:
    """An empty mailbox."""
    name = f"{lead_model['metadata']['name']}-mailbox"
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(name, lead_model, "mailbox")}


def _pod(
    image: str,
    command: list[str],
    account_name: str,
    *,
    token: bool = False,
    secrets: tuple[str | None, ...] = (),
    claims: tuple[str | None, ...] = (),
    snapshots: dict[str, str] | None = None,
    resources: Any = None,
    env: list[Object] | None = None,
) -> Object:
    """A pod that runs once. `snapshots`: mount folder → ConfigMap."""
    mounts = [{"name": "tmp", "mountPath": "/tmp"}]  # noqa: S108  # the pod's own emptyDir
    volumes: list[Object] = [{"name": "tmp", "emptyDir": {}}]
    for folder, source in (snapshots or {}).items():
        volumes.append({"name": folder, "configMap": {"name": source}})
        mounts.append({"name": folder, "mountPath": f"/models/{folder}"})
    for claim in sorted({c for c in claims if c}):
        volumes.append({"name": f"claim-{claim}"[:63], "persistentVolumeClaim": {"claimName": claim}})
        mounts.append({"name": f"claim-{claim}"[:63], "mountPath": f"/mnt/{claim}"})
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [str(command[0])],
        "args": command[1:],
        "env": env or [],
        "envFrom": [{"secretRef": {"name": secret}} for secret in sorted({s for s in secrets if s})],
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
    }


def validation(lead_model: Object, spec: Spec, asked: Validation) -> Object:
    """The Job that measures a candidate with the predictor's image."""
    metadata = lead_model["metadata"]
    name = metadata["name"]
    snapshots: dict[str, str] = {}

    def mount(part: str, digest: str) -> str:
        snapshots[part] = revision_name(name, digest)
        return f"/models/{part}/{SNAPSHOT_FILE}"

    arguments = commands.validation(asked, mount, f"{metadata['namespace']}/{name}-mailbox")
    pod = _pod(
        asked.image,
        [Program.VALIDATE, *arguments],
        account(lead_model, spec),
        token=not asked.held,
        secrets=(spec.artifact.secret_name, spec.holdout.secret_name),
        claims=(claim_of(asked.uri), claim_of(asked.holdout_uri)),
        snapshots=snapshots,
    )
    return _job(lead_model, asked.name, JobKind.VALIDATION, pod, int(asked.deadline))


def _job(lead_model: Object, name: str, kind: JobKind, pod: Object, deadline: int) -> Object:
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


def _poll_pod(lead_model: Object, spec: Spec, asked: Poll) -> Object:
    return _pod(
        asked.image,
        [Program.POLL, *commands.poll(asked)],
        account(lead_model, spec),
        secrets=(spec.artifact.secret_name, spec.holdout.secret_name),
        claims=(claim_of(asked.uri), claim_of(asked.holdout_uri)),
    )


def poll_job(lead_model: Object, spec: Spec, asked: Poll) -> Object:
    """The Job that asks the store now."""
    return _job(lead_model, asked.once or "", JobKind.POLL, _poll_pod(lead_model, spec, asked), 300)


def poll_cron(lead_model: Object, spec: Spec, asked: Poll) -> Object | None:
    """The CronJob that asks the store; None where it is asked only on purpose."""
    if asked.interval == "0s":
        return None
    name = f"{lead_model['metadata']['name']}-poll"
    pod = _poll_pod(lead_model, spec, asked)
    return _cron(
        lead_model,
        name,
        JobKind.POLL,
        poll_schedule(name, asked.interval),
        "Etc/UTC",
        pod,
        limits=(3, 1),
        deadline=300,
    )


def poll_schedule(name: str, interval: str) -> str:
    """Minutes from a hash of the name, so that a hundred models do not ask at once."""
    mark = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
    if interval in _EVERY:
        period = int(interval.removesuffix("m"))
        return _EVERY[interval].format(m=mark % period) + " * * * *"
    minute = mark % 60
    return {
        "1h": f"{minute} * * * *",
        "6h": f"{minute} {mark % 6}-23/6 * * *",
        "24h": f"{minute} {mark % 24} * * *",
    }[interval]


def _cron(  # noqa: PLR0917  # a CronJob has this many facts
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


def retraining(lead_model: Object, spec: Spec, asked: Retraining, image: str) -> Object:
    """The nightly CronJob: writes holdout, then artifact, and names the digest."""
    name = f"{lead_model['metadata']['name']}-retraining"
    pod = _pod(
        asked.image or image,
        [Program.TRAIN, *commands.retraining(lead_model["metadata"]["name"], spec, asked)],
        account(lead_model, spec),
        secrets=(asked.leads.secret_name, spec.artifact.secret_name, spec.holdout.secret_name),
        claims=(claim_of(asked.leads.uri), claim_of(spec.artifact.uri), claim_of(spec.holdout.uri)),
        resources=asked.resources
        or {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "4Gi"}},
    )
    return _cron(
        lead_model,
        name,
        JobKind.RETRAINING,
        asked.schedule,
        asked.time_zone,
        pod,
        limits=(3, 3),
        deadline=6 * 3600,
        suspend=asked.suspend,
    )


def backfill(lead_model: Object, spec: Spec, asked: PiiBackfill, image: str) -> Object:
    """The weekly CronJob over Redis; a dry run unless mode is Apply."""
    name = f"{lead_model['metadata']['name']}-backfill"
    metadata, image = lead_model["metadata"], asked.image or image
    arguments = commands.backfill(
        f"{metadata['namespace']}/{metadata['name']}", asked, image=image, wait_s=None
    )
    key = {"name": asked.redis.secret_name, "key": asked.redis.key}
    env = [{"name": "REDIS_URL", "valueFrom": {"secretKeyRef": key}}]
    pod = _pod(
        image,
        [Program.PRIVACY, *arguments],
        account(lead_model, spec),
        env=env,
        resources=asked.resources,
    )
    more = {
        "backoffLimit": 3,
        "ttlSecondsAfterFinished": 30 * DAY_S,
        "podFailurePolicy": {
            "rules": [
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                {
                    "action": "FailJob",
                    "onExitCodes": {"containerName": "main", "operator": "In", "values": _FINAL},
                },
            ]
        },
    }
    return _cron(
        lead_model,
        name,
        JobKind.BACKFILL,
        asked.schedule,
        asked.time_zone,
        pod,
        limits=(5, 5),
        deadline=6 * DAY_S,
        suspend=asked.suspend,
        more=more,
        start_within=6 * 3600,
    )
