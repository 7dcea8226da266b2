"""One namespace with much to do, mute pods or huge objects takes nothing from the others, and no memory without bound."""

import asyncio
import json
import random
import string
from datetime import timedelta
from typing import Any

import pytest

from leadmodel_messages import window_document
from leadmodel_operator.kubernetes.apiserver import cache as caches
from leadmodel_operator.kubernetes.apiserver.cache import Cache
from leadmodel_operator.kubernetes.apiserver.dry_run import DryRun
from leadmodel_operator.kubernetes.observe import scrape
from leadmodel_operator.kubernetes.observe.scrape import Scraper
from leadmodel_operator.kubernetes.process import workqueue
from leadmodel_operator.kubernetes.process.web import STUCK_S, Health
from leadmodel_operator.kubernetes.process.workqueue import WorkQueue
from leadmodel_operator.kubernetes.render.names import path
from leadmodel_operator.kubernetes.turns import Slots, Turns
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.vocabulary import PLURAL
from support import virtual_time
from worlds.fake_cluster import NAME, START, Truth, digest
from worlds.fake_leader import a_cluster, a_leader
from worlds.windows import make_window

VICTIM = Key("sales", "conversion")


class Uncounted:
    def added(self, depth): ...
    def began(self, waited): ...
    def ended(self, took, result): ...


# --- the work queue ------------------------------------------------------------------------------------------------------------


async def reaction(hostile: int, took: float, each: int = 5) -> float:
    """How long a LeadModel waits for its pass beside so many of another namespace with slow passes; the worst of ten."""
    began: list[float] = []

    async def work(key: Key) -> float:
        if key == VICTIM:
            began.append(asyncio.get_running_loop().time())
            return 600.0
        await asyncio.sleep(took)
        return 0.1

    queue = WorkQueue(work, lambda *_: None, Uncounted(), workers_each=each)
    for number in range(hostile):
        queue.add(Key("hostile", f"model-{number}"))
    running = asyncio.create_task(queue.run())
    worst = 0.0
    for _ in range(10):
        await asyncio.sleep(7.3)
        told = asyncio.get_running_loop().time()
        queue.add(VICTIM)
        await asyncio.sleep(3)
        while not began or began[-1] < told:  # noqa: ASYNC110  # in virtual time
            await asyncio.sleep(0.5)
        worst = max(worst, began[-1] - told)
    running.cancel()
    return worst


def test_a_thousand_slow_lead_models_of_one_namespace_delay_no_other():
    alone = virtual_time.run(reaction(0, 4.0))
    assert virtual_time.run(reaction(1000, 4.0)) <= 2 * alone


def test_control_a_queue_without_a_share_for_each_namespace_delays_them():
    assert virtual_time.run(reaction(1000, 4.0, each=10)) > 0.5


def test_turns_go_round_the_namespaces():
    turns = Turns[str](2)
    for number in range(3):
        turns.put("a", f"a{number}")
    turns.put("b", "b0")
    assert [turns.take() for _ in range(4)] == ["a0", "b0", "a1", None]
    turns.end("a")
    assert (turns.take(), len(turns)) == ("a2", 0)


async def cancelled_while_waiting() -> str:
    """Of three that wait for one slot the second gives up; the third gets the slot."""
    slots, got = Slots(1, 1), []

    async def hold(name: str) -> None:
        async with slots.of("sales"):
            got.append(name)
            await asyncio.sleep(1)

    tasks = [asyncio.create_task(hold(name)) for name in "abc"]
    await asyncio.sleep(0.5)
    tasks[1].cancel()
    await asyncio.sleep(3)
    return "".join(got)


def test_a_slot_is_not_lost_with_the_one_that_waited_for_it():
    assert virtual_time.run(cancelled_while_waiting()) == "ac"


class ALease:
    tried = 1e9


async def pass_that_never_ends() -> tuple[list[str], str | None]:
    errors: list[str] = []

    async def work(_: Key) -> float:
        await asyncio.sleep(1e6)
        return 1.0

    queue = WorkQueue(work, lambda _, error: errors.append(type(error).__name__), Uncounted())
    health = Health(queue, ALease(), None)
    health.leading = True
    for number in range(40):
        queue.add(Key("hostile", f"model-{number}"))
    running = asyncio.create_task(queue.run())
    reasons = []
    for _ in range(20):
        await asyncio.sleep(60)
        reasons.append(health.unhealthy_reason())
    running.cancel()
    return errors, next(filter(None, reasons), None)


def test_passes_that_do_not_end_are_cut_off_and_the_process_lives():
    errors, reason = virtual_time.run(pass_that_never_ends())
    assert "TimeoutError" in errors
    assert reason is None


def test_control_without_a_limit_the_process_is_unhealthy(monkeypatch):
    monkeypatch.setattr(workqueue, "PASS_S", 10 * STUCK_S)
    assert virtual_time.run(pass_that_never_ends())[1] == "a pass does not end"


# --- pods ------------------------------------------------------------------------------------------------------------------------


class NoSession:
    def session(self, **_: Any) -> None:
        return None


class NoClient:
    access = NoSession()


class MuteScraper(Scraper):
    """Pods that take two seconds and answer nothing; pods of "sales" answer at once."""

    async def fetch(self, pod: Any, _target: str, _limit: int) -> bytes | None:
        namespace = pod["metadata"]["namespace"]
        async with self._slots.of(namespace):
            await asyncio.sleep(0.01 if namespace == "sales" else 2.0)
            return b"{}" if namespace == "sales" else None


def some_pods(namespace: str, number: int) -> list[dict[str, Any]]:
    names = [f"{namespace}-{n}" for n in range(number)]
    return [{"metadata": {"namespace": namespace, "name": name, "uid": name}} for name in names]


