"""Strings and numbers inside a JSON text, with the place of each character: so that a value can be changed and nothing else is.

The text is not written anew: spaces, order, doubled keys and the spelling of numbers stay as they were, and JSON stays JSON.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*+)"(\s*:)?|(-?\d[\d.eE+-]*)|([{\[])|([}\]])|(,)')
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)")
_OPENING = frozenset("{[ \t\r\n")
_WORDS = re.compile(r"[_\-.\s]+|(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True)
class Value:
    """A string or a number: the keys above it, what it says, and where each character of that is in the text (None: at `start` on)."""

    path: tuple[str, ...]
    text: str
    start: int
    origin: list[int] | None
    number: bool

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where in the JSON text a part of the value is."""
        if self.origin is None:
            return self.start + start, self.start + end
        return self.origin[start], self.origin[end]


def is_json(text: str) -> bool:
    """Whether the text is a JSON object or list."""
    if text[:1] not in _OPENING:
        return False
    stripped = text.strip()
    if not stripped or stripped[0] + stripped[-1] not in {"{}", "[]"}:
        return False
    try:
        json.loads(stripped, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


def values(text: str) -> Iterator[Value]:
    """The strings and numbers of a JSON text that are not keys."""
    path: list[str] = []
    key = ""
    for match in _TOKEN.finditer(text):
        string, colon, number, opened, closed, _comma = match.groups()
        if colon is not None:
            key = json.loads(f'"{string}"', strict=False)
        elif string is not None:
            decoded, origin = _decoded(string, match.start(1))
            yield Value((*path, key), decoded, match.start(1), origin, number=False)
        elif number is not None:
            yield Value((*path, key), number, match.start(3), None, number=True)
        elif opened is not None:
            path.append(key)
        elif closed is not None:
            key = path.pop()


def _decoded(string: str, start: int) -> tuple[str, list[int] | None]:
    if "\\" not in string:
        return string, None
    parts: list[str] = []
    origin: list[int] = []
    place = 0
    for match in _ESCAPE.finditer(string):
        parts.append(string[place : match.start()])
        origin.extend(range(start + place, start + match.start()))
        parts.append(json.loads(f'"{match.group()}"'))
        origin.extend([start + match.start()] * len(parts[-1]))
        place = match.end()
    parts.append(string[place:])
    origin.extend(range(start + place, start + len(string) + 1))
    return "".join(parts), origin


def key_as_words(key: str) -> str:
    """A key as words before its value: `phoneNumber` says `phone Number: `. `name` alone may be that of a thing and says nothing."""
    if not key:
        return ""
    words = " ".join(word for word in _WORDS.split(key[:64]) if word)
    return f"{words}: " if words and words.lower() != "name" else ""
