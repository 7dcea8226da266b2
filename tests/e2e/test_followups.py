"""Follow-ups on a real cluster over Console: what was handed in is sent once, whatever becomes of pods, settings and the Redis."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest
import redis

from e2e.harness.conversations import PASSWORD, Conversations
from e2e.harness.models import Model
from e2e.harness.senders import ADDRESS, TOKEN, Senders, lasting
from e2e.harness.subject import Subject

pytestmark = pytest.mark.lifecycle

PEOPLE = 60


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
        for kind in ("deployment", "service", "poddisruptionbudget", "networkpolicy"):
            subject.wait_gone(
                lambda kind=kind: (
                    not subject.cluster.get(kind, f"{subject.name}-followups", subject.namespace)
                )
            )
        assert subject.condition("Ready") == ("True", "Serving")
