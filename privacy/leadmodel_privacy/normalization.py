"""Normalizes text for the patterns: full-width and foreign digits, unusual spaces and dashes become ASCII, invisible characters go.

Every other character becomes exactly one character, so that spans can be mapped back.
"""

import re
import unicodedata
from functools import cache

_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_ODD = re.compile(rf"[{_SPACES}{_DASHES}\uff01-\uff5e\u2019\u02bc]|(?![0-9])\d")


def normalize(text: str) -> tuple[str, list[int] | None]:
    """The normalized text, and the position of each of its characters in `text`; None where no position has changed."""
    if text.isascii():
        return text, None
    origin = None
    if _HIDDEN.search(text):
        origin = [i for i, c in enumerate(text) if c not in _INVISIBLE]
        text = "".join(text[i] for i in origin)
    if _ODD.search(text):
        text = "".join(c if c.isascii() else _normalize_character(c) for c in text)
    return text, origin


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
