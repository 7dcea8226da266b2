"""Dataclass ⇄ document: `load` reads a document into spec or status, `dump` writes one."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import Any, Literal, TypeVar, cast, get_args, get_origin

from leadmodel_messages import duration
from leadmodel_operator.resource.fields import Duration, hints, is_required, wire_name, without_none
from leadmodel_operator.resource.formats import DURATION

T = TypeVar("T")


class SchemaError(ValueError):
    """A document breaks the schema; the message names the path of the field."""


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
        (f, wire_name(f), is_required(known[f.name], f), _reader(known[f.name], f.metadata))
        for f in fields(cast(Any, kind))
    )


def _reader(annotation: Any, rules: Mapping[str, Any]) -> Reader:
    kind = without_none(annotation)
    origin = get_origin(kind)
    if origin is tuple:
        return partial(_load_list, _reader(get_args(kind)[0], _of_text(rules)))
    if is_dataclass(kind):
        return partial(load, cast(type, kind))
    if origin is Literal:
        return partial(_load_choice, get_args(kind))
    if origin is not None and issubclass(origin, Mapping):
        text = partial(_load_checked, partial(_load_scalar, str), _of_text(rules))
        return partial(_load_mapping, text if get_args(kind)[-1] is str else _as_is)
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


def _of_text(rules: Mapping[str, Any]) -> dict[str, Any]:
    """The rules of a list or a mapping that are meant for each of its texts."""
    return {name: rules[name] for name in ("min_length", "max_length", "pattern") if name in rules}


def _as_is(value: Any, _path: str) -> Any:
    return value


def _load_mapping(inner: Reader, value: Any, path: str) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise SchemaError(f"{path} must be an object")
    return {key: inner(item, f"{path}[{key}]") for key, item in value.items()}


def _load_scalar(kind: Any, value: Any, path: str) -> Any:
    try:
        if kind is float and not isinstance(value, bool):
            return _load_number(value, path)
        if kind is datetime:
            return datetime.fromisoformat(value).astimezone(UTC)
        if kind is Duration:
            return _load_duration(value, path)
        if kind in {bool, int, str}:
            if type(value) is not kind:
                raise SchemaError(f"{path} must be a {kind.__name__}")
            return value
        return kind(value)
    except (TypeError, ValueError, OverflowError) as error:
        if isinstance(error, SchemaError):
            raise
        raise SchemaError(f"{path} has a value that is not allowed") from None


def _load_number(value: Any, path: str) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise SchemaError(f"{path} must be a finite number")
    return number


def _load_duration(value: str, path: str) -> Duration:
    try:
        duration.parse(value)
    except ValueError:
        raise SchemaError(f"{path} {DURATION.sentence}") from None
    return Duration(value)


_CHECKS = {"minimum", "maximum", "min_length", "max_length", "pattern"}


def _load_checked(scalar: Reader, rules: Mapping[str, Any], value: Any, path: str) -> Any:
    value = scalar(value, path)
    low, high = rules.get("minimum"), rules.get("maximum")
    if low is not None and not value >= low:
        raise SchemaError(f"{path} must be at least {low}")
    if high is not None and not value <= high:
        raise SchemaError(f"{path} must be at most {high}")
    shortest, longest = rules.get("min_length", 0), rules.get("max_length")
    if longest is not None and not shortest <= len(value) <= longest:
        raise SchemaError(f"{path} must have {shortest} to {longest} characters")
    if "pattern" in rules and not re.fullmatch(rules["pattern"], value):
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
