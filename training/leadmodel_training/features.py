"""Which columns become features, and how: kinds, levels, defaults. Nothing is fitted here."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from leadmodel_artifact.artifact import MAX_LEVELS, Feature, FeatureKind
from leadmodel_artifact.scoring import LeadError, instant
from leadmodel_privacy.detect import redact
from leadmodel_training.rows import Rows, number

TEXT, TIME = "details", "created_at"
MIN_LEVEL_ROWS = 20
NUMERIC_SHARE = 0.99  # of the values that are there


@dataclass(frozen=True)
class Roles:
    """What each column is for."""

    label: str
    time: str | None
    text: tuple[str, ...]
    excluded: tuple[str, ...]


def find_roles(rows: Rows, label: str, time: str | None, excluded: Sequence[str]) -> Roles:
    """The roles of the columns; raises ValueError naming a column that is not there."""
    for name in (label, *([time] if time else []), *excluded):
        if name not in rows.columns:
            raise ValueError(
                f"the leads have no column {name!r}; they have {', '.join(list(rows.columns)[:30])}"
            )
    if time is None and TIME in rows.columns:
        time = TIME
    return Roles(
        label, time, tuple(n for n in (TEXT,) if n in rows.columns and n not in excluded), tuple(excluded)
    )


def instants(rows: Rows, roles: Roles) -> list[float | None]:
    """Unix seconds of each row, None where there is no time."""
    if roles.time is None:
        return [None] * len(rows)
    return [_seconds(value) for value in rows.columns[roles.time]]


def _seconds(value: Any) -> float | None:
    if value is None:
        return None
    try:
        return instant(value).timestamp()
    except LeadError:
        return None


def describe(train: Rows, roles: Roles, hours: bool) -> tuple[Feature, ...]:
    """The features of a model trained on these rows, in column order. `hours`: whether rows have a time."""
    features: list[Feature] = []
    for name, column in train.columns.items():
        if name in {roles.label, roles.time} or name in roles.excluded:
            continue
        if name in roles.text:
            features.append(Feature(f"{name}_len", FeatureKind.TEXT_LENGTH, name, default=0.0))
        elif (feature := _describe(name, column)) is not None:
            features.append(feature)
    if hours and roles.time is not None:
        features.append(Feature("hour_of_day", FeatureKind.HOUR_OF_DAY, roles.time, default=12.0))
    return tuple(features)


def _describe(name: str, column: Sequence[Any]) -> Feature | None:
    present = [value for value in column if value is not None]
    numbers = [found for value in present if (found := number(value)) is not None]
    if present and len(numbers) >= NUMERIC_SHARE * len(present):
        if len(set(numbers)) < 2:
            return None
        return Feature(name, FeatureKind.NUMERIC, name, default=float(median(numbers)))
    levels = _levels(present)
    return Feature(name, FeatureKind.CATEGORICAL, name, levels=levels) if levels else None


def _levels(present: Sequence[Any]) -> tuple[str, ...]:
    """The most frequent levels; a rare one, or one that holds personal data, is other."""
    common = Counter(map(str, present)).most_common(MAX_LEVELS)
    return tuple(
        sorted(
            level
            for level, count in common
            if count >= MIN_LEVEL_ROWS and len(level) <= 256 and not redact(level)[1]
        )
    )


def raw_columns(rows: Rows, features: Sequence[Feature]) -> list[list[Any]]:
    """Raw values a feature, as the scorer takes them; what cannot be read is missing."""
    return [[_raw(feature, value) for value in rows.columns[feature.source]] for feature in features]


def _raw(feature: Feature, value: Any) -> Any:
    if value is None:
        return None
    match feature.kind:
        case FeatureKind.NUMERIC:
            return number(value)
        case FeatureKind.CATEGORICAL:
            return str(value)
        case FeatureKind.TEXT_LENGTH:
            return len(str(value))
        case FeatureKind.HOUR_OF_DAY:
            seconds = _seconds(value)
            return None if seconds is None else int(seconds // 3600 % 24)
