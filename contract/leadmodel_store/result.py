"""Why a store gives or takes no bytes, and the bytes a store gives."""

from dataclasses import dataclass
from enum import StrEnum

from leadmodel_messages.uris import show


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


def bad_uri(uri: str) -> StoreError:
    """Make the error of a URI whose scheme no store understands."""
    return StoreError(
        StoreReason.BAD_URI,
        f"{show(uri)} must start with s3://, gs://, az://, https://, http://, pvc:// or file:///",
    )


def checked(data: bytes, uri: str, max_bytes: int, etag: str | None) -> bytes:
    """Return the data of a URI if there are at most `max_bytes`. Raises StoreError with the reason TOO_LARGE."""
    if len(data) > max_bytes:
        raise StoreError(
            StoreReason.TOO_LARGE, f"{show(uri)} has more than {max_bytes} bytes", etag=etag, size=len(data)
        )
    return data
