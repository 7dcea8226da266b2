"""From a lead to the values of a model's features: raw values as sent, and coded values in which levels are numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from leadmodel_artifact.model import Artifact, Feature, FeatureKind
from leadmodel_artifact.text_features import groups
from leadmodel_artifact.values import is_missing_word, number_of, text_of

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any


MIN_UNIX, MAX_UNIX = 1e8, 1e11  # Unix seconds of 1973 to 5138: neither years nor milliseconds


class LeadError(ValueError):
    """A lead cannot be scored; the message names the field, never the value of the field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


def lead_values(
    artifact: Artifact, lead: Mapping[str, Any], *, now: datetime | None = None
) -> tuple[Any, ...]:
    """Raw values of a lead, in the order of the features: float, str, int, bool or None.

    Args:
        artifact: the model whose features are read.
        lead: fields of the lead; null is missing.
        now: stands in for a missing time of a live lead; None for past leads, whose hour then is missing.

    Raises:
        LeadError: when a required field is missing or a field has another type or is out of bounds.
    """
    if not artifact.text_models:
        return tuple(raw_value(feature, lead, now) for feature in artifact.features)
    texts = _text_values(artifact, lead)
    return tuple(
        texts[place] if place in texts else raw_value(feature, lead, now)
        for place, feature in enumerate(artifact.features)
    )


def _text_values(artifact: Artifact, lead: Mapping[str, Any]) -> dict[int, Any]:
    """The values of features of texts, by their places. Raises LeadError."""
    values: dict[int, Any] = {}
    for group in groups(artifact.features, artifact.text_models):
        sent, feature = lead.get(group.source), group.features[0]
        if is_missing(feature, sent) and feature.required:
            raise LeadError(feature.source, "is required")
        text = None if sent is None else _scalar(feature, sent, "must be a text")
        values.update(zip(group.places, group.values()(text), strict=True))
    return values


def raw_value(feature: Feature, lead: Mapping[str, Any], now: datetime | None) -> Any:
    """The raw value of one feature that needs no text model, as `lead_values` reads it.

    Raises:
        LeadError: naming the field.
    """
    value = lead.get(feature.source)
    if is_missing(feature, value):
        if feature.kind is FeatureKind.HOUR_OF_DAY and now is not None:
            return now.astimezone(UTC).hour
        if feature.required:
            raise LeadError(feature.source, "is required")
        return None
    match feature.kind:
        case FeatureKind.NUMERIC:
            return _number(feature, value)
        case FeatureKind.CATEGORICAL:
            return _scalar(feature, value, "must be a string")
        case FeatureKind.TEXT_LENGTH:
            return len(text_of(_scalar(feature, value, "must be a text")))
        case FeatureKind.HOUR_OF_DAY:
            return instant(value, feature.source).hour
        case _:
            raise LeadError(feature.source, "is read by a text model")


def is_missing(feature: Feature, value: Any) -> bool:
    """Whether a value stands for none: null, an empty text, or a word that means missing in a field of this kind.

    An empty text is a text of no characters, and is missing only where a text is required.
    """
    if not isinstance(value, str):
        return value is None
    match feature.kind:
        case FeatureKind.CATEGORICAL:
            return not value or value in feature.missing
        case FeatureKind.NUMERIC | FeatureKind.HOUR_OF_DAY:
            return is_missing_word(value)
        case _:
            return feature.required and not value


def _scalar(feature: Feature, value: Any, complaint: str) -> Any:
    """The value, which is a text or else a number or boolean of JSON, which stands for its text."""
    if isinstance(value, str | int | float):
        return value
    raise LeadError(feature.source, complaint)


def word_types(feature: Feature) -> frozenset[type]:
    """The types of JSON, besides strings, whose values are levels of a category: numbers and booleans, each where a level is the text of one."""
    types: set[type] = set()
    if any(_number_level(level) is not None for level in feature.levels):
        types |= {int, float}
    if any(level.lower() in {"true", "false"} for level in feature.levels):
        types.add(bool)
    return frozenset(types)


