"""Hot reload: read the configured artifact again beside the running model, check everything, swap; who may ask for it."""

import asyncio
import hmac
import ipaddress
from collections.abc import Callable
from time import time
from typing import Any

from starlette.requests import Request

from leadmodel_artifact.model import ArtifactError
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.slots import Slots
from leadmodel_store.store import StoreError

MAX_QUEUED = 8
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


class Reloads:
    """The reloads of one process, one after the other. `read` gives new slots or raises; it runs in a thread."""

    def __init__(self, model: Model, read: Callable[[], Slots], min_auc: float, token: str | None) -> None:
        self.model, self.read, self.min_auc, self.token = model, read, min_auc, token
        self._one = asyncio.Lock()
        self._queued = 0

    def forbidden(self, request: Request) -> tuple[int, str] | None:
        """Why this client may not ask: a bearer token where one is configured, else loopback only."""
        if self.token is not None:
            given = request.headers.get("authorization", "")
            if hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
                return None
            return 401, "send the token as `Authorization: Bearer ...`"
        if _is_loopback(request):
            return None
        return 403, "without a token only loopback may reload; start with --token-file to allow more"

    async def reload(self, min_auc: float) -> tuple[int, dict[str, Any]]:
        """Status and answer. Whatever fails, the old model stays."""
        if self._queued >= MAX_QUEUED:
            return 409, {"ok": False, "error": f"{MAX_QUEUED} reloads wait already", "rejected": False}
        self._queued += 1
        try:
            async with self._one:
                return 200, await self._reload(min_auc)
        finally:
            self._queued -= 1

    async def _reload(self, min_auc: float) -> dict[str, Any]:
        try:
            new = await asyncio.to_thread(self.read)
        except Exception as error:  # noqa: BLE001  # whatever it is, the old model stays
            self.model.metrics.reload_refused()
            return _failed(error)
        champion, auc = new.champion, new.champion.artifact.auc
        if not (auc >= min_auc):
            self.model.metrics.reload_refused()
            why = "Model AUC below threshold"
            return {"ok": False, "error": why, "auc": auc, "min_auc": min_auc, "rejected": True}
        if champion.digest != self.model.slots.champion.digest:
            self.model.swap(new, time())
        self.model.metrics.reloaded()
        previous = self.model.slots.previous
        return {
            "ok": True,
            "auc": auc,
            "version": champion.artifact.version,
            "digest": champion.digest,
            "previous": previous and previous.digest,
        }


def _failed(error: Exception) -> dict[str, Any]:
    match error:
        case ArtifactError() | StoreError():
            rejected = isinstance(error, ArtifactError)
            return {"ok": False, "error": str(error), "reason": error.reason, "rejected": rejected}
        case _:
            what = f"the model could not be loaded: {type(error).__name__}"
            return {"ok": False, "error": what, "rejected": False}


def _is_loopback(request: Request) -> bool:
    """A proxy on this machine speaks for others."""
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host if request.client else "").is_loopback
    except ValueError:
        return False
