"""The answer of `leadmodel-train`: which artifact was written. An image of another training needs to name only its digest."""

from __future__ import annotations

from dataclasses import dataclass

from leadmodel_artifact.jsonnode import Node, as_number
from leadmodel_messages import bounds, termination
from leadmodel_messages.texts import one_line

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

TEXT_LIMIT = 1024
MIN_OUTCOMES = 100  # leads of either outcome that a training part needs, and a holdout


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
    texts: str | None = None  # whether text features were taken, and by how much, where they were asked for
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
    values = node.value
    known: dict[str, Any] = {
        name: values[name] for name in ("rows", "duplicates") if type(values.get(name)) is int
    }
    texts = [
        name
        for name in ("holdout", "recipe", "why", "texts", "uri", "model")
        if isinstance(values.get(name), str)
    ]
    known |= {name: one_line(values[name], TEXT_LIMIT) for name in texts}
    return TrainingAnswer(digest=bounds.digest(node, "digest"), auc=_number(values.get("auc")), **known)


def _number(value: Any) -> float | None:
    try:
        return as_number(value, "auc")
    except ValueError:
        return None
