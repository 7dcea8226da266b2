"""Follow-ups to a provider that takes a message and loses its answer: each SMS arrives once, whatever becomes of pods and keys."""

import base64
import itertools
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import redis

from e2e.harness.cluster import FULL, TARGET
from e2e.harness.conversations import PASSWORD, Conversations
from e2e.harness.models import Model
from e2e.harness.senders import TOKEN, Senders, lasting
from e2e.harness.subject import Subject
from support.provider_shapes import ACCOUNT
from support.provider_stub import ProviderStub

pytestmark = [pytest.mark.lifecycle, FULL]

BATCH = 20  # leads between two disturbances
DAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
FAULTS = {"take-drop": 0.1, "drop": 0.05, "429": 0.05, "take-500": 0.05}


def login(key: str) -> str:
    """What Twilio is sent with an account's key."""
    return "Basic " + base64.b64encode(f"{ACCOUNT}:{key}".encode()).decode()


def stored(client: "redis.Redis") -> list[str]:
    """Every key of the Redis with its value, but those of the contact book, which is for names and numbers."""
    readers: dict[str, Callable[[str], object]] = {
        "string": client.get,
        "hash": client.hgetall,
        "set": client.smembers,
        "list": lambda key: client.lrange(key, 0, -1),
        "zset": lambda key: client.zrange(key, 0, -1),
        "stream": client.xrange,
    }
    keys = [key for key in client.scan_iter() if not re.match("fu:[^:]+:p:", key)]
    return [f"{key} {readers[kind](key)}" for key in keys if (kind := client.type(key)) != "none"]


def put_key(subject: Subject, key: str) -> None:
    """Write the Secret of the channel, anew after a rotation."""
    subject.cluster.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "twilio", "namespace": subject.namespace},
            "stringData": {"accountSid": ACCOUNT, "authToken": key},
        }
    )


def test_each_sms_arrives_once_while_pods_roll_a_node_drains_and_the_key_rotates(
    subject: Subject, good: Model, tmp_path: Path
):
    senders = Senders(subject, Conversations().port)
    senders.make_secrets()
    put_key(subject, "first-key")
    provider = ProviderStub(FAULTS, host=TARGET.host)
    provider.logins["Twilio"] = login("first-key")
    channel = {
        "name": "sms",
        "provider": "Twilio",
        "secretName": "twilio",
        "from": "+12125550100",
        "apiUrl": provider.url,
        "perSecond": 50,
        "burst": 50,
    }
    steps = [{"name": "first", "after": "2s", "channel": "sms", "template": "hello"}]
    spec = {
        **senders.spec,
        "publicUrl": "https://follow.example",
        "channels": [channel],
        "bands": [{"name": "warm", "minScore": 0.5, "steps": steps}],
        "quietHours": {"opens": "00:00", "closes": "23:59", "channels": ["sms"], "days": DAYS},
        "onUnknown": "Resend",
    }
    handed_in = itertools.count()

    def a_batch() -> None:
        for number in itertools.islice(handed_in, BATCH):
            senders.insist(number, "sms", f"+1212555{1000 + number}")

    def arrived() -> int:
        return len(provider.counts())

    try:
        with lasting(senders.port, tmp_path) as client:
            subject.serve(good, followUps=spec, predictor={"replicas": 1})
            subject.until("FollowUpsHealthy", "True", "Healthy", 180)
            a_batch()
            where = ("-n", subject.namespace, f"deployment/{subject.name}-followups")
            subject.cluster.kubectl("rollout", "restart", *where)
            a_batch()
            subject.cluster.kubectl("rollout", "status", *where, "--timeout=180s")
            senders.drain()
            a_batch()
            provider.logins["Twilio"] = login("second-key")  # from now on the first is refused
            a_batch()
            senders.kill_pods()
            put_key(subject, "second-key")
            a_batch()
            subject.wait("all arrived", lambda: arrived() == 5 * BATCH, 600)
            subject.wait("no attempt is open", lambda: not [*client.scan_iter("fu:*:open")], 300)
            subject.until("FollowUpsHealthy", "True", "Healthy", 180)
            assert set(provider.counts().values()) == {1}
            shown = [*senders.reports(), *stored(client)]
            for private in ("+12125551", "Ada", PASSWORD, TOKEN, "first-key", "second-key"):
                assert not [text for text in shown if private in text]
    finally:
        provider.close()
