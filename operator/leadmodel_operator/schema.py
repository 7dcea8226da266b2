"""Dataclass ⇄ OpenAPI ⇄ YAML: `doc` describes a field, `schema`, `load` and `dump` follow from it.

camelCase outside, snake_case inside (a trailing underscore of `from_` is dropped). What the fields mean is said where they are declared.
"""

import re
from dataclasses import MISSING, field
from typing import Any

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
DURATION = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"


class Duration(str):
    """A Go-style duration such as `1h30m`; `.seconds` is its length."""

    __slots__ = ()

    @property
    def seconds(self) -> float:
        """Its length in seconds."""
        return sum(float(number) * _UNITS[unit] for number, unit in re.findall(r"([0-9.]+)(ms|s|m|h)", self))


def doc(description: str, *, default: Any = MISSING, **rules: Any) -> Any:
    """Declare a field with its `kubectl explain` text, default and bounds.

    `rules` are written in snake_case and become their OpenAPI names: minimum, maximum, min_length, max_length, pattern,
    max_items, min_items, max_properties, enum; `list_map_key` makes a list a map keyed by that field;
    `wire` names a field whose camelCase is irregular; `kubernetes` names a core type passed through to objects;
    `minimum_s` and `maximum_s` bound a Duration in seconds.
    """
    metadata = {"description": description, **rules}
    if default is MISSING:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)
