"""Watches that end, break, lie or fall silent: the cache is what there is again, and every LeadModel concerned is looked at."""

import asyncio
import contextlib
import json
import ssl

import pytest
from aiohttp import web

from leadmodel_operator.kubernetes.apiserver import watch as watches
from leadmodel_operator.kubernetes.apiserver.access import Access
from leadmodel_operator.kubernetes.apiserver.cache import Cache
from leadmodel_operator.kubernetes.apiserver.cached_fields import WHOLE
from leadmodel_operator.kubernetes.apiserver.client import Client
from leadmodel_operator.kubernetes.apiserver.lead_models import Resync, take_event
from leadmodel_operator.kubernetes.apiserver.watch import Watch
from leadmodel_operator.kubernetes.process.workqueue import WorkQueue
from leadmodel_operator.reconcile import Key
from support import virtual_time
from worlds.fake_api import Call, FakeApi, Refused
from worlds.fake_leader import a_cluster

LABELS = {"customerops.dev/leadmodel": "conversion"}
KEY = Key("sales", "conversion")


def put(api: FakeApi, name: str, phase: str = "x") -> None:
    about = {
        "name": name,
        "namespace": "sales",
        "labels": dict(LABELS),
        "uid": f"uid-{name}",
        "generation": 1,
    }
    pod = {"containers": [{"image": "predictor:1"}]}
    body = {"kind": "Pod", "metadata": about, "spec": pod, "status": {"podIP": phase}}
    api.put(("pods", "sales", name), body)


def there(api: FakeApi) -> dict[str, str]:
    return {p[2]: o["status"]["podIP"] for p, o in api.objects.items() if p[0] == "pods"}


def seen(cache: Cache) -> dict[str, str]:
    return {n: cache.get("pods", "sales", n)["status"]["podIP"] for _, n in cache.keys("pods", "")}


@contextlib.asynccontextmanager
async def watching(api: FakeApi, relist_s: float = 600.0):
    """A watch of pods that runs; yields its cache and the keys it put into the queue."""
    client, cache, keys = Client(Access(api.url, ssl.create_default_context())), Cache(), []
    watch = Watch(client, cache, "pods", "", keys.append, relist_s=relist_s)
    task = asyncio.create_task(watch.run())
    try:
        await until(lambda: ("pods", "") in cache.synced)
        yield cache, keys
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await client.close()


async def until(holds, limit: float = 60.0) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + limit
    while not holds():
        assert loop.time() < end, "it does not come about"
        await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(watches, "MAX_WAIT_S", 0.2)


class Streams:
    """A hook that answers the first watches itself."""

    def __init__(self, *answers) -> None:
        self.answers, self.met = list(answers), 0

    async def __call__(self, call: Call, when: str):
        if when == "before" and call.watches and self.answers:
            self.met += 1
            return await self.answers.pop(0)(call)
        return None


async def expired(call: Call):
    raise Refused(410, "Expired")


class Lines(web.StreamResponse):
    """A stream that says these bytes and ends."""

    def __init__(self, said: bytes, then: float = 0.0) -> None:
        super().__init__(headers={"Content-Type": "application/json"})
        self.said, self.then = said, then

    async def prepare(self, request):
        writer = await super().prepare(request)
        await self.write(self.said)
        if self.then:
            await asyncio.sleep(self.then)
        return writer


def event(kind: str, body) -> bytes:
    return json.dumps({"type": kind, "object": body}).encode() + b"\n"


GONE = {"kind": "Status", "code": 410, "reason": "Expired"}


def says(said: bytes, then: float = 0.0):
    async def answer(_call: Call):
        return Lines(said, then)

    return answer


