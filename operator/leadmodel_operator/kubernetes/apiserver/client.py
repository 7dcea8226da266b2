"""A thin client of the API server: plain dicts in and out, server-side apply, preconditions. The work queue retries, not the client."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from leadmodel_operator.kubernetes.apiserver.access import Access

MANAGER = "leadmodel-operator"
TIMEOUT = aiohttp.ClientTimeout(total=30)
MAX_CONNECTIONS = 20  # each keeps 128 KiB for what it reads
Object = dict[str, Any]


class ApiError(Exception):
    """The API server refused. `about` says what is wrong without a value of ours: a refusal of a body repeats what it refuses."""

    def __init__(self, status: int, reason: str, about: str = "", retry_after: float | None = None) -> None:
        super().__init__(f"{status} {reason}: {about[:256]}")
        self.status, self.reason, self.retry_after = status, reason, retry_after
        self.what = ""  # method and resource
        self.namespace_terminating = (
            "being terminated" in about
        )  # nothing new may be made there: no matter of rights


class Api(Protocol):
    """What a pass needs of an API server."""

    async def get(self, path: str) -> Object | None:
        """An object, None when it is not there."""

    async def items(self, path: str, selector: str, *, metadata_only: bool = False) -> list[Object]:
        """Objects by label."""

    async def create(self, path: str, body: Object) -> Object:
        """POST; ApiError 409 when the name is taken."""

    async def apply(self, path: str, body: Object, *, force: bool) -> Object:
        """Server-side apply."""

    async def merge(self, path: str, body: Object) -> Object:
        """JSON merge patch."""

    async def replace(self, path: str, body: Object) -> Object:
        """PUT with the resourceVersion in the body."""

    async def delete(self, path: str, found: Object, *, with_version: bool = False) -> None:
        """Delete this very object."""


class NotLeading(Exception):  # noqa: N818  # what is so
    """The Lease was not renewed in time: whoever holds it now may write, we may not."""


@dataclass
class Bucket:
    """A token bucket: `rate` writes a second, `burst` at once. Whoever comes too early waits for its turn."""

    rate: float = 100.0
    burst: float = 200.0
    _next: float = 0.0  # when the bucket will be full again, were nothing taken

    async def take(self) -> None:
        """Wait for a token."""
        now = asyncio.get_running_loop().time()
        self._next = max(self._next, now - self.burst / self.rate) + 1 / self.rate
        if self._next > now:
            await asyncio.sleep(self._next - now)


class Client:
    """Requests share a pool; each watch has a connection of its own, so that however many there are, a request finds one.

    `may_write` is asked before each request that may change something; `counts` has all of them.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self.counts: Counter[tuple[str, str]] = Counter()  # (method, code) → requests
        self.bucket = Bucket()
        self.may_write: Callable[[], bool] = lambda: True
        self.requests = access.session(MAX_CONNECTIONS, TIMEOUT)
        self.watches = access.session()

    async def close(self) -> None:
        """Close all connections."""
        await self.requests.close()
        await self.watches.close()

    async def call(
        self, method: str, path: str, *, body: Any = None, kind: str = "application/json", **params: str
    ) -> Object:
        """One request. Raises ApiError or NotLeading, or OSError and TimeoutError when nobody answered."""
        headers = {"Accept": "application/json", "Content-Type": kind}
        if "accept" in params:
            headers["Accept"] = params.pop("accept")
        data = None if body is None else json.dumps(body)
        if method != "GET":
            await self.bucket.take()
            if not self.may_write():
                raise NotLeading(f"{method} not sent")
        code = "<error>"
        try:
            async with self.requests.request(
                method, self.access.server + path, data=data, headers=headers, params=params
            ) as answer:
                code, text = str(answer.status), await answer.text()
        finally:
            self.counts[method, code] += 1
        if int(code) < 300:
            return dict(json.loads(text)) if text else {}
        error = error_of(int(code), answer.headers.get("Retry-After"), text)
        error.what = f"{VERBS.get(method, method)} {_resource(path)}"
        raise error

    def stream(self, path: str, accept: str, silence: float, **params: str) -> Any:
        """A watch: an answer whose body goes on; TimeoutError when nothing came for `silence` seconds."""
        self.counts["WATCH", "200"] += 1
        patient = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=silence)
        return self.watches.get(
            self.access.server + path, headers={"Accept": accept}, params=params, timeout=patient
        )

    async def get(self, path: str) -> Object | None:
        """An object, None when it is not there."""
        try:
            return await self.call("GET", path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def items(self, path: str, selector: str, *, metadata_only: bool = False) -> list[Object]:
        """Objects by label, without their data when only metadata is wanted."""
        params = {"labelSelector": selector}
        if metadata_only:
            params["accept"] = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
        found = await self.call("GET", path, **params)
        return list(found.get("items") or [])

    async def create(self, path: str, body: Object) -> Object:
        """POST; ApiError 409 when the name is taken."""
        return await self.call("POST", path, body=body, fieldManager=MANAGER)

    async def apply(self, path: str, body: Object, *, force: bool) -> Object:
        """Server-side apply; with a resourceVersion in the body it fails with 409 on a newer object."""
        params = {"fieldManager": MANAGER, "force": "true" if force else "false"}
        return await self.call("PATCH", path, body=body, kind="application/apply-patch+yaml", **params)

    async def merge(self, path: str, body: Object) -> Object:
        """JSON merge patch."""
        return await self.call(
            "PATCH", path, body=body, kind="application/merge-patch+json", fieldManager=MANAGER
        )

    async def replace(self, path: str, body: Object) -> Object:
        """PUT with the resourceVersion in the body."""
        return await self.call("PUT", path, body=body, fieldManager=MANAGER)

    async def delete(self, path: str, found: Object, *, with_version: bool = False) -> None:
        """Delete this very object (by UID, and by resourceVersion if asked); one that is gone is gone."""
        about = found["metadata"]
        conditions = {"uid": about["uid"]}
        if with_version:
            conditions["resourceVersion"] = about["resourceVersion"]
        try:
            await self.call(
                "DELETE", path, body={"preconditions": conditions, "propagationPolicy": "Background"}
            )
        except ApiError as error:
            if error.status not in {404, 409}:
                raise


VERBS = {"GET": "read", "POST": "create", "PATCH": "change", "PUT": "replace", "DELETE": "delete"}
_SPEAKING = {401, 403, 404, 409, 410, 429}  # these say who, what and where, and repeat no body


def _resource(path: str) -> str:
    parts = path.split("/")
    return parts[parts.index("namespaces") + 2] if "namespaces" in parts[:-2] else parts[-1]


def error_of(status: int, retry_after: str | None, text: str) -> ApiError:
    """Read the answer of the API server to a call that failed."""
    after = float(retry_after) if retry_after and retry_after.isdecimal() else None
    try:
        said = json.loads(text)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        return ApiError(status, "", "no Status in the answer", after)
    if status in _SPEAKING:
        about = str(said.get("message", ""))
    else:
        causes = (said.get("details") or {}).get("causes") or []
        about = ", ".join(str(cause.get("field", "")) for cause in causes[:5])
    return ApiError(status, str(said.get("reason", "")), about, after)


TRANSIENT = (OSError, asyncio.TimeoutError, aiohttp.ClientError)
