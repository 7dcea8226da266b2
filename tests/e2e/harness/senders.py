"""A LeadModel's follow-ups over Console, with a Redis that keeps what it acknowledged."""

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis
import yaml

from e2e.harness.cluster import ROOT, TARGET, wait_for
from e2e.harness.conversations import PASSWORD
from e2e.harness.subject import Subject

TOKEN = "token-of-a-test-token-of-a-test"
ARM = "early"
ADDRESS = "ada.lovelace@example.com"
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
        """Those of the example, due two seconds after the lead came in, at all hours, for leads of one arm."""
        example = yaml.safe_load((ROOT / "crds" / "examples" / "followups.yaml").read_text())
        wanted: dict[str, Any] = example["spec"]["followUps"]
        wanted["redis"]["port"] = self.port
        steps = [{"name": "first", "after": "2s", "channel": "console", "template": "hello"}]
        wanted["bands"] = [{"name": "warm", "minScore": 0.5, "steps": steps}]
        wanted["arms"] = [ARM]
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

    def hand_in(self, number: int, channel: str = "console", address: str = "") -> int:
        """Hand in a lead with consent for one channel; the status of the answer, 0 for none."""
        now = self.now()
        document = {
            "lead": f"lead-{number}",
            "person": f"person-{number}",
            "at": now,
            "score": 0.9,
            "arm": ARM,
            "name": "Ada",
            "language": "en",
            "addresses": {channel: address or f"{number}.{ADDRESS}"},
            "consents": {channel: {"at": now, "source": "form-1"}},
        }
        return self.post("/followups", document)

    def withdraw(self, number: int) -> int:
        """Withdraw the consent of a person; the status of the answer, 0 for none."""
        document = {"person": f"person-{number}", "channel": "console", "address": None, "at": self.now()}
        return self.post("/consents", document | {"source": "call"})

    def convert(self, number: int) -> int:
        """Make a person a customer; the status of the answer, 0 for none."""
        return self.post("/conversions", {"person": f"person-{number}", "at": self.now()})

    @staticmethod
    def now() -> str:
        """The time as callers write it."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def post(self, path: str, document: Any) -> int:
        """Call the intake; the status of the answer, 0 for none."""
        service = self.subject.cluster.get(
            "service", f"{self.subject.name}-followups", self.subject.namespace
        )
        assert service is not None
        request = urllib.request.Request(  # http in the cluster of the test
            f"http://{service['spec']['clusterIP']}{path}",
            json.dumps(document).encode(),
            {"authorization": f"Bearer {TOKEN}", "content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except OSError:
            return 0

    def insist(self, number: int, channel: str = "console", address: str = "") -> None:
        """Hand in a lead until it was taken, as callers do: a second time changes nothing."""
        self.subject.wait(
            f"lead {number} is taken", lambda: self.hand_in(number, channel, address) == 200, 60
        )

    def pods(self) -> list[str]:
        """The names of the pods."""
        return [pod["metadata"]["name"] for pod in self.subject.pods("followups")]

    def reports(self) -> list[str]:
        """Whatever people see of the follow-ups: the object, its events, ConfigMaps, and each pod's log and metrics."""
        subject, where = self.subject, ("-n", self.subject.namespace)
        kubectl = subject.cluster.kubectl
        pods = f"/api/v1/namespaces/{subject.namespace}/pods"
        return [
            json.dumps(subject.object()),
            *subject.events(),
            kubectl("get", "configmaps", *where, "-o", "yaml"),
            *(kubectl("logs", *where, name, check=False) for name in self.pods()),
            *(kubectl("get", "--raw", f"{pods}/{name}:8080/proxy/metrics") for name in self.pods()),
        ]

    def drain(self) -> None:
        """Evict each pod as a drained node does: refused while the disruption budget says so, and asked again."""
        where = f"/api/v1/namespaces/{self.subject.namespace}/pods"
        for name in self.pods():
            eviction = json.dumps(
                {
                    "apiVersion": "policy/v1",
                    "kind": "Eviction",
                    "metadata": {"name": name, "namespace": self.subject.namespace},
                }
            )
            create = ("create", "--raw", f"{where}/{name}/eviction", "-f", "-")
            self.subject.wait(
                f"{name} is evicted", lambda c=create, e=eviction: self._is_taken(*c, stdin=e), 180
            )

    def _is_taken(self, *command: str, stdin: str) -> bool:
        try:
            self.subject.cluster.kubectl(*command, stdin=stdin)
        except RuntimeError as error:
            if "disruption budget" in str(error):
                return False
            raise
        return True

    def kill_pods(self) -> None:
        """Kill every pod at once, without grace."""
        labels = f"customerops.dev/leadmodel={self.subject.name},customerops.dev/role=followups"
        where = ("-n", self.subject.namespace, "-l", labels)
        self.subject.cluster.kubectl("delete", "pods", *where, "--grace-period=0", "--force")
