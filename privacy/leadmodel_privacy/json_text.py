"""Strings and numbers inside JSON with the position of each character, so that one value can be replaced and nothing else.

The text is never serialized again: spaces, order, repeated keys and the spelling of numbers stay, and JSON stays JSON.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO

from leadmodel_privacy.origins import Origin

_TOKEN = re.compile(r'"((?:[^"\\]|\\.)*+)"(\s*:)?|(-?\d[\d.eE+-]*)|([{\[])|([}\]])|(,)')
_ESCAPE = re.compile(r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)")
_OPENING = frozenset('{["\ufeff \t\r\n')
_SPACE = " \t\r\n\ufeff"
_PAIRS = frozenset({"{}", "[]", '""', "{]", "[}"})  # first and last character of JSON lines, too
_DECODER = json.JSONDecoder(strict=False)
_WORDS = re.compile(r"[_\-.\s]+|(?<=[a-z0-9])(?=[A-Z])")


def escape(text: str) -> str:
    """The text as it stands between the quotes of a JSON string."""
    return json.dumps(text)[1:-1]


@dataclass(frozen=True)
class Value:
    """A string or number in an encoded text.

    Attributes:
        path: The keys above the value.
        text: The string without escapes, or the number as written.
        start: Position of the value in the encoded text.
        origin: Where the characters of `text` stand in the encoded text; None where they follow each other from `start`.
        number: Whether the value is a number.
        encode: Spells a replacement as the encoding does.
    """

    path: tuple[str, ...]
    text: str
    start: int
    origin: Origin | None
    number: bool
    encode: Callable[[str], str] = escape

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Start and end, in the encoded text, of the part `start` to `end` of the value."""
        if self.origin is None:
            return self.start + start, self.start + end
        return self.origin.place(start, end)


def is_json(text: str) -> bool:
    """True if the text is a JSON object, list or string, or several of them one after the other, as in JSON lines."""
    if text[:1] not in _OPENING:
        return False
    stripped = text.strip(_SPACE)
    if len(stripped) < 2 or stripped[0] + stripped[-1] not in _PAIRS:
        return False
    place = 0
    try:
        while place < len(stripped):
            if stripped[place] not in '{["':
                return False
            _, place = _DECODER.raw_decode(stripped, place)
            while place < len(stripped) and stripped[place] in _SPACE:
                place += 1
    except (ValueError, RecursionError):
        return False
    return True


def values(text: str) -> Iterator[Value]:
    """The strings and numbers of a JSON text, keys left out."""
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


def _decoded(string: str, start: int) -> tuple[str, Origin | None]:
    if "\\" not in string:
        return string, None
    decoded, origin = StringIO(newline=""), Origin()
    length = place = 0
    for match in _ESCAPE.finditer(string):
        first, end = match.span()
        if first > place:
            origin.add(length, start + place)
            length += decoded.write(string[place:first])
        origin.add(length, start + first, end - first)
        length += decoded.write(json.loads(f'"{match.group()}"'))
        place = end
    if place < len(string):
        origin.add(length, start + place)
        decoded.write(string[place:])
    return decoded.getvalue(), origin


def key_as_words(key: str) -> str:
    """A key as words before its value: `phoneNumber` → `phone Number: `. `name` by itself gives nothing, because a thing may have a name."""
    if not key:
        return ""
    words = " ".join(word for word in _WORDS.split(key[:64]) if word)
    return f"{words}: " if words and words.lower() != "name" else ""
