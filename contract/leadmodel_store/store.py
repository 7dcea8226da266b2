"""Bytes by URI: `s3:// gs:// az:// https:// http:// pvc://claim/path file:///path`, with conditional GET and size limits.

Credentials come from the environment that the caller passes. Messages show a URI without user info, fragment and the values of a query. The store
knows bytes and nothing of their meaning.
"""

import asyncio
from collections.abc import Mapping
from urllib.parse import urlsplit

from leadmodel_store.files import PVC_ROOT, fetch_file, path_of, put_file
from leadmodel_store.objects import check_object, fetch_object, put_object
from leadmodel_store.result import Fetched, StoreError, StoreReason, bad_uri
from leadmodel_store.web import check_http, fetch_http, put_http

PATIENCE_S = 120.0  # a poll asks twice and may take 300 s

__all__ = ["PVC_ROOT", "Fetched", "StoreError", "StoreReason", "check", "fetch", "put"]


def fetch(
    uri: str,
    *,
    max_bytes: int,
    etag: str | None = None,
    environ: Mapping[str, str],
    seconds: float = PATIENCE_S,
    pipes: bool = True,
) -> Fetched:
    """Get the bytes of a URI, never reading more than `max_bytes` + one chunk, whatever size the store claims.

    Args:
        uri: one of the schemes above.
        max_bytes: how many bytes are taken at most.
        etag: of an earlier answer; the store may then answer that nothing changed.
        environ: environment with the credentials of object stores; the process's own counts for nothing.
        seconds: how long the answer of a store may take as a whole.
        pipes: whether a path may be a pipe or device, for whose writer the read waits; without, it is refused.

    Raises:
        StoreError: with the reason why there are no bytes.
    """
    scheme, etag = _scheme(uri), etag if etag and etag.isascii() and etag.isprintable() else None
    if scheme in {"http", "https"}:
        return fetch_http(uri, max_bytes, etag, environ, seconds)
    if scheme in {"file", "pvc"}:
        return fetch_file(path_of(uri), uri, max_bytes, etag, pipes=pipes)
    if scheme in {"s3", "gs", "az"}:
        return asyncio.run(fetch_object(uri, max_bytes, etag, environ, seconds))
    raise bad_uri(uri)


def put(uri: str, data: bytes, *, environ: Mapping[str, str], seconds: float = PATIENCE_S) -> None:
    """Write the bytes of a URI; a reader sees all of them or none.

    Raises:
        StoreError: with the reason why the store did not take the bytes.
    """
    scheme = _scheme(uri)
    if scheme in {"file", "pvc"}:
        put_file(path_of(uri), uri, data)
    elif scheme in {"s3", "gs", "az"}:
        asyncio.run(put_object(uri, data, environ, seconds))
    elif scheme in {"http", "https"}:
        put_http(uri, data, environ)
    else:
        raise bad_uri(uri)


def check(uri: str, *, environ: Mapping[str, str]) -> None:
    """Refuse, without asking any store, a URI or settings with which `fetch` and `put` must fail.

    Raises:
        StoreError: with the reason.
    """
    scheme = _scheme(uri)
    if scheme in {"file", "pvc"}:
        path_of(uri)
    elif scheme in {"s3", "gs", "az"}:
        check_object(uri, environ)
    elif scheme in {"http", "https"}:
        check_http(uri, environ)
    else:
        raise bad_uri(uri)


def _scheme(uri: str) -> str:
    try:
        return urlsplit(uri).scheme
    except ValueError:
        raise bad_uri(uri) from None
