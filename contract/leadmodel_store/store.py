"""Bytes by URI: `s3:// gs:// az:// https:// http:// pvc://claim/path file:///path`, with conditional GET and size limits.

Credentials come from the environment that the caller passes. Messages show a URI without user info, query and fragment. The store
knows bytes and nothing of their meaning.
"""

import asyncio
import http.client
import os
import ssl
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urljoin, urlsplit, urlunsplit

from leadmodel_messages.uris import show

PVC_ROOT = Path("/mnt")  # Jobs mount the claim NAME at /mnt/NAME
TIMEOUT_S = 30.0
MAX_REDIRECTS = 3
CHUNK = 1 << 16


class StoreReason(StrEnum):
    """Why a store did not give or take bytes."""

    NOT_FOUND = "NotFound"
    FORBIDDEN = "Forbidden"
    TOO_LARGE = "TooLarge"
    UNREACHABLE = "Unreachable"
    BAD_URI = "BadUri"


class StoreError(OSError):
    """A store did not give or take the bytes: `reason` in one word; `etag` and `size` (bytes) where the store named them."""

    def __init__(
        self, reason: StoreReason, message: str, *, etag: str | None = None, size: int | None = None
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.etag = etag
        self.size = size


@dataclass(frozen=True)
class Fetched:
    """The bytes of a URI and their ETag; with `not_modified` no bytes, because the ETag is that of the caller."""

    data: bytes
    etag: str | None
    not_modified: bool = False


def fetch(uri: str, *, max_bytes: int, etag: str | None = None, environ: Mapping[str, str]) -> Fetched:
    """Get the bytes of a URI, never reading more than `max_bytes` + one chunk, whatever size the store claims.

    Args:
        uri: one of the schemes above.
        max_bytes: how many bytes are taken at most.
        etag: of an earlier answer; the store may then answer that nothing changed.
        environ: environment with the credentials of object stores.

    Raises:
        StoreError: with the reason why there are no bytes.
    """
    scheme = urlsplit(uri).scheme
    if scheme in {"http", "https"}:
        return _fetch_http(uri, max_bytes, etag)
    if scheme in {"file", "pvc"}:
        return _fetch_file(_path(uri), uri, max_bytes, etag)
    if scheme in {"s3", "gs", "az"}:
        return asyncio.run(_fetch_object(uri, max_bytes, etag, environ))
    raise _bad(uri)


def put(uri: str, data: bytes, *, environ: Mapping[str, str]) -> None:
    """Write the bytes of a URI; a reader sees all of them or none.

    Raises:
        StoreError: with the reason why the store did not take the bytes.
    """
    scheme = urlsplit(uri).scheme
    if scheme in {"file", "pvc"}:
        _put_file(_path(uri), uri, data)
    elif scheme in {"s3", "gs", "az"}:
        asyncio.run(_put_object(uri, data, environ))
    elif scheme in {"http", "https"}:
        _put_http(uri, data)
    else:
        raise _bad(uri)


def _bad(uri: str) -> StoreError:
    return StoreError(
        StoreReason.BAD_URI,
        f"{show(uri)} must start with s3://, gs://, az://, https://, http://, pvc:// or file:///",
    )


# --- files -----------------------------------------------------------------------------------------------------------------


def _path(uri: str) -> Path:
    parts = urlsplit(uri)
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"}:
            raise StoreError(StoreReason.BAD_URI, f"{show(uri)} must have the form file:///path")
        return Path(parts.path)
    root = PVC_ROOT / parts.netloc
    path = (root / parts.path.lstrip("/")).resolve()
    if not parts.netloc or not path.is_relative_to(root.resolve()):
        raise StoreError(StoreReason.BAD_URI, f"{show(uri)} must have the form pvc://claim/path")
    return path


def _fetch_file(path: Path, uri: str, max_bytes: int, etag: str | None) -> Fetched:
    try:
        with path.open("rb") as file:
            stat = os.fstat(file.fileno())
            tag = f"{stat.st_mtime_ns:x}-{stat.st_size:x}-{stat.st_ino:x}"
            if etag == tag:
                return Fetched(b"", tag, not_modified=True)
            data = file.read(max_bytes + 1)
    except FileNotFoundError:
        raise StoreError(StoreReason.NOT_FOUND, f"{show(uri)} is not there") from None
    except PermissionError:
        raise StoreError(StoreReason.FORBIDDEN, f"{show(uri)} may not be read") from None
    except OSError as error:
        raise StoreError(StoreReason.UNREACHABLE, f"{show(uri)} cannot be read: {error.strerror}") from None
    return Fetched(_checked(data, uri, max_bytes, tag), tag)


def _checked(data: bytes, uri: str, max_bytes: int, etag: str | None) -> bytes:
    if len(data) > max_bytes:
        raise StoreError(
            StoreReason.TOO_LARGE, f"{show(uri)} has more than {max_bytes} bytes", etag=etag, size=len(data)
        )
    return data


def _put_file(path: Path, uri: str, data: bytes) -> None:
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
                os.fchmod(file.fileno(), 0o644)
                Path(file.name).replace(path)
            except BaseException:
                Path(file.name).unlink(missing_ok=True)
                raise
    except OSError as error:
        raise StoreError(
            StoreReason.UNREACHABLE, f"{show(uri)} cannot be written: {error.strerror}"
        ) from None


# --- http -------------------------------------------------------------------------------------------------------------------


def _connect(uri: str) -> tuple[http.client.HTTPConnection, str]:
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise _bad(uri) from None
    if not host:
        raise _bad(uri)
    target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    if parts.scheme == "https":
        return http.client.HTTPSConnection(
            host, port, timeout=TIMEOUT_S, context=ssl.create_default_context()
        ), target
    return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S), target


