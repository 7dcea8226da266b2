"""The holdout that a training writes: canonical values of what the model reads, the time and the label, without texts and personal data."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmodel_artifact.model import Feature, FeatureKind
from leadmodel_privacy.detect import default
from leadmodel_training.columns import Column, Rows, Texts, each, plain, texts
from leadmodel_training.features import Floats, Roles, iso
from leadmodel_training.personal_data import redacted
from leadmodel_training.rows import write_csv


def without_personal_data(rows: Rows, features: Sequence[Feature], allowed: Sequence[str]) -> Rows:
    """The rows with placeholders for personal data in categories; numbers and texts are written without any anyhow."""
    categories = {
        f.source: f for f in features if f.kind is FeatureKind.CATEGORICAL and f.source not in allowed
    }
    return rows.with_columns(
        {name: redacted(rows.columns[name], feature) for name, feature in categories.items()}
    )


def with_redacted_texts(rows: Rows, features: Sequence[Feature], allowed: Sequence[str]) -> Rows:
    """The rows with placeholders for personal data in texts that a text model reads, which answers alike; blanks keep a text's length."""
    fields = {f.source for f in features if f.text_model is not None} - set(allowed)
    return rows.with_columns(
        {name: texts([_redacted_text(value) for value in rows.columns[name]]) for name in sorted(fields)}
    )


def _redacted_text(value: Any) -> str | None:
    return None if value is None else default().redact(str(value))[0].ljust(len(str(value)))


def written_labels(outcome: NDArray[np.bool_], positive: str | None) -> Column | None:
    """The labels of the holdout in place of words: 1 and 0, swapped where 0 is the word for a lead that converted; None: as they are."""
    if not positive:
        return None
    swapped = positive.strip() == "0"
    return np.where(outcome, int(not swapped), int(swapped))


def write_holdout(
    rows: Rows, times: Floats, features: Sequence[Feature], roles: Roles, labels: Column | None
) -> bytes:
    """The holdout as CSV in canonical form: the fields that the model reads, the time, and the label.

    A text becomes filler of its length, so that no conversation is copied, unless a text model reads the text. `labels` stand in place of the label's words.
    """
    sources = {feature.source for feature in features} | {roles.label}
    if not np.isnan(times).all():
        sources.add(roles.time or "")
    kept = {name: column for name, column in rows.columns.items() if name in sources}
    read = {feature.source for feature in features if feature.text_model is not None}
    for name in set(roles.text) - read:
        kept[name] = each(lambda value: None if value is None else "x" * len(str(value)), kept[name], object)
    if roles.time in kept and roles.time is not None:
        kept[roles.time] = [None if t is None else iso(t) for t in plain(times)]
    if labels is not None:
        kept[roles.label] = labels
    for feature in features:
        if feature.kind is FeatureKind.NUMERIC:
            kept[feature.source] = _plain_numbers(kept[feature.source])
    return write_csv(Rows(kept))


def _plain_numbers(column: Column) -> Column:
    """The column without what is no number; numbers stay as they are written."""
    if not isinstance(column, Texts):
        return column
    known = ~np.isnan(column.values.numbers)[column.places]
    return [text if number else None for text, number in zip(column, known.tolist(), strict=True)]
