"""The answer of `leadmodel-poll`: which bytes a store holds under the URIs of artifact and holdout."""

from __future__ import annotations

from dataclasses import dataclass

from leadmodel_artifact.jsonnode import Node
from leadmodel_messages import bounds, termination
from leadmodel_messages.texts import one_line, usable_etag

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

_ERROR_LENGTH = 200  # characters


@dataclass(frozen=True)
class Stored:
    """The bytes under one URI. Digest and size are None where the store said that nothing changed since the known ETag."""

    digest: str | None
    size: int | None = None  # bytes
    etag: str | None = None
    not_modified: bool = False


@dataclass(frozen=True)
class PollAnswer:
    """What the store holds; `holdout` is None where there is none or where the store did not give the holdout."""

    uri: str  # of the artifact, without user info, query and fragment
    artifact: Stored
    holdout: Stored | None = None
    holdout_error: str = ""  # why `holdout` is None, for people; empty in answers of older programs


def dump(answer: PollAnswer) -> str:
    """Write the answer as one line of JSON."""
    import json

    holdout = answer.holdout and _document(answer.holdout)
    document = {"uri": answer.uri, **_document(answer.artifact), "holdout": holdout}
    if answer.holdout_error:
        document["holdoutError"] = one_line(answer.holdout_error, _ERROR_LENGTH)
    return json.dumps(document, separators=(",", ":"))


def _document(stored: Stored) -> dict[str, Any]:
    return {
        "digest": stored.digest,
        "size": stored.size,
        "etag": stored.etag,
        "notModified": stored.not_modified,
    }


def parse(line: str) -> PollAnswer:
    """Read an answer strictly; an ETag that cannot be sent back reads as none.

    Raises:
        ValueError: The line is no JSON object, has no URI, or a field has another type or is out of bounds.
    """
    node = Node(termination.document(line), "")
    holdout = _read(node.node("holdout")) if node.has("holdout") else None
    why = one_line(node.optional("holdoutError", node.text) or "", _ERROR_LENGTH)
    return PollAnswer(uri=node.text("uri"), artifact=_read(node), holdout=holdout, holdout_error=why)


def _read(node: Node) -> Stored:
    return Stored(
        digest=bounds.digest(node, "digest") if node.has("digest") else None,
        size=node.optional("size", node.integer),
        etag=usable_etag(node.optional("etag", lambda key: node.text(key, termination.LIMIT))),
        not_modified=node.flag("notModified", default=False),
    )
