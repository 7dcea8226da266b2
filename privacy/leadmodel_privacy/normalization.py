r"""Normalizes text for the patterns: full-width and foreign digits, unusual spaces and dashes become ASCII, invisible characters go.

Characters that a text spells by an escape, as in `jane%40example.org`, `jane&#64;example.org` or `jane\u0040example.org`, are read
as the characters they stand for. The text itself is never written in another form: spans are mapped back, whole escapes at a time.
"""

import html
import re
import unicodedata
from dataclasses import dataclass
from functools import cache

_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_ODD = re.compile(rf"[{_SPACES}{_DASHES}\uff01-\uff5e\u2019\u02bc]|(?![0-9])\d")
_ESCAPE = re.compile(
    r"\\+(?:u[0-9A-Fa-f]{4}|[nrt\"/])"
    r"|%(?:25)*(?:[2-6][0-9A-Fa-f]|7[0-9A-Ea-e]|0[9AaDd])"
    r"|&(?:amp;)*(?:\#[0-9]{2,5}|\#[xX][0-9A-Fa-f]{2,4}|quot|apos|nbsp|commat|period|colon|plus|sol|lowbar|lpar|rpar|num|hyphen|dash|amp);"
)
_AMPERSANDS = re.compile(r"^&(?:amp;)*")  # an escape that was escaped again
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "/": "/"}
_PRINTABLE = re.compile(r"=(?:[2-6][0-9A-F]|7[0-9A-E]|0[9AD]|\r?\n)")
_SOFT_BREAK = re.compile(r"=\r?\n")
_NO_PRINTABLE = re.compile(r"=(?![0-9A-F]{2}|\r?\n|\Z)")


@dataclass(frozen=True)
class Origin:
    """Where the characters of a normalized text stand in the raw text: start and end of each."""

    starts: list[int]
    ends: list[int]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Start and end, in the raw text, of the part `start` to `end` of the normalized text."""
        return self.starts[start], self.ends[end - 1]


def normalize(text: str) -> tuple[str, Origin | None]:
    """The normalized text, and the origin of each of its characters; None where no position has changed."""
    origin = None
    if ("\\" in text or "%" in text or "&" in text or "=" in text) and (
        escape := _escapes_of(text)
    ) is not None:
        text, origin = _unescaped(text, escape)
    if text.isascii():
        return text, origin
    if _HIDDEN.search(text):
        kept = [i for i, c in enumerate(text) if c not in _INVISIBLE]
        text = "".join(text[i] for i in kept)
        origin = (
            Origin(kept, [i + 1 for i in kept])
            if origin is None
            else Origin([origin.starts[i] for i in kept], [origin.ends[i] for i in kept])
        )
    if _ODD.search(text):
        text = "".join(c if c.isascii() else _normalize_character(c) for c in text)
    return text, origin


def _escapes_of(text: str) -> re.Pattern[str] | None:
    """The pattern of the escapes that the text uses; None for a text without."""
    if "=" in text and _SOFT_BREAK.search(text) and not _NO_PRINTABLE.search(text):
        return (
            _PRINTABLE  # quoted-printable, certain only where a line is broken as that encoding breaks lines
        )
    return _ESCAPE if _ESCAPE.search(text) else None


def _unescaped(text: str, escape: re.Pattern[str]) -> tuple[str, Origin]:
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    place = 0
    for match in escape.finditer(text):
        start, end = match.span()
        character = _character(match.group())
        parts += (text[place:start], character)
        starts.extend(range(place, start))
        ends.extend(range(place + 1, start + 1))
        if character:
            starts.append(start)
            ends.append(end)
        place = end
    parts.append(text[place:])
    starts.extend(range(place, len(text)))
    ends.extend(range(place + 1, len(text) + 1))
    return "".join(parts), Origin(starts, ends)


def _character(escape: str) -> str:
    """The character that an escape stands for; none for the soft line break of quoted-printable."""
    match escape[0]:
        case "\\":
            last = escape.lstrip("\\")
            return _LETTERS[last] if len(last) == 1 else chr(int(last[1:], 16))
        case "%":
            return chr(int(escape[-2:], 16))
        case "=":
            return chr(int(escape[1:], 16)) if escape[-1] != "\n" else ""
    name = _AMPERSANDS.sub("", escape)
    character = html.unescape(f"&{name}") if name else "&"
    return character if len(character) == 1 else "&"


@cache
def _normalize_character(character: str) -> str:
    if character in _SPACES:
        return " "
    if character in _DASHES:
        return "-"
    if character in "\u2019\u02bc":
        return "'"
    if (digit := unicodedata.decimal(character, None)) is not None:
        return str(digit)
    code = ord(character)
    return chr(code - 0xFEE0) if 0xFF01 <= code <= 0xFF5E else character


def lowercase(text: str) -> str:
    """The text in small letters, character by character; a character whose small form is longer stays."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(s if len(s := c.lower()) == 1 else c for c in text)
