"""Pods that do not come up, go away, or answer nonsense when they are asked for their drift window."""

import asyncio
import json
from datetime import timedelta

import pytest
from aiohttp import web

from leadmodel_operator.kubernetes.observe import scrape
from leadmodel_operator.planning import rollout, scraping
from worlds.fake_cluster import FakeCluster, Truth
from worlds.fake_leader import Leader, a_cluster, a_leader, stays_quiet
from worlds.stories import DRIFT, HOUR, drifted, drifting, first, holds, peaceful, promoted, proven

# --- pods that do not come up --------------------------------------------------------------------------------------------------


async def broken_template(cluster: FakeCluster, leader: Leader) -> None:
    """The user's image cannot be pulled: said after the deadline, the old pods serve on, and it is mended by the next edit."""
    await proven(cluster, leader)
    cluster.apply(predictor={"image": "typo:1"}, progressDeadline="2m", **DRIFT)
    await leader.march(6)
    assert cluster.condition("Ready") == ("False", "RollingOut")
    assert cluster.condition("Reconciling") == ("True", "RollingOut")
    cluster.now += timedelta(minutes=3)
    await leader.march(6)
    assert cluster.condition("Stalled") == ("True", "ProgressDeadlineExceeded")
    assert cluster.condition("Available")[0] == "True"
    assert cluster.status["quarantine"] == []
    assert cluster.champion() == "A"
    assert await stays_quiet(leader) == []
    cluster.apply(**DRIFT)
    await leader.settle()
    await leader.pass_time(0.1 * HOUR)


def test_an_image_that_cannot_be_pulled_blames_no_model():
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await broken_template(cluster, leader)
            await holds(cluster, leader, proven)

    peaceful(proven)
    asyncio.run(tell())


def test_control_blaming_the_model_for_its_pods_is_found_out(monkeypatch):
    monkeypatch.setattr(rollout, "blames_champion", lambda pod, _: pod.fault is not None)
    with pytest.raises(AssertionError):
        asyncio.run(no_image_for_b())


