"""The refusal of `leadmodel-predictor`: an artifact that was read and will not be served."""

from __future__ import annotations

from dataclasses import dataclass

from leadmodel_artifact.jsonnode import Node
from leadmodel_messages import bounds, termination


@dataclass(frozen=True)
class Refusal:
    """Why the predictor does not serve, in a sentence, and the digest of the bytes it read (None: it read none)."""

    error: str
    digest: str | None = None


def dump(refusal: Refusal) -> str:
    """Write the refusal as one line of JSON."""
    import json

    return json.dumps({"error": refusal.error, "digest": refusal.digest})


def parse(line: str) -> Refusal:
    """Read a refusal strictly.

    Raises:
        ValueError: The line is no JSON object, or a field has another type.
    """
    node = Node(termination.document(line), "")
    error = bounds.sentence(node, "error", termination.LIMIT) if node.has("error") else ""
    return Refusal(error, bounds.digest(node, "digest") if node.has("digest") else None)
