"""Strict fields of JSON objects: each is checked for its type and bounds, none is unknown, and an error names the field's path."""

from __future__ import annotations

import binascii
import math
from collections.abc import Callable

from leadmodel_text.document import DocumentError

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

_MAX_INTEGER = 2**53  # up to here every JSON reader keeps each whole number exactly


class Fields:
    """The fields of one JSON object, which must be exactly `names`, and the path that leads to the object."""

    def __init__(self, value: Any, path: str, names: str) -> None:
        if not isinstance(value, dict):
            raise DocumentError(f"{path or 'the document'} must be an object")
        self.value: dict[str, Any] = value
        self.path = path
        known = names.split()
        for name in known:
            if name not in value:
                raise DocumentError(f"{self.at(name)} is missing")
        if len(value) != len(known):
            raise DocumentError(f"{path or 'the document'} has a field that is none of {', '.join(known)}")

    def at(self, key: str) -> str:
        """Give the path of the field `key`."""
        return f"{self.path}.{key}" if self.path else key

    def text(self, key: str, limit: int) -> str:
        """Read a string of at most `limit` characters."""
        return as_text(self.value[key], self.at(key), limit)

    def number(self, key: str, low: float, high: float) -> float:
        """Read a finite number from `low` to `high`."""
        return as_number(self.value[key], self.at(key), low, high)

    def share(self, key: str) -> float:
        """Read a number from 0 to 1."""
        return self.number(key, 0, 1)

    def positive(self, key: str) -> float:
        """Read a number above 0, at most a million, such as a scale."""
        return self.number(key, 1e-9, 1e6)

    def integer(self, key: str, high: int = _MAX_INTEGER) -> int:
        """Read a whole number from 0 to `high`."""
        value = self.value[key]
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= high:
            raise DocumentError(f"{self.at(key)} must be a whole number from 0 to {high}")
        return value

    def items(self, key: str, limit: int) -> list[Any]:
        """Read a list of at most `limit` items of any type."""
        return as_items(self.value[key], self.at(key), limit)

    def each(self, key: str, limit: int, read: Callable[[Any, str], T]) -> tuple[T, ...]:
        """Read a list of at most `limit` items with `read`, which takes an item and its path."""
        return tuple(
            read(item, f"{self.at(key)}[{place}]") for place, item in enumerate(self.items(key, limit))
        )

    def texts(self, key: str, limit: int, length: int) -> tuple[str, ...]:
        """Read a list of at most `limit` strings of 1 to `length` characters, each once."""
        items = self.items(key, limit)
        if set(map(type, items)) - {str} or not all(0 < len(item) <= length for item in items):
            raise DocumentError(f"{self.at(key)} must be strings of 1 to {length} characters")
        if len(set(items)) != len(items):
            raise DocumentError(f"{self.at(key)} must hold each of its strings once")
        return tuple(items)

    def numbers(self, key: str, limit: int) -> tuple[float, ...]:
        """Read a list of at most `limit` finite numbers."""
        return self.each(key, limit, lambda item, path: as_number(item, path, -1e9, 1e9))

    def mapping(self, key: str, limit: int, read: Callable[[Any, str], T]) -> dict[str, T]:
        """Read an object of at most `limit` fields with names of its own, each value with `read`."""
        value = self.value[key]
        if not isinstance(value, dict) or len(value) > limit:
            raise DocumentError(f"{self.at(key)} must be an object of at most {limit} fields")
        if any(not 0 < len(name) <= _MAX_KEY for name in value):
            raise DocumentError(f"{self.at(key)} must have names of 1 to {_MAX_KEY} characters")
        return {
            name: read(item, f"{self.at(key)}[{place}]") for place, (name, item) in enumerate(value.items())
        }

    def data(self, key: str, length: int) -> bytes:
        """Read exactly `length` bytes, which stand as base64."""
        value = self.value[key]
        if not isinstance(value, str) or len(value) != 4 * math.ceil(length / 3):
            raise DocumentError(f"{self.at(key)} must be the base64 of {length} bytes")
        try:
            raw = binascii.a2b_base64(value, strict_mode=True)
        except (binascii.Error, ValueError):  # ValueError: letters beyond ASCII
            raw = b""
        if len(raw) != length:
            raise DocumentError(f"{self.at(key)} must be the base64 of {length} bytes")
        return raw

    def optional(self, key: str, read: Callable[[str], T]) -> T | None:
        """Read the field with `read`; None where the field is null."""
        return None if self.value[key] is None else read(key)


_MAX_KEY = 128


def as_text(value: Any, path: str, limit: int) -> str:
    """Check that `value` is a string of at most `limit` characters; raises DocumentError."""
    if not isinstance(value, str) or len(value) > limit:
        raise DocumentError(f"{path} must be a string of at most {limit} characters")
    return value


def as_number(value: Any, path: str, low: float, high: float) -> float:
    """Check that `value` is a number from `low` to `high`, which NaN is not; raises DocumentError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise DocumentError(f"{path} must be a number from {low:g} to {high:g}")
    return float(value)


def as_items(value: Any, path: str, limit: int) -> list[Any]:
    """Check that `value` is a list of at most `limit` items; raises DocumentError."""
    if not isinstance(value, list) or len(value) > limit:
        raise DocumentError(f"{path} must be a list of at most {limit} items")
    return value
