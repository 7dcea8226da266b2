"""The PII backfill of a LeadModel against a real Redis that pods reach: first a dry run, then it redacts and verifies."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import redis

from e2e.harness.cluster import TARGET, wait_for
from e2e.harness.models import Model
from e2e.harness.subject import Subject

pytestmark = pytest.mark.privacy

PASSWORD = "of-a-test"
SAID = json.dumps({"role": "user", "text": "write to ada.lovelace@example.com please"})


@contextmanager
def a_redis(folder: Path) -> Iterator["redis.Redis"]:
    """A Redis that pods reach, with a hundred conversations, one in ten with an address in it."""
    server = shutil.which("redis-server")
    if server is None:
        pytest.skip("no redis-server on this machine")
    with socket.socket() as probe:
        probe.bind((TARGET.host, 0))
        port = int(probe.getsockname()[1])
    command = [server, "--bind", TARGET.host, "--port", str(port), "--requirepass", PASSWORD, "--save", ""]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        client = redis.Redis(TARGET.host, port, password=PASSWORD, decode_responses=True)
        wait_for("Redis", lambda: answers(client), 30)
        for number in range(100):
            text = SAID if number % 10 == 0 else json.dumps({"role": "user", "text": "how much is it?"})
            client.rpush(f"chat:{number}", text, json.dumps({"role": "bot", "text": "I will ask."}))
        yield client
        client.close()
        process.terminate()


@pytest.fixture
def conversations(tmp_path: Path) -> Iterator["redis.Redis"]:
    """Conversations of one test."""
    with a_redis(tmp_path) as client:
        yield client


def url_of(client: "redis.Redis") -> str:
    """The URL with which a backfill logs in."""
    port = client.connection_pool.connection_kwargs["port"]
    return f"redis://:{PASSWORD}@{TARGET.host}:{port}/0"


def answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def run_once(subject: Subject, job: str) -> None:
    cron = f"{subject.name}-backfill"
    subject.wait("the CronJob", lambda: subject.cluster.get("cronjob", cron, subject.namespace))
    subject.cluster.kubectl("create", "job", job, f"--from=cronjob/{cron}", "-n", subject.namespace)


def test_a_dry_run_and_then_an_apply(subject: Subject, good: Model, conversations: "redis.Redis"):
    subject.cluster.kubectl(
        "create",
        "secret",
        "generic",
        "conversations",
        "-n",
        subject.namespace,
        f"--from-literal=REDIS_URL={url_of(conversations)}",
    )
    backfill = {"redis": {"secretName": "conversations"}, "keyPatterns": ["chat:*"], "schedule": "0 2 * * 0"}
    subject.serve(good, piiBackfill=backfill, predictor={"replicas": 1})
    run_once(subject, "look")
    subject.until("BackfillHealthy", "False", "PiiFound")
    assert conversations.lrange("chat:0", 0, 0) == [SAID], "a dry run changed something"
    found = subject.status()["backfill"]
    assert found["mode"] == "DryRun"
    assert found["redacted"] == 10
    subject.apply(piiBackfill={**backfill, "mode": "Apply"}, predictor={"replicas": 1})
    cron = f"{subject.name}-backfill"

    def applies() -> bool:
        return "--apply" in json.dumps(subject.cluster.get("cronjob", cron, subject.namespace))

    subject.wait("the CronJob applies", applies)
    run_once(subject, "redact")
    subject.until("BackfillHealthy", "True", "Succeeded")
    (said,) = conversations.lrange("chat:0", 0, 0)
    assert "ada" not in said
    assert json.loads(said) == {"role": "user", "text": "write to [EMAIL] please"}
    found = subject.status()["backfill"]
    assert (found["mode"], found["redacted"], found["residue"]) == ("Apply", 10, 0)
    assert subject.condition("Ready") == ("True", "Serving")
    pods = subject.cluster.items("pods", subject.namespace, "customerops.dev/role=backfill")
    logs = "".join(
        subject.cluster.kubectl("logs", "-n", subject.namespace, p["metadata"]["name"]) for p in pods
    )
    for secret in ("ada.lovelace", PASSWORD):
        assert secret not in logs + json.dumps(subject.object())