async def no_image_for_b() -> None:
    """B is promoted while nothing can be pulled: A serves on, B is not blamed, and serves once it can."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        await proven(cluster, leader)
        cluster.upload("B", Truth(auc=0.8))
        cluster.annotate("poll", "B")
        cluster.pullable.clear()
        await leader.march(12)
        assert cluster.champion() == "B"
        assert cluster.condition("Available")[0] == "True"
        cluster.now += timedelta(minutes=11)
        await leader.march(4)
        assert cluster.condition("Stalled") == ("True", "ProgressDeadlineExceeded")
        assert cluster.status["quarantine"] == []
        cluster.pullable.add("predictor:1")
        cluster.now += timedelta(minutes=1)
        await leader.settle()
        await holds(cluster, leader, promoted)


def test_a_promotion_whose_pods_do_not_start_waits():
    peaceful(promoted)
    asyncio.run(no_image_for_b())


async def refuses_to_load(*, loads: bool) -> None:
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        await proven(cluster, leader)
        cluster.upload("B", Truth(auc=0.8, loads=loads))
        cluster.annotate("poll", "B")
        await leader.settle()
        assert cluster.champion() == cluster.serving() == "A"
        assert [q["kind"] for q in cluster.status["quarantine"]] == ["Load"]
        assert cluster.condition("Ready") == ("False", "RolledBack")
        assert cluster.broken == []
        assert await stays_quiet(leader) == []


def test_a_model_that_its_pods_refuse_is_rolled_back_within_the_rollout():
    asyncio.run(refuses_to_load(loads=False))


@pytest.mark.parametrize(
    "what", ["a node is drained", "all pods die at once", "the namespace's quota is full"]
)
def test_pods_that_go_away_come_back(what):
    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await proven(cluster, leader)
            cluster.downtime_allowed = what != "a node is drained"
            pods = [
                p
                for p in cluster.all("pods")
                if "customerops.dev/champion" in p["metadata"].get("annotations", {})
            ]
            for pod in pods[: 1 if what == "a node is drained" else 2]:
                cluster.delete("pods", pod["metadata"]["name"])
            if what == "the namespace's quota is full":
                make, cluster.make = cluster.make, lambda *_: pytest.fail("made")  # type: ignore[method-assign]
                cluster.move_deployment = lambda _: None  # type: ignore[method-assign]
                await leader.march(3)
                assert cluster.champion() == "A"
                assert cluster.condition("Ready") == ("False", "Unavailable")
                cluster.make = make  # type: ignore[method-assign]
                del cluster.move_deployment
            await leader.settle()
            await leader.pass_time(0.1 * HOUR)
            await holds(cluster, leader, proven)

    peaceful(proven)
    asyncio.run(tell())


def test_the_image_of_the_last_good_one_cannot_be_pulled_any_more():
    """The rollback is decided and cannot be carried out: what ran runs on, it is said, and it is done once it can be."""

    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await drifting(cluster, leader)
            cluster.pullable.clear()
            for _ in range(8):
                cluster.now += timedelta(minutes=4)
                await leader.march(1)
            assert cluster.champion() == cluster.serving() == "A"
            assert cluster.condition("Stalled")[0] == "True"
            assert cluster.condition("Available")[0] == "True"
            cluster.pullable.add("predictor:1")
            await leader.settle()
            await leader.pass_time(0.1 * HOUR)
            assert cluster.condition("RolledBack") == ("True", "DriftSustained")
            assert cluster.broken == []
            assert await stays_quiet(leader) == []

    asyncio.run(tell())


# --- pods that answer nonsense ---------------------------------------------------------------------------------------------------


async def redirect(request: web.Request) -> web.StreamResponse:
    return web.Response(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"})


async def slow(request: web.Request) -> web.StreamResponse:
    stream = web.StreamResponse()
    await stream.prepare(request)
    for _ in range(40):
        await stream.write(b" ")
        await asyncio.sleep(0.1)
    return stream


async def endless(request: web.Request) -> web.StreamResponse:
    stream = web.StreamResponse()
    await stream.prepare(request)
    for _ in range(64):
        await stream.write(b"[" * (1 << 16))
    return stream


def not_a_number(real: bytes) -> bytes:
    return real.replace(b'"sum": 250.0', b'"sum": NaN')


ANSWERS = {
    "404": lambda real: web.Response(status=404),
    "garbage": lambda real: b"<html>",
    "a deep nest": lambda real: b"[" * 100_000,
    "an endless body": lambda real: endless,
    "a redirect to the metadata server": lambda real: redirect,
    "a field renamed": lambda real: real.replace(b'"observed"', b'"seen"'),
    "counts below zero": lambda real: real.replace(b"[500, 0]", b"[-500, 1000]"),
    "nothing": lambda real: None,
    "drip by drip": lambda real: slow,
}


def distort(cluster: FakeCluster, how) -> None:
    """What every pod answers when it is asked for its window."""
    real = cluster.answer_of_pod

    def ask(namespace: str, name: str, target: str):
        found = real(namespace, name, target)
        return how(found) if "drift-window" in target and isinstance(found, bytes) else found

    cluster.api.pods = ask


async def nonsense(how: str) -> None:
    """B drifts for hours, and nobody can read it: unavailable is not bad, so B serves on; then it is read, and A serves."""
    async with a_cluster() as cluster, a_leader(cluster, http=True) as leader:
        await proven(cluster, leader)
        cluster.upload("B", Truth(auc=0.8, drifts=True))
        cluster.annotate("poll", "B")
        distort(cluster, ANSWERS[how])
        await leader.march(14)
        for _ in range(3):
            cluster.now += timedelta(minutes=10)
            await leader.march(1)
        assert cluster.champion() == cluster.serving() == "B"
        assert cluster.status["drift"]["evidence"] == "Unavailable"
        assert cluster.condition("DriftDetected") == ("Unknown", "MetricsUnavailable")
        assert leader.failures == []
        cluster.api.pods = cluster.answer_of_pod
        await leader.pass_time(0.7 * HOUR)
        await holds(cluster, leader, drifted)


@pytest.mark.parametrize("how", ANSWERS)
def test_a_pod_answers_nonsense(how):
    if how == "drip by drip":
        scrape_timeout = pytest.MonkeyPatch()
        scrape_timeout.setattr(scrape, "TIMEOUT_S", 0.3)
        try:
            peaceful(drifted)
            asyncio.run(nonsense(how))
        finally:
            scrape_timeout.undo()
        return
    peaceful(drifted)
    asyncio.run(nonsense(how))


async def padded() -> str:
    async with a_cluster() as cluster, a_leader(cluster, http=True) as leader:
        await first(cluster, leader)
        cluster.live = True
        distort(cluster, lambda real: real + b" " * scraping.WINDOW_LIMIT)
        await leader.pass_time(0.05 * HOUR)
        return cluster.status["drift"]["evidence"]


def test_an_answer_over_the_limit_is_none():
    assert asyncio.run(padded()) == "Unavailable"


def test_control_a_scrape_without_a_limit_reads_it(monkeypatch):
    monkeypatch.setattr(scrape, "WINDOW_LIMIT", 1 << 30)
    assert asyncio.run(padded()) == "Pass"


async def one_mute(pods: int) -> str:
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        await first(cluster, leader)
        cluster.live = True
        real = cluster.answer_of_pod
        mute = sorted(
            p["metadata"]["name"] for p in cluster.all("pods") if "champion" in json.dumps(p["metadata"])
        )[:pods]
        cluster.api.pods = lambda ns, name, target: None if name in mute else real(ns, name, target)
        await leader.pass_time(0.05 * HOUR)
        assert cluster.status["drift"]["pods"] == f"{2 - pods}/2"
        return cluster.status["drift"]["evidence"]


def test_one_pod_of_two_is_mute():
    """Half of the ready pods is enough to say; none is not."""
    assert asyncio.run(one_mute(1)) == "Pass"
    assert asyncio.run(one_mute(2)) == "Unavailable"


# --- drift that comes and goes -----------------------------------------------------------------------------------------------------


async def oscillating(hours: int) -> FakeCluster:
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        await promoted(cluster, leader)
        for number in range(hours * 6):
            cluster.truths["B"] = Truth(auc=0.8, drifts=bool(number % 2))
            for _ in range(2):
                cluster.now += timedelta(minutes=5)
                await leader.look()
        return cluster


def test_drift_that_comes_and_goes_is_no_breach():
    cluster = asyncio.run(oscillating(4))
    assert cluster.champion() == "B"
    assert cluster.status["rollbacks"] == []


async def all_drift() -> None:
    """After the rollback A drifts too: no loop, an alert, nothing moves."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        await drifted(cluster, leader)
        cluster.truths["A"] = Truth(auc=0.75, drifts=True)
        await leader.pass_time(3 * HOUR, every=timedelta(minutes=4))
        assert cluster.champion() == cluster.serving() == "A"
        assert len(cluster.status["rollbacks"]) == 1
        assert cluster.condition("Stalled") == ("True", "RolledBack")
        assert cluster.condition("DriftDetected") == ("True", "SustainedBreach")
        assert cluster.broken == []
        assert await stays_quiet(leader) == []


def test_drift_of_the_last_good_one_is_no_loop():
    asyncio.run(all_drift())


@pytest.mark.parametrize("cooldown", ["24h"])
def test_one_rollback_a_cooldown(cooldown):
    """A second drifting model within the cooldown is held before it can serve; after it, it may be rolled back again."""

    async def tell() -> None:
        async with a_cluster() as cluster, a_leader(cluster) as leader:
            await drifted(cluster, leader)
            cluster.upload("C", Truth(auc=0.82, drifts=True))
            cluster.annotate("poll", "C")
            await leader.settle()
            await leader.pass_time(2 * HOUR, every=timedelta(minutes=20))
            assert cluster.champion() == "A"
            assert cluster.condition("Validated") == ("Unknown", "HeldAfterRollback")
            assert len(cluster.status["rollbacks"]) == 1
            assert cluster.broken == []

    assert cooldown == "24h"
    asyncio.run(tell())
