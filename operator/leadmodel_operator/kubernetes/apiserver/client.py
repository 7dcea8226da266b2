"""A thin client of the API server: plain dicts in and out, server-side apply, preconditions. The work queue retries, not the client."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp

from leadmodel_messages.texts import one_line
from leadmodel_operator.kubernetes.apiserver.access import Access
from leadmodel_operator.kubernetes.apiserver.parsing import parse
from leadmodel_operator.kubernetes.apiserver.words import words_of

MANAGER = "leadmodel-operator"
TIMEOUT = aiohttp.ClientTimeout(total=30)
MAX_CONNECTIONS = 20  # each keeps a read buffer of 128 KiB
TRANSIENT = (OSError, asyncio.TimeoutError, aiohttp.ClientError)  # nobody answered, or not in time
Object = dict[str, Any]


class ApiError(Exception):
    """The API server refused a request.

    `detail` says what is wrong and holds no value of a rendered object: the refusal of a body would repeat the body.

    Attributes:
        status: HTTP status.
        reason: the API's word for the failure, such as Conflict.
        retry_after: seconds the server asks to wait, if it does.
        request: verb and resource of the request, such as "create jobs".
        words: the server's own sentence for people: printable, bounded, and without dumps of a rendered object.
        namespace_terminating: nothing new may be made in the namespace, so that a 403 is no matter of rights.
        fields: paths of the fields that the server refuses, such as "status.poll.etag".
    """

    fields: tuple[str, ...] = ()

    def __init__(
        self, status: int, reason: str, detail: str = "", retry_after: float | None = None, words: str = ""
    ) -> None:
        super().__init__(f"{status} {reason}: {detail[:256]}")
        self.status, self.reason, self.retry_after = status, reason, retry_after
        self.request, self.words = "", words
        self.namespace_terminating = "being terminated" in detail


class NotLeading(Exception):  # noqa: N818  # a state, not a failure
    """The Lease was not renewed in time: another process may hold it now, so this one must not write."""


class Api(Protocol):
    """The calls of an API server that a pass needs.

    Raises of every call: ApiError when the server refused, NotLeading when a write was held back, and one of `TRANSIENT` when no
    answer came. After the last of these a write may have been carried out or not.
    """

    async def get(self, path: str) -> Object | None:
        """Read an object; None when the server has none (404)."""

    async def items(self, path: str, selector: str, *, metadata_only: bool = False) -> list[Object]:
        """List a collection by label selector."""

    async def create(self, path: str, body: Object) -> Object:
        """POST an object into a collection; ApiError 409 when the name is taken."""

    async def apply(self, path: str, body: Object, *, force: bool) -> Object:
        """Apply an object on the server; ApiError 409 when the body has a resourceVersion that is not the newest."""

    async def merge(self, path: str, body: Object) -> Object:
        """Send a JSON merge patch."""

    async def replace(self, path: str, body: Object) -> Object:
        """PUT an object; ApiError 409 when its resourceVersion is not the newest."""

    async def delete(self, path: str, item: Object, *, with_version: bool = False) -> None:
        """Delete the object with this UID, and on demand with this resourceVersion.

        Succeeds when the object is gone, and without a version when another has its name; ApiError 409 when the version is not the newest.
        """


@dataclass
class Bucket:
    """A token bucket: `rate` writes per second on average, `burst` at once. A write that comes too early waits for its turn."""

    rate: float = 100.0
    burst: float = 200.0
    _full_at: float = 0.0  # on the loop's clock: when the bucket would be full again if nothing were taken

    async def take(self) -> None:
        """Take one token; wait while the bucket is empty."""
        now = asyncio.get_running_loop().time()
        self._full_at = max(self._full_at, now - self.burst / self.rate) + 1 / self.rate
        if self._full_at > now:
            await asyncio.sleep(self._full_at - now)


class Client:
    """The calls over HTTP.

    Requests share a pool; each watch has a connection of its own, so that however many watches run, a request finds a connection.
    `may_write` is asked before each request that may change something; `counts` counts all requests by method and code.
    """

    def __init__(self, access: Access) -> None:
        self.access = access
        self.counts: Counter[tuple[str, str]] = Counter()
        self.bucket = Bucket()
        self.may_write: Callable[[], bool] = lambda: True
        self.requests = access.session(MAX_CONNECTIONS, TIMEOUT)
        self.watches = access.session()

    async def close(self) -> None:
        """Close the connections of requests and of watches."""
        await self.requests.close()
        await self.watches.close()

    async def call(
        self, method: str, path: str, *, body: Any = None, kind: str = "application/json", **params: str
    ) -> Object:
        """Send one request. `kind` is the body's content type; the parameter `accept` becomes the Accept header.

        Raises:
            ApiError: the server refused.
            NotLeading: the request would write, and `may_write` said no.
            OSError, TimeoutError, aiohttp.ClientError: no answer came (`TRANSIENT`), or a page of a gateway in its place.
        """
        headers = {"Accept": params.pop("accept", "application/json"), "Content-Type": kind}
        data = None if body is None else json.dumps(body)
        if method != "GET":
            await self.bucket.take()
            if not self.may_write():
                raise NotLeading(f"{method} not sent")
        code = "<error>"
        try:
            async with self.requests.request(
                method, self.access.server + path, data=data, headers=headers, params=params
            ) as response:
                code, text = str(response.status), await response.text(errors="replace")
        finally:
            self.counts[method, code] += 1
        if int(code) < 300:
            return _read(text)
        error = error_of(int(code), response.headers.get("Retry-After"), text)
        error.request = f"{VERBS.get(method, method)} {_resource(path)}"
        raise error

    def stream(self, path: str, accept: str, silence: float, **params: str) -> Any:
        """Open a watch: a response whose body goes on; TimeoutError when nothing came for `silence` seconds."""
        self.counts["WATCH", "200"] += 1
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=silence)
        url, headers = self.access.server + path, {"Accept": accept}
        return self.watches.get(url, headers=headers, params=params, timeout=timeout)

    async def get(self, path: str) -> Object | None:
        """Read an object; None when the server has none (404)."""
        try:
            return await self.call("GET", path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    async def items(self, path: str, selector: str, *, metadata_only: bool = False) -> list[Object]:
        """List a collection by label selector, without data where only metadata is wanted."""
        params = {"labelSelector": selector}
        if metadata_only:
            params["accept"] = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
        page = await self.call("GET", path, **params)
        return list(page.get("items") or [])

    async def events_of(self, namespace: str, uid: str) -> list[Object]:
        """List the warnings about the object with this UID, of any reporter."""
        chosen = f"involvedObject.uid={uid},type=Warning"
        page = await self.call(
            "GET", f"/api/v1/namespaces/{namespace}/events", fieldSelector=chosen, limit="100"
        )
        return list(page.get("items") or [])

    async def create(self, path: str, body: Object) -> Object:
        """POST an object into a collection; ApiError 409 when the name is taken."""
        return await self.call("POST", path, body=body, fieldManager=MANAGER)

    async def apply(self, path: str, body: Object, *, force: bool) -> Object:
        """Apply an object on the server; ApiError 409 when the body has a resourceVersion that is not the newest."""
        params = {"fieldManager": MANAGER, "force": "true" if force else "false"}
        return await self.call("PATCH", path, body=body, kind="application/apply-patch+yaml", **params)

    async def merge(self, path: str, body: Object) -> Object:
        """Send a JSON merge patch."""
        return await self.call(
            "PATCH", path, body=body, kind="application/merge-patch+json", fieldManager=MANAGER
        )

    async def replace(self, path: str, body: Object) -> Object:
        """PUT an object; ApiError 409 when its resourceVersion is not the newest."""
        return await self.call("PUT", path, body=body, fieldManager=MANAGER)

    async def delete(self, path: str, item: Object, *, with_version: bool = False) -> None:
        """Delete the object with this UID, and on demand with this resourceVersion.

        Succeeds when the object is gone, and without a version when another has its name; ApiError 409 when the version is not the newest.
        """
        metadata = item["metadata"]
        conditions = {"uid": metadata["uid"]}
        if with_version:
            conditions["resourceVersion"] = metadata["resourceVersion"]
        options = {"preconditions": conditions, "propagationPolicy": "Background"}
        try:
            await self.call("DELETE", path, body=options)
        except ApiError as error:
            if error.status != 404 and (error.status != 409 or with_version):
                raise


VERBS = {"GET": "read", "POST": "create", "PATCH": "change", "PUT": "replace", "DELETE": "delete"}
NO_FIELD = "<nil>"  # how the server says that it left rules unchecked, beside the fields that it refuses
_SPEAKING = {401, 403, 404, 409, 410, 429}  # messages of these name who, what and where, and repeat no body


def _read(text: str) -> Object:
    try:
        return dict(parse(text)) if text else {}
    except (TypeError, ValueError):
        raise aiohttp.ClientPayloadError("the answer is no JSON object") from None


def _resource(path: str) -> str:
    parts = path.split("/")
    return parts[parts.index("namespaces") + 2] if "namespaces" in parts[:-2] else parts[-1]


def error_of(status: int, retry_after: str | None, text: str) -> ApiError:
    """Read the Status in the answer to a call that failed, without values of a rendered object."""
    seconds = float(retry_after) if retry_after and retry_after.isdecimal() else None
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        return ApiError(status, "", "no Status in the answer", seconds)
    fields: tuple[str, ...] = ()
    if status in _SPEAKING:
        detail = one_line(str(answer.get("message", "")), 1024)
    else:
        causes = (answer.get("details") or {}).get("causes") or []
        named = (one_line(str(cause.get("field", "")), 256) for cause in causes[:20])
        fields = tuple(field for field in named if field not in {"", NO_FIELD})
        detail = ", ".join(fields[:5])
    error = ApiError(status, str(answer.get("reason", "")), detail, seconds, words_of(answer))
    error.fields = fields
    return error
