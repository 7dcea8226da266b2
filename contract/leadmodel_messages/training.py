"""The answer of `leadmodel-train`: which artifact was written. An image of another training needs to name only its digest."""

from __future__ import annotations

from dataclasses import dataclass

from leadmodel_artifact.jsonnode import Node
from leadmodel_messages import termination


@dataclass(frozen=True)
class TrainingAnswer:
    """What was trained and where the artifact lies: under a URI, or in a file of this machine."""

    digest: str
    auc: float | None = None  # on the holdout
    holdout: str | None = None  # digest of the holdout
    recipe: str | None = None
    rows: int | None = None  # leads the model was made from
    duplicates: int | None = None  # leads left out because another lead is the same
    why: str | None = None  # the reason for the recipe, where the training chose one
    uri: str | None = None  # without user info, query and fragment
    model: str | None = None  # path of the artifact


def dump(answer: TrainingAnswer) -> str:
    """Write the answer as one line of JSON; fields that are None are left out."""
    import json

    return json.dumps({name: value for name, value in vars(answer).items() if value is not None})


def parse(line: str) -> TrainingAnswer:
    """Read an answer: the digest strictly, everything else only where the field has its type.

    Raises:
        ValueError: The line is no JSON object or names no digest.
    """
    node = Node(termination.document(line), "")
    document = node.value
    numbers = {name: document.get(name) for name in ("rows", "duplicates") if type(document.get(name)) is int}
    texts = ("holdout", "recipe", "why", "uri", "model")
    return TrainingAnswer(
        digest=node.text("digest"),
        auc=float(document["auc"]) if type(document.get("auc")) in {int, float} else None,
        **{name: document[name] for name in texts if isinstance(document.get(name), str)},
        **numbers,
    )
