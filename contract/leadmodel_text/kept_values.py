"""A bounded cache of what short texts stand for, quick enough that a loop over words can be a `map`."""

from collections.abc import Callable
from typing import TypeVar

# characters; the value of a longer key is made each time, so that long words do not fill the memory
LONGEST_KEY = 64
_Value = TypeVar("_Value")


class KeptValues(dict[str, _Value]):
    """Values by key, each made when its key is first looked up; begins anew when `limit` are kept."""

    __slots__ = ("_limit", "_make")

    def __init__(self, make: Callable[[str], _Value], limit: int) -> None:
        super().__init__()
        self._make, self._limit = make, limit

    def __missing__(self, key: str) -> _Value:
        value = self._make(key)
        if len(key) <= LONGEST_KEY:
            if len(self) >= self._limit:
                self.clear()
            self[key] = value
        return value
