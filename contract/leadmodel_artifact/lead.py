"""From a lead to the values of a model's features: raw values as sent, and coded values in which levels are numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from leadmodel_artifact.model import Artifact, Feature, FeatureKind

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any


class LeadError(ValueError):
    """A lead cannot be scored; the message names the field, never the value of the field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


def lead_values(
    artifact: Artifact, lead: Mapping[str, Any], *, now: datetime | None = None
) -> tuple[Any, ...]:
    """Raw values of a lead, in the order of the features: float, str, int or None.

    Args:
        artifact: the model whose features are read.
        lead: fields of the lead; null is missing.
        now: stands in for a missing time of a live lead; None for past leads, whose hour then is missing.

    Raises:
        LeadError: when a required field is missing or a field has another type or is out of bounds.
    """
    return tuple(raw_value(feature, lead, now) for feature in artifact.features)


def raw_value(feature: Feature, lead: Mapping[str, Any], now: datetime | None) -> float | str | int | None:
    """The raw value of one feature, as `lead_values` reads it.

    Raises:
        LeadError: naming the field.
    """
    value = lead.get(feature.source)
    if value is None:
        if feature.kind is FeatureKind.HOUR_OF_DAY and now is not None:
            return now.astimezone(UTC).hour
        if feature.required:
            raise LeadError(feature.source, "is required")
        return None
    match feature.kind:
        case FeatureKind.NUMERIC:
            return _number(feature, value)
        case FeatureKind.CATEGORICAL:
            if not isinstance(value, str):
                raise LeadError(feature.source, "must be a string")
            return value
        case FeatureKind.TEXT_LENGTH:
            if not isinstance(value, str):
                raise LeadError(feature.source, "must be a text")
            return len(value)
        case FeatureKind.HOUR_OF_DAY:
            return instant(value, feature.source).hour


def _number(feature: Feature, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LeadError(feature.source, "must be a number")
    try:
        number = float(value)
    except OverflowError:  # an integer of hundreds of digits
        number = math.inf
    if not math.isfinite(number):
        raise LeadError(feature.source, "must be finite")
    if feature.minimum is not None and number < feature.minimum:
        raise LeadError(feature.source, f"must be at least {feature.minimum!r}")
    if feature.maximum is not None and number > feature.maximum:
        raise LeadError(feature.source, f"must be at most {feature.maximum!r}")
    return number


def instant(value: Any, field: str = "created_at") -> datetime:
    """The instant, in UTC, that ISO 8601 text (UTC without an offset) or a number of Unix seconds stands for.

    Raises:
        LeadError: naming `field` for any other value.
    """
    try:
        if isinstance(value, str):
            parsed = datetime.fromisoformat(value)
            if parsed.tzinfo is UTC:
                return parsed
            return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        pass
    raise LeadError(field, "must be an instant, as ISO 8601 or Unix seconds")


def level_number(feature: Feature, value: str | None) -> int:
    """The number of a level; the number after the last level, other, for a value that is no level."""
    return feature.levels.index(value) if value in feature.levels else len(feature.levels)


def codes(feature: Feature) -> dict[str | None, int]:
    """Codes of a category's values: a level's number; for a missing value (None) the code after other. Values not in the answer are other."""
    return {level: n for n, level in enumerate(feature.levels)} | {None: len(feature.levels) + 1}


def coded(features: Sequence[Feature], values: Sequence[Any]) -> tuple[Any, ...]:
    """Raw values in which values of categories are replaced by their codes, so that they hold no text of a lead."""
    return tuple(
        codes(feature).get(value, len(feature.levels)) if feature.kind is FeatureKind.CATEGORICAL else value
        for feature, value in zip(features, values, strict=True)
    )
