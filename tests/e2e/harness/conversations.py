"""A real Redis that pods reach, with conversations in which people left addresses."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from e2e.harness.cluster import TARGET, wait_for
from e2e.harness.subject import Subject

PASSWORD = "of-a-test"
WRITTEN = json.dumps({"role": "user", "text": "write to ada.lovelace@example.com please"})


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((TARGET.host, 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Conversations:
    """Where the Redis listens while it runs; the port stays the same from one run to the next."""

    port: int = field(default_factory=_free_port)

    @property
    def spec(self) -> dict[str, object]:
        """The backfill of a LeadModel over these conversations; its schedule is too rare to come by itself."""
        return {"redis": {"secretName": "conversations"}, "keyPatterns": ["chat:*"], "schedule": "0 2 * * 0"}

    def make_secret(self, subject: Subject) -> None:
        """Create the Secret with the Redis' URL in the namespace of a LeadModel."""
        url = f"redis://:{PASSWORD}@{TARGET.host}:{self.port}/0"
        where = ("-n", subject.namespace, f"--from-literal=REDIS_URL={url}")
        subject.cluster.kubectl("create", "secret", "generic", "conversations", *where)

    @contextmanager
    def running(self, folder: Path) -> Iterator["redis.Redis"]:
        """Run it with a hundred conversations, one in ten with an address in it."""
        server = shutil.which("redis-server")
        if server is None:
            pytest.skip("no redis-server on this machine")
        where = ("--bind", TARGET.host, "--port", str(self.port), "--requirepass", PASSWORD, "--save", "")
        with subprocess.Popen([server, *where], cwd=folder, stdout=subprocess.DEVNULL) as process:
            client = redis.Redis(TARGET.host, self.port, password=PASSWORD, decode_responses=True)
            try:
                wait_for("Redis", lambda: _answers(client), 30)
                _fill(client)
                yield client
            finally:
                client.close()
                process.terminate()


def _fill(client: "redis.Redis") -> None:
    for number in range(100):
        text = WRITTEN if number % 10 == 0 else json.dumps({"role": "user", "text": "how much is it?"})
        client.rpush(f"chat:{number}", text, json.dumps({"role": "bot", "text": "I will ask."}))


def _answers(client: "redis.Redis") -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
