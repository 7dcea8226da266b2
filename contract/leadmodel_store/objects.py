"""Objects of cloud stores: `s3://`, `gs://` and `az://`, by obstore."""

import asyncio
import http.client
import os
import re
import threading
import urllib.request
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from leadmodel_messages.uris import show
from leadmodel_store import aws, azure, google, trouble, web
from leadmodel_store.login import Login
from leadmodel_store.result import Fetched, StoreError, StoreReason, checked
from leadmodel_store.variables import SettingError, Variables

READ_TIMEOUT = "30s"  # between two pieces of an answer
RETRIES = {
    "max_retries": 5,
    "backoff": {"init_backoff": timedelta(seconds=0.2), "max_backoff": timedelta(seconds=4), "base": 2},
    "retry_timeout": timedelta(seconds=30),
}
_READ_BY_OBSTORE = ("AWS_", "AZURE_", "GOOGLE_")
_BUCKET = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._-]{0,221}")
_BUILDING = threading.Lock()

T = TypeVar("T")
Action = Callable[[Any, str], Awaitable[T]]  # a store and a key → what was done


def check_object(uri: str, environ: Mapping[str, str]) -> None:
    """Refuse a URI or settings that no store takes. Raises StoreError."""
    bucket, _ = place_of(uri)
    _login(uri, bucket, environ)


async def fetch_object(
    uri: str, max_bytes: int, etag: str | None, environ: Mapping[str, str], seconds: float
) -> Fetched:
    """Get an object of a cloud store within so many seconds. Raises StoreError."""

    async def get(store: Any, key: str) -> Fetched:
        import obstore
        from obstore.exceptions import NotModifiedError

        try:
            result = await obstore.get_async(store, key, options={"if_none_match": etag} if etag else None)
        except NotModifiedError:
            return Fetched(b"", etag, not_modified=True)
        return await _read(uri, result, max_bytes)

    return await _act(uri, environ, seconds, "read", get)


async def put_object(uri: str, data: bytes, environ: Mapping[str, str], seconds: float) -> None:
    """Put an object into a cloud store within so many seconds. Raises StoreError."""

    async def put(store: Any, key: str) -> None:
        import obstore

        await obstore.put_async(store, key, data)

    await _act(uri, environ, seconds, "written", put)


async def _read(uri: str, result: Any, max_bytes: int) -> Fetched:
    """The bytes of an answer; a store that claims too many is not read, one that sends too many not to the end."""
    tag, size = result.meta["e_tag"], result.meta["size"]
    if size > max_bytes:
        message = f"{show(uri)} has {size} bytes, at most {max_bytes} are taken"
        raise StoreError(StoreReason.TOO_LARGE, message, etag=tag, size=size)
    parts, read = [], 0
    async for part in result.stream():
        parts.append(bytes(part))
        read += len(part)
        if read > max_bytes:
            break
    return Fetched(checked(b"".join(parts), uri, max_bytes, tag), tag)


async def _act(uri: str, environ: Mapping[str, str], seconds: float, verb: str, action: Action[T]) -> T:
    """Do something with an object; a second time where the store names the region that no variable named."""
    bucket, key = place_of(uri)
    region, login = "", _login(uri, bucket, environ)
    while True:
        try:
            async with asyncio.timeout(seconds):
                return await action(open_store(uri, bucket, login), key)
        except (StoreError, asyncio.CancelledError, KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001  # obstore's panic is no Exception
            host = urlsplit(login.place.get("endpoint", "")).hostname or ""
            cause = trouble.of(error, login.way, bucket, verb=verb, proxies=_proxies(host))
        if not cause.elsewhere or region or login.place.get("region"):
            raise StoreError(cause.reason, f"{show(uri)} {cause.sentence}")
        region = cause.region or await asyncio.to_thread(_region, login.place.get("endpoint", ""), bucket)
        login = _login(uri, bucket, environ, region or "us-east-1")


def place_of(uri: str) -> tuple[str, str]:
    """Return bucket and key of a URI: `%20` is a space, and every character but `%` stands for itself, as in paths. Raises StoreError."""
    bucket, _, quoted = uri.partition("://")[2].partition("/")
    try:
        key = unquote(quoted.lstrip("/"), errors="strict")
    except UnicodeDecodeError:
        key = ""
    if not _BUCKET.fullmatch(bucket) or not key:
        raise StoreError(StoreReason.BAD_URI, f"{show(uri)} must name a bucket and a key")
    return bucket, key


def _login(uri: str, bucket: str, environ: Mapping[str, str], region: str = "") -> Login:
    variables = Variables(environ)
    try:
        match urlsplit(uri).scheme:
            case "s3":
                return aws.login(variables, bucket, region)
            case "az":
                return azure.login(variables)
            case _:
                return google.login(variables)
    except SettingError as error:
        raise StoreError(StoreReason.FORBIDDEN, f"{show(uri)} cannot be asked: {error}") from None


def open_store(uri: str, bucket: str, login: Login) -> Any:
    """The store of a bucket. Only the login's settings count."""
    from obstore.store import from_url

    options: dict[str, Any] = {"read_timeout": READ_TIMEOUT, "timeout": "1day", "allow_http": login.plain}
    if login.certificate:
        options["root_certificate"] = login.certificate
    with own_variables_hidden():
        return from_url(  # type: ignore[call-overload]
            f"{urlsplit(uri).scheme}://{bucket}",
            config=login.settings,
            client_options=options,
            retry_config=RETRIES,
        )


@contextmanager
def own_variables_hidden() -> Iterator[None]:
    """Hide what obstore would read by itself: blank values, and values that belong to another source."""
    with _BUILDING:
        hidden = {
            name: os.environ.pop(name) for name in list(os.environ) if name.startswith(_READ_BY_OBSTORE)
        }
        try:
            yield
        finally:
            os.environ.update(hidden)


def _region(endpoint: str, bucket: str) -> str:
    """Ask S3, which tells everybody, in which region a bucket lies; nothing where the store does not say."""
    connection, target = web.connect(f"{endpoint or 'https://s3.amazonaws.com'}/{bucket}")
    try:
        connection.request("HEAD", target)
        return connection.getresponse().headers.get("x-amz-bucket-region", "")
    except (OSError, http.client.HTTPException):
        return ""
    finally:
        connection.close()


def _proxies(host: str) -> list[str]:
    """Variables that name a proxy on the way to a host."""
    proxies = urllib.request.getproxies()
    if host and urllib.request.proxy_bypass(host):
        return []
    return [f"{kind.upper()}_PROXY" for kind in ("https", "http", "all") if kind in proxies]