OLD = {
    "kind": "Pod",
    "metadata": {
        "name": "a",
        "namespace": "sales",
        "labels": dict(LABELS),
        "uid": "uid-a",
        "resourceVersion": "1",
    },
    "spec": {"containers": [{"image": "predictor:1"}]},
    "status": {"podIP": "of old"},
}
BROKEN = {
    "410 as an answer": (expired,),
    "410 in the stream": (says(event("ERROR", GONE)),),
    "cut in the middle of an object": (says(b'{"type": "MODIFIED", "object": {"metadata": {"na'),),
    "garbage": (says(b"<html>bad gateway</html>\n"),),
    "old events again, out of order": (says(event("MODIFIED", OLD) * 3),),
    "another error": (says(event("ERROR", {"code": 500})),),
    "ended at once, five times": (says(b""),) * 5,
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_watch_is_made_good(how):
    async def tell() -> None:
        async with a_cluster() as cluster:
            api = cluster.api
            put(api, "a")
            hook = Streams(*BROKEN[how])
            api.hooks.append(hook)
            async with watching(api) as (cache, keys):
                put(api, "a", "new")
                put(api, "b")
                await until(lambda: seen(cache) == there(api))
                assert hook.met == len(BROKEN[how])
                keys.clear()
                api.remove(("pods", "sales", "b"))
                await until(lambda: seen(cache) == there(api))
                assert KEY in keys

    virtual_time.run(tell())


@pytest.mark.parametrize("crowded", [False, True], ids=["kept", "control: the label is cut off"])
def test_a_pod_with_a_crowd_of_labels_ends_no_watch(monkeypatch, crowded):
    """Whoever may make a pod could else end the operator, for an error that a watch does not expect ends the process."""
    if crowded:
        monkeypatch.setattr("leadmodel_operator.kubernetes.apiserver.parsing.READ", frozenset())

    async def tell() -> bool:
        async with a_cluster() as cluster:
            api = cluster.api
            put(api, "a")
            about = api.objects["pods", "sales", "a"]["metadata"]
            about["labels"] |= {f"customerops.dev/{n:02}": "" for n in range(70)}
            async with watching(api) as (cache, keys):
                put(api, "b", "new")
                await until(lambda: seen(cache) == there(api))
                return (
                    cache.of_model("pods", "sales", "conversion")[0]["metadata"]["name"] == "a"
                    and KEY in keys
                )

    assert virtual_time.run(tell()) is not crowded


def test_control_taking_old_events_is_found_out(monkeypatch):
    monkeypatch.setattr("leadmodel_operator.kubernetes.apiserver.cache.version_of", lambda _: 0)

    async def tell() -> None:
        cache = Cache()
        newer = {**OLD, "metadata": {**OLD["metadata"], "resourceVersion": "2"}, "status": {"podIP": "new"}}
        cache.put("pods", newer)
        cache.put("pods", OLD)
        assert seen(cache) == {"a": "new"}

    with pytest.raises(AssertionError):
        virtual_time.run(tell())


def test_a_silent_watch_is_given_up(monkeypatch):
    """Nothing comes any more, no bookmark either, and the connection stays: what happened meanwhile is seen all the same."""
    monkeypatch.setattr(watches, "SILENCE_S", 0.5)

    async def tell() -> None:
        async with a_cluster() as cluster:
            cluster.api.hooks.append(Streams(says(b"", then=30.0)))
            async with watching(cluster.api) as (cache, _):
                put(cluster.api, "a")
                await until(lambda: seen(cache) == there(cluster.api), limit=20)

    virtual_time.run(tell())


def test_a_deletion_that_no_event_tells_is_found_by_the_next_list():
    async def tell() -> None:
        async with a_cluster() as cluster:
            api = cluster.api
            put(api, "a")
            put(api, "b")
            async with watching(api, relist_s=1.5) as (cache, keys):
                keys.clear()
                del api.objects[("pods", "sales", "a")]  # and no watcher is told
                await until(lambda: seen(cache) == there(api), limit=20)
                assert keys == [KEY]

    virtual_time.run(tell())


def test_control_never_listing_again_is_found_out():
    async def tell() -> None:
        async with a_cluster() as cluster:
            put(cluster.api, "a")
            async with watching(cluster.api) as (cache, _):
                del cluster.api.objects[("pods", "sales", "a")]
                await until(lambda: seen(cache) == there(cluster.api), limit=2)

    with pytest.raises(AssertionError):
        virtual_time.run(tell())


# --- LeadModels: Kopf's events, and the list that repairs them ---------------------------------------------------------------------


def lead_model(name: str, version: int, **spec) -> dict:
    metadata = {"name": name, "namespace": "sales", "resourceVersion": str(version), "uid": f"uid-{name}"}
    return {"metadata": metadata, "spec": spec}


def test_an_object_of_kopfs_own_list_is_news_once_and_the_echo_of_a_write_is_news():
    cache = Cache()
    assert take_event(cache, None, lead_model("a", 1))
    assert not take_event(cache, None, lead_model("a", 1))
    assert take_event(cache, "MODIFIED", lead_model("a", 1))
    assert take_event(cache, "DELETED", lead_model("a", 2))
    assert cache.keys("leadmodels", "") == []


@contextlib.asynccontextmanager
async def stale(*names: str):
    """An API server, and a cache that knows LeadModels of these names in an old version; no event comes."""
    api, cache, keys = FakeApi(), Cache(), []
    await api.start()
    client = Client(Access(api.url, ssl.create_default_context()))
    for name in names:
        take_event(cache, "ADDED", lead_model(name, 1))
    try:
        yield api, cache, keys, Resync(client, cache, "", keys.append, every_s=0.2)
    finally:
        await client.close()
        await api.stop()


def test_a_lost_event_of_a_lead_model_is_found_by_the_list():
    async def tell() -> None:
        async with stale("gone", "changed", "same") as (api, cache, keys, resync):
            for name in ("changed", "new"):
                api.put(("leadmodels", "sales", name), lead_model(name, 0, minAuc=0.7))
            api.objects["leadmodels", "sales", "same"] = lead_model("same", 1)
            await resync.compare()
            assert {key.name for key in keys} == {"gone", "changed", "new"}
            assert {name for _, name in cache.keys("leadmodels", "")} == {"changed", "new", "same"}
            keys.clear()
            await resync.compare()
            assert keys == []

    virtual_time.run(tell())


def test_a_list_that_is_older_than_an_event_makes_the_next_pass_read_the_object():
    async def tell() -> None:
        async with stale() as (api, cache, keys, resync):
            api.objects["leadmodels", "sales", "a"] = lead_model("a", 5)
            take_event(cache, "MODIFIED", lead_model("a", 9))
            await resync.compare()
            assert keys == [Key("sales", "a")]
            assert cache.get("leadmodels", "sales", "a") is None

    virtual_time.run(tell())


def test_the_list_is_made_again_and_outlives_an_api_server_that_refuses():
    async def tell() -> None:
        async with stale("gone") as (api, _, keys, resync):
            refusals = [Refused(503, "ServiceUnavailable"), Refused(410, "Expired")]

            async def refuse(_call: Call, when: str) -> None:
                if when == "before" and refusals:
                    raise refusals.pop()

            api.hooks.append(refuse)
            task = asyncio.create_task(resync.run())
            await until(lambda: keys == [Key("sales", "gone")])
            api.put(("leadmodels", "sales", "later"), lead_model("later", 0))
            await until(lambda: Key("sales", "later") in keys)
            task.cancel()

    virtual_time.run(tell())


# --- a burst ---------------------------------------------------------------------------------------------------------------------


class Uncounted:
    def added(self, depth): ...
    def began(self, waited): ...
    def ended(self, took, result): ...


async def burst(took: float = 0.002) -> int:
    """A thousand events on one key as fast as they come; the passes they cause."""
    made = []

    async def work(key: Key) -> float | None:
        made.append(key)
        await asyncio.sleep(took)
        return 600.0

    queue = WorkQueue(work, lambda *_: None, Uncounted())
    task = asyncio.create_task(queue.run())
    for number in range(1000):
        queue.add(KEY)
        await asyncio.sleep(0 if number % 10 else 0.005)
    await asyncio.sleep(2.2)
    task.cancel()
    return len(made)


@pytest.mark.parametrize("took", [0.002, 0.05])
def test_a_thousand_events_on_one_object_are_a_few_passes(took):
    assert virtual_time.run(burst(took)) <= 5


def test_control_a_queue_that_never_slows_down_is_found_out(monkeypatch):
    monkeypatch.setattr(WorkQueue, "slow_down", lambda *_: None)
    assert virtual_time.run(burst()) > 5


NAMESPACES = 8  # watched one by one: more streams than requests have connections


@pytest.mark.parametrize("shared", [False, True], ids=["own connections", "control: one pool"])
def test_watches_leave_requests_their_connections(shared):
    async def tell() -> bool:
        async with a_cluster() as cluster:
            api = cluster.api
            client = Client(Access(api.url, ssl.create_default_context()))
            if shared:
                await client.watches.close()
                client.watches = client.requests
            cache = Cache()
            wanted = [("pods", f"n{i}") for i in range(NAMESPACES * len(WHOLE))]
            tasks = [
                asyncio.create_task(Watch(client, cache, *one, enqueue=lambda _: None).run())
                for one in wanted
            ]
            await asyncio.sleep(2)
            try:
                await asyncio.wait_for(client.get("/api/v1/namespaces/sales/pods/p"), 3)
            except TimeoutError:
                return False
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.wait(tasks)
                await client.close()
            return cache.synced == set(wanted)

    assert virtual_time.run(tell()) is not shared
