"""Kopf as event source: every event of a LeadModel only goes into the cache and puts its key into the queue. No state, no writes."""

from collections.abc import Callable
from typing import Any

import kopf

from leadmodel_operator.kubernetes.apiserver.access import Access
from leadmodel_operator.reconcile import Key
from leadmodel_operator.resource.vocabulary import GROUP, PLURAL, VERSION


def registry(
    told: Callable[[str | None, dict[str, Any]], bool], enqueue: Callable[[Key], None], access: Access
) -> kopf.OperatorRegistry:
    """Handlers that note and enqueue. `told` answers whether it is news."""
    found = kopf.OperatorRegistry()

    @kopf.on.login(registry=found)
    async def login(**_: Any) -> kopf.AiohttpSession:
        return kopf.AiohttpSession(server=access.server, aiohttp_session=access.session())

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=found)
    async def lead_model(event: Any, namespace: str | None, name: str, **_: Any) -> None:
        if told(event["type"], event["object"]):
            enqueue(Key(namespace or "", name))

    return found


class _NoDiff(kopf.DiffBaseStorage):
    """We ask Kopf for events only; what it would compare costs more than the rest of an event."""

    def build(self, **_: Any) -> Any:
        """Nothing."""
        return {}

    def fetch(self, **_: Any) -> None:
        """Nothing is stored."""

    def store(self, **_: Any) -> None:
        """Nothing is stored."""


def settings() -> kopf.OperatorSettings:
    """Quiet, patient, and without anything written by the framework."""
    found = kopf.OperatorSettings()
    found.posting.enabled = False
    found.persistence.diffbase_storage = _NoDiff()
    found.scanning.disabled = True
    found.peering.standalone = True
    found.networking.request_timeout = 30.0
    found.networking.enforce_retry_after = True
    found.networking.error_backoffs = [1, 2, 4, 8, 15] + [30] * 100_000
    found.watching.server_timeout = 300
    found.watching.chunk_size = 500
    return found
