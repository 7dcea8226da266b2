"""Hot reload: read the configured artifact again beside the running model, check everything, swap; who may ask for it."""

import asyncio
import hmac
from collections.abc import Callable, Iterable
from time import perf_counter, time
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request

from leadmodel_artifact.model import ArtifactError
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.slots import Slots
from leadmodel_store.store import StoreError

MAX_QUEUED = 8
LOOPBACK = frozenset({"127.0.0.1", "::1"})  # not 127.0.0.6, from which a mesh speaks for others
PROXIES = frozenset({"via", "forwarded", "x-forwarded", "x-real-ip", "x-proxyuser-ip", "x-amzn-trace-id"})
PROXY_PREFIXES = ("x-forwarded-", "x-envoy-", "x-original-", "x-b3-", "cf-", "l5d-")
PROXY_PARTS = ("client-ip", "clientip")  # True-Client-IP, X-Cluster-Client-IP, X-Azure-ClientIP, ...

ReadToken = Callable[[], str]  # raises OSError where no token can be read


class Reloads:
    """The reloads of one process, one after the other. `read` gives new slots or raises; it runs in a thread."""

    def __init__(
        self, model: Model, read: Callable[[], Slots], min_auc: float, token: ReadToken | None
    ) -> None:
        self.model, self.read, self.min_auc, self.token = model, read, min_auc, token
        self._one = asyncio.Lock()
        self._queued = 0

    def forbidden(self, request: Request) -> tuple[int, str] | None:
        """Why this client may not ask: a bearer token where one is configured, else only programs on this machine."""
        if self.token is None:
            return _why_not_from_here(request)
        try:
            token = self.token()  # read anew, for tokens are rotated while the process runs
        except OSError:
            return 503, "the token file cannot be read; try again once the file holds the token"
        given = request.headers.get("authorization", "")
        if hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return None
        return 401, "send the token as `Authorization: Bearer ...`"

    async def reload(self, min_auc: float) -> tuple[int, dict[str, Any]]:
        """Status and answer. Whatever fails, the old model stays; a caller may raise the least AUC, but not lower it."""
        min_auc = max(min_auc, self.min_auc)
        if self._queued >= MAX_QUEUED:
            return 409, {"ok": False, "error": f"{MAX_QUEUED} reloads wait already", "rejected": False}
        self._queued += 1
        try:
            async with self._one:
                began = perf_counter()
                answer = await self._reload(min_auc)
                self.model.metrics.reload_ended(perf_counter() - began, ok=answer["ok"])
                return 200, answer
        finally:
            self._queued -= 1

    async def _reload(self, min_auc: float) -> dict[str, Any]:
        try:
            new = await asyncio.to_thread(self.read)
        except Exception as error:  # noqa: BLE001  # whatever it is, the old model stays
            return _failed(error)
        champion, auc = new.champion, new.champion.artifact.auc
        if not (auc >= min_auc):
            why = "Model AUC below threshold"
            return {"ok": False, "error": why, "auc": auc, "min_auc": min_auc, "rejected": True}
        if champion.digest != self.model.slots.champion.digest:
            self.model.swap(new, time())
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


def _is_of_a_proxy(name: str) -> bool:
    """Whether proxies, meshes and load balancers add a header of this name (in small letters)."""
    return name in PROXIES or name.startswith(PROXY_PREFIXES) or any(part in name for part in PROXY_PARTS)


def _why_not_from_here(request: Request) -> tuple[int, str] | None:
    """Why a request was not made by a program on this machine for itself; None if it was.

    A proxy on this machine speaks for others, and a browser on this machine sends what a page of others tells it to.
    """
    names = request.headers.keys()
    peer = request.client.host if request.client else ""
    if peer not in LOOPBACK or any(map(_is_of_a_proxy, names)):
        return 403, "without a token only loopback may reload; start with --token-file to allow more"
    hosts = request.headers.getlist("host")
    origins = request.headers.getlist("origin")
    if not _are_here(f"//{host}" for host in hosts) or any(urlsplit(o).netloc not in hosts for o in origins):
        return 403, "without a token a page of another host may not reload; start with --token-file"
    if request.headers.get("sec-fetch-site", "none") not in {"none", "same-origin"}:
        return 403, "without a token a page of another site may not reload; start with --token-file"
    return None


def _are_here(urls: Iterable[str]) -> bool:
    try:
        return all(urlsplit(url).hostname in LOOPBACK | {"localhost"} for url in urls)
    except ValueError:
        return False
