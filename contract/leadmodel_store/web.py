"""Bytes over HTTP: `https://` and `http://`, with conditional GET and few redirects."""

import http.client
import ssl
from urllib.parse import urljoin, urlsplit, urlunsplit

from leadmodel_messages.uris import show
from leadmodel_store.result import Fetched, StoreError, StoreReason, bad_uri, checked

TIMEOUT_S = 30.0
MAX_REDIRECTS = 3
CHUNK = 1 << 16


def _connect(uri: str) -> tuple[http.client.HTTPConnection, str]:
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise bad_uri(uri) from None
    if not host:
        raise bad_uri(uri)
    target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    if parts.scheme == "https":
        return http.client.HTTPSConnection(
            host, port, timeout=TIMEOUT_S, context=ssl.create_default_context()
        ), target
    return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S), target


def fetch_http(uri: str, max_bytes: int, etag: str | None, redirects: int = MAX_REDIRECTS) -> Fetched:
    """GET the bytes of a URI. Raises StoreError."""
    connection, target = _connect(uri)
    headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "leadmodel"}
    if etag is not None:
        headers["If-None-Match"] = etag
    try:
        connection.request("GET", target, headers=headers)
        with connection.getresponse() as response:
            return _read_response(uri, response, max_bytes, etag, redirects)
    except (OSError, http.client.HTTPException) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(StoreReason.UNREACHABLE, f"{show(uri)} did not answer: {_why(error)}") from None
    finally:
        connection.close()


def _read_response(
    uri: str, response: http.client.HTTPResponse, max_bytes: int, etag: str | None, redirects: int
) -> Fetched:
    """The bytes of a response, or of the place to which the response redirects."""
    if response.status in {301, 302, 303, 307, 308}:
        return _follow(uri, response.headers.get("Location"), max_bytes, etag, redirects)
    tag = response.headers.get("ETag")
    if response.status == 304 and etag is not None:
        return Fetched(b"", tag or etag, not_modified=True)
    if response.status != 200:
        raise _refused(uri, response.status)
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > max_bytes:
        message = f"{show(uri)} has {length} bytes, at most {max_bytes} are taken"
        raise StoreError(StoreReason.TOO_LARGE, message, etag=tag, size=int(length))
    return Fetched(checked(_read(response, max_bytes), uri, max_bytes, tag), tag)


def _read(response: http.client.HTTPResponse, max_bytes: int) -> bytes:
    parts, size = [], 0
    while size <= max_bytes and (part := response.read(CHUNK)):
        parts.append(part)
        size += len(part)
    if size <= max_bytes and response.length:  # read(n) does not say that the connection broke
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(parts)


def _why(error: Exception) -> str:
    return (
        "it timed out"
        if isinstance(error, TimeoutError)
        else (getattr(error, "strerror", None) or type(error).__name__)
    )


def _follow(uri: str, location: str | None, max_bytes: int, etag: str | None, redirects: int) -> Fetched:
    target = urljoin(uri, location or "")
    secure = urlsplit(uri).scheme == "https"
    if (
        not location
        or redirects <= 0
        or urlsplit(target).scheme not in ({"https"} if secure else {"http", "https"})
    ):
        raise StoreError(
            StoreReason.UNREACHABLE,
            f"{show(uri)} redirects too often or to where this program does not follow",
        )
    return fetch_http(target, max_bytes, etag, redirects - 1)


def _refused(uri: str, status: int) -> StoreError:
    if status in {404, 410}:
        return StoreError(StoreReason.NOT_FOUND, f"{show(uri)} is not there ({status})")
    if status in {401, 403}:
        return StoreError(StoreReason.FORBIDDEN, f"{show(uri)} may not be read ({status}); check the Secret")
    return StoreError(StoreReason.UNREACHABLE, f"{show(uri)} answered {status}")


def put_http(uri: str, data: bytes) -> None:
    """PUT the bytes of a URI. Raises StoreError."""
    connection, target = _connect(uri)
    try:
        connection.request("PUT", target, body=data, headers={"User-Agent": "leadmodel"})
        with connection.getresponse() as response:
            status = response.status
    except (OSError, http.client.HTTPException) as error:
        raise StoreError(StoreReason.UNREACHABLE, f"{show(uri)} did not answer: {_why(error)}") from None
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise _refused(uri, status)
