"""Two processes and one Lease: at no instant may both write, whatever happens to the Lease, to a clock or to a process."""

import asyncio
import contextlib
from datetime import timedelta

import pytest

from leadmodel_operator.kubernetes.apiserver import lease as leases
from leadmodel_operator.kubernetes.apiserver.access import Access
from leadmodel_operator.kubernetes.apiserver.client import Client
from leadmodel_operator.kubernetes.apiserver.lease import Lease
from support import virtual_time
from worlds.fake_api import FakeApi, Refused
from worlds.fake_cluster import FakeCluster
from worlds.fake_leader import TLS, a_cluster

PLACE = ("leases", "default", "leadmodel-operator")


@pytest.fixture(autouse=True)
def _fast(monkeypatch):
    """A tenth of the times."""
    monkeypatch.setattr(leases, "DURATION_S", 2.0)
    monkeypatch.setattr(leases, "RENEW_S", 1.2)
    monkeypatch.setattr(leases, "RETRY_S", 0.2)


@contextlib.asynccontextmanager
async def candidates(*skews: timedelta):
    """A cluster and processes whose clocks are wrong by this much."""
    async with a_cluster() as cluster, contextlib.AsyncExitStack() as stack:
        found = []
        for number, skew in enumerate(skews):
            client = Client(Access(cluster.api.url, TLS))
            stack.push_async_callback(client.close)
            found.append(Lease(client, "default", "leadmodel-operator", f"p{number}", wrong(cluster, skew)))
        yield cluster, found


def wrong(cluster: FakeCluster, skew: timedelta):
    """A clock that goes, and is wrong by so much."""
    loop = asyncio.get_running_loop()
    return lambda: cluster.now + timedelta(seconds=loop.time()) + skew


def holder(api: FakeApi) -> str:
    return api.objects[PLACE]["spec"]["holderIdentity"]


async def seconds(work) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await work
    return loop.time() - began


@pytest.mark.parametrize("minutes", [-10, 0, 10])
def test_a_killed_leader_is_followed_whatever_the_clocks_say(minutes):
    async def tell() -> None:
        async with candidates(timedelta(), timedelta(minutes=minutes)) as (cluster, (one, two)):
            await one.acquire()
            hold = asyncio.create_task(one.hold())
            waits = asyncio.create_task(two.acquire())
            await asyncio.sleep(3.0)
            assert not waits.done(), "a Lease that is renewed is not taken"
            assert one.valid()
            hold.cancel()
            took = await seconds(waits)
            assert holder(cluster.api) == "p1"
            assert not one.valid()
            assert 1.0 <= took <= 4.0

    virtual_time.run(tell())


def test_a_released_lease_is_taken_at_once():
    async def tell() -> None:
        async with candidates(timedelta(), timedelta()) as (_, (one, two)):
            await one.acquire()
            waits = asyncio.create_task(two.acquire())
            await asyncio.sleep(0.3)
            await one.release()
            assert not one.valid()
            assert await seconds(waits) < 1.0

    virtual_time.run(tell())


def test_a_restarted_process_of_the_same_name_takes_its_own_lease_back():
    async def tell() -> None:
        async with candidates(timedelta(), timedelta()) as (_, (one, again)):
            again.identity = one.identity
            await one.acquire()
            assert await seconds(again.acquire()) < 1.0

    virtual_time.run(tell())


def test_a_deleted_lease_is_made_again():
    async def tell() -> None:
        async with candidates(timedelta()) as (cluster, (one,)):
            await one.acquire()
            hold = asyncio.create_task(one.hold())
            cluster.api.remove(PLACE)
            await asyncio.sleep(0.8)
            assert holder(cluster.api) == "p0"
            assert one.valid()
            hold.cancel()

    virtual_time.run(tell())


def edit(cluster: FakeCluster) -> None:
    found = cluster.api.objects[PLACE]
    cluster.api.put(PLACE, {**found, "spec": {**found["spec"], "holderIdentity": "someone"}})


def test_a_lease_given_to_another_by_hand_is_lost_at_once():
    async def tell() -> None:
        async with candidates(timedelta()) as (cluster, (one,)):
            await one.acquire()
            hold = asyncio.create_task(one.hold())
            edit(cluster)
            await asyncio.wait_for(hold, 3)
            assert not one.valid()

    virtual_time.run(tell())


def test_a_renewal_reads_only_what_another_has_changed():
    async def tell() -> None:
        async with candidates(timedelta()) as (cluster, (one,)):
            await one.acquire()
            hold, before = asyncio.create_task(one.hold()), one.client.counts.copy()
            await asyncio.sleep(0.9)
            renewed = one.client.counts - before
            assert renewed["PUT", "200"] >= 3
            assert renewed.total() == renewed["PUT", "200"]
            found = cluster.api.objects[PLACE]
            cluster.api.put(PLACE, {**found, "spec": {**found["spec"], "renewTime": None}})
            await asyncio.sleep(0.5)
            changed = one.client.counts - before - renewed
            assert (changed["PUT", "409"], changed["GET", "200"]) == (1, 1)
            assert one.valid()
            assert cluster.api.objects[PLACE]["spec"]["renewTime"]
            hold.cancel()

    virtual_time.run(tell())


async def unreachable(api: FakeApi, lease: Lease) -> None:
    async def away(call, when):
        if when == "before":
            raise Refused(503, "Away")

    await lease.acquire()
    api.hooks.append(away)
    await asyncio.wait_for(lease.hold(), 5)


def test_who_cannot_renew_stops_before_another_may_begin():
    async def tell() -> None:
        async with candidates(timedelta()) as (cluster, (one,)):
            took = await seconds(unreachable(cluster.api, one))
            assert took < leases.DURATION_S + 0.5
            assert not one.valid()

    virtual_time.run(tell())


def test_a_process_that_stood_still_may_not_write():
    """Frozen for longer than the Lease lasts; the first thing it does when it thaws is a write."""

    async def tell() -> None:
        async with candidates(timedelta()) as (_, (one,)):
            client = one.client
            await one.acquire()
            client.may_write = one.valid
            loop = asyncio.get_running_loop()
            real, loop.time = loop.time, lambda: real() + 30.0  # the process was stopped; the clock was not
            with pytest.raises(leases_not_leading()):
                await client.create("/api/v1/namespaces/default/configmaps", {"metadata": {"name": "x"}})
            loop.time = real

    virtual_time.run(tell())


def leases_not_leading():
    from leadmodel_operator.kubernetes.apiserver.client import NotLeading

    return NotLeading


def test_control_judging_by_the_other_clock_is_found_out(monkeypatch):
    """An election that compares clocks takes a Lease that is renewed, when its own clock runs ten minutes ahead."""
    from datetime import datetime

    def free(self: Lease, found) -> bool:
        renewed = datetime.fromisoformat(found["spec"]["renewTime"])
        return self.clock() - renewed > timedelta(seconds=leases.DURATION_S)

    monkeypatch.setattr(Lease, "is_free", free)
    with pytest.raises(AssertionError):
        test_a_killed_leader_is_followed_whatever_the_clocks_say(10)
