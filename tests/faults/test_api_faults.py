"""The API server refuses, is away, answers late, stale or twice: a story under each of these ends as it does in peace."""

import asyncio
import copy
import os
from datetime import timedelta

import pytest

from leadmodel_operator.kubernetes.apiserver.client import ApiError
from worlds import stories
from worlds.fake_api import Call
from worlds.fake_cluster import FakeCluster, Truth
from worlds.fake_leader import Leader, a_cluster, a_leader, stays_quiet
from worlds.stories import Fails, drifted, endures, first, holds, peaceful, promoted

ANY = 10_000
NO_RIGHT = (
    'poddisruptionbudgets.policy is forbidden: User "operator" cannot create resource "poddisruptionbudgets"'
)


def status_writes(call: Call) -> bool:
    return call.method == "PUT" and call.sub == "status"


WRITES = {
    "429 on the first 20 writes": Fails(429, 20, retry_after=1),
    "429 on every other call": Fails(429, 60, lambda _: True, every=2, retry_after=1),
    "500 in a burst": Fails(500, 15, lambda _: True),
    "503 in a burst": Fails(503, 15, lambda _: True),
    "504 although it landed": Fails(504, 20, lands=True, every=2),
    "409 on status": Fails(409, 20, status_writes),
    "401 for a while": Fails(401, 10, lambda _: True),
    "403 for a while": Fails(403, 10),
}


FULL = bool(os.environ.get("LEADMODEL_FULL"))


@pytest.mark.parametrize("story", [drifted, promoted] if FULL else [drifted], ids=lambda s: s.__name__)
@pytest.mark.parametrize("fault", WRITES)
def test_the_api_server_refuses(fault, story):
    hook = copy.deepcopy(WRITES[fault])
    endures(story, lambda cluster: cluster.api.hooks.append(hook))
    assert hook.done >= 5, "the fault was not met"


async def away(cluster: FakeCluster, leader: Leader, minutes: int) -> None:
    """No request is answered for a while; the cluster goes on as it was."""
    hook = Fails(503, ANY, lambda _: True)
    cluster.api.hooks.append(hook)
    for _ in range(minutes * 2):
        cluster.now += timedelta(seconds=30)
        await leader.look()
    cluster.api.hooks.remove(hook)
    assert hook.done > 0


async def away_during_a_rollback() -> None:
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        await stories.drifting(cluster, leader)
        while cluster.champion() == "B":
            cluster.now += timedelta(minutes=1)
            await leader.look()
        await away(cluster, leader, 5)  # decided, and nobody answers
        await leader.settle()
        await leader.pass_time(0.2 * stories.HOUR)
        await holds(cluster, leader, drifted)


def test_the_api_server_is_away_for_five_minutes_during_a_rollback():
    peaceful(drifted)
    asyncio.run(away_during_a_rollback())


@pytest.mark.parametrize("resource", ["pods", "deployments", "jobs", "configmaps"])
def test_a_stale_list_is_served_once(resource):
    """Another API server answers from an older cache: what was there at the end of the first part."""

    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await stories.proven(cluster, leader)
            old = {p: copy.deepcopy(o) for p, o in cluster.api.objects.items() if p[0] == resource}
            cluster.upload("B", Truth(auc=0.8))
            cluster.annotate("poll", "B")
            await leader.settle()
            now = {p: o for p, o in cluster.api.objects.items() if p[0] == resource}
            for place in now:
                del cluster.api.objects[place]
            cluster.api.objects.update(old)
            cluster.broken.clear()
            hook = Fails(409, ANY)  # what is planned on what is stale fails by its preconditions
            cluster.api.hooks.append(hook)
            await leader.look()
            cluster.api.hooks.clear()
            for place in old:
                del cluster.api.objects[place]
            cluster.api.objects.update(now)
            await leader.settle()
            await holds(cluster, leader, promoted)

    peaceful(promoted)
    asyncio.run(tell())


# --- rights --------------------------------------------------------------------------------------------------------------------


async def without_a_right() -> None:
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        hook = Fails(403, ANY, lambda c: c.writes and c.resource == "poddisruptionbudgets", message=NO_RIGHT)
        cluster.api.hooks.append(hook)
        cluster.live = True
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply(**stories.DRIFT)
        await leader.march(14)
        assert cluster.serving() == "A", "the rest goes on"
        assert cluster.condition("Stalled") == ("True", "Forbidden")
        said = next(c["message"] for c in cluster.status["conditions"] if c["type"] == "Stalled")
        assert "create poddisruptionbudgets" in said
        cluster.api.hooks.clear()
        cluster.now += timedelta(minutes=1)
        await leader.settle()
        await leader.pass_time(0.1 * stories.HOUR)
        await holds(cluster, leader, stories.proven)


def test_a_right_is_taken_away():
    peaceful(stories.proven)
    asyncio.run(without_a_right())


def test_control_a_refusal_that_stops_the_pass_is_found_out(monkeypatch):
    async def strict(self, name, work):
        return await work

    monkeypatch.setattr("leadmodel_operator.kubernetes.applier.Applier.permitted", strict)
    with pytest.raises((AssertionError, ApiError)):
        asyncio.run(without_a_right())


# --- the namespace goes ----------------------------------------------------------------------------------------------------------


def test_a_namespace_that_ends_makes_no_storm():
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            cluster.upload("A", Truth(auc=0.75))
            cluster.apply()
            await leader.look()
            cluster.api.terminating.add("sales")
            before = len(cluster.api.log)
            for _ in range(10):
                cluster.now += timedelta(seconds=30)
                await leader.look()
                cluster.step()
            assert sum(c.writes for c in cluster.api.log[before:]) <= 40
            for place in [p for p in cluster.api.objects if p[0] == "leadmodels"]:
                cluster.api.remove(place)
            cluster.collect()
            assert await stays_quiet(leader) == []
            assert not [p for p in cluster.api.objects if p[0] not in {"events", "leases"}]

    asyncio.run(tell())


def test_a_first_deploy_while_everything_is_new():
    endures(first, lambda cluster: None)
