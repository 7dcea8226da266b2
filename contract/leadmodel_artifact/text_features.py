"""Features of a text: what the text models of an artifact answer, in the order of the features; training and serving share the functions.

A text is read once for all features that one text model takes from one field, and only the heads of these features are computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from leadmodel_artifact.model import (
    HEADS,
    Artifact,
    ArtifactError,
    ArtifactReason,
    Feature,
    FeatureKind,
    TextModel,
)
from leadmodel_artifact.values import text_of

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

    from leadmodel_text.enrich import Enricher
    from leadmodel_text.text import Text


@dataclass(frozen=True)
class TextGroup:
    """The features that one text model reads from one field, with their places among the features of the model."""

    model: TextModel
    features: tuple[Feature, ...]
    places: tuple[int, ...]

    @property
    def source(self) -> str:
        """The field of the lead."""
        return self.features[0].source

    def values(self) -> Callable[[Any], tuple[Any, ...]]:
        """A function of the field's value (None: missing): the raw value of each feature, None where the text model abstains."""
        read, nothing = (
            reader(self.model, [feature.kind for feature in self.features]),
            (None,) * len(self.features),
        )
        return lambda value: (
            nothing if value is None else read(value if value.__class__ is str else text_of(value))
        )

    def codes(self) -> Callable[[Any], tuple[Any, ...]]:
        """A function like `values`, of coded values: the number of a level, and the code after other where the text model abstains."""
        read = self.values()
        tables = [_codes(feature) for feature in self.features]

        def coded(value: Any) -> tuple[Any, ...]:
            return tuple(
                [
                    known if table is None else table[known]
                    for known, table in zip(read(value), tables, strict=True)
                ]
            )

        return coded


def _codes(feature: Feature) -> dict[Any, int] | None:
    if not feature.is_category:
        return None
    levels: dict[Any, int] = {level: code for code, level in enumerate(feature.levels)}
    return {**levels, None: len(levels) + 1}


def groups(features: Sequence[Feature], models: Mapping[str, TextModel]) -> tuple[TextGroup, ...]:
    """The features of texts, grouped by field and text model, each group at the place of its first feature.

    Features that need their field and those that do not are in groups of their own.
    """
    places: dict[tuple[str, str, bool], list[int]] = {}
    for place, feature in enumerate(features):
        if feature.text_model is not None:
            places.setdefault((feature.source, feature.text_model, feature.required), []).append(place)
    return tuple(
        TextGroup(models[digest], tuple(features[place] for place in own), tuple(own))
        for (_, digest, _), own in places.items()
    )


def reader(model: TextModel, kinds: Sequence[FeatureKind]) -> Callable[[str], tuple[Any, ...]]:
    """A function of a text: the answers for features of these kinds, a label or a score each, None where the text model abstains."""
    enricher, heads = model.enricher, [HEADS[kind] for kind in kinds]
    values, want = [_value(enricher, head) for head in heads], frozenset(heads)

    def read(text: str) -> tuple[Any, ...]:
        whole = enricher.read(text, None, want, reasons=False)
        return tuple([value(whole) for value in values])

    return read


def _value(enricher: Enricher, head: str) -> Callable[[Text], Any]:
    """The label or score of a head; None where it gives a reason why it does not answer, which may stand beside a score."""
    if head == "intent":
        return enricher.label
    answer_of, key = enricher.heads[head], "label" if head == "language" else "score"

    def value(whole: Text) -> Any:
        answer = answer_of(whole)
        return None if "why" in answer else answer[key]

    return value


def check_text_models(artifact: Artifact) -> None:
    """Check that this program answers the examples of every text model as they say.

    Raises:
        ArtifactError: when one differs, or when a text model needs another version of the tokeniser.
    """
    if not artifact.text_models:
        return
    from leadmodel_text.document import DocumentError  # as in `model`
    from leadmodel_text.enrich import check_examples

    for place, model in enumerate(artifact.text_models.values()):
        try:
            check_examples(model.enricher)
        except DocumentError as error:
            raise ArtifactError(ArtifactReason.EXAMPLES_DIFFER, f"text_models[{place}]: {error}") from None
