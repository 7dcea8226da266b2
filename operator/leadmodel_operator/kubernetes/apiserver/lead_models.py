"""LeadModels in the cache: Kopf's events bring them, and a list now and again repairs what Kopf missed.

Kopf's event stream is the only source of news. Kopf never compares a new list with an older one, so a deletion that happened while its
stream was broken would stay unnoticed for ever; `Resync` is the guard against that, and against an event lost in any other way.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from leadmodel_operator.kubernetes.apiserver.cache import Cache
from leadmodel_operator.kubernetes.apiserver.client import TRANSIENT, ApiError, Client
from leadmodel_operator.kubernetes.apiserver.listing import LARGE_PAGE, Gone, pages
from leadmodel_operator.kubernetes.apiserver.watch import MAX_WAIT_S, RELIST_S, log_failure
from leadmodel_operator.kubernetes.render.names import Object, collection
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.vocabulary import PLURAL


def take_event(cache: Cache, kind: str | None, item: Object) -> bool:
    """Bring an event of Kopf into the cache; tell whether its LeadModel deserves a pass.

    `kind` is None for an object of Kopf's own list: an entry the cache already has is then no news. As an event, the same
    entry is the echo of the operator's own write, and a pass that follows may go on from there.
    """
    metadata = item["metadata"]
    if kind == "DELETED":
        cache.drop(PLURAL, metadata["namespace"], metadata["name"])
        return True
    echo = kind is not None and cache.holds(PLURAL, item)
    return cache.put(PLURAL, item) or echo


@dataclass
class Resync:
    """Compares the cache with a complete list of the LeadModels, every ten minutes."""

    client: Client
    cache: Cache
    namespace: str
    enqueue: Callable[[Key], None]
    every_s: float = RELIST_S

    async def run(self) -> None:
        """Compare for ever; a list that fails is tried again after 1 to 30 seconds."""
        failures = 0
        while True:
            try:
                await self.compare()
                failures = 0
                await asyncio.sleep(self.every_s * random.uniform(0.8, 1.2))
            except Gone:
                continue
            except (ApiError, *TRANSIENT) as error:
                failures += 1
                log_failure(PLURAL, error, failures)
                await asyncio.sleep(min(2.0**failures, MAX_WAIT_S) * random.uniform(0.5, 1.0))

    async def compare(self) -> None:
        """List once; enqueue each LeadModel that differs from the cache or is missing in the list."""
        missing = set(self.cache.keys(PLURAL, self.namespace))
        async for items, _ in pages(self.client, collection(PLURAL, self.namespace), limit=str(LARGE_PAGE)):
            for item in items:
                missing.discard((item["metadata"]["namespace"], item["metadata"]["name"]))
                self._take(item)
        self.cache.synced.add((PLURAL, self.namespace))
        for namespace, name in missing:
            self.cache.drop(PLURAL, namespace, name)
            self.enqueue(Key(namespace, name))

    def _take(self, item: Object) -> None:
        """Keep a listed LeadModel. Where the list is older than the cache, either may be wrong: the next pass reads the object live."""
        namespace, name = item["metadata"]["namespace"], item["metadata"]["name"]
        news = self.cache.put(PLURAL, item)
        if not self.cache.holds(PLURAL, item):
            news = self.cache.drop(PLURAL, namespace, name)
        if news:
            self.enqueue(Key(namespace, name))
