"""Lists a resource and watches it into the cache; every change puts its LeadModel into the queue.

The states of a `Watch`, and what the cache is in each:

    start ──> LISTING ──────── last page ───────> FOLLOWING <──────────────┐
                │  ^                               │  │  │                 │
          error │  │                               │  │  └ cut, silent ──> PAUSING
                v  │ 2 to 30 s           410 Gone, │  │    or malformed     (up to 15 s, then from
             WAITING                     or an     │  │                      the last version seen)
                   │                     error that│  └ event: cache updated, key enqueued
                   │                     says so   │
                   └───────────────────────────────┴─ 10 minutes passed: LISTING again

    LISTING     the cache gains what the list holds and, at the last page, loses what the list lacks; then `synced` is set for ever
    FOLLOWING   the cache is as new as the last event; bookmarks move the version forward where nothing happens
    WAITING,    the cache is stale: passes over it can only be late, for a pass that writes reads the API server
    PAUSING

Kopf brings the events of LeadModels themselves. For the objects LeadModels own, Kopf is not used: it keeps 11 KB per object, cannot
ask for metadata alone (data of ConfigMaps is never listed here), does not say when a list is complete, and never notices that an object
is missing from a later list.
"""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from leadmodel_operator.kubernetes.apiserver.cache import Cache
from leadmodel_operator.kubernetes.apiserver.cached_fields import METADATA_ONLY
from leadmodel_operator.kubernetes.apiserver.client import TRANSIENT, ApiError, Client
from leadmodel_operator.kubernetes.apiserver.listing import Gone, pages
from leadmodel_operator.kubernetes.apiserver.parsing import parse
from leadmodel_operator.kubernetes.render.names import LABEL, Object, collection
from leadmodel_operator.reconcile import Key

log = logging.getLogger("leadmodel")
RELIST_S, SILENCE_S, MAX_WAIT_S = 600.0, 90.0, 30.0


@dataclass
class Watch:
    """One resource, in one namespace or ("") in all; only objects with the label of a LeadModel."""

    client: Client
    cache: Cache
    resource: str
    namespace: str
    enqueue: Callable[[Key], None]
    relist_s: float = RELIST_S

    async def run(self) -> None:
        """Walk through the states for ever."""
        failures = 0
        while True:
            try:
                version = await self._list()
                failures = 0
                await self._follow(version)
            except Gone:
                continue
            except (ApiError, *TRANSIENT) as error:
                failures += 1
                log_failure(self.resource, error, failures)
                await asyncio.sleep(min(2.0**failures, MAX_WAIT_S) * random.uniform(0.5, 1.0))

    @property
    def _path(self) -> str:
        return collection(self.resource, self.namespace)

    def _accept(self, kind: str) -> str:
        partial = self.resource in METADATA_ONLY
        return f"application/json;as={kind};g=meta.k8s.io;v=v1" if partial else "application/json"

    async def _list(self) -> str:
        """Make the cache equal to the list; the list's version."""
        missing, version = set(self.cache.keys(self.resource, self.namespace)), ""
        accept = self._accept("PartialObjectMetadataList")
        async for items, listed in pages(self.client, self._path, accept=accept, labelSelector=LABEL):
            version = listed
            for item in items:
                missing.discard((item["metadata"]["namespace"], item["metadata"]["name"]))
                self._put(item)
        for namespace, name in missing:
            self._drop(namespace, name)
        self.cache.synced.add((self.resource, self.namespace))
        return version

    async def _follow(self, version: str) -> None:
        """Take events until the next list is due; a stream that ends is opened anew from the last version seen."""
        loop = asyncio.get_running_loop()
        end = loop.time() + self.relist_s * random.uniform(0.8, 1.2)
        failures = 0
        while (left := end - loop.time()) > 1:
            try:
                async for event in self._events(version, left):
                    version, failures = self._take(event) or version, 0
            except (ApiError, *TRANSIENT) as error:
                failures += 1
                log_failure(self.resource, error, failures)
            await asyncio.sleep(min(2.0**failures, MAX_WAIT_S) * random.uniform(0.05, 0.5))

    async def _events(self, version: str, left: float) -> AsyncIterator[Object]:
        """Yield the events of one stream, until the server ends it or `left` seconds have passed."""
        params = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true"}
        params |= {"labelSelector": LABEL, "timeoutSeconds": str(int(left) + 1)}
        accept = self._accept("PartialObjectMetadata")
        async with self.client.stream(self._path, accept, SILENCE_S, **params) as response:
            if response.status == 410:
                raise Gone
            if response.status != 200:
                raise ApiError(response.status, "", "watch")
            rest = b""
            async for chunk in response.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, lines):
                    yield _parse(line)

    def _take(self, event: Object) -> str | None:
        """Bring an event into the cache; the version the event brings us to."""
        item, kind = event.get("object") or {}, event.get("type")
        if kind == "ERROR":
            raise Gone if item.get("code") == 410 else ApiError(int(item.get("code") or 500), "", "watch")
        metadata: Any = item.get("metadata") or {}
        if kind == "DELETED":
            self._drop(metadata["namespace"], metadata["name"], (metadata.get("labels") or {}).get(LABEL))
        elif kind in {"ADDED", "MODIFIED"}:
            self._put(item)
        version: str | None = metadata.get("resourceVersion")
        return version

    def _put(self, item: Object) -> None:
        metadata = item["metadata"]
        model = (metadata.get("labels") or {}).get(LABEL)
        if self.cache.put(self.resource, item) and model is not None:
            self.enqueue(Key(metadata["namespace"], model))

    def _drop(self, namespace: str, name: str, model: str | None = None) -> None:
        if model is None:
            cached = self.cache.get(self.resource, namespace, name) or {"metadata": {}}
            model = (cached["metadata"].get("labels") or {}).get(LABEL)
        self.cache.drop(self.resource, namespace, name)
        if model is not None:
            self.enqueue(Key(namespace, model))


def log_failure(resource: str, error: BaseException, failures: int) -> None:
    """Log the first, tenth and hundredth failure in a row: enough to see an outage, too few to fill a disk."""
    if failures in {1, 10, 100}:
        fields = {"resource": resource, "error": type(error).__name__, "failed": failures}
        log.warning("list or watch failed, it is tried again", extra={"fields": fields})


def _parse(line: bytes) -> Object:
    try:
        event = parse(line)
    except ValueError:
        event = None
    if not isinstance(event, dict):
        raise ApiError(0, "", "a line of a watch is no event")
    return event
