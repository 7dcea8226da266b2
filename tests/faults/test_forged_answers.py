"""Who may create Jobs or pods forges answers of polls, retrainings and backfills: no model serves that the gate would refuse.

Jobs of CronJobs are made by Kubernetes, so the operator knows no UID of theirs in advance, as it does of a validation. What their answers
can do is bounded instead: a digest is only requested, and counts are only shown.
"""

import asyncio
import json
from typing import Any

import pytest

from leadmodel_messages import poll
from leadmodel_operator.kubernetes.observe import cluster as observed
from worlds.fake_cluster import NAME, NAMESPACE, URI, FakeCluster, Truth, digest, stamp
from worlds.fake_leader import a_cluster, a_leader, stays_quiet
from worlds.stories import DRIFT, HOUR

ROLE = "customerops.dev/role"
RETRAINING = {"leads": {"uri": "s3://leads/leads.csv"}}
BACKFILL = {"redis": {"secretName": "redis"}, "keyPatterns": ["chat:*"], "mode": "Apply"}


def pod_that_says(message: str, labels: dict[str, str]) -> dict[str, Any]:
    """A pod that has ended with this termination message."""
    ended = {"exitCode": 0, "finishedAt": "2026-01-05T09:00:00Z", "message": message}
    return {
        "metadata": {"labels": labels},
        "spec": {"containers": [{"image": "predictor:1"}]},
        "status": {"containerStatuses": [{"state": {"terminated": ended}}]},
    }


def forge(cluster: FakeCluster, kind: str, message: str) -> None:
    """A finished Job with the LeadModel as its owner, and a pod of it that says so."""
    labels = {
        "customerops.dev/leadmodel": NAME,
        ROLE: kind,
        "app.kubernetes.io/managed-by": "leadmodel-operator",
    }
    job = {
        "kind": "Job",
        "metadata": {"labels": labels},
        "spec": {"template": {"spec": {"containers": [{"image": "evil:1"}]}}},
        "status": {"conditions": [{"type": "Complete", "status": "True"}]},
    }
    made = cluster.make("jobs", f"forged-{kind}", cluster.lead_model, job)
    cluster.make("pods", f"forged-{kind}-pod", made, pod_that_says(message, labels))


def answer(kind: str, letter: str) -> str:
    """The answer of a poll or a retraining that names a model."""
    if kind == "poll":
        return poll.dump(poll.PollAnswer(URI, poll.Stored(digest(letter), 1, '"forged"')))
    return json.dumps({"digest": digest(letter)})


async def serves_after_a_forged(kind: str, *, auc: float, stored: bool) -> tuple[str | None, list[str]]:
    """A serves; a forged answer names B, which lies at the source or nowhere. What serves then, and which rules were broken."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply(**DRIFT, retraining=RETRAINING)
        await leader.settle()
        if stored:
            cluster.upload("B", Truth(auc=auc))
        cluster.now += HOUR
        forge(cluster, kind, answer(kind, "B"))
        await leader.pass_time(0.5 * HOUR)
        return cluster.serving(), cluster.broken


@pytest.mark.parametrize("stored", [True, False], ids=["stored", "nowhere"])
@pytest.mark.parametrize("kind", ["poll", "retraining"])
def test_a_forged_answer_serves_nothing_that_the_gate_refuses(kind, stored):
    assert asyncio.run(serves_after_a_forged(kind, auc=0.55, stored=stored)) == ("A", [])


@pytest.mark.parametrize("kind", ["poll", "retraining"])
def test_control_the_gate_alone_stands_between_a_forged_answer_and_leads(kind):
    """A forged answer is heard: a model at the source that passes is served."""
    assert asyncio.run(serves_after_a_forged(kind, auc=0.8, stored=True)) == ("B", [])


COUNTS = {"scanned": 10, "found": 0, "changed": 0, "residue": 0}


async def changed_by_a_forged_backfill() -> tuple[set[str], int]:
    """Kinds of objects that the operator writes after a forged backfill, and the messages that status then counts."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply(**DRIFT, piiBackfill=BACKFILL)
        await leader.settle()
        cluster.now += HOUR
        forge(cluster, "backfill", json.dumps({"schema": "leadmodel.backfill/v1", "mode": "Apply", **COUNTS}))
        before = len(cluster.api.log)
        await leader.settle()
        written = {call.resource for call in cluster.api.log[before:] if call.writes} - {"leases"}
        return written, cluster.status["backfill"]["scanned"]


def test_a_forged_backfill_changes_what_status_counts_and_nothing_else():
    written, scanned = asyncio.run(changed_by_a_forged_backfill())
    assert scanned == COUNTS["scanned"]
    assert written <= {"leadmodels", "events"}


async def requested_after_a_second_pod(kind: str) -> str:
    """Under a true Job of the operator someone puts a second pod, which names B; what is requested in the end."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply(**DRIFT, retraining=RETRAINING)
        await leader.settle()
        cluster.now += HOUR
        cluster.jobs_run = False
        if kind == "poll":
            cluster.annotate("poll", "now")
            await leader.march(1)
        else:
            cluster.cron_job_runs("retraining", answer("retraining", "A"))
        job = max(
            (j for j in cluster.all("jobs") if j["metadata"]["labels"][ROLE] == kind),
            key=lambda j: j["metadata"]["creationTimestamp"],
        )
        labels = dict(job["metadata"]["labels"])
        cluster.make("pods", "liar", job, pod_that_says(answer(kind, "B"), labels))
        liar = cluster.api.objects[("pods", NAMESPACE, "liar")]
        liar["metadata"]["creationTimestamp"] = stamp(cluster.now + 0.01 * HOUR)
        cluster.jobs_run, requested = True, set()
        for _ in range(8):
            await leader.march(1)
            requested.add(cluster.status["requested"]["digest"])
        await leader.pass_time(0.5 * HOUR)
        assert cluster.broken == []
        assert await stays_quiet(leader) == []
        return "B" if digest("B") in requested else "A"


@pytest.mark.parametrize("kind", ["poll", "retraining"])
def test_of_two_pods_under_a_job_that_has_one_none_is_heard(kind):
    assert asyncio.run(requested_after_a_second_pod(kind)) == "A"


@pytest.mark.parametrize("kind", ["poll", "retraining"])
def test_control_the_newest_of_two_pods_would_be_heard(kind, monkeypatch):
    monkeypatch.setattr(observed, "SINGLE_POD", frozenset())
    assert asyncio.run(requested_after_a_second_pod(kind)) == "B"
