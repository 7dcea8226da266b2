"""Processes of the operator on the fake API: real client, port and recorder over HTTP, killed, frozen and thawed by a test."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from leadmodel_operator.kubernetes.apiserver.access import Access
from leadmodel_operator.kubernetes.apiserver.client import (
    TRANSIENT,
    VERBS,
    ApiError,
    Client,
    NotLeading,
    error_of,
)
from leadmodel_operator.kubernetes.apiserver.recorder import Recorder
from leadmodel_operator.kubernetes.observe.scrape import Scraper
from leadmodel_operator.kubernetes.observe.windows import WindowCache
from leadmodel_operator.kubernetes.port import ClusterPort
from leadmodel_operator.kubernetes.render.images import Images
from leadmodel_operator.reconcile import Conflict, Key, reconcile
from worlds.fake_api import Call, FakeApi, Object, Refused, called
from worlds.fake_cluster import IMAGE, NAME, NAMESPACE, FakeCluster
from worlds.rights import require

KEY = Key(NAMESPACE, NAME)
TLS = ssl.create_default_context()


class DirectClient(Client):
    """The real client without the connection under it; what the chart does not allow is refused."""

    def __init__(self, api: FakeApi) -> None:
        super().__init__(Access(api.url, TLS))
        self.api = api

    async def call(
        self, method: str, path: str, *, body: Any = None, kind: str = "application/json", **params: str
    ) -> Object:
        if method != "GET" and not self.may_write():
            raise NotLeading(f"{method} not sent")
        accept = params.pop("accept", "")
        request = called(method, path, params, json.loads(json.dumps(body)), kind, accept)
        assert request is not None, path
        try:
            require(request)
            return dict(json.loads(json.dumps(await self.api.ask(request))))
        except Refused as refused:
            text = json.dumps(refused.document())
            after = None if refused.retry_after is None else str(refused.retry_after)
            error = error_of(refused.status, after, text)
            error.request = f"{VERBS[method]} {request.resource}"
            raise error from None


class DirectScraper(Scraper):
    """Asks pods without a connection."""

    async def fetch(self, pod: Object, target: str, limit: int) -> bytes | None:
        metadata, ask = pod["metadata"], self.client.api.pods
        answer = ask(metadata["namespace"], metadata["name"], target)
        return answer if isinstance(answer, bytes) and len(answer) <= limit else None


@dataclass
class Leader:
    """One process: what it knows dies with it. `http`: over real connections."""

    cluster: FakeCluster
    image: str = IMAGE
    training: str = "training:1"
    privacy: str = "privacy:1"
    followup: str = "followup:1"
    http: bool = False
    client: Client = field(init=False)
    port: ClusterPort = field(init=False)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        api = self.cluster.api
        self.client = Client(Access(api.url, TLS)) if self.http else DirectClient(api)
        self.scraper = (Scraper if self.http else DirectScraper)(self.client, proxy=True)
        images = Images(self.image, self.training, self.privacy, self.followup)
        recorder = Recorder(self.client, "leader")
        windows = WindowCache(self.scraper)
        self.port = ClusterPort(self.client, self.client, windows, recorder, images, lambda: self.cluster.now)

    async def close(self) -> None:
        await self.scraper.close()
        await self.client.close()

    async def look(self) -> float | None:
        """One pass, as the queue makes it: a failure is noted and the key comes again."""
        try:
            return await reconcile(self.port, KEY)
        except Conflict:
            return 0.05
        except (ApiError, NotLeading, *TRANSIENT) as error:
            self.failures.append(f"{type(error).__name__}: {error}")
            return 0.5
        finally:
            self.port.settle(KEY)

    async def settle(self, limit: int = 80) -> None:
        """Pass after pass, while the cluster moves, until a pass and one 30 seconds later write nothing and nothing moves."""
        quiet = 0
        for _ in range(limit):
            before = writes(self.cluster.api)
            after = await self.look()
            progress = self.cluster.step()
            self.cluster.now += timedelta(seconds=2)
            busy = progress or writes(self.cluster.api) != before or after in {0.0, 0.05, 0.5}
            quiet = 0 if busy else quiet + 1
            if quiet == 2:
                return
            self.cluster.now += timedelta(seconds=30 * quiet)
        raise AssertionError("it never comes to rest:\n" + "\n".join(map(str, self.cluster.api.log[-60:])))

    async def march(self, passes: int, seconds: float = 2.0) -> None:
        """So many passes, whatever they do, while the cluster moves."""
        for _ in range(passes):
            await self.look()
            self.cluster.step()
            self.cluster.now += timedelta(seconds=seconds)

    async def pass_time(self, span: timedelta, every: timedelta = timedelta(minutes=5)) -> None:
        """Look every few minutes until a time has gone by."""
        end = self.cluster.now + span
        while self.cluster.now < end:
            self.cluster.now += every
            await self.look()
            self.cluster.step()
        await self.settle()


def writes(api: FakeApi) -> int:
    """Writes so far that are not events."""
    return sum(call.writes and call.resource != "events" for call in api.log)


@contextlib.asynccontextmanager
async def a_cluster() -> AsyncIterator[FakeCluster]:
    """A cluster that runs for a test."""
    api = await FakeApi().start()
    try:
        yield FakeCluster(api)
    finally:
        await api.stop()


@contextlib.asynccontextmanager
async def a_leader(cluster: FakeCluster, **more: Any) -> AsyncIterator[Leader]:
    """A process that runs for a while."""
    leader = Leader(cluster, **more)
    try:
        yield leader
    finally:
        await leader.close()


# --- comparing worlds ----------------------------------------------------------------------------------------------------

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_NOISE = {
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "observedGeneration",
    "since",
    "mark",
    "wanted",
    "job",
}
_NAMES = re.compile(
    r"-(val|poll|backfill|retraining|enrichment)-[0-9a-z]+|-text-[0-9a-f]{10}(?![0-9a-z])|-[0-9a-f]{8}-\d+|-[0-9a-f]{8}$"
)


def shape(cluster: FakeCluster) -> Object:
    """Everything there is, without identities and instants: two worlds with the same shape are the same to a user."""
    objects = {}
    for place, body in cluster.api.objects.items():
        if place[0] not in {"events", "leases"}:
            objects["/".join((place[0], _NAMES.sub("-*", place[2])))] = masked(body)
    return objects


def masked(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {
            k: masked(v)
            for k, v in sorted(value.items())
            if k not in _NOISE and not k.endswith(("claimed", "rendered"))
        }
        for entry in kept.get("history") or []:
            entry.pop("message", None)  # a repeated decision may give its other reason
        return kept
    if isinstance(value, list):
        return [masked(item) for item in value]
    if isinstance(value, str):
        if value.startswith("{"):
            with contextlib.suppress(ValueError):
                return masked(json.loads(value))
        return _NAMES.sub("-*", _TIME.sub("*", value))
    return value


def differences(actual: Any, wanted: Any, path: str = "") -> list[str]:
    """Where two shapes differ."""
    if isinstance(actual, dict) and isinstance(wanted, dict):
        return [
            line
            for key in sorted(actual.keys() | wanted.keys())
            for line in differences(actual.get(key), wanted.get(key), f"{path}.{key}")
        ]
    if isinstance(actual, list) and isinstance(wanted, list) and len(actual) == len(wanted):
        return [
            x
            for i, (a, b) in enumerate(zip(actual, wanted, strict=True))
            for x in differences(a, b, f"{path}[{i}]")
        ]
    return [] if actual == wanted else [f"{path}: {actual!r} instead of {wanted!r}"]


async def stays_quiet(leader: Leader, seconds: int = 60) -> list[str]:
    """Looks for a minute of simulated time; the writes made meanwhile."""
    start = len(leader.cluster.api.log)
    for _ in range(seconds // 20):
        leader.cluster.now += timedelta(seconds=20)
        await leader.look()
        leader.cluster.step()
    return [str(call) for call in leader.cluster.api.log[start:] if call.writes]


# --- stopping a process at a write ---------------------------------------------------------------------------------------


@dataclass
class Stop:
    """A hook that holds one write: before it takes effect or after, until it is let go (never, if the process is killed)."""

    number: int  # of the writes from now on, or of those to `where`
    after: bool = False
    where: str = ""
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    what: str = ""
    _seen: int = -1
    _mine: Call | None = None

    async def __call__(self, call: Call, when: str) -> None:
        if when == "before" and call.writes and call.resource != "events" and self.where in str(call):
            self._seen += 1
            if self._seen == self.number:
                self._mine, self.what = call, str(call)
        if call is self._mine and (when == "after") == self.after:
            self._mine = None
            self.reached.set()
            await self.let_go.wait()
