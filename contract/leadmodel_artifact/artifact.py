"""The artifact `model.json`: from bytes to a checked model, and from a model to the canonical bytes.

Reading never executes anything: JSON in, frozen values out, or an ArtifactError that says why not.
"""

from __future__ import annotations

import math

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_artifact.lead import LeadError, instant
from leadmodel_artifact.model import Artifact, ArtifactError, ArtifactReason
from leadmodel_artifact.reading import read
from leadmodel_artifact.scoring import check_examples
from leadmodel_artifact.snapshot import MAX_RAW_BYTES, digest
from leadmodel_artifact.writing import write

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

__all__ = ["digest", "dump", "load", "parse"]

# In memory a JSON value takes up to thirty times its bytes. A predictor holds two models in 256 MiB.
MAX_CONTAINERS, MAX_ITEMS, MAX_QUOTES = 400_000, 2_000_000, 1_000_000


def load(raw: bytes, *, expect: str | None = None) -> Artifact:
    """Read an artifact and check its size, its digest (before anything is parsed), its schema and its examples.

    Args:
        raw: the bytes of `model.json`, not packed.
        expect: the digest that the bytes must have; None: any.

    Raises:
        ArtifactError: when one of the checks fails.
    """
    artifact = parse(raw, expect=expect)
    check_examples(artifact)
    return artifact


def parse(raw: bytes, *, expect: str | None = None) -> Artifact:
    """Read an artifact like `load` but leave the examples to the caller, who checks them with the scorer that will serve.

    Raises:
        ArtifactError: when size, digest or schema are wrong.
    """
    if len(raw) > MAX_RAW_BYTES:
        raise ArtifactError(
            ArtifactReason.TOO_LARGE, f"the artifact has {len(raw)} bytes, at most {MAX_RAW_BYTES} are taken"
        )
    if expect is not None and digest(raw) != expect:
        raise ArtifactError(
            ArtifactReason.DIGEST_MISMATCH, f"the bytes have digest {digest(raw)}, not {expect}"
        )
    try:
        artifact = read(_decode(raw))
    except LayoutError as error:
        raise _refuse(str(error)) from None
    for name, time in (("from", artifact.data.from_), ("to", artifact.data.to)):
        if time is not None and not _is_instant(time):
            raise _refuse(f"data.{name} must be an instant, as ISO 8601")
    return artifact


def _is_instant(text: str) -> bool:
    try:
        instant(text)
    except LeadError:
        return False
    return True


def dump(artifact: Artifact) -> bytes:
    """Write an artifact: UTF-8 JSON with sorted keys, and numbers in the form that reads back to the same value."""
    import json  # its import costs more than the rest of this module

    document = write(artifact)
    text = json.dumps(document, allow_nan=False, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return (text + "\n").encode()


def _refuse(message: str) -> ArtifactError:
    return ArtifactError(ArtifactReason.SCHEMA_MISMATCH, message)


def _decode(raw: bytes) -> Any:
    """The JSON document of the bytes: finite numbers only, each field once, no half of a surrogate pair."""
    import json  # as above

    if (
        raw.count(b"[") + raw.count(b"{") > MAX_CONTAINERS
        or raw.count(b",") > MAX_ITEMS
        or raw.count(b'"') > MAX_QUOTES
    ):
        raise _refuse("the artifact holds more lists, numbers or texts than a predictor has memory for")
    try:
        document = json.loads(
            raw.decode("utf-8"), parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_unique
        )
        if b"\\ud" in raw.lower():  # half a character, which no answer could hold
            json.dumps(document, ensure_ascii=False).encode()
    except (UnicodeError, json.JSONDecodeError, RecursionError, ValueError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise _refuse(
            "the artifact is not a JSON document in UTF-8; was it truncated, or is it another file?"
        ) from None
    return document


def _no_constant(word: str) -> float:
    raise _refuse(f"the artifact holds {word}; every number must be finite")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _refuse("the artifact holds a number too large to be finite")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise _refuse("the artifact names a field twice")
    return fields
