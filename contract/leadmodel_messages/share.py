"""The share of leads that a challenger answers: a file beside the challenger, written by whoever rolls out and read by the predictor.

The file names the challenger, so that a reader who sees a new file beside an old challenger, or the other way round, gives it no leads.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from leadmodel_artifact.jsonnode import LayoutError, Node
from leadmodel_messages import bounds

SCHEMA = "leadmodel.share/v1"
MAX_BYTES = 4096  # of the file
MAX_WEIGHT = 100  # per cent
BUCKETS_PER_CENT = 100  # of `leadmodel_statistics.buckets`


@dataclass(frozen=True)
class Share:
    """How many leads the challenger of this digest answers: `weight` of a hundred, a whole number from 1 to 100."""

    digest: str
    weight: int

    @property
    def buckets(self) -> int:
        """The challenger answers leads whose bucket, salted with the digest, is below this number."""
        return self.weight * BUCKETS_PER_CENT


def dump(share: Share) -> str:
    """Write a share as the text of `share.json`: one line of JSON."""
    document = {"schema": SCHEMA, "digest": share.digest, "weight": share.weight}
    return json.dumps(document, separators=(",", ":"))


def parse(text: str | bytes) -> Share:
    """Read the file strictly; fields of a newer writer are passed over.

    Raises:
        ValueError: The text is no JSON object, or a field is missing, has another type or is out of bounds.
        RecursionError: The text is nested too deep to be a share.
    """
    node = Node(json.loads(text), "")
    if node.text("schema", 64) != SCHEMA:
        raise LayoutError(f"schema must be {SCHEMA!r}")
    return Share(bounds.digest(node, "digest"), weight(node))


def weight(node: Node) -> int:
    """Read the field `weight`, a whole number of per cent from 1 to 100."""
    per_cent = bounds.count(node, "weight", MAX_WEIGHT)
    if not per_cent:
        raise LayoutError(f"{node.at('weight')} must be at least 1")
    return per_cent
