"""Writing of `leadtext/v1` documents: the values for JSON that `reading.read` takes."""

from __future__ import annotations

import binascii

from leadmodel_text.document import (
    SCHEMA,
    ClassHead,
    Document,
    LexiconHead,
    Quality,
    ScoreHead,
    Table,
)

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

_PLAIN = ("name", "version", "trained_at", "tokenizer")


def write(document: Document) -> dict[str, Any]:
    """Return the document as an object for JSON."""
    heads = {"intent": document.intent, "sentiment": document.sentiment, "urgency": document.urgency}
    return {
        "schema": SCHEMA,
        **{name: getattr(document, name) for name in _PLAIN},
        "languages": list(document.languages),
        "heads": [_head(name, head) for name, head in heads.items() if head is not None],
        "language": document.language and _flat(document.language),
        "quality": _quality(document.quality),
        "reference": document.reference and _reference(document),
        "examples": [_fields(example) for example in document.examples],
        "provenance": [_fields(source) for source in document.provenance],
    }


def _fields(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def _quality(quality: Quality) -> dict[str, Any]:
    """Return figures; one that was added later is left out where it was not measured, so that older documents keep their bytes."""
    fields = {**_fields(quality), "by_class": dict(quality.by_class)}
    if quality.transfer_precision is None:
        del fields["transfer_precision"]
    return fields


def _table(table: Table) -> dict[str, Any]:
    weights = binascii.b2a_base64(table.weights, newline=False).decode("ascii")
    return {**_fields(table), "features": list(table.features), "weights": weights, "bias": list(table.bias)}


def _flat(head: Any) -> dict[str, Any]:
    """Return a head with the fields of its table beside its own, and lists instead of tuples."""
    fields = {key: list(value) if isinstance(value, tuple) else value for key, value in _fields(head).items()}
    del fields["table"]
    return {**_table(head.table), **fields}


def _head(name: str, head: ClassHead | LexiconHead | ScoreHead) -> dict[str, Any]:
    match head:
        case ClassHead():
            return {"name": name, "kind": "classes", **_flat(head), "scope": _table(head.scope)}
        case LexiconHead():
            return {"name": name, "kind": "lexicon", **_flat(head)}
        case ScoreHead():
            cues = [{**_fields(cue), "words": [list(words) for words in cue.words]} for cue in head.cues]
            return {"name": name, "kind": "score", **_flat(head), "cues": cues}


def _reference(document: Document) -> dict[str, Any]:
    reference = document.reference
    if reference is None:
        return {}
    labels = {head: dict(shares) for head, shares in reference.labels.items()}
    return {"labels": labels, "unknown": list(reference.unknown), "lengths": list(reference.lengths)}
