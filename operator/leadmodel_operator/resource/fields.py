"""Declaring the fields of spec and status: `doc` gives a dataclass field its `kubectl explain` text, default and bounds.

Names are camelCase in documents and snake_case in Python (a trailing underscore, as in `from_`, is dropped). `resource/schema.py` and
`resource/conversion.py` derive everything else from the declarations.
"""

import types
from dataclasses import MISSING, Field, field, fields, is_dataclass
from functools import cache
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

from leadmodel_messages import duration


class Duration(str):
    """A Go-style duration such as `1h30m`; `.seconds` is its length."""

    __slots__ = ()

    @property
    def seconds(self) -> float:
        """The length in seconds; `load` and the CRD admit only durations that can be read."""
        return duration.parse(self)


def doc(description: str, *, default: Any = MISSING, **rules: Any) -> Any:
    """Declare a field with its `kubectl explain` text, default and bounds.

    `rules` are written in snake_case and become their OpenAPI names: minimum, maximum, min_length, max_length, pattern,
    max_items, min_items, max_properties, enum; `key_pattern` is the format of the keys of a map; `list_map_key` makes a list a map
    keyed by that field;
    `wire` names a field whose camelCase is irregular; `kubernetes` names a core type passed through to objects;
    `minimum_s` and `maximum_s` bound a Duration in seconds; see `duration_bounds`.
    """
    metadata = {"description": description, **rules}
    if default is MISSING:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


@cache
def hints(kind: type) -> dict[str, Any]:
    """The types of the fields of a dataclass."""
    return get_type_hints(kind)


def wire_name(f: Field[Any]) -> str:
    """The name of a field in documents, in camelCase."""
    if "wire" in f.metadata:
        return str(f.metadata["wire"])
    head, *tail = f.name.rstrip("_").split("_")
    return head + "".join(word.capitalize() for word in tail)


@cache
def duration_bounds(kind: type, path: str = "") -> dict[str, tuple[str, str]]:
    """Lowest and highest value of every Duration below a dataclass, by the path of the field (`drift.interval`).

    The bounds are `minimum_s` and `maximum_s` of `doc`, written as durations.
    """
    bounds: dict[str, tuple[str, str]] = {}
    for f in fields(cast(Any, kind)):
        below = f"{path}.{wire_name(f)}".lstrip(".")
        annotation = without_none(hints(kind)[f.name])
        if annotation is Duration:
            bounds[below] = duration.show(f.metadata["minimum_s"]), duration.show(f.metadata["maximum_s"])
        elif is_dataclass(items := _item(annotation)):
            bounds |= duration_bounds(cast(type, items), below)
    return bounds


def _item(kind: Any) -> Any:
    """The type of the items of a list; any other type as given."""
    return get_args(kind)[0] if get_origin(kind) is tuple else kind


def without_none(kind: Any) -> Any:
    """The type of an optional field without None; any other type as given."""
    if get_origin(kind) in {Union, types.UnionType}:
        return next(arm for arm in get_args(kind) if arm is not type(None))
    return kind


def is_required(annotation: Any, f: Field[Any]) -> bool:
    """Whether a field has no default and cannot be None."""
    return f.default is MISSING and f.default_factory is MISSING and without_none(annotation) is annotation