def _fetch_http(uri: str, max_bytes: int, etag: str | None, redirects: int = MAX_REDIRECTS) -> Fetched:
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
    return Fetched(_checked(_read(response, max_bytes), uri, max_bytes, tag), tag)


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
    return _fetch_http(target, max_bytes, etag, redirects - 1)


def _refused(uri: str, status: int) -> StoreError:
    if status in {404, 410}:
        return StoreError(StoreReason.NOT_FOUND, f"{show(uri)} is not there ({status})")
    if status in {401, 403}:
        return StoreError(StoreReason.FORBIDDEN, f"{show(uri)} may not be read ({status}); check the Secret")
    return StoreError(StoreReason.UNREACHABLE, f"{show(uri)} answered {status}")


def _put_http(uri: str, data: bytes) -> None:
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


# --- object stores -------------------------------------------------------------------------------------------------------------


def _bucket(uri: str, environ: Mapping[str, str]) -> tuple[object, str]:
    """The store of a URI's bucket, with settings from the environment (AWS_…, GOOGLE_…, AZURE_…), and the key in the bucket."""
    from obstore.store import from_url

    parts = urlsplit(uri)
    key = parts.path.lstrip("/")
    if not parts.netloc or not key:
        raise StoreError(StoreReason.BAD_URI, f"{show(uri)} must name a bucket and a key")
    prefix = {"s3": "AWS_", "gs": "GOOGLE_", "az": "AZURE_"}[parts.scheme]
    settings = {name.lower(): value for name, value in environ.items() if name.startswith(prefix)}
    plain = any(value.startswith("http://") for name, value in settings.items() if "endpoint" in name)
    options = {"timeout": f"{TIMEOUT_S:.0f}s", "allow_http": plain}
    return from_url(f"{parts.scheme}://{parts.netloc}", config=settings or None, client_options=options), key  # type: ignore[call-overload]


async def _fetch_object(uri: str, max_bytes: int, etag: str | None, environ: Mapping[str, str]) -> Fetched:
    import obstore
    from obstore.exceptions import BaseError, NotModifiedError

    try:
        store, key = _bucket(uri, environ)
        result = await obstore.get_async(store, key, options={"if_none_match": etag} if etag else None)  # type: ignore[arg-type]
        tag, size = result.meta["e_tag"], result.meta["size"]
        if size > max_bytes:
            raise StoreError(
                StoreReason.TOO_LARGE,
                f"{show(uri)} has {size} bytes, at most {max_bytes} are taken",
                etag=tag,
                size=size,
            )
        parts, read = [], 0
        async for part in result.stream():
            parts.append(bytes(part))
            read += len(part)
            if read > max_bytes:
                break
        return Fetched(_checked(b"".join(parts), uri, max_bytes, tag), tag)
    except NotModifiedError:
        return Fetched(b"", etag, not_modified=True)
    except BaseError as error:
        raise _object_error(uri, error) from None


async def _put_object(uri: str, data: bytes, environ: Mapping[str, str]) -> None:
    import obstore
    from obstore.exceptions import BaseError

    try:
        store, key = _bucket(uri, environ)
        await obstore.put_async(store, key, data)  # type: ignore[arg-type]
    except BaseError as error:
        raise _object_error(uri, error) from None


def _object_error(uri: str, error: Exception) -> StoreError:
    """The StoreError of an error of obstore; only the class is shown, because the error's text may hold a signed URL."""
    match type(error).__name__:
        case "NotFoundError":
            return StoreError(StoreReason.NOT_FOUND, f"{show(uri)} is not there")
        case "PermissionDeniedError" | "UnauthenticatedError":
            return StoreError(StoreReason.FORBIDDEN, f"{show(uri)} may not be read; check the Secret")
        case name:
            return StoreError(StoreReason.UNREACHABLE, f"{show(uri)} did not answer ({name})")
