"""The failure: how poll, validation and training say that they have no answer."""

from __future__ import annotations

from dataclasses import dataclass

from leadmodel_artifact.jsonnode import Node
from leadmodel_messages import bounds, termination
from leadmodel_messages.errors import ErrorWord, word_of

SPACED, COMPACT = (", ", ": "), (",", ":")


@dataclass(frozen=True)
class Failure:
    """Why there is no answer: a word for programs and a sentence for people.

    An artifact that is too large is named by what tells it from the next one: `etag` and `size` as the store answered, or `digest`
    and `size` where the bytes were read.
    """

    error: ErrorWord
    message: str
    uri: str | None = None  # without user info, query and fragment
    digest: str | None = None
    etag: str | None = None
    size: int | None = None


def dump(failure: Failure, separators: tuple[str, str] = SPACED) -> str:
    """Write the failure as one line of JSON."""
    import json

    document: dict[str, object] = {"error": failure.error, "message": failure.message}
    if failure.uri is not None:
        document["uri"] = failure.uri
    if failure.digest is not None:
        document |= {"digest": failure.digest, "size": failure.size}
    elif failure.error is ErrorWord.ARTIFACT_TOO_LARGE:
        document |= {"etag": failure.etag, "size": failure.size}
    return json.dumps(document, separators=separators)


def parse(line: str) -> Failure:
    """Read a failure strictly; no word, or a word this version does not know, reads as `UNKNOWN`.

    Raises:
        ValueError: The line is no JSON object, or a field has another type.
    """
    node = Node(termination.document(line), "")
    return Failure(
        error=word_of(node.text("error", 64)) if node.has("error") else ErrorWord.UNKNOWN,
        message=bounds.sentence(node, "message", termination.LIMIT) if node.has("message") else "",
        uri=node.optional("uri", node.text),
        digest=bounds.digest(node, "digest") if node.has("digest") else None,
        etag=node.optional("etag", lambda key: node.text(key, termination.LIMIT)),
        size=node.optional("size", node.integer),
    )