def _number_level(level: str) -> float | None:
    """The number that a level is the text of; None for a word. A whole number stays exact."""
    try:
        number = number_of(level)
        return (
            int(level)
            if number is not None and number.is_integer() and level.strip("+- ").isdecimal()
            else number
        )
    except ValueError:
        return None


def _number(feature: Feature, value: Any) -> float | None:
    if isinstance(value, str):
        try:
            value = number_of(value)
        except ValueError:
            raise LeadError(feature.source, "must be a number") from None
        if value is None:  # inf
            if feature.required:
                raise LeadError(feature.source, "is required")
            return None
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
    """The instant, in UTC, that ISO 8601 text (UTC without an offset), or Unix seconds of 1973 to 5138 as a number or text stand for.

    Raises:
        LeadError: naming `field` for any other value.
    """
    try:
        if isinstance(value, str):
            parsed = _parsed(value)
            if parsed.tzinfo is UTC:
                return parsed
            return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _of_unix(value)
    except ValueError:
        pass
    raise LeadError(field, "must be an instant, as ISO 8601 or Unix seconds")


def _parsed(text: str) -> datetime:
    """The instant of a text: ISO 8601, or else the digits of Unix seconds.

    Of digits alone only a date (20260105) is ISO 8601; Python reads milliseconds such as 1770101212300 as the year 1770, too.
    """
    if len(text) == len("20260105") or not text.isdecimal():
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass  # a number may be written with a point
    unix = number_of(text)
    if unix is None:
        raise ValueError("no instant")
    return _of_unix(unix)


def _of_unix(seconds: float) -> datetime:
    if not MIN_UNIX <= seconds < MAX_UNIX:
        raise ValueError("no Unix seconds")
    return datetime.fromtimestamp(seconds, UTC)


def level_number(feature: Feature, value: str | None) -> int:
    """The number of a level; the number after the last level, other, for a value that is no level."""
    return feature.levels.index(value) if value in feature.levels else len(feature.levels)


def codes(feature: Feature) -> dict[Any, int]:
    """Codes of a category's values: a level's number; for a missing value (None) the code after other. Values not in the answer are other.

    A number or boolean of JSON has the code of the level that is its text, or else of a level that is another text of it (`3.0`, `True`);
    so has its text, since a table of texts does not tell the two apart.
    """
    levels: dict[Any, int] = {level: n for n, level in enumerate(feature.levels)}
    missing, types = len(levels) + 1, word_types(feature)
    table = dict.fromkeys(feature.missing, missing) | levels | {None: missing, "": missing}
    if not types:
        return table
    numbers: dict[Any, int] = {}
    for level, n in levels.items() if int in types else ():
        number = _number_level(level)
        if number is not None and (number not in numbers or text_of(number) == level):
            numbers[number] = n
    flags = dict.fromkeys((True, False), len(levels))
    if bool in types:
        words = {level.lower(): n for level, n in levels.items()} | levels
        flags = {flag: words.get(text_of(flag), len(levels)) for flag in (True, False)}
    for value, n in [*numbers.items(), *flags.items()]:
        table.setdefault(text_of(value), n)
    return _CodesOfJson(table | numbers, flags)


class _CodesOfJson(dict["Any", int]):
    """Codes of a category with numbers or booleans among its levels: a plain dictionary takes true for 1 and false for 0."""

    def __init__(self, table: Mapping[Any, int], flags: Mapping[Any, int]) -> None:
        super().__init__(table)
        self._flags = flags

    def get(self, key: Any, default: Any = None) -> Any:
        """The code of a value, the default for a value without one."""
        return self._flags[key] if key.__class__ is bool else super().get(key, default)


def coded(features: Sequence[Feature], values: Sequence[Any]) -> tuple[Any, ...]:
    """Raw values in which values of categories are replaced by their codes, so that they hold no text of a lead."""
    return tuple(
        codes(feature).get(value, len(feature.levels)) if feature.is_category else value
        for feature, value in zip(features, values, strict=True)
    )
