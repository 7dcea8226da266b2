"""Objects of cloud stores: `s3://`, `gs://` and `az://`, by obstore."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from leadmodel_messages.uris import show
from leadmodel_store.result import Fetched, StoreError, StoreReason, checked

TIMEOUT_S = 30.0


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


async def fetch_object(uri: str, max_bytes: int, etag: str | None, environ: Mapping[str, str]) -> Fetched:
    """Get an object of a cloud store. Raises StoreError."""
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
        return Fetched(checked(b"".join(parts), uri, max_bytes, tag), tag)
    except NotModifiedError:
        return Fetched(b"", etag, not_modified=True)
    except BaseError as error:
        raise _object_error(uri, error) from None


async def put_object(uri: str, data: bytes, environ: Mapping[str, str]) -> None:
    """Put an object into a cloud store. Raises StoreError."""
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
