"""Dataclass ⇄ OpenAPI ⇄ YAML: `doc` declares a field; `schema`, `load` and `dump` derive everything else from the declaration.

Names are camelCase in documents and snake_case in Python (a trailing underscore, as in `from_`, is dropped).
"""

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, field, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache, partial
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from leadmodel_messages import duration
from leadmodel_operator.resource.core_types import core_schema
from leadmodel_operator.resource.formats import DIGEST, DURATION


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
    max_items, min_items, max_properties, enum; `list_map_key` makes a list a map keyed by that field;
    `wire` names a field whose camelCase is irregular; `kubernetes` names a core type passed through to objects;
    `minimum_s` and `maximum_s` bound a Duration in seconds; see `duration_bounds`.
    """
    metadata = {"description": description, **rules}
    if default is MISSING:
        return field(metadata=metadata)
    return field(default=default, metadata=metadata)


T = TypeVar("T")


class SchemaError(ValueError):
    """A document breaks the schema; the message names the path of the field."""


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
        annotation = _without_none(hints(kind)[f.name])
        if annotation is Duration:
            bounds[below] = duration.show(f.metadata["minimum_s"]), duration.show(f.metadata["maximum_s"])
        elif is_dataclass(annotation):
            bounds |= duration_bounds(cast(type, annotation), below)
    return bounds


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in {Union, types.UnionType}:
        return next(arm for arm in get_args(kind) if arm is not type(None))
    return kind


# --- OpenAPI -----------------------------------------------------------------------------------------------------------------


def schema(kind: type) -> dict[str, Any]:
    """The structural OpenAPI schema of a dataclass, every field described."""
    known = hints(cast(Any, kind))
    node: dict[str, Any] = {"type": "object", "properties": {}}
    required = []
    for f in fields(kind):
        node["properties"][wire_name(f)] = _field_schema(known[f.name], f)
        if _is_required(known[f.name], f):
            required.append(wire_name(f))
    if required:
        node["required"] = required
    return node


def _is_required(annotation: Any, f: Field[Any]) -> bool:
    """Whether a field has no default and cannot be None."""
    return f.default is MISSING and f.default_factory is MISSING and _without_none(annotation) is annotation


_RULES = {
    "minimum": "minimum",
    "maximum": "maximum",
    "min_length": "minLength",
    "max_length": "maxLength",
    "pattern": "pattern",
    "min_items": "minItems",
    "max_items": "maxItems",
    "max_properties": "maxProperties",
}


def _field_schema(annotation: Any, f: Field[Any]) -> dict[str, Any]:
    kind = _without_none(annotation)
    node = {"description": str(f.metadata["description"]), **_type_schema(kind, f.metadata)}
    for rule, name in _RULES.items():
        if rule in f.metadata and not _is_for_items(node, rule):
            node[name] = f.metadata[rule]
    if node["type"] == "string" and not {"enum", "format", "maxLength"} & node.keys():
        node["maxLength"] = len("sha256:") + 64 if node.get("pattern") == DIGEST else 1024
    default = dump(f.default) if f.default is not MISSING and f.default is not None else None
    if default is not None and default != [] and not (is_dataclass(f.default) and "required" in node):
        node["default"] = default
    return node


def _is_for_items(node: Mapping[str, Any], rule: str) -> bool:
    return node["type"] in {"array", "object"} and rule in {"max_length", "min_length", "pattern"}


def _type_schema(kind: Any, rules: Mapping[str, Any]) -> dict[str, Any]:
    origin = get_origin(kind)
    if "kubernetes" in rules:
        return _kubernetes_schema(kind, rules)
    if origin is Literal:
        return {"type": "string", "enum": list(get_args(kind))}
    if origin is tuple:
        return _list_schema(get_args(kind)[0], rules)
    if origin is not None and issubclass(origin, Mapping):
        return {
            "type": "object",
            "additionalProperties": {
                "type": "string",
                "maxLength": rules.get("max_length", 1024),
                **({"pattern": rules["pattern"]} if "pattern" in rules else {}),
            },
        }
    if is_dataclass(kind):
        return schema(cast(type, kind))
    return _scalar_schema(kind)


def _kubernetes_schema(kind: Any, rules: Mapping[str, Any]) -> dict[str, Any]:
    item = core_schema(rules["kubernetes"])
    if get_origin(kind) is not tuple:
        return item
    return {"type": "array", "items": item, **_list_type(rules)}


def _list_schema(item: Any, rules: Mapping[str, Any]) -> dict[str, Any]:
    inner = _type_schema(item, {})
    if inner["type"] == "string" and "enum" not in inner:
        inner |= {
            _RULES[rule]: rules[rule] for rule in ("min_length", "max_length", "pattern") if rule in rules
        }
    return {"type": "array", "items": inner, **_list_type(rules)}


def _list_type(rules: Mapping[str, Any]) -> dict[str, Any]:
    if "list_map_key" in rules:
        return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [rules["list_map_key"]]}
    return {"x-kubernetes-list-type": "atomic"}


def _scalar_schema(kind: Any) -> dict[str, Any]:
    if kind is bool:
        return {"type": "boolean"}
    if kind is int:
        return {"type": "integer", "format": "int64"}
    if kind is float:
        return {"type": "number"}
    if kind is datetime:
        return {"type": "string", "format": "date-time"}
    if kind is Duration:
        return {"type": "string", "pattern": DURATION, "maxLength": 32}
    if issubclass(kind, StrEnum):
        return {"type": "string", "enum": [str(member) for member in kind]}
    return {"type": "string"}


# --- load and dump --------------------------------------------------------------------------------------------------------------


Reader = Callable[[Any, str], Any]  # (value, its path) → what it means


def load(kind: type[T], raw: Any, path: str = "") -> T:
    """Read a document into a dataclass; unknown fields are ignored, and missing fields take their default.

    Raises:
        SchemaError: A field is missing or has a value that is not allowed; the message starts with the path of the field.
    """
    if not isinstance(raw, dict | Mapping):  # a dict is known at once
        raise SchemaError(f"{path or 'the document'} must be an object")
    values: dict[str, Any] = {}
    for f, name, required, read in _readers(cast(Any, kind)):
        value = raw.get(name)
        if value is not None:
            values[f.name] = read(value, f"{path}.{name}" if path else name)
        elif required:
            raise SchemaError(f"{path}.{name} is required" if path else f"{name} is required")
        elif f.default is MISSING and f.default_factory is MISSING:
            values[f.name] = None
    return kind(**values)


@cache
def _readers(kind: type) -> tuple[tuple[Field[Any], str, bool, Reader], ...]:
    """The facts of each field that `load` needs, computed once: a fleet loads thousands of documents of a few kinds."""
    known = hints(cast(Any, kind))
    return tuple(
        (f, wire_name(f), _is_required(known[f.name], f), _reader(known[f.name], f.metadata))
        for f in fields(cast(Any, kind))
    )


def _reader(annotation: Any, rules: Mapping[str, Any]) -> Reader:
    kind = _without_none(annotation)
    origin = get_origin(kind)
    if origin is tuple:
        return partial(_load_list, _reader(get_args(kind)[0], {}))
    if is_dataclass(kind):
        return partial(load, cast(type, kind))
    if origin is Literal:
        return partial(_load_choice, get_args(kind))
    if origin is not None and issubclass(origin, Mapping):
        return _load_mapping
    scalar = partial(_load_scalar, kind)
    return partial(_load_checked, scalar, rules) if _CHECKS & rules.keys() else scalar


def _load_list(inner: Reader, value: Any, path: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise SchemaError(f"{path} must be a list")
    return tuple(inner(item, f"{path}[{i}]") for i, item in enumerate(value))


def _load_choice(allowed: tuple[Any, ...], value: Any, path: str) -> Any:
    if value not in allowed:
        raise SchemaError(f"{path} must be one of {', '.join(map(str, allowed))}")
    return value


def _load_mapping(value: Any, path: str) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise SchemaError(f"{path} must be an object")
    return dict(value)


def _load_scalar(kind: Any, value: Any, path: str) -> Any:
    try:
        if kind is float and not isinstance(value, bool):
            return float(value)
        if kind is datetime:
            return datetime.fromisoformat(value).astimezone(UTC)
        if kind is Duration:
            return _load_duration(value, path)
        if kind in {bool, int, str}:
            if type(value) is not kind:
                raise SchemaError(f"{path} must be a {kind.__name__}")
            return value
        return kind(value)
    except (TypeError, ValueError) as error:
        if isinstance(error, SchemaError):
            raise
        raise SchemaError(f"{path} has a value that is not allowed") from None


def _load_duration(value: str, path: str) -> Duration:
    try:
        duration.parse(value)
    except ValueError:
        raise SchemaError(f"{path} {DURATION.sentence}") from None
    return Duration(value)


_CHECKS = {"minimum", "maximum", "pattern"}


def _load_checked(scalar: Reader, rules: Mapping[str, Any], value: Any, path: str) -> Any:
    value = scalar(value, path)
    low, high = rules.get("minimum"), rules.get("maximum")
    if low is not None and not value >= low:
        raise SchemaError(f"{path} must be at least {low}")
    if high is not None and not value <= high:
        raise SchemaError(f"{path} must be at most {high}")
    if "pattern" in rules and not re.search(rules["pattern"], value):
        raise SchemaError(f"{path} {rules['pattern'].sentence}")
    return value


def dump(value: Any) -> Any:
    """Write a value as a document; fields that are None are left out."""
    if is_dataclass(value) and not isinstance(value, type):
        items = {wire_name(f): dump(getattr(value, f.name)) for f in fields(value)}
        return {name: item for name, item in items.items() if item is not None}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, list | tuple):
        return [dump(item) for item in value]
    if isinstance(value, Mapping):
        return {key: dump(item) for key, item in value.items()}
    return str(value) if isinstance(value, str) else value
