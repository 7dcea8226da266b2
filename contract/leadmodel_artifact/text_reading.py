"""Strict reading of the text models in an artifact, and of the features that need one."""

from __future__ import annotations

import re
from collections.abc import Mapping

from leadmodel_artifact.jsonnode import LayoutError, Node
from leadmodel_artifact.model import HEADS, MAX_TEXT_MODELS, SCHEMA, TEXT_SCHEMA, FeatureKind, TextModel
from leadmodel_artifact.snapshot import digest

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

    from leadmodel_artifact.model import Feature

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def read_text_models(node: Node) -> dict[str, TextModel]:
    """The text models of an artifact by their digests; only an artifact of schema `leadmodel/v2` has some, and has at least one.

    The digest is that of the document's canonical bytes, as leadmodel_text writes a document.

    Raises:
        LayoutError: naming the first field that is wrong.
    """
    if node.value["schema"] != TEXT_SCHEMA:
        if "text_models" in node.value:
            raise LayoutError(f"text_models may stand only in an artifact of schema {TEXT_SCHEMA!r}")
        return {}
    documents = node.node("text_models").value
    if not 0 < len(documents) <= MAX_TEXT_MODELS:
        raise LayoutError(
            f"text_models must be 1 to {MAX_TEXT_MODELS} documents; without one the schema is {SCHEMA!r}"
        )
    return {
        name: _text_model(name, value, f"text_models[{place}]")
        for place, (name, value) in enumerate(documents.items())
    }


def _text_model(name: str, value: Any, path: str) -> TextModel:
    from leadmodel_text.document import MAX_RAW_BYTES, DocumentError  # most artifacts have no text model
    from leadmodel_text.files import dump
    from leadmodel_text.reading import read

    if not _DIGEST.fullmatch(name):
        raise LayoutError(f"{path} must have a digest as its name")
    try:
        document = read(value, path)
        raw = dump(document)
        model = TextModel(document)
        _ = model.enricher
    except DocumentError as error:
        message = str(error)
        raise LayoutError(message if message.startswith(path) else f"{path}.{message}") from None
    if len(raw) > MAX_RAW_BYTES:
        raise LayoutError(f"{path} has {len(raw)} bytes, at most {MAX_RAW_BYTES} are taken")
    if digest(raw) != name:
        raise LayoutError(f"{path} has digest {digest(raw)}, not the one that is its name")
    return model


def text_model_of(node: Node, kind: FeatureKind) -> str | None:
    """The digest of the text model that a feature names; None for kinds that need no text model. Raises LayoutError."""
    return node.text("text_model", 80) if kind in HEADS else None


def check_text_features(features: tuple[Feature, ...], models: Mapping[str, TextModel]) -> None:
    """Check that each feature of a text has a text model with its head, and the head's classes as levels; and that every model is used.

    Raises:
        LayoutError: naming the feature's path.
    """
    for place, feature in enumerate(features):
        if feature.text_model is None:
            continue
        path = f"features[{place}]"
        if feature.text_model not in models:
            raise LayoutError(f"{path}.text_model must name one of text_models")
        head = getattr(models[feature.text_model].document, HEADS[feature.kind])
        if head is None:
            raise LayoutError(f"{path}.text_model has no head for {feature.kind}")
        if feature.is_category and feature.levels != head.classes:
            raise LayoutError(f"{path}.levels must be the classes of its text model")
    if models.keys() - {feature.text_model for feature in features}:
        raise LayoutError("text_models must each be named by a feature")
