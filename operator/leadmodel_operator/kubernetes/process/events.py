"""Kopf as the source of LeadModel events: each event goes into the cache and puts its key into the queue.

Kopf keeps no state here and writes nothing: no finalizer, no annotation, no event, no status.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import kopf

from leadmodel_operator.kubernetes.apiserver.access import Access
from leadmodel_operator.kubernetes.apiserver.cache import Cache
from leadmodel_operator.kubernetes.apiserver.client import TRANSIENT, ApiError, Client
from leadmodel_operator.kubernetes.apiserver.lead_models import take_event
from leadmodel_operator.kubernetes.apiserver.listing import LARGE_PAGE
from leadmodel_operator.kubernetes.apiserver.parsing import TrimmedResponse, trim
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.vocabulary import API_VERSION, GROUP, PLURAL, VERSION

CRD_S = 2.0  # between two looks for the CRD
IDLE_S = 0.1  # for which Kopf keeps the last event of an object: a list of large ones would stay in memory


@dataclass
class EventStream:
    """Runs Kopf over the LeadModels of some namespaces (none named: all).

    `take_signals` is called once Kopf runs: Kopf takes SIGTERM and SIGINT for itself, and the process needs them for an orderly end.
    """

    client: Client
    cache: Cache
    enqueue: Callable[[Key], None]
    namespaces: tuple[str, ...]
    take_signals: Callable[[], None]

    async def run(self) -> None:
        """Wait for the CRD, since Kopf looks for kinds only once; then deliver events until cancelled."""
        while not await self._is_served():  # noqa: ASYNC110  # the CRD lives on the server
            await asyncio.sleep(CRD_S)
        ready = asyncio.Event()
        signals = asyncio.create_task(self._keep_signals(ready))
        try:
            await self._operate(ready)
        finally:
            signals.cancel()

    async def _operate(self, ready: asyncio.Event) -> None:
        await kopf.operator(
            ready_flag=ready,
            registry=registry(self.take, self.client.access),
            settings=settings(),
            standalone=True,
            clusterwide=not self.namespaces,
            namespaces=self.namespaces,
            identity=cast(
                Any, "leadmodel-operator"
            ),  # Kopf's default needs a user name, which a bare uid lacks
        )

    async def _keep_signals(self, ready: asyncio.Event) -> None:
        await ready.wait()
        self.take_signals()

    async def _is_served(self) -> bool:
        try:
            answer = await self.client.call("GET", f"/apis/{API_VERSION}")
        except (ApiError, *TRANSIENT):
            return False
        return any(resource["name"] == PLURAL for resource in answer.get("resources") or [])

    def take(self, kind: str | None, item: dict[str, Any]) -> None:
        """Take an event over; of its object, which Kopf keeps for a while, only what passes read is left."""
        trim(item)
        if take_event(self.cache, kind, item):
            self.enqueue(Key(item["metadata"]["namespace"], item["metadata"]["name"]))


def registry(take: Callable[[str | None, dict[str, Any]], None], access: Access) -> kopf.OperatorRegistry:
    """Make the handlers: one that logs in by the operator's own way to the API server, and one that hands events to `take`."""
    handlers = kopf.OperatorRegistry()

    @kopf.on.login(registry=handlers)
    async def login(**_: Any) -> kopf.AiohttpSession:
        session = access.session(answers=TrimmedResponse)
        return kopf.AiohttpSession(server=access.server, aiohttp_session=session)

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=handlers)
    async def lead_model(event: Any, **_: Any) -> None:
        take(event["type"], event["object"])

    return handlers


class _NoDiff(kopf.DiffBaseStorage):
    """Switches Kopf's comparison of specs off: the comparison costs more than the rest of an event, and no handler uses it."""

    def build(self, **_: Any) -> Any:
        """Return an empty spec: Kopf has nothing to compare an event with."""
        return {}

    def fetch(self, **_: Any) -> None:
        """Return nothing, for nothing was stored."""

    def store(self, **_: Any) -> None:
        """Store nothing: Kopf writes to no LeadModel."""


def settings() -> kopf.OperatorSettings:
    """Make Kopf quiet and patient, and keep Kopf from writing anything."""
    options = kopf.OperatorSettings()
    options.posting.enabled = False
    options.persistence.diffbase_storage = _NoDiff()
    options.scanning.disabled = True
    options.peering.standalone = True
    options.networking.request_timeout = 30.0
    options.networking.enforce_retry_after = True
    options.networking.error_backoffs = [1, 2, 4, 8, 15] + [30] * 100_000
    options.queueing.idle_timeout = IDLE_S
    options.watching.server_timeout = 300
    options.watching.chunk_size = LARGE_PAGE
    return options
