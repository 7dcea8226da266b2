"""A thin client of the API server: plain dicts in and out, server-side apply, preconditions. No retries: the queue has them.

Credentials come from the pod's account or from a kubeconfig; a renewed account token is read anew.
"""

import asyncio
import base64
import json
import os
import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
MANAGER = "leadmodel-operator"
TIMEOUT = aiohttp.ClientTimeout(total=30)
Object = dict[str, Any]


class ApiError(Exception):
    """The API server refused; the message is cut short and holds no body of ours."""

    def __init__(self, status: int, reason: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(f"{status} {reason}: {message[:256]}")
        self.status, self.reason, self.retry_after = status, reason, retry_after


@dataclass(frozen=True)
class Access:
    """Where the API server is and how to prove who we are."""

    server: str
    context: ssl.SSLContext
    token: str | None = None
    token_file: Path | None = None
    authority: bytes | None = None  # PEM, as are these two
    certificate: bytes | None = None
    key: bytes | None = None

    def headers(self) -> dict[str, str]:
        """The proof as a header."""
        token = self.token_file.read_text().strip() if self.token_file else self.token
        return {"Authorization": f"Bearer {token}"} if token else {}


def access() -> Access:
    """Of the pod's account where there is one, else of KUBECONFIG or ~/.kube/config."""
    if (ACCOUNT / "token").exists() and "KUBECONFIG" not in os.environ:
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
        server = f"https://{f'[{host}]' if ':' in host else host}:{port}"
        return Access(
            server, context, token_file=ACCOUNT / "token", authority=(ACCOUNT / "ca.crt").read_bytes()
        )
    path = Path(os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    if not path.exists():
        raise FileNotFoundError(f"{path} is not there: set KUBECONFIG, or run in a pod")
    return _from_kubeconfig(yaml.safe_load(path.read_text()))


def _from_kubeconfig(config: Mapping[str, Any]) -> Access:
    def named(kind: str, name: str) -> Object:
        return next((dict(item[kind]) for item in config[f"{kind}s"] if item["name"] == name), {})

    context = named("context", config["current-context"])
    cluster, user = named("cluster", context["cluster"]), named("user", context["user"])
    tls = ssl.create_default_context()
    authority = _material(cluster, "certificate-authority")
    if authority is not None:
        tls = ssl.create_default_context(cadata=authority.decode())
    certificate, key = _material(user, "client-certificate"), _material(user, "client-key")
    if certificate is not None and key is not None:
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate + b"\n" + key)
            file.flush()
            tls.load_cert_chain(file.name)
    return Access(
        cluster["server"], tls, user.get("token"), authority=authority, certificate=certificate, key=key
    )


def _material(section: Mapping[str, Any], name: str) -> bytes | None:
    if f"{name}-data" in section:
        return base64.b64decode(section[f"{name}-data"])
    return Path(section[name]).read_bytes() if name in section else None


class NotLeading(Exception):  # noqa: N818  # what is so
    """The Lease was not renewed in time: whoever holds it now may write, we may not."""


class Client:
    """One connection pool. `writes` counts requests that may change something; `may_write` is asked before each of them."""

    def __init__(self, found: Access) -> None:
        self.access = found
        self.writes = 0
        self.may_write: Callable[[], bool] = lambda: True
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=found.context, limit=50),
            timeout=TIMEOUT,
            headers={"User-Agent": MANAGER},
        )

    async def close(self) -> None:
        """Close the pool."""
        await self._session.close()

    async def call(
        self, method: str, path: str, *, body: Any = None, kind: str = "application/json", **params: str
    ) -> Object:
        """One request. Raises ApiError or NotLeading, or OSError and TimeoutError when nobody answered."""
        headers = {"Accept": "application/json", "Content-Type": kind, **self.access.headers()}
        if "accept" in params:
            headers["Accept"] = params.pop("accept")
        data = None if body is None else json.dumps(body)
        if method != "GET":
            if not self.may_write():
                raise NotLeading(f"{method} not sent")
            self.writes += 1
        async with self._session.request(
            method, self.access.server + path, data=data, headers=headers, params=params
        ) as answer:
            text = await answer.text()
            if answer.status < 300:
                return dict(json.loads(text)) if text else {}
            raise _error(answer.status, answer.headers.get("Retry-After"), text)

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


def _error(status: int, retry_after: str | None, text: str) -> ApiError:
    try:
        said = json.loads(text)
        reason, message = str(said.get("reason", "")), str(said.get("message", ""))
    except ValueError:
        reason, message = "", "no Status in the answer"
    after = float(retry_after) if retry_after and retry_after.isdecimal() else None
    return ApiError(status, reason, message, after)


TRANSIENT = (OSError, asyncio.TimeoutError, aiohttp.ClientError)
