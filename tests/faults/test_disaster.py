"""All objects of a namespace are lost; manifests and bucket are left, with or without a backup of ledger and snapshots.

What docs/operations.md promises ("Disaster recovery"), on the fake API server; tests/e2e/test_disaster.py does it on a real one.
"""

import asyncio
import copy
from datetime import timedelta
from typing import Any

from worlds.fake_api import Object
from worlds.fake_cluster import LEADMODEL, NAMESPACE, FakeCluster, digest
from worlds.fake_leader import Leader, a_cluster, a_leader, stays_quiet
from worlds.stories import DRIFT, Story, drifted, promoted, proven

Place = tuple[str, str, str]


def lost(cluster: FakeCluster) -> dict[Place, Object]:
    """Remove every object; the ledger and the snapshots as a backup has them, without owners."""
    cluster.downtime_allowed = True
    kept = {
        place: copy.deepcopy(body)
        for place, body in cluster.api.objects.items()
        if place[0] == "configmaps" and not place[2].endswith("-mailbox")
    }
    for place in list(cluster.api.objects):
        cluster.api.remove(place)
    for body in kept.values():
        for name in ("ownerReferences", "uid", "resourceVersion"):
            body["metadata"].pop(name, None)
    return kept


async def recovered(
    story: Story, *, backup: bool, adopt: bool = True, source: bool = True
) -> tuple[FakeCluster, Leader, dict[str, Any]]:
    """What a story's LeadModel shows a quarter of an hour after it was lost and applied again."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        await story(cluster, leader)
        before = copy.deepcopy(cluster.status)
        kept = lost(cluster)
        cluster.templates.clear()
        cluster.store_up = source
        if backup:
            for place, body in kept.items():
                cluster.api.uids += 1
                body["metadata"]["uid"] = f"uid-{cluster.api.uids}"
                cluster.api.put(place, body)
        cluster.apply(**DRIFT)
        if adopt:
            cluster.annotate("adopt", "true")
        cluster.now += timedelta(minutes=1)
        await leader.settle()
        await leader.pass_time(timedelta(minutes=15))
        assert cluster.broken == []
        assert await stays_quiet(leader) == []
        return cluster, leader, before


def served(cluster: FakeCluster) -> list[str]:
    """The models that the Deployment was written to serve since the loss, in order and once each."""
    return list(dict.fromkeys(cluster.templates))


def test_manifests_and_bucket_bring_the_same_champion_back_and_promote_it_once():
    cluster, _, before = asyncio.run(recovered(promoted, backup=False))
    assert before["champion"]["digest"] == digest("B")
    assert (cluster.champion(), cluster.serving()) == ("B", "B")
    assert cluster.condition("Ready") == ("True", "Serving")
    promotions = [h for h in cluster.status["history"] if h["reason"] in {"Promoted", "GatePassed"}]
    assert [h["digest"] for h in promotions] == [digest("B")]
    assert served(cluster) == ["B"]


def test_without_the_ledger_a_rolled_back_model_serves_again_if_the_bucket_still_has_it():
    """The control of the next test, and what the page says: a quarantine is known to the ledger alone."""
    cluster, _, before = asyncio.run(recovered(drifted, backup=False))
    assert before["champion"]["digest"] == digest("A")
    assert served(cluster)[0] == "B"


def test_with_the_ledger_a_rolled_back_model_stays_out():
    cluster, _, before = asyncio.run(recovered(drifted, backup=True))
    assert (cluster.champion(), cluster.serving()) == ("A", "A")
    assert served(cluster) == ["A"]
    kinds = {(entry["digest"], entry["kind"]) for entry in cluster.status["quarantine"]}
    assert kinds == {(entry["digest"], entry["kind"]) for entry in before["quarantine"]} != set()
    assert cluster.status["rollbacks"] == before["rollbacks"]


def test_with_ledger_and_snapshots_the_store_may_be_away():
    cluster, *_ = asyncio.run(recovered(proven, backup=True, source=False))
    assert (cluster.champion(), cluster.serving()) == ("A", "A")


def test_without_the_annotation_a_restored_ledger_is_named_and_not_believed():
    """Whoever may write ConfigMaps could otherwise choose the champion."""
    cluster, *_ = asyncio.run(recovered(drifted, backup=True, adopt=False))
    assert cluster.condition("Stalled") == ("True", "NameConflict")
    assert ("deployments", NAMESPACE, LEADMODEL[2]) not in cluster.api.objects
