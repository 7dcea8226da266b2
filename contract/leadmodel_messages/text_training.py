"""The answer of `leadmodel-enrich train`: which text model was written. An image of another training needs to name only its digest.

A training that makes no model leaves a `Failure`, whose error word is the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from leadmodel_artifact.jsonnode import Node
from leadmodel_messages import bounds, termination
from leadmodel_messages.texts import one_line

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

TEXT_LIMIT = 1024
_SHARES = frozenset({"macro_f1", "coverage", "precision_kept", "scope_auroc", "ece"})
_COUNTS = frozenset({"n_train", "n_holdout", "version"})


@dataclass(frozen=True)
class TextTrainingAnswer:
    """What was trained. Figures are out of fold, and None where they were not measured; `digest` is that of the unpacked document."""

    digest: str
    name: str | None = None
    version: int | None = None  # Unix time of the end of training
    macro_f1: float | None = None  # of the likeliest classes
    coverage: float | None = None  # share of messages with an answer
    precision_kept: float | None = None  # share of these answers that are right
    scope_auroc: float | None = None  # messages of the classes against the background
    ece: float | None = None  # expected calibration error
    n_train: int | None = None  # messages that the model was made from
    n_holdout: int | None = None  # messages that were kept out
    holdout: str | None = None  # digest of the holdout, unpacked
    uri: str | None = None  # without user info, query and fragment


def dump(answer: TextTrainingAnswer) -> str:
    """Write the answer as one line of JSON; fields that are None are left out."""
    import json

    return json.dumps({_json(name): value for name, value in vars(answer).items() if value is not None})


def parse(line: str) -> TextTrainingAnswer:
    """Read an answer: the digest strictly, everything else only where the field has its type and lies within its bounds.

    Raises:
        ValueError: The line is no JSON object or names no digest.
    """
    node = Node(termination.document(line), "")
    known: dict[str, Any] = {}
    for name in (field.name for field in fields(TextTrainingAnswer)):
        value = node.value.get(_json(name))
        if name != "digest" and _fits(name, value):
            known[name] = one_line(value, TEXT_LIMIT) if isinstance(value, str) else value
    return TextTrainingAnswer(digest=bounds.digest(node, "digest"), **known)


def _fits(name: str, value: object) -> bool:
    if name in _SHARES:
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 1
    if name in _COUNTS:
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return isinstance(value, str) and (name != "holdout" or bounds.is_digest(value))


def _json(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
