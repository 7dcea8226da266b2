"""A strict reader of JSON objects: every field is checked for its type and bounds, and an error names the field's path."""

from __future__ import annotations

import math
from collections.abc import Callable

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any, TypeVar

    T = TypeVar("T")

MAX_INTEGER = 2**53  # up to here every JSON reader keeps each whole number exactly


class LayoutError(ValueError):
    """A field is missing, has another type or is out of bounds; the message names its path."""


class Node:
    """One JSON object and the path that leads to the object from the document's root."""

    def __init__(self, value: Any, path: str) -> None:
        if not isinstance(value, dict):
            raise LayoutError(f"{path or 'the document'} must be an object")
        self.value: dict[str, Any] = value
        self.path = path

    def at(self, key: str) -> str:
        """Give the path of the field `key`."""
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """Tell whether the field is present and not null."""
        return self.value.get(key) is not None

    def get(self, key: str) -> Any:
        """Give the field, which must be present but may be null."""
        if key not in self.value:
            raise LayoutError(f"{self.at(key)} is missing")
        return self.value[key]

    def text(self, key: str, limit: int = 1024) -> str:
        """Read a string of at most `limit` characters."""
        value = self.get(key)
        if not isinstance(value, str) or len(value) > limit:
            raise LayoutError(f"{self.at(key)} must be a string of at most {limit} characters")
        return value

    def number(self, key: str) -> float:
        """Read the field `key` as a finite number."""
        return as_number(self.get(key), self.at(key))

    def integer(self, key: str, minimum: int = 0) -> int:
        """Read a whole number of at least `minimum`."""
        return as_integer(self.get(key), self.at(key), minimum)

    def flag(self, key: str, *, default: bool) -> bool:
        """Read a boolean; an absent field reads as `default`."""
        value = self.value.get(key, default)
        if not isinstance(value, bool):
            raise LayoutError(f"{self.at(key)} must be true or false")
        return value

    def items(self, key: str, limit: int) -> list[Any]:
        """Read a list of at most `limit` items of any type."""
        value = self.get(key)
        if not isinstance(value, list) or len(value) > limit:
            raise LayoutError(f"{self.at(key)} must be a list of at most {limit} items")
        return value

    def node(self, key: str) -> Node:
        """Read an object, which knows its own path."""
        return Node(self.get(key), self.at(key))

    def nodes(self, key: str, limit: int) -> list[Node]:
        """Read a list of at most `limit` objects, each of which knows its own path."""
        return [Node(item, f"{self.at(key)}[{i}]") for i, item in enumerate(self.items(key, limit))]

    def optional(self, key: str, read: Callable[[str], T]) -> T | None:
        """Read the field with `read`; None where the field is absent or null."""
        return read(key) if self.has(key) else None


def as_number(value: Any, path: str) -> float:
    """Check that `value` is a finite number; raises LayoutError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise LayoutError(f"{path} must be a finite number")
    try:
        number = float(value)
    except OverflowError:  # a whole number of more digits than a float can hold
        raise LayoutError(f"{path} must be a finite number") from None
    if not math.isfinite(number):
        raise LayoutError(f"{path} must be a finite number")
    return number


def as_integer(value: Any, path: str, minimum: int = 0) -> int:
    """Check that `value` is a whole number between `minimum` and `MAX_INTEGER`; raises LayoutError."""
    if isinstance(value, bool) or not isinstance(value, int) or value < minimum or value > MAX_INTEGER:
        raise LayoutError(f"{path} must be a whole number of at least {minimum}")
    return value
