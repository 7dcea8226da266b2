"""Lists a resource and watches it into the cache; whatever changed puts its LeadModel into the queue.

Kopf brings the LeadModels themselves. It is not used for what they own: it keeps 11 KB an object, cannot ask for metadata alone
(ConfigMaps are never read with their data here), does not say when a list is complete, and never notices that an object is missing
from a later list.
"""

import asyncio
import json
import logging
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from leadmodel_operator.kubernetes.apiserver.cache import METADATA, Cache
from leadmodel_operator.kubernetes.apiserver.client import TRANSIENT, ApiError, Client
from leadmodel_operator.kubernetes.render.names import LABEL, Object, collection
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.vocabulary import PLURAL

log = logging.getLogger("leadmodel")
RELIST_S, SILENCE_S, PAGE, MAX_WAIT_S = 600.0, 90.0, 100, 30.0


class Gone(Exception):  # noqa: N818  # the API's own word
    """The version asked for is not kept any more: list anew."""


@dataclass
class Watch:
    """One resource, in one namespace or ("") all. `follow` False: only lists, now and again."""

    client: Client
    cache: Cache
    resource: str
    namespace: str
    enqueue: Callable[[Key], None]
    follow: bool = True
    relist_s: float = RELIST_S

    @property
    def _path(self) -> str:
        return collection(self.resource, self.namespace)

    @property
    def _partial(self) -> bool:
        return self.resource in METADATA

    def _accept(self, kind: str) -> str:
        return f"application/json;as={kind};g=meta.k8s.io;v=v1" if self._partial else "application/json"

    async def run(self) -> None:
        """List, then watch for about ten minutes, then list again: what a watch lost is found by the next list."""
        failed = 0
        while True:
            try:
                version = await self._list()
                failed = 0
                await self._follow(version)
            except Gone:
                continue
            except (ApiError, *TRANSIENT) as error:
                failed += 1
                self._complain(error, failed)
                await asyncio.sleep(min(2.0**failed, MAX_WAIT_S) * random.uniform(0.5, 1.0))

    def _complain(self, error: BaseException, failed: int) -> None:
        if failed in {1, 10, 100}:
            fields = {"resource": self.resource, "error": type(error).__name__, "failed": failed}
            log.warning("list or watch failed, it is tried again", extra={"fields": fields})

    # --- list ----------------------------------------------------------------------------------------------------------------

    async def _list(self) -> str:
        """Bring the cache to what there is; the version of the list."""
        gone = set(self.cache.held(self.resource, self.namespace))
        version, token = "", ""
        while True:
            found = await self._page(token)
            for item in found.get("items") or []:
                gone.discard((item["metadata"]["namespace"], item["metadata"]["name"]))
                self._put(item)
            version, token = found["metadata"]["resourceVersion"], found["metadata"].get("continue", "")
            if not token:
                break
            await asyncio.sleep(0)
        for namespace, name in gone:
            self._drop(namespace, name)
        self.cache.synced.add((self.resource, self.namespace))
        return str(version)

    async def _page(self, token: str) -> Object:
        params = {"limit": str(PAGE), "accept": self._accept("PartialObjectMetadataList")}
        if self.resource != PLURAL:
            params["labelSelector"] = LABEL
        if token:
            params["continue"] = token
        try:
            return await self.client.call("GET", self._path, **params)
        except ApiError as error:
            if error.status == 410:
                raise Gone from error
            raise

    # --- watch ---------------------------------------------------------------------------------------------------------------

    async def _follow(self, version: str) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self.relist_s * random.uniform(0.8, 1.2)
        if not self.follow:
            await asyncio.sleep(end - loop.time())
            return
        failed = 0
        while (left := end - loop.time()) > 1:
            try:
                async for event in self._events(version, left):
                    version, failed = self._take(event) or version, 0
            except (ApiError, *TRANSIENT) as error:
                failed += 1
                self._complain(error, failed)
            await asyncio.sleep(min(2.0**failed, MAX_WAIT_S) * random.uniform(0.05, 0.5))

    async def _events(self, version: str, left: float) -> AsyncIterator[Object]:
        """Events of one stream; one that is cut, silent or broken ends it, and what was missed is asked for again."""
        params = {"watch": "1", "resourceVersion": version, "allowWatchBookmarks": "true"}
        params |= {"labelSelector": LABEL, "timeoutSeconds": str(int(left) + 1)}
        accept = self._accept("PartialObjectMetadata")
        async with self.client.stream(self._path, accept, SILENCE_S, **params) as answer:
            if answer.status == 410:
                raise Gone
            if answer.status != 200:
                raise ApiError(answer.status, "", "watch")
            rest = b""
            async for chunk in answer.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in filter(None, lines):
                    yield _read(line)

    def _take(self, event: Object) -> str | None:
        """Note an event; the version it brings us to."""
        found, kind = event.get("object") or {}, event.get("type")
        if kind == "ERROR":
            raise Gone if found.get("code") == 410 else ApiError(int(found.get("code") or 500), "", "watch")
        about: Any = found.get("metadata") or {}
        if kind == "DELETED":
            self._drop(about["namespace"], about["name"], (about.get("labels") or {}).get(LABEL))
        elif kind in {"ADDED", "MODIFIED"}:
            self._put(found)
        version: str | None = about.get("resourceVersion")
        return version

    # --- into the cache -------------------------------------------------------------------------------------------------------

    def _put(self, found: Object) -> None:
        """Keep what is news. Of LeadModels a list finds what Kopf's events missed; where it is older than they, nobody is trusted."""
        about = found["metadata"]
        name = about["name"] if self.resource == PLURAL else about["labels"][LABEL]
        news = self.cache.put(self.resource, found)
        if self.resource == PLURAL and not self.cache.holds(PLURAL, found):
            news = self.cache.drop(PLURAL, about["namespace"], name)
        if news:
            self.enqueue(Key(about["namespace"], name))

    def _drop(self, namespace: str, name: str, model: str | None = None) -> None:
        if self.resource == PLURAL:
            model = name
        elif model is None:
            held = self.cache.get(self.resource, namespace, name) or {"metadata": {}}
            model = (held["metadata"].get("labels") or {}).get(LABEL)
        self.cache.drop(self.resource, namespace, name)
        if model is not None:
            self.enqueue(Key(namespace, model))


def _read(line: bytes) -> Object:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ApiError(0, "", "a line of a watch is no event")
    return found
