"""Snapshots: the raw bytes of an artifact and their digest, packed with gzip for a ConfigMap and unpacked within a limit.

A packed snapshot comes from outside (a mailbox, a disk, a store), so that unpacking is always bounded: 900 KiB of gzip can hold
hundreds of megabytes.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib

from leadmodel_artifact.model import ArtifactError, ArtifactReason

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import IO

MAX_RAW_BYTES = 16 * 1024 * 1024
MAX_GZIP_BYTES = 900 * 1024
_PREFIX = "sha256:"
_GZIP_MAGIC = b"\x1f\x8b"
_PART_BYTES = 1 << 16


def digest(raw: bytes) -> str:
    """The identity of an artifact: `sha256:` and the hash of the raw bytes in hexadecimal."""
    return _PREFIX + hashlib.sha256(raw).hexdigest()


def pack(raw: bytes) -> bytes:
    """The snapshot of an artifact: gzip without a time, so that the same artifact always gives the same bytes."""
    return gzip.compress(raw, mtime=0)


def unpack(data: bytes) -> bytes:
    """The raw bytes of a snapshot (gzip) or of a plain file, read as a stream and never more than one byte beyond 16 MiB.

    Bytes beyond the limit are refused where the artifact is parsed, as those of a plain file are.

    Raises:
        ArtifactError: when the gzip file is damaged or cut off.
    """
    if not data.startswith(_GZIP_MAGIC):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
            return stream.read(MAX_RAW_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise ArtifactError(ArtifactReason.SCHEMA_MISMATCH, "the snapshot is damaged or cut off") from None


def unpacked_digest(packed: bytes | IO[bytes]) -> str | None:
    """The digest of the bytes a snapshot unpacks to; None when the snapshot is damaged or unpacks beyond 16 MiB.

    The snapshot, bytes or an open file, is read as a stream: memory stays at 64 KiB.
    """
    file = io.BytesIO(packed) if isinstance(packed, bytes) else packed
    hash_, size = hashlib.sha256(), 0
    try:
        with gzip.GzipFile(fileobj=file) as stream:
            while part := stream.read(_PART_BYTES):
                size += len(part)
                if size > MAX_RAW_BYTES:
                    return None
                hash_.update(part)
    except (OSError, EOFError, zlib.error):
        return None
    return _PREFIX + hash_.hexdigest()
