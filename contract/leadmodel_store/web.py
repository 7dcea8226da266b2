"""Bytes over HTTP: `https://` and `http://`, with conditional GET and few redirects."""

import http.client
import socket
import ssl
import time
from collections.abc import Mapping
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from leadmodel_messages.uris import show
from leadmodel_store import causes
from leadmodel_store.result import Fetched, StoreError, StoreReason, bad_uri, checked
from leadmodel_store.variables import SettingError, Variables
from leadmodel_store.web_login import authorization, origin

TIMEOUT_S = 30.0
MAX_REDIRECTS = 3
CHUNK = 1 << 16
_AS_WRITTEN = "/%?:@!$&'()*+,;=~[]"  # a blank or an umlaut is quoted, what is quoted already stays


def connect(uri: str, certificate: str = "") -> tuple[http.client.HTTPConnection, str]:
    """Prepare a connection and name the path to ask for; `certificate`: authorities in PEM. Raises StoreError for a bad URI."""
    try:
        parts = urlsplit(uri)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise bad_uri(uri) from None
    if not host:
        raise bad_uri(uri)
    target = quote(urlunsplit(("", "", parts.path or "/", parts.query, "")), safe=_AS_WRITTEN)
    if parts.scheme == "https":
        context = ssl.create_default_context()
        if certificate:
            context.load_verify_locations(cadata=certificate)
        return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=context), target
    return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S), target


def _headers(source: str, at: str, environ: Mapping[str, str]) -> dict[str, str]:
    """The headers of a request to `at`, where `source` led: the login is for the origin of the source alone."""
    try:
        login = authorization(source, environ) if origin(at) == origin(source) else ""
    except SettingError as error:
        raise StoreError(StoreReason.FORBIDDEN, f"{show(source)} cannot be asked: {error}") from None
    except ValueError:
        raise bad_uri(source) from None
    return {"User-Agent": "leadmodel", **({"Authorization": login} if login else {})}


def _trusted(uri: str, environ: Mapping[str, str]) -> str:
    """The authorities that the caller's environment names for this source."""
    try:
        return Variables(environ).certificate("SSL_CERT_FILE") if urlsplit(uri).scheme == "https" else ""
    except (SettingError, ValueError) as error:
        raise StoreError(StoreReason.FORBIDDEN, f"{show(uri)} cannot be asked: {error}") from None


def check_http(uri: str, environ: Mapping[str, str]) -> None:
    """Refuse a URI or a login that no server takes. Raises StoreError."""
    connect(uri, _trusted(uri, environ))
    _headers(uri, uri, environ)


def fetch_http(
    uri: str, max_bytes: int, etag: str | None, environ: Mapping[str, str], seconds: float
) -> Fetched:
    """GET the bytes of a URI within so many seconds. Raises StoreError."""
    deadline = time.monotonic() + seconds
    at, redirects = uri, MAX_REDIRECTS
    while True:
        connection, target = connect(at, _trusted(at, environ))
        headers = {"Accept": "*/*", "Accept-Encoding": "identity", **_headers(uri, at, environ)}
        if etag is not None:
            headers["If-None-Match"] = etag
        try:
            connection.request("GET", target, headers=headers)
            with connection.getresponse() as response:
                if response.status not in {301, 302, 303, 307, 308}:
                    return _read_response(at, response, max_bytes, etag, deadline)
                at, redirects = _next(at, response.headers.get("Location"), redirects), redirects - 1
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _error(at, error) from None
        finally:
            connection.close()


def _read_response(
    uri: str, response: http.client.HTTPResponse, max_bytes: int, etag: str | None, deadline: float
) -> Fetched:
    """The bytes of a response that is no redirect."""
    tag = response.headers.get("ETag")
    if response.status == 304 and etag is not None:
        return Fetched(b"", tag or etag, not_modified=True)
    if response.status != 200:
        raise _refused(uri, response.status, "read")
    length = response.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > max_bytes:
        message = f"{show(uri)} has {length} bytes, at most {max_bytes} are taken"
        raise StoreError(StoreReason.TOO_LARGE, message, etag=tag, size=int(length))
    return Fetched(checked(_read(response, max_bytes, deadline), uri, max_bytes, tag), tag)


def _read(response: http.client.HTTPResponse, max_bytes: int, deadline: float) -> bytes:
    parts, size = [], 0
    while size <= max_bytes and (part := response.read1(CHUNK)):
        parts.append(part)
        size += len(part)
        if time.monotonic() > deadline:
            raise TimeoutError
    if size <= max_bytes and response.length:  # read1(n) does not say that the connection broke
        raise http.client.IncompleteRead(b"", response.length)
    return b"".join(parts)


def _next(uri: str, location: str | None, redirects: int) -> str:
    """The place to which a response redirects, if this program follows there."""
    target = urljoin(uri, location or "")
    secure = urlsplit(uri).scheme == "https"
    if (
        not location
        or redirects <= 0
        or urlsplit(target).scheme not in ({"https"} if secure else {"http", "https"})
    ):
        message = f"{show(uri)} redirects too often or to where this program does not follow"
        raise StoreError(StoreReason.UNREACHABLE, message)
    return target


def _error(uri: str, error: Exception) -> StoreError:
    if isinstance(error, StoreError):
        return error
    if not isinstance(error, OSError) and isinstance(error, (http.client.InvalidURL, ValueError)):
        return bad_uri(uri)  # a certificate that is not trusted is a ValueError and an OSError
    return StoreError(StoreReason.UNREACHABLE, f"{show(uri)} {_cause(error)}")


def _cause(error: Exception) -> str:
    """Why there is no answer, in the words that object stores get too."""
    match error:
        case ssl.SSLCertVerificationError():
            kinds = {10: "Expired", 9: "NotValidYet", 62: "NotValidForName", 64: "NotValidForName"}
            return causes.certificate(kinds.get(error.verify_code, "Untrusted"))
        case ssl.SSLError() if error.reason in {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE"}:
            return causes.NO_TLS
        case socket.gaierror():
            return causes.NO_HOST
        case ConnectionRefusedError():
            return causes.REFUSED
        case TimeoutError():
            return causes.LATE
        case _:
            return causes.BROKE_OFF


def _refused(uri: str, status: int, verb: str) -> StoreError:
    if status in {404, 410}:
        return StoreError(StoreReason.NOT_FOUND, f"{show(uri)} is not there ({status})")
    if status in {401, 403}:
        return StoreError(
            StoreReason.FORBIDDEN, f"{show(uri)} may not be {verb} ({status}); check the Secret"
        )
    return StoreError(StoreReason.UNREACHABLE, f"{show(uri)} {causes.answered(status)}")


def put_http(uri: str, data: bytes, environ: Mapping[str, str]) -> None:
    """PUT the bytes of a URI. Raises StoreError."""
    connection, target = connect(uri, _trusted(uri, environ))
    try:
        connection.request("PUT", target, body=data, headers=_headers(uri, uri, environ))
        with connection.getresponse() as response:
            status = response.status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _error(uri, error) from None
    finally:
        connection.close()
    if not 200 <= status < 300:
        raise _refused(uri, status, "written")
