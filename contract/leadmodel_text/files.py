"""The bytes of `leadtext/v1` documents: canonical JSON, and gzip that always unpacks within a limit."""

from __future__ import annotations

import io

from leadmodel_text.document import MAX_GZIP_BYTES, MAX_RAW_BYTES, Document, DocumentError
from leadmodel_text.reading import read
from leadmodel_text.writing import write

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

_GZIP_MAGIC = b"\x1f\x8b"


def load(data: bytes) -> Document:
    """Read a document from the bytes of its JSON or of its gzip.

    Raises:
        DocumentError: when the bytes are too many, no JSON, or a field is wrong.
    """
    return read(_decode(_unpacked(data)))


def dump(document: Document) -> bytes:
    """Write a document as UTF-8 JSON with sorted keys: the same document always gives the same bytes."""
    import json  # only programs that write pay for its import

    text = json.dumps(
        write(document), allow_nan=False, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return (text + "\n").encode()


def pack(document: Document) -> bytes:
    """Write a document as gzip without a time.

    Raises:
        DocumentError: when the gzip has more bytes than `reading.load` takes.
    """
    import gzip  # as above

    data = gzip.compress(dump(document), mtime=0)
    if len(data) > MAX_GZIP_BYTES:
        raise DocumentError(f"the document has {len(data)} packed bytes, at most {MAX_GZIP_BYTES} are taken")
    return data


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(_GZIP_MAGIC):
        raw = data
    elif len(data) > MAX_GZIP_BYTES:
        raise DocumentError(f"the document has {len(data)} packed bytes, at most {MAX_GZIP_BYTES} are taken")
    else:
        import gzip  # plain documents do not pay for its import
        import zlib

        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as stream:
                raw = stream.read(MAX_RAW_BYTES + 1)
        except (OSError, EOFError, zlib.error):
            raise DocumentError("the document's gzip is damaged or cut off") from None
    if len(raw) > MAX_RAW_BYTES:
        raise DocumentError(f"the document has more than {MAX_RAW_BYTES} bytes")
    return raw


def _decode(raw: bytes) -> Any:
    """Decode JSON in which every field stands once and every number is finite."""
    import json  # documents inside of artifacts come decoded

    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_unique)
        if b"\\ud" in raw.lower():  # half a character, which no answer could hold
            json.dumps(value, ensure_ascii=False).encode()
    except DocumentError:
        raise
    except (ValueError, RecursionError):
        raise DocumentError(
            "the document is no JSON in UTF-8; was it cut off, or is it another file?"
        ) from None
    return value


def _no_constant(word: str) -> float:
    raise DocumentError(f"the document holds {word}; every number must be finite")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise DocumentError("the document names a field twice")
    return fields
