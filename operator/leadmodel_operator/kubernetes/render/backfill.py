"""Renders the CronJob of the backfill over Redis, with its login, certificates and rules for another try. Pure."""

from leadmodel_messages.commands import Program
from leadmodel_messages.exits import BackfillExit
from leadmodel_operator.kubernetes.render.job_access import account
from leadmodel_operator.kubernetes.render.job_pods import cron, pod
from leadmodel_operator.kubernetes.render.names import Object
from leadmodel_operator.kubernetes.render.objects import admission
from leadmodel_operator.planning import commands
from leadmodel_operator.planning.observed import JobKind
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_schedules import PiiBackfill, RedisSource

DAY_S = 86400
_FINAL = [BackfillExit.CONFIGURATION.value, BackfillExit.RESIDUE.value]  # another try would end alike
REDIS_TLS = "/redis-tls"  # where the certificates of the connection to Redis are mounted


def backfill(lead_model: Object, spec: Spec, wanted: PiiBackfill, image: str) -> Object:
    """Render the CronJob of the backfill over Redis; a dry run unless the mode is Apply."""
    name = f"{lead_model['metadata']['name']}-backfill"
    metadata, image = lead_model["metadata"], wanted.image or image
    arguments = commands.backfill(
        f"{metadata['namespace']}/{metadata['name']}", wanted, image=image, wait_s=None, tls_folder=REDIS_TLS
    )
    run = pod(
        image,
        [Program.PRIVACY, *arguments],
        account(lead_model, spec),
        placing=admission(spec.predictor),
        env=_redis_login(wanted.redis),
        resources=wanted.resources,
    )
    _mount_certificates(run, wanted.redis)
    return cron(
        lead_model,
        name,
        JobKind.BACKFILL,
        wanted.schedule,
        wanted.time_zone,
        run,
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
