"""The backfill as the operator sees it: the CronJob it renders, the counts it takes, and what the condition says."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from leadmodel_messages import backfill
from leadmodel_messages.backfill import BackfillAnswer, Counts, Head, Mode
from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.render.backfill import backfill as rendered_backfill
from leadmodel_operator.planning.observed import JobKind, JobSeen, JobState, Observed, ScheduleSeen
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.resource.fields import Duration
from leadmodel_operator.resource.spec import Spec
from leadmodel_operator.resource.spec_schedules import PiiBackfill, RedisSource, RedisTls
from leadmodel_operator.resource.spec_sources import ArtifactSource, HoldoutSource
from leadmodel_operator.resource.vocabulary import ConditionType
from leadmodel_privacy.__main__ import parser
from leadmodel_privacy.backfill.requested import redaction, settings_of

NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
LEAD_MODEL = {"metadata": {"name": "conversion", "namespace": "sales", "uid": "0"}}
ASKED = PiiBackfill(
    redis=RedisSource(secret_name="redis"),
    key_patterns=("chat:*", "mail:[ab]*"),
    text_fields=("text", "details"),
    mode="Apply",
    retention=Duration("1h30m"),
)
SPEC = Spec(
    artifact=ArtifactSource(uri="s3://leads/model.json"),
    holdout=HoldoutSource(uri="s3://leads/holdout.csv.gz"),
    pii_backfill=ASKED,
)


def cron(asked=ASKED):
    return rendered_backfill(LEAD_MODEL, replace(SPEC, pii_backfill=asked), asked, "privacy:1")


def pod(asked=ASKED):
    return cron(asked)["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def settings_asked(arguments):
    given = parser().parse_args(arguments)
    return settings_of(given, redaction(given))


def test_the_program_takes_the_arguments_it_is_given():
    container = pod()["containers"][0]
    assert container["command"] == ["leadmodel-privacy"]
    settings = settings_asked(container["args"])
    assert settings.patterns == ASKED.key_patterns
    assert settings.task.config.fields == ASKED.text_fields
    assert (settings.apply, settings.retention_s, settings.name) == (True, 5400, "sales/conversion")
    assert settings.image == "privacy:1"
    dry = pod(replace(ASKED, mode="DryRun"))["containers"][0]["args"]
    assert not settings_asked(dry).apply


def test_the_url_is_only_in_the_secret():
    assert pod()["containers"][0]["env"] == [
        {"name": "REDIS_URL", "valueFrom": {"secretKeyRef": {"name": "redis", "key": "REDIS_URL"}}}
    ]


def test_login_and_certificates_come_from_keys_of_secrets():
    tls = RedisTls(
        secret_name="certs", ca_key="ca.crt", certificate_key="cert.pem", private_key_key="key.pem"
    )
    redis = RedisSource(secret_name="redis", username_key="user", password_key="password", tls=tls)
    asked = pod(replace(ASKED, redis=redis))
    container = asked["containers"][0]
    keys = {item["name"]: item["valueFrom"]["secretKeyRef"]["key"] for item in container["env"]}
    assert keys == {"REDIS_URL": "REDIS_URL", "REDIS_USERNAME": "user", "REDIS_PASSWORD": "password"}
    secret = next(volume["secret"] for volume in asked["volumes"] if "secret" in volume)
    assert secret["secretName"] == "certs"
    files = {item["key"]: item["path"] for item in secret["items"]}
    assert files == {"ca.crt": "ca.crt", "cert.pem": "tls.crt", "key.pem": "tls.key"}
    mount = next(mount for mount in container["volumeMounts"] if mount["name"] == "redis-tls")
    assert mount == {"name": "redis-tls", "mountPath": "/redis-tls", "readOnly": True}
    given = parser().parse_args(container["args"])
    assert (given.tls_ca, given.tls_cert, given.tls_key) == (
        "/redis-tls/ca.crt",
        "/redis-tls/tls.crt",
        "/redis-tls/tls.key",
    )


def test_without_a_secret_of_their_own_certificates_come_from_that_of_the_url():
    asked = pod(replace(ASKED, redis=RedisSource(secret_name="redis", tls=RedisTls(ca_key="ca.pem"))))
    secret = next(volume["secret"] for volume in asked["volumes"] if "secret" in volume)
    assert secret == {"secretName": "redis", "items": [{"key": "ca.pem", "path": "ca.crt"}]}
    assert "--tls-key" not in " ".join(asked["containers"][0]["args"])


def test_habits_of_the_schedule():
    spec = cron()["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == (
        "0 2 * * 0",
        "Etc/UTC",
        "Forbid",
    )
    assert (spec["successfulJobsHistoryLimit"], spec["failedJobsHistoryLimit"]) == (5, 5)
    assert spec["startingDeadlineSeconds"] == 6 * 3600
    job = spec["jobTemplate"]["spec"]
    assert (job["backoffLimit"], job["activeDeadlineSeconds"]) == (3, 6 * 86400)
    assert job["ttlSecondsAfterFinished"] == 30 * 86400
    ignore, fail = job["podFailurePolicy"]["rules"]
    assert ignore == {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    assert fail["onExitCodes"] == {"containerName": "main", "operator": "In", "values": [2, 3]}
    assert fail["action"] == "FailJob"


def test_the_pod_is_restricted():
    found = pod()
    assert found["automountServiceAccountToken"] is False
    assert found["restartPolicy"] == "Never"
    assert found["securityContext"]["runAsNonRoot"] is True
    container = found["containers"][0]["securityContext"]
    assert container["readOnlyRootFilesystem"] is True
    assert container["allowPrivilegeEscalation"] is False
    assert container["capabilities"] == {"drop": ["ALL"]}


def job(message, state=JobState.SUCCEEDED, code=0, name="conversion-backfill-1", days=0):
    created = NOW - timedelta(days=1 - days)
    return JobSeen(name, JobKind.BACKFILL, state, created, created + timedelta(hours=1), message, code)


def line(mode=Mode.APPLY, message="", **counts):
    head = Head(mode=mode, message=message)
    return backfill.dump(BackfillAnswer(head, Counts(scanned=100, **counts), report="r"))


def after(*seen, spec=SPEC, status=None, **more):
    found = plan(
        Observed(
            now=NOW, rv="1", generation=1, spec=spec, uid="0", name="conversion", namespace="sales", status=status,
            jobs=seen, **more,
        )
    )  # fmt: skip
    condition = next(c for c in found.status.conditions if c.type is ConditionType.BACKFILL_HEALTHY)
    return found, (str(condition.status), str(condition.reason)), condition.message


@pytest.mark.parametrize(
    ("seen", "healthy", "counts"),
    [
        (job(line(changed=7, found=7)), ("True", "Succeeded"), (100, 7, 0, None)),
        (job(line(Mode.DRY_RUN, found=9, changed=0)), ("False", "PiiFound"), (100, 9, 0, None)),
        (job(line(Mode.DRY_RUN, found=0)), ("True", "Succeeded"), (100, 0, 0, None)),
        (
            job(line(changed=5, residue=2, message="2 messages left"), JobState.FAILED, 3),
            ("False", "Failed"),
            (100, 5, 2, "the backfill failed: 2 messages left"),
        ),
        (
            job(line(message="the last dry run had another configuration"), JobState.FAILED, 2),
            ("False", "Failed"),
            (0, 0, 0, "the backfill failed: the last dry run had another configuration"),
        ),
        (
            job("", JobState.FAILED, 75),
            ("False", "Failed"),
            (
                0,
                0,
                0,
                "the backfill ended with exit code 75 and without a word; the log of its pod may say more",
            ),
        ),
        (
            job("", JobState.FAILED, None),
            ("False", "Failed"),
            (0, 0, 0, "the backfill did not end in time, or its pod is gone"),
        ),
    ],
)
def test_what_a_run_comes_to(seen, healthy, counts):
    found, condition, message = after(seen)
    assert condition == healthy
    told = found.status.backfill
    assert (told.scanned, told.redacted, told.residue, told.error) == counts
    assert counts[3] is None or message == counts[3]
    assert (told.last_success is not None) == (seen.state is JobState.SUCCEEDED)


def test_a_later_success_heals_and_a_failure_keeps_the_last_success():
    first, _, _ = after(job(line(changed=7)))
    second, condition, _ = after(
        job("", JobState.FAILED, 75, "conversion-backfill-2", 0.5), status=first.status
    )
    assert condition == ("False", "Failed")
    assert second.status.backfill.last_success == first.status.backfill.last_success
    assert second.status.backfill.scanned == 100
    third, condition, _ = after(
        job(line(changed=1), name="conversion-backfill-3", days=0.9), status=second.status
    )
    assert condition == ("True", "Succeeded")
    assert third.status.backfill.redacted == 1


def test_an_older_job_is_not_taken_again_when_the_newest_is_deleted():
    older, newer = job(line(changed=7)), job(line(changed=1), name="by-hand", days=0.5)
    first, _, _ = after(older, newer)
    second, _, _ = after(older, status=first.status)
    assert second.status.backfill == first.status.backfill


def test_before_the_first_run():
    assert after()[1] == ("Unknown", "Pending")
    assert after(spec=replace(SPEC, pii_backfill=None))[1] == ("Unknown", "NotConfigured")
    assert after(spec=replace(SPEC, pii_backfill=replace(ASKED, suspend=True)))[1] == ("Unknown", "Suspended")
    running = ScheduleSeen(JobKind.BACKFILL, "0 2 * * 0", suspended=False, created=NOW, running=True)
    assert after(schedules=(running,))[1] == ("Unknown", "Running")
    assert after(schedules=(replace(running, running=False, overdue=True),))[1] == ("False", "Overdue")
    assert after(covered_by="older")[1] == ("Unknown", "CoveredBy")


def by_hand(role="backfill", **owner):
    reference = {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "name": "conversion-backfill",
        "uid": "c",
    } | owner
    labels = {cluster.ROLE: role}
    return {"metadata": {"name": "look", "uid": "j", "labels": labels, "ownerReferences": [reference]}}


def test_a_job_made_from_the_cronjob_by_hand_counts():
    """`kubectl create job --from=cronjob/…` names the CronJob as an owner that is no controller."""
    assert cluster.is_started_by_hand(by_hand(), {"c"})
    assert not cluster.is_started_by_hand(by_hand(uid="other"), {"c"})
    assert not cluster.is_started_by_hand(by_hand(kind="Deployment"), {"c"})
    assert not cluster.is_started_by_hand(by_hand(role="retraining"), {"c"}), (
        "its answer would become a candidate"
    )
