"""Renders the objects that do work: Jobs and CronJobs of validation, poll, retraining and backfill, and their account. Pure."""

import hashlib
from typing import Any

from leadmodel_messages.commands import Program
from leadmodel_messages.credentials import Source
from leadmodel_messages.exits import BackfillExit
from leadmodel_messages.places import SNAPSHOT_FILE
from leadmodel_operator.kubernetes.render.arguments import start
from leadmodel_operator.kubernetes.render.names import Object, meta, revision_name
from leadmodel_operator.kubernetes.render.objects import (
    JOB_RESOURCES,
    POD_SECURITY,
    SECURITY,
    admission,
    claim_of,
)
from leadmodel_operator.planning import commands
from leadmodel_operator.planning.observed import JobKind, Poll, Validation
from leadmodel_operator.resource.spec import PiiBackfill, RedisSource, Retraining, Spec

DAY_S = 86400
_FINAL = [BackfillExit.CONFIGURATION.value, BackfillExit.RESIDUE.value]  # another try would end alike
_EVERY = {"5m": "{m}-59/5", "15m": "{m}-59/15", "30m": "{m}-59/30"}


def account(lead_model: Object, spec: Spec) -> str:
    """Name the service account that Jobs run under."""
    return spec.service_account_name or f"{lead_model['metadata']['name']}-jobs"


def access(lead_model: Object, spec: Spec) -> list[Object]:
    """Render the Jobs' account, unless the spec names one, and its single right: to fill the mailbox."""
    metadata = lead_model["metadata"]
    name, namespace = f"{metadata['name']}-jobs", metadata["namespace"]
    rule = {
        "apiGroups": [""],
        "resources": ["configmaps"],
        "resourceNames": [f"{metadata['name']}-mailbox"],
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


def mailbox(lead_model: Object) -> Object:
    """Render the empty ConfigMap that a validation fills with the snapshot."""
    name = f"{lead_model['metadata']['name']}-mailbox"
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta(name, lead_model, "mailbox")}


def _pod(
    image: str,
    command: list[str],
    account_name: str,
    *,
    placing: Object,
    token: bool = False,
    secrets: dict[Source, str | None] | None = None,
    claims: tuple[str | None, ...] = (),
    snapshots: dict[str, str] | None = None,
    resources: Any = None,
    env: list[Object] | None = None,
) -> Object:
    """Render a pod that runs once.

    `placing` holds pull secrets and where the pod may run, `snapshots` maps a folder under /models to its ConfigMap, and `token` mounts
    the account's token.
    """
    volumes, mounts = _volumes(snapshots or {}, sorted({claim for claim in claims if claim}))
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


def _beside_predictors(spec: Spec) -> Object:
    """Render where a Job runs that uses the predictor's image: on the predictor's nodes, which have the image's architecture."""
    return {**admission(spec.predictor), "nodeSelector": dict(spec.predictor.node_selector or {})}


def _credentials(secrets: dict[Source, str | None]) -> list[Object]:
    """Render the Secrets of a pod's sources as variables: one Secret as it is, several once more under the prefix of their source."""
    named = {source: secret for source, secret in secrets.items() if secret}
    plain: list[Object] = [{"secretRef": {"name": secret}} for secret in sorted(set(named.values()))]
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


def _secrets(spec: Spec) -> dict[Source, str | None]:
    return {Source.ARTIFACT: spec.artifact.secret_name, Source.HOLDOUT: spec.holdout.secret_name}


def validation(lead_model: Object, spec: Spec, wanted: Validation) -> Object:
    """Render the Job that measures a candidate, by the predictor's image and within the validation's deadline."""
    metadata = lead_model["metadata"]
    name = metadata["name"]
    snapshots: dict[str, str] = {}

    def mount(part: str, digest: str) -> str:
        snapshots[part] = revision_name(name, digest)
        return f"/models/{part}/{SNAPSHOT_FILE}"

    arguments = commands.validation(wanted, mount, f"{metadata['namespace']}/{name}-mailbox")
    pod = _pod(
        wanted.image,
        [Program.VALIDATE, *arguments],
        account(lead_model, spec),
        placing=_beside_predictors(spec),
        token=not wanted.held,
        secrets=_secrets(spec),
        claims=(claim_of(wanted.uri), claim_of(wanted.holdout_uri)),
        snapshots=snapshots,
        resources=spec.jobs.resources,
    )
    return _job(lead_model, wanted.name, JobKind.VALIDATION, pod, int(wanted.deadline))


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


def _poll_pod(lead_model: Object, spec: Spec, poll: Poll) -> Object:
    return _pod(
        poll.image,
        [Program.POLL, *commands.poll(poll)],
        account(lead_model, spec),
        placing=_beside_predictors(spec),
        secrets=_secrets(spec),
        claims=(claim_of(poll.uri), claim_of(poll.holdout_uri)),
        resources=spec.jobs.resources,
    )


def poll_job(lead_model: Object, spec: Spec, poll: Poll) -> Object:
    """Render the Job that asks the store once, now."""
    return _job(lead_model, poll.once or "", JobKind.POLL, _poll_pod(lead_model, spec, poll), 300)


