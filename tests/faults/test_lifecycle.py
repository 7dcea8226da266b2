"""A whole life of a LeadModel, with the process killed or frozen at every write it makes to the API server.

The life is recorded once. Then each of its writes is made again with a SIGKILL before it and after it, and with a freeze there of
30 seconds in which a second process takes over. Whatever happens, the life ends up the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from leadmodel_operator import reconcile as passes
from leadmodel_operator.kubernetes.apiserver.client import Client
from leadmodel_operator.kubernetes.applier import Applier
from leadmodel_operator.kubernetes.port import ClusterPort
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.reconcile import Key
from worlds import fake_leader
from worlds.fake_cluster import NAME, FakeCluster, Truth, digest
from worlds.fake_leader import Leader, Stop, a_cluster, a_leader, differences, shape, stays_quiet

HOUR = timedelta(hours=1)
DRIFT = {"drift": {"interval": "30s", "sustainedFor": "15m"}}
Act = Callable[[FakeCluster], None]


@dataclass(frozen=True)
class Chapter:
    """Something happens, some time goes by, and this model serves."""

    act: Act
    serves: str | None
    hours: float = 0.0


def _first(c: FakeCluster) -> None:
    c.upload("A", Truth(auc=0.75))
    c.apply(**DRIFT)


def _leads(c: FakeCluster) -> None:
    c.live = True


def _found(letter: str, truth: Truth, later: timedelta = timedelta()) -> Act:
    def act(c: FakeCluster) -> None:
        c.now += later
        c.upload(letter, truth)
        c.annotate("poll", letter)

    return act


def _verb(verb: str, letter: str) -> Act:
    return lambda c: c.annotate(verb, digest(letter))


def _pin(letter: str, truth: Truth) -> Act:
    def act(c: FakeCluster) -> None:
        c.upload(letter, truth)
        c.apply(artifact={"digest": digest(letter)}, **DRIFT)

    return act


def _gate(c: FakeCluster) -> None:
    c.apply(minAuc=0.7, artifact={"digest": digest("E")}, **DRIFT)


LIFE = {
    "first": Chapter(_first, "A"),
    "proven": Chapter(_leads, "A", hours=0.1),
    "refused": Chapter(_found("W", Truth(auc=0.6)), "A"),
    "promoted": Chapter(_found("B", Truth(auc=0.8, drifts=True)), "B"),
    "drifted": Chapter(lambda _: None, "A", hours=0.5),
    "held": Chapter(_found("C", Truth(auc=0.82)), "A"),
    "released": Chapter(_verb("release", "C"), "C"),
    "refused to load": Chapter(_found("D", Truth(auc=0.85, loads=False), later=25 * HOUR), "C"),
    "pinned": Chapter(_pin("E", Truth(auc=0.8)), "E"),
    "asked back": Chapter(_verb("rollback-to", "C"), "C"),
    "gate changed": Chapter(_gate, "C"),
}


@dataclass(frozen=True)
class Recorded:
    """A chapter as it went without a fault."""

    before: bytes
    writes: tuple[str, ...]
    shape: dict
    templates: tuple[str, ...]
    jobs: tuple[str, ...]


async def tell(cluster: FakeCluster, leader: Leader, chapter: Chapter) -> None:
    chapter.act(cluster)
    await finish(leader, chapter)


async def finish(leader: Leader, chapter: Chapter) -> None:
    await leader.settle()
    if chapter.hours:
        await leader.pass_time(chapter.hours * HOUR)


@pytest.fixture(autouse=True)
def _life_is_recorded() -> None:
    """Record before a control takes a protection out, and before a test's own loop runs."""
    recorded()


@cache
def recorded() -> dict[str, Recorded]:
    """The life without a fault."""

    async def record() -> dict[str, Recorded]:
        found = {}
        async with a_cluster() as cluster:
            for name, chapter in LIFE.items():
                before = cluster.save()
                cluster.restore(before)
                start = len(cluster.api.log)
                async with a_leader(cluster) as leader:
                    await tell(cluster, leader, chapter)
                    assert cluster.champion() == cluster.serving() == chapter.serves, name
                    written = [str(c) for c in cluster.api.log[start:] if c.writes and c.resource != "events"]
                    quiet = await stays_quiet(leader)
                assert quiet == [], (name, quiet)
                assert cluster.broken == [], name
                found[name] = Recorded(
                    before, tuple(written), shape(cluster), tuple(cluster.templates), tuple(cluster.made)
                )
        return found

    return asyncio.run(record())