async def scraped(mute: int) -> tuple[float, float]:
    """Seconds until three pods of another namespace were read, and until the mute ones were given up."""
    scraper, loop = MuteScraper(NoClient(), proxy=True), asyncio.get_running_loop()
    begun = loop.time()
    asked = [some_pods("hostile", mute) for _ in range(4 if mute else 0)]
    passes = [asyncio.create_task(scraper.windows(pods, None)) for pods in asked]
    await asyncio.sleep(0)
    await scraper.windows(some_pods("sales", 3), None)
    read = loop.time() - begun
    await asyncio.gather(*passes)
    return read, loop.time() - begun


def test_hundreds_of_mute_pods_delay_nobody_and_end_with_their_pass():
    alone, _ = virtual_time.run(scraped(0))
    read, ended = virtual_time.run(scraped(300))
    assert read <= 2 * alone
    assert ended <= scrape.PASS_S + 0.1


def test_control_slots_without_a_share_are_all_taken(monkeypatch):
    monkeypatch.setattr(scrape, "AT_ONCE_EACH", scrape.AT_ONCE)
    assert virtual_time.run(scraped(300))[0] > 1.0


async def lost_snapshot() -> tuple[int, str | None]:
    """A snapshot is lost, and pods say at first only that they have it: pods asked for it in one pass, and what serves in the end."""
    async with a_cluster() as cluster, a_leader(cluster) as leader:
        cluster.upload("A", Truth(auc=0.75))
        cluster.apply(predictor={"replicas": 12})
        await leader.settle(limit=300)
        cluster.live = True
        real, asked = cluster.api.pods, []

        def mute(namespace: str, name: str, target: str) -> Any:
            if not target.startswith("/ops/artifact"):
                return real(namespace, name, target)
            asked.append(name)
            return real(namespace, name, target) if len(asked) > 8 else None

        cluster.api.pods = mute
        cluster.delete("configmaps", f"{NAME}-rev-{digest('A').removeprefix('sha256:')[:12]}")
        cluster.now += timedelta(minutes=1)
        await leader.look()
        in_one_pass = len(asked)
        await leader.march(8, seconds=60)
        assert cluster.all("configmaps")
        assert cluster.broken == []
        return in_one_pass, cluster.serving()


def test_a_lost_snapshot_is_asked_for_a_few_pods_at_a_time():
    assert asyncio.run(lost_snapshot()) == (3, "A")


# --- memory -----------------------------------------------------------------------------------------------------------------------


def huge(number: int, size: int) -> dict[str, Any]:
    """A LeadModel with a backfill, and text that does not compress in its labels, annotations and spec."""
    noise = "".join(random.Random(number).choices(string.ascii_letters, k=size))
    metadata = {"name": f"model-{number}", "namespace": "hostile", "uid": str(number), "generation": 1}
    metadata |= {"creationTimestamp": "2026-01-05T08:00:00Z", "resourceVersion": str(number + 1)}
    metadata |= {"annotations": {"a": noise, "customerops.dev/poll": noise}, "labels": {noise: "x"}}
    backfill = {"redis": {"secretName": "redis"}, "keyPatterns": ["chat:*"], "schedule": noise}
    return {"metadata": metadata, "spec": {"piiBackfill": backfill, "noise": noise}}


def test_the_cache_keeps_no_object_that_packs_large():
    cache = Cache()
    for number in range(5):
        cache.put(PLURAL, huge(number, 300_000))
    assert len(cache) == 0
    cache.put(PLURAL, huge(1, 20_000))
    assert len(cache) == 1


def test_control_a_cache_without_a_limit_keeps_everything(monkeypatch):
    monkeypatch.setattr(caches, "MAX_PACKED", 1 << 30)
    cache = Cache()
    for number in range(5):
        cache.put(PLURAL, huge(number, 300_000))
    assert len(cache) == 5


def test_of_annotations_and_labels_only_what_a_pass_reads_is_kept():
    cache = Cache()
    small = huge(1, 50_000)
    cache.put(PLURAL, {**small, "spec": {"paused": True}})
    kept = cache.get(PLURAL, "hostile", "model-1")
    assert kept is not None
    assert len(json.dumps(kept)) < 2000


def test_of_other_lead_models_only_their_backfills_are_read():
    cache = Cache()
    for number in range(3):
        cache.put(PLURAL, huge(number, 1000))
    others = asyncio.run(DryRun(cache, None).items(path(PLURAL, "hostile"), ""))
    read = {"piiBackfill": {"redis": {"secretName": "redis"}, "keyPatterns": ["chat:*"]}}
    assert [other["spec"] for other in others] == [read] * 3
    assert len(json.dumps(others)) < 1000


class TalkativeScraper(Scraper):
    """Every pod answers with the same window."""

    async def fetch(self, _pod: Any, _target: str, _limit: int) -> bytes | None:
        fits = make_window(digest("A"), None, drifts=False, previous_drifts=False, now=START)
        return json.dumps(window_document.dump(fits)).encode()


async def heard(pods: int) -> int:
    scraper = TalkativeScraper(NoClient(), proxy=True)
    return len(await scraper.windows(some_pods("sales", pods), None))


@pytest.mark.parametrize(("limit", "answers"), [(5000, 5), (scrape.PASS_LIMIT, 20)])
def test_the_windows_of_one_lead_model_have_a_limit_together(monkeypatch, limit, answers):
    """Pods beyond the limit count as mute; with the usual limit, which is the control, all are heard."""
    size = len(asyncio.run(TalkativeScraper(NoClient(), proxy=True).fetch(None, "", 0)) or b"")
    monkeypatch.setattr(scrape, "PASS_LIMIT", limit if answers == 20 else size * answers)
    assert asyncio.run(heard(20)) == answers
