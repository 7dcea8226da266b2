"""A story told twice, once in peace and once under a fault, and the four things that must hold of the second telling.

It ends as it should; it ends like the first; nothing forbidden ever happened; and then all is quiet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any

from worlds.fake_api import Call, Refused
from worlds.fake_cluster import FakeCluster, Truth
from worlds.fake_leader import Leader, a_cluster, a_leader, differences, shape, stays_quiet

DRIFT: dict[str, Any] = {"drift": {"interval": "30s", "sustainedFor": "15m"}}
Story = Callable[[FakeCluster, Leader], Awaitable[None]]
HOUR = timedelta(hours=1)


async def first(cluster: FakeCluster, leader: Leader) -> None:
    """A is uploaded, asked for, judged and served."""
    cluster.upload("A", Truth(auc=0.75))
    cluster.apply(**DRIFT)
    await leader.settle()


async def proven(cluster: FakeCluster, leader: Leader) -> None:
    """A serves and live leads fit it."""
    await first(cluster, leader)
    cluster.live = True
    await leader.pass_time(0.1 * HOUR)


async def promoted(cluster: FakeCluster, leader: Leader) -> None:
    """B is found, is better, and takes over."""
    await proven(cluster, leader)
    cluster.upload("B", Truth(auc=0.8))
    cluster.annotate("poll", "B")
    await leader.settle()


async def drifting(cluster: FakeCluster, leader: Leader) -> None:
    """B serves leads that A fits and B does not; nobody has noticed yet."""
    await proven(cluster, leader)
    cluster.upload("B", Truth(auc=0.8, drifts=True))
    cluster.annotate("poll", "B")
    await leader.settle()


async def drifted(cluster: FakeCluster, leader: Leader) -> None:
    """B drifts where A does not: back to A."""
    await drifting(cluster, leader)
    await leader.pass_time(0.5 * HOUR)


SERVES = {first: "A", proven: "A", promoted: "B", drifted: "A"}


@cache
def peaceful(story: Story) -> dict[str, Any]:
    """How a story ends without a fault."""

    async def tell() -> dict[str, Any]:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await story(cluster, leader)
            assert cluster.champion() == cluster.serving() == SERVES[story]
            assert cluster.broken == []
            return shape(cluster)

    return asyncio.run(tell())


async def holds(cluster: FakeCluster, leader: Leader, story: Story) -> None:
    """The four things."""
    assert cluster.champion() == cluster.serving() == SERVES[story]
    deviations = differences(shape(cluster), peaceful(story))
    assert deviations == []
    assert cluster.broken == []
    assert await stays_quiet(leader) == []


def endures(story: Story, fault: Callable[[FakeCluster], Any], after: Story | None = None) -> None:
    """Tell a story with a fault put in before it (or after the telling of a first part), then see what holds."""
    peaceful(story)

    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            if after is None:
                fault(cluster)
            else:
                await after(cluster, leader)
            await story(cluster, leader)
            cluster.api.hooks.clear()
            await leader.settle()
            await holds(cluster, leader, story)

    asyncio.run(tell())


@dataclass
class Fails:
    """A hook: calls that match get this answer, as often as said; `lands`: after they took effect."""

    status: int
    times: int
    matches: Callable[[Call], bool] = lambda call: call.writes
    lands: bool = False
    every: int = 1
    retry_after: int | None = None
    message: str = "injected"
    seen: int = 0
    done: int = 0
    _mine: set[int] = field(default_factory=set)

    async def __call__(self, call: Call, when: str) -> None:
        if call.watches or call.resource == "leases" or not self.matches(call):
            return
        if when == "before":
            self.seen += 1
            if self.done < self.times and self.seen % self.every == 0:
                self.done += 1
                self._mine.add(id(call))
        if id(call) in self._mine and (when == "after") == self.lands:
            self._mine.discard(id(call))
            raise Refused(self.status, "Injected", self.message, self.retry_after)