async def replay(
    cluster: FakeCluster,
    name: str,
    disturb: Callable[[FakeCluster, Chapter], Awaitable[None]],
    also: str | None = None,
) -> None:
    """A chapter again, disturbed; the four things that must hold. `also`: a Job that may be there twice."""
    chapter, before = LIFE[name], recorded()[name]
    cluster.restore(before.before)
    chapter.act(cluster)
    await disturb(cluster, chapter)
    async with a_leader(cluster) as leader:
        await finish(leader, chapter)
        assert cluster.champion() == cluster.serving() == chapter.serves
        assert differences(shape(cluster), before.shape) == []
        assert tuple(cluster.templates) == before.templates
        again = (*before.jobs, also) if also else before.jobs
        assert sorted(cluster.made) in (sorted(before.jobs), sorted(again))
        assert cluster.broken == []
        assert await stays_quiet(leader) == []


async def run_until(leader: Leader, stop: Stop, chapter: Chapter) -> asyncio.Task[None]:
    """Start a process and wait until it stands at its write (or has nothing left to write)."""
    leader.cluster.api.hooks.append(stop)
    task = asyncio.create_task(finish(leader, chapter))
    reached = asyncio.create_task(stop.reached.wait())
    await asyncio.wait({task, reached}, return_when=asyncio.FIRST_COMPLETED)
    reached.cancel()
    return task


def killed(number: int, *, after: bool) -> Callable[[FakeCluster, Chapter], Awaitable[None]]:
    async def disturb(cluster: FakeCluster, chapter: Chapter) -> None:
        stop = Stop(number, after)
        async with a_leader(cluster) as leader:
            task = await run_until(leader, stop, chapter)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        cluster.api.hooks.clear()

    return disturb


def frozen(number: int, *, after: bool) -> Callable[[FakeCluster, Chapter], Awaitable[None]]:
    async def disturb(cluster: FakeCluster, chapter: Chapter) -> None:
        stop = Stop(number, after)
        async with a_leader(cluster) as old, a_leader(cluster) as new:
            task = await run_until(old, stop, chapter)
            cluster.now += timedelta(seconds=30)
            cluster.api.hooks.clear()
            await new.settle()
            old.client.may_write = lambda: False
            stop.let_go.set()
            await one_pass_ends(old, task)

    return disturb


async def one_pass_ends(old: Leader, task: asyncio.Task[None]) -> None:
    """The thawed process finishes the pass it was in; then it finds its lease lost and leaves."""
    seen = asyncio.get_running_loop().create_future()
    look = old.look

    async def last() -> float | None:
        if not seen.done():
            seen.set_result(None)
        await asyncio.Event().wait()

    old.look = last  # type: ignore[method-assign]
    await asyncio.wait({task, seen}, return_when=asyncio.FIRST_COMPLETED)
    old.look = look  # type: ignore[method-assign]
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


VALIDATION = f"POST jobs/{NAME}-val-"
FAULTS = {"killed": killed, "frozen": frozen}


async def everywhere(name: str, fault: str, *, after: bool) -> None:
    """A chapter with the fault at each of its writes."""
    async with a_cluster() as cluster:
        writes = recorded()[name].writes
        for number, where in enumerate(writes):
            also = on_its_way(writes, number, fault)
            try:
                await replay(cluster, name, FAULTS[fault](number, after=after), also)
            except AssertionError as error:
                what = f"{name}: {fault} {'after' if after else 'before'} write {number} ({where})"
                raise AssertionError(f"{what}: {error}") from error


def on_its_way(writes: Sequence[str], number: int, fault: str) -> str | None:
    """The purpose of a Job that may be made twice.

    One that was on its way to the API server when its sender froze lands after the other's was removed: nobody reads it. A validation whose
    UID was not recorded, because its maker ended between the two writes, is made again.
    """
    where, before = writes[number], writes[number - 1] if number else ""
    if where.startswith(VALIDATION) or (before.startswith(VALIDATION) and where.startswith("PUT leadmodels")):
        return "validation"
    return "poll" if fault == "frozen" and where.startswith("POST jobs/") else None


FULL = bool(os.environ.get("LEADMODEL_FULL"))
QUICK = ("first", "promoted", "drifted", "pinned")  # chapters in which something is decided in each way


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", LIFE if FULL else QUICK)
def test_a_process_stops_at_every_write(name: str, fault: str, after: bool):
    assert len(recorded()[name].writes) >= 2
    asyncio.run(everywhere(name, fault, after=after))


async def act_first(port: ClusterPort, key: Key) -> float | None:
    """A pass that acts before it records."""
    seen = await port.observe(key)
    if seen is None:
        return None
    answer = plan(seen)
    again = await port.apply(key, seen, answer.status, answer.desired)
    await passes.record_decision(port, key, seen, answer)
    return 0.0 if again else answer.requeue_after


