"""Decides which columns become features, with kinds, levels and defaults, and encodes rows as numbers. Nothing is fitted here."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmodel_artifact.model import MAX_LEVELS, Feature, FeatureKind
from leadmodel_messages.table import number, seconds
from leadmodel_privacy.detect import redact
from leadmodel_training.columns import Column, Rows, Texts, distinct, each, plain

TEXT, TIME = "details", "created_at"
MIN_LEVEL_ROWS = 20
NUMERIC_SHARE = 0.99  # of the values that are not missing
NOON = 12.0  # the hour of a lead without a time

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Roles:
    """The role of each column."""

    label: str
    time: str | None
    text: tuple[str, ...]
    excluded: tuple[str, ...]
    id: str | None = None

    @property
    def not_features(self) -> frozenset[str]:
        """Columns that no model reads as they are."""
        return frozenset({self.label, *self.excluded} | {n for n in (self.time, self.id) if n is not None})


def find_roles(
    rows: Rows, label: str, time: str | None, excluded: Sequence[str], id_column: str | None = None
) -> Roles:
    """The roles of the columns.

    Raises:
        ValueError: A named column is missing; the message names the column.
    """
    for name in (label, *(n for n in (time, id_column) if n), *excluded):
        if name not in rows.columns:
            raise ValueError(
                f"the leads have no column {name!r}; they have {', '.join(list(rows.columns)[:30])}"
            )
    if time is None and TIME in rows.columns:
        time = TIME
    text = tuple(n for n in (TEXT,) if n in rows.columns and n not in excluded)
    return Roles(label, time, text, tuple(excluded), id_column)


def instants(rows: Rows, roles: Roles) -> Floats:
    """Unix seconds of each row, shape (n,), NaN where the row has no time."""
    if roles.time is None:
        return np.full(len(rows), np.nan)
    return each(seconds, rows.columns[roles.time])


def iso(time: float) -> str:
    """ISO 8601 text, in UTC and to the second, of Unix seconds."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds")


# --- what the columns are --------------------------------------------------------------------------------------------------


def describe(train: Rows, roles: Roles, *, hours: bool) -> tuple[Feature, ...]:
    """The features of a model trained on these rows, in column order; with `hours` also the hour of the day."""
    features: list[Feature] = []
    for name, column in train.columns.items():
        if name in roles.text:
            features.append(Feature(f"{name}_len", FeatureKind.TEXT_LENGTH, name, default=0.0))
        elif name not in roles.not_features and (feature := _describe(name, column)) is not None:
            features.append(feature)
    if hours and roles.time is not None:
        features.append(Feature("hour_of_day", FeatureKind.HOUR_OF_DAY, roles.time, default=NOON))
    return tuple(features)


def _describe(name: str, column: Column) -> Feature | None:
    numbers = _numbers(column)
    known = numbers[~np.isnan(numbers)]
    if len(known) and len(known) >= NUMERIC_SHARE * np.count_nonzero(_present(column)):
        if known.min() == known.max():
            return None
        return Feature(name, FeatureKind.NUMERIC, name, default=float(np.median(known)))
    levels = _levels(_counts(column))
    return Feature(name, FeatureKind.CATEGORICAL, name, levels=levels) if levels else None


def _present(column: Column) -> NDArray[np.bool_]:
    return each(lambda value: value is not None, column, np.bool_)


def _counts(column: Column) -> Counter[Any]:
    """Rows per value, in the order in which values first appear, so that equal counts always rank the same."""
    values, places = distinct(column)
    rows = np.bincount(places, minlength=len(values))
    first = np.full(len(values), len(places))
    first[places[::-1]] = np.arange(len(places))[::-1]
    counts: Counter[Any] = Counter()
    for i in np.argsort(first, kind="stable"):
        if rows[i] and values[i] is not None:
            counts[values[i]] += int(rows[i])
    return counts


def _levels(counts: Counter[Any]) -> tuple[str, ...]:
    """The most frequent levels, sorted; a rare level, or one that holds personal data, counts as other."""
    return tuple(
        sorted(
            str(level)
            for level, count in counts.most_common(MAX_LEVELS)
            if count >= MIN_LEVEL_ROWS and len(str(level)) <= 256 and not redact(str(level))[1]
        )
    )


def keep_missing(features: Sequence[Feature]) -> tuple[Feature, ...]:
    """The features without defaults for numbers and hours, for a model that handles missing values itself."""
    return tuple(
        replace(f, default=None) if f.kind in {FeatureKind.NUMERIC, FeatureKind.HOUR_OF_DAY} else f
        for f in features
    )


# --- rows as numbers ---------------------------------------------------------------------------------------------------------


def encode(rows: Rows, features: Sequence[Feature], times: Floats) -> Floats:
    """The rows as a table of shape (n, features): numbers, and indices of levels with other as the last; NaN for a missing value."""
    table = np.empty((len(rows), len(features)), order="F")
    for i, feature in enumerate(features):
        table[:, i] = _encoded(rows.columns[feature.source], feature, times)
    return table


def _encoded(column: Column, feature: Feature, times: Floats) -> Floats:
    match feature.kind:
        case FeatureKind.HOUR_OF_DAY:
            return times // 3600 % 24
        case FeatureKind.TEXT_LENGTH:
            return each(lambda value: None if value is None else len(str(value)), column)
        case FeatureKind.NUMERIC:
            return _numbers(column)
        case FeatureKind.CATEGORICAL:
            codes: dict[Any, float] = {level: float(i) for i, level in enumerate(feature.levels)}
            other = float(len(feature.levels))
            return each(lambda value: None if value is None else codes.get(str(value), other), column)


def _numbers(column: Column) -> Floats:
    if isinstance(column, np.ndarray) and column.dtype == np.float64:
        finite: Floats = np.where(np.isfinite(column), column, np.nan)
        return finite
    return column.values.numbers[column.places] if isinstance(column, Texts) else each(number, column)


def fill(features: Sequence[Feature], table: Floats) -> Floats:
    """A copy of the table with each feature's default for a missing value; where a feature has no default, values stay missing."""
    filled = table.copy(order="F")
    for i, feature in enumerate(features):
        if feature.default is not None:
            column = filled[:, i]
            column[np.isnan(column)] = float(feature.default)
    return filled


def raw_columns(rows: Rows, features: Sequence[Feature], times: Floats) -> list[list[Any]]:
    """Raw values, one list per feature, as the scorer takes the values from a lead."""
    return [_raw(rows.columns[feature.source], feature, times) for feature in features]


def _raw(column: Column, feature: Feature, times: Floats) -> list[Any]:
    if feature.kind is FeatureKind.CATEGORICAL:
        return list(each(lambda value: None if value is None else str(value), column, object))
    known = plain(_encoded(column, feature, times))
    return known if feature.kind is FeatureKind.NUMERIC else [None if v is None else int(v) for v in known]
