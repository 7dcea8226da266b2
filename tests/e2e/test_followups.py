"""Follow-ups on a real cluster over Console: what was handed in is sent once, whatever becomes of pods, settings and the Redis."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
import yaml

from e2e.harness.cluster import ROOT, TARGET, wait_for
from e2e.harness.conversations import PASSWORD, Conversations
from e2e.harness.models import Model
from e2e.harness.subject import Subject

pytestmark = pytest.mark.lifecycle

TOKEN = "token-of-a-test-token-of-a-test"
ADDRESS = "ada.lovelace@example.com"
PEOPLE = 60
TEXTS = {
    "hello.en.txt": "Hello {{ name|default('there') }}, shall we talk? Reply STOP to end.",
    "hello.en.subject": "Your question",
}


@contextmanager
def lasting(port: int, folder: Path) -> Iterator["redis.Redis"]:
    """Run a Redis that keeps what it acknowledged in this folder, and takes it up again when it starts again."""
    server = shutil.which("redis-server")
    assert server is not None, "no redis-server on this machine"
    where = ("--bind", TARGET.host, "--port", str(port), "--requirepass", PASSWORD)
    with subprocess.Popen(
        [server, *where, "--appendonly", "yes"], cwd=folder, stdout=subprocess.DEVNULL
    ) as process:
        client = redis.Redis(TARGET.host, port, password=PASSWORD, decode_responses=True)
        try:
            wait_for("Redis", lambda: _answers(client), 30)
            yield client
        finally:
            client.close()
            process.kill()


def _answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


@dataclass(frozen=True)
class Senders:
    """The follow-ups of a LeadModel."""

    subject: Subject
    port: int

    @property
    def spec(self) -> dict[str, Any]:
        """Those of the example, due two seconds after the lead came in, at all hours."""
        example = yaml.safe_load((ROOT / "crds" / "examples" / "followups.yaml").read_text())
        wanted: dict[str, Any] = example["spec"]["followUps"]
        wanted["redis"]["port"] = self.port
        steps = [{"name": "first", "after": "2s", "channel": "console", "template": "hello"}]
        wanted["bands"] = [{"name": "warm", "minScore": 0.5, "steps": steps}]
        return wanted

    def make_secrets(self) -> None:
        """Create the Secrets and the templates that the example names."""
        url = f"redis://:{PASSWORD}@{TARGET.host}:{self.port}/0"
        create, where = self.subject.cluster.kubectl, ("-n", self.subject.namespace)
        create("create", "secret", "generic", "followups-redis", *where, f"--from-literal=url={url}")
        keys = (f"--from-literal=key={'k' * 32}", f"--from-literal=token={TOKEN}")
        create("create", "secret", "generic", "followups", *where, *keys)
        files = (f"--from-literal={name}={text}" for name, text in TEXTS.items())
        create("create", "configmap", "followups-templates", *where, *files)

    def hand_in(self, number: int) -> int:
        """Hand in a lead with consent; the status of the answer, 0 for none."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        document = {
            "lead": f"lead-{number}",
            "person": f"person-{number}",
            "at": now,
            "score": 0.9,
            "name": "Ada",
            "language": "en",
            "addresses": {"console": f"{number}.{ADDRESS}"},
            "consents": {"console": {"at": now, "source": "form-1"}},
        }
        service = self.subject.cluster.get(
            "service", f"{self.subject.name}-followups", self.subject.namespace
        )
        assert service is not None
        request = urllib.request.Request(  # http in the cluster of the test
            f"http://{service['spec']['clusterIP']}/followups",
            json.dumps(document).encode(),
            {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except OSError:
            return 0

    def insist(self, number: int) -> None:
        """Hand in a lead until it was taken, as callers do: a second time changes nothing."""
        self.subject.wait(f"lead {number} is taken", lambda: self.hand_in(number) == 200, 60)

    def kill_pods(self) -> None:
        """Kill every pod at once, without grace."""
        labels = f"customerops.dev/leadmodel={self.subject.name},customerops.dev/role=followups"
        where = ("-n", self.subject.namespace, "-l", labels)
        self.subject.cluster.kubectl("delete", "pods", *where, "--grace-period=0", "--force")


def states(client: "redis.Redis") -> Counter[str]:
    """How many follow-ups there are by their state."""
    keys = list(client.scan_iter("fu:*:f:*"))
    return Counter(str(client.hget(key, "state")) for key in keys)


def test_each_message_leaves_once_while_pods_die_and_the_redis_starts_again(
    subject: Subject, good: Model, tmp_path: Path
):
    senders = Senders(subject, Conversations().port)
    senders.make_secrets()
    with lasting(senders.port, tmp_path):
        subject.serve(good, followUps=senders.spec, predictor={"replicas": 1})
        subject.until("FollowUpsHealthy", "True", "Healthy", 180)
        for number in range(PEOPLE // 2):
            senders.insist(number)
        senders.kill_pods()
    with lasting(senders.port, tmp_path) as client:  # killed above, and started again over what it kept
        for number in range(PEOPLE):
            senders.insist(number)
        senders.kill_pods()
        subject.wait("all left", lambda: states(client)["sent"] == PEOPLE, 180)
        assert sum(states(client).values()) == PEOPLE, "none was made twice"
        subject.until("FollowUpsHealthy", "True", "Healthy", 180)
        shown = json.dumps(subject.object()) + "".join(subject.events())
        logs = "".join(
            subject.cluster.kubectl("logs", "-n", subject.namespace, pod["metadata"]["name"], check=False)
            for pod in subject.pods("followups")
        )
        for secret in (ADDRESS, "Ada", PASSWORD, TOKEN):
            assert secret not in shown + logs


def test_settings_reach_pods_without_a_restart_and_the_section_goes_as_it_came(
    subject: Subject, good: Model, tmp_path: Path
):
    senders = Senders(subject, Conversations().port)
    senders.make_secrets()
    with lasting(senders.port, tmp_path) as client:
        subject.serve(good, followUps=senders.spec, predictor={"replicas": 1})
        subject.until("FollowUpsHealthy", "True", "Healthy", 180)
        before = {pod["metadata"]["uid"] for pod in subject.pods("followups")}
        subject.apply(followUps={**senders.spec, "suspend": True}, predictor={"replicas": 1})
        subject.until("FollowUpsHealthy", "Unknown", "Suspended", 240)
        senders.insist(1)
        time.sleep(10)
        assert states(client)["sent"] == 0
        assert {pod["metadata"]["uid"] for pod in subject.pods("followups")} == before
        subject.apply(followUps=senders.spec, predictor={"replicas": 1})
        subject.wait("it leaves", lambda: states(client)["sent"] == 1, 240)
        subject.apply(predictor={"replicas": 1})
        subject.until("FollowUpsHealthy", "Unknown", "NotConfigured")
        subject.wait_gone(lambda: not subject.pods("followups"))
        assert subject.condition("Ready") == ("True", "Serving")
