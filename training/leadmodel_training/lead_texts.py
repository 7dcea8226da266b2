"""Features of a text for a lead model: which ones a text model gives, and what the text model answers for each lead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmodel_artifact.model import HEADS, Feature, TextModel
from leadmodel_artifact.snapshot import digest
from leadmodel_artifact.text_features import groups
from leadmodel_text.document import Document
from leadmodel_text.files import dump
from leadmodel_training.columns import Rows, distinct
from leadmodel_training.features import answers_column
from leadmodel_training.kinds import free_name
from leadmodel_training.text.messages import Message

Answers = dict[str, NDArray[Any]]  # columns of answers, by the names of `answers_column`


@dataclass(frozen=True)
class TextSource:
    """A text model for the features of leads.

    Attributes:
        document: The text model.
        fields: The fields of a lead with a text.
        is_shipped: Whether the text model comes with this release, and so has learned from no lead.
        messages: The messages with labels that the text model has learned from, None where these are not given.
        labels: The heads that the messages have labels for.
    """

    document: Document
    fields: tuple[str, ...]
    is_shipped: bool = False
    messages: tuple[Message, ...] | None = None
    labels: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """The digest under which an artifact holds the text model."""
        return digest(dump(self.document))

    @cached_property
    def models(self) -> Mapping[str, TextModel]:
        """The text model as an artifact holds it."""
        return {self.digest: TextModel(self.document)}

    def features(self, others: Sequence[Feature]) -> tuple[Feature, ...]:
        """A feature per field and head, with names that none of the `others` has; a score that is missing counts as 0."""
        taken, made = {feature.name for feature in others}, []
        for field in self.fields:
            for kind, head in HEADS.items():
                if (known := getattr(self.document, head)) is None:
                    continue
                feature = Feature(
                    free_name(f"{field}_{head}", taken), kind, field, default=0.0, text_model=self.digest
                )
                if feature.is_category:
                    feature = replace(feature, default=None, levels=known.classes)
                made.append(feature)
        return tuple(made)


def answers(rows: Rows, features: Sequence[Feature], models: Mapping[str, TextModel]) -> Answers:
    """What the text models answer for the texts of these rows, by the function that serves; each text is read once."""
    columns: Answers = {}
    for group in groups(features, models):
        values, places = distinct(rows.columns[group.source])
        used, where = np.unique(places, return_inverse=True)
        read = group.values()
        found = np.array([read(values[place]) for place in used.tolist()], object)
        for number, feature in enumerate(group.features):
            column = found[:, number] if len(found) else np.empty(0, object)
            columns[answers_column(feature)] = _column(feature, column[where])
    return columns


def _column(feature: Feature, values: NDArray[Any]) -> NDArray[Any]:
    return values if feature.is_category else values.astype(np.float64)


def varying(features: Sequence[Feature], columns: Answers) -> tuple[Feature, ...]:
    """The features whose answers differ from lead to lead."""
    return tuple(f for f in features if len({*map(str, columns[answers_column(f)].tolist())}) > 1)


def reads_texts(features: Sequence[Feature]) -> bool:
    """Whether one of the features needs a text model."""
    return any(feature.text_model is not None for feature in features)