def poll_cron(lead_model: Object, spec: Spec, poll: Poll) -> Object | None:
    """Render the CronJob that asks the store; None where the poll interval is 0s."""
    if poll.interval == "0s":
        return None
    name = f"{lead_model['metadata']['name']}-poll"
    pod = _poll_pod(lead_model, spec, poll)
    return _cron(
        lead_model,
        name,
        JobKind.POLL,
        poll_schedule(name, poll.interval),
        "Etc/UTC",
        pod,
        limits=(3, 1),
        deadline=300,
    )


def poll_schedule(name: str, interval: str) -> str:
    """Return a cron schedule whose minute comes from a hash of the name, so that a hundred models do not ask at once."""
    offset = int(hashlib.sha256(name.encode()).hexdigest()[:8], 16)
    if interval in _EVERY:
        period = int(interval.removesuffix("m"))
        return _EVERY[interval].format(m=offset % period) + " * * * *"
    minute = offset % 60
    return {
        "1h": f"{minute} * * * *",
        "6h": f"{minute} {offset % 6}-23/6 * * *",
        "24h": f"{minute} {offset % 24} * * *",
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


def retraining(lead_model: Object, spec: Spec, wanted: Retraining, image: str) -> Object:
    """Render the CronJob of the retraining, which writes the holdout, then the artifact, and reports the digest."""
    name = f"{lead_model['metadata']['name']}-retraining"
    pod = _pod(
        wanted.image or image,
        [Program.TRAIN, *commands.retraining(lead_model["metadata"]["name"], spec, wanted)],
        account(lead_model, spec),
        placing=admission(spec.predictor),
        secrets={**_secrets(spec), Source.LEADS: wanted.leads.secret_name},
        claims=(claim_of(wanted.leads.uri), claim_of(spec.artifact.uri), claim_of(spec.holdout.uri)),
        resources=wanted.resources
        or {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "4Gi"}},
    )
    return _cron(
        lead_model,
        name,
        JobKind.RETRAINING,
        wanted.schedule,
        wanted.time_zone,
        pod,
        limits=(3, 3),
        deadline=6 * 3600,
        suspend=wanted.suspend,
    )


REDIS_TLS = "/redis-tls"  # where the certificates of the connection to Redis are mounted


def backfill(lead_model: Object, spec: Spec, wanted: PiiBackfill, image: str) -> Object:
    """Render the CronJob of the backfill over Redis; a dry run unless the mode is Apply."""
    name = f"{lead_model['metadata']['name']}-backfill"
    metadata, image = lead_model["metadata"], wanted.image or image
    arguments = commands.backfill(
        f"{metadata['namespace']}/{metadata['name']}", wanted, image=image, wait_s=None, tls_folder=REDIS_TLS
    )
    pod = _pod(
        image,
        [Program.PRIVACY, *arguments],
        account(lead_model, spec),
        placing=admission(spec.predictor),
        env=_redis_login(wanted.redis),
        resources=wanted.resources,
    )
    _mount_certificates(pod, wanted.redis)
    return _cron(
        lead_model,
        name,
        JobKind.BACKFILL,
        wanted.schedule,
        wanted.time_zone,
        pod,
        limits=(5, 5),
        deadline=6 * DAY_S,
        suspend=wanted.suspend,
        more=_backfill_retries(),
        start_within=6 * 3600,
    )


def _redis_login(redis: RedisSource) -> list[Object]:
    """Render the variables with URL, user and password, each from its key of the Secret."""
    keys = {
        "REDIS_URL": redis.key,
        "REDIS_USERNAME": redis.username_key,
        "REDIS_PASSWORD": redis.password_key,
    }
    return [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": redis.secret_name, "key": key}}}
        for name, key in keys.items()
        if key is not None
    ]


def _mount_certificates(pod: Object, redis: RedisSource) -> None:
    """Mount the certificates of the connection to Redis, under the names that the arguments have."""
    files = commands.tls_files(redis.tls)
    if redis.tls is None or not files:
        return
    items = [{"key": key, "path": file} for file, key in files.items()]
    source = {"secretName": redis.tls.secret_name or redis.secret_name, "items": items}
    pod["volumes"].append({"name": "redis-tls", "secret": source})
    mount = {"name": "redis-tls", "mountPath": REDIS_TLS, "readOnly": True}
    pod["containers"][0]["volumeMounts"].append(mount)


def _backfill_retries() -> Object:
    """Render how a backfill is tried again: an eviction costs no try, and an exit code that would come again ends the Job."""
    evicted = {"type": "DisruptionTarget", "status": "True"}
    final = {"containerName": "main", "operator": "In", "values": _FINAL}
    return {
        "backoffLimit": 3,
        "ttlSecondsAfterFinished": 30 * DAY_S,
        "podFailurePolicy": {
            "rules": [
                {"action": "Ignore", "onPodConditions": [evicted]},
                {"action": "FailJob", "onExitCodes": final},
            ]
        },
    }