def test_control_acting_before_recording_is_found_out(monkeypatch):
    monkeypatch.setattr(fake_leader, "reconcile", act_first)
    with pytest.raises(AssertionError):
        asyncio.run(everywhere("promoted", "killed", after=True))


# --- someone changes their mind while a process is frozen ------------------------------------------------------------------


async def frozen_meanwhile(
    cluster: FakeCluster, name: str, number: int, meanwhile: Act, *, after: bool
) -> list[str]:
    """Frozen at a write; a person does something, a second process does it, the first one thaws. What was served after that."""
    chapter = LIFE[name]
    cluster.restore(recorded()[name].before)
    chapter.act(cluster)
    stop = Stop(number, after)
    async with a_leader(cluster) as old, a_leader(cluster) as new:
        task = await run_until(old, stop, chapter)
        cluster.now += timedelta(seconds=30)
        cluster.api.hooks.clear()
        meanwhile(cluster)
        await new.settle()
        cluster.templates.clear()
        stop.let_go.set()
        await one_pass_ends(old, task)
        await new.settle()
        assert await stays_quiet(new) == []
    assert cluster.broken == []
    return list(cluster.templates)


def keep_a(c: FakeCluster) -> None:
    c.apply(artifact={"digest": digest("A")}, **DRIFT)


async def minds_changed() -> None:
    """At each write of a promotion of B, someone pins A."""
    async with a_cluster() as cluster:
        for number, where in enumerate(recorded()["promoted"].writes):
            for after in (False, True):
                served = await frozen_meanwhile(cluster, "promoted", number, keep_a, after=after)
                assert served == [], where
                assert cluster.champion() == cluster.serving() == "A", where
                assert cluster.condition("Ready") == ("True", "Serving"), where


def test_a_thawed_process_undoes_nothing():
    asyncio.run(minds_changed())


def test_control_a_deployment_that_is_not_fenced_is_found_out(monkeypatch):
    apply = Applier.apply

    async def unfenced(self: Applier, found: Any, body: Any, *, fenced: bool = False) -> Any:
        return await apply(self, found, body)

    monkeypatch.setattr(Applier, "apply", unfenced)
    with pytest.raises(AssertionError):
        asyncio.run(minds_changed())


def test_control_a_status_that_is_not_fenced_is_found_out(monkeypatch):
    write = ClusterPort.write_status

    async def unfenced(self: ClusterPort, key: Key, seen: Any, status: Any) -> None:
        await write(self, key, replace(seen, rv=""), status)

    monkeypatch.setattr(ClusterPort, "write_status", unfenced)
    with pytest.raises(AssertionError):
        asyncio.run(minds_changed())


async def trimmed() -> tuple[str, str]:
    """L1 is about to trim A's snapshot and freezes; someone asks for A; L1 thaws. UIDs of the snapshot before and after."""
    cut: dict[str, Any] = {"revisionHistoryLimit": 0, **DRIFT}
    async with a_cluster() as cluster:
        async with a_leader(cluster) as leader:
            for letter, auc in (("A", 0.75), ("B", 0.78)):
                cluster.upload(letter, Truth(auc=auc))
                cluster.apply(**cut)
                cluster.annotate("poll", letter)
                await leader.settle()
                cluster.live = True
                await leader.settle()
        name = f"conversion-rev-{digest('A')[7:19]}"
        uid = cluster.api.objects[("configmaps", "sales", name)]["metadata"]["uid"]
        cluster.upload("C", Truth(auc=0.8))
        cluster.annotate("poll", "C")
        stop = Stop(0, where=f"DELETE configmaps/{name}")
        async with a_leader(cluster) as old, a_leader(cluster) as new:
            task = await run_until(old, stop, LIFE["first"])
            assert stop.reached.is_set()
            cluster.api.hooks.clear()
            cluster.annotate("rollback-to", digest("A"))
            await new.look()
            stop.let_go.set()
            await one_pass_ends(old, task)
            await new.settle()
        assert cluster.serving() == "A"
        assert cluster.broken == []
        return uid, cluster.api.objects[("configmaps", "sales", name)]["metadata"]["uid"]


def test_a_snapshot_that_someone_asks_for_is_not_trimmed():
    before, after = asyncio.run(trimmed())
    assert before == after


def test_control_a_trim_without_a_version_is_found_out(monkeypatch):
    delete = Client.delete

    async def blind(self: Client, where: str, found: Any, *, with_version: bool = False) -> None:
        await delete(self, where, found)

    monkeypatch.setattr(Client, "delete", blind)
    try:
        before, after = asyncio.run(trimmed())
    except (AssertionError, KeyError):
        return
    assert before != after
