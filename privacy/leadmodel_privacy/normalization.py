r"""Normalizes text for the patterns: full-width and foreign digits, unusual spaces and dashes become ASCII, invisible characters go.

Characters that a text spells by an escape, as in `jane%40example.org`, `jane&#64;example.org` or `jane\u0040example.org`, are read
as the characters they stand for. The text itself is never written in another form: spans are mapped back, whole escapes at a time.
"""

import html
import re
import unicodedata
from functools import cache
from io import StringIO

from leadmodel_privacy.origins import Origin

_INVISIBLE = "\u00ad\u200b\u200c\u200d\u2060\ufeff\u200e\u200f\u202a\u202b\u202c\u202d\u202e"
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"
_ODD = re.compile(rf"[{_SPACES}{_DASHES}\uff01-\uff5e\u2019\u02bc]|(?![0-9])\d")
_AFTER_PERCENT = r"(?:[2-6][0-9A-Fa-f]|7[0-9A-Ea-e]|0[9AaDd])"
_AFTER_AMPERSAND = r"(?:\#[0-9]{2,5}|\#[xX][0-9A-Fa-f]{2,4}|quot|apos|nbsp|commat|period|colon|plus|sol|lowbar|lpar|rpar|num|hyphen|dash|amp);"
# Escapes that were escaped again: no repeat can be taken back, so that none needs memory for each time it matched.
_ESCAPES = (
    r"(?<!\\)\\++(?:u[0-9A-Fa-f]{4}|[nrt\"/])"
    rf"|%(?:25(?={_AFTER_PERCENT}))*+{_AFTER_PERCENT}"
    rf"|&(?:amp;(?={_AFTER_AMPERSAND}))*+{_AFTER_AMPERSAND}"
)
_PRINTABLES = r"=(?:[2-6][0-9A-F]|7[0-9A-E]|0[9AD]|\r?\n)"
_HIDDEN = re.compile(f"[{_INVISIBLE}]")
_ESCAPE, _ESCAPE_OR_HIDDEN = (re.compile(form) for form in (_ESCAPES, f"{_ESCAPES}|[{_INVISIBLE}]"))
_PRINTABLE, _PRINTABLE_OR_HIDDEN = (
    re.compile(form) for form in (_PRINTABLES, f"{_PRINTABLES}|[{_INVISIBLE}]")
)
_AMPERSANDS = re.compile(r"^&(?:amp;)*+")
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "/": "/"}
_SOFT_BREAK = re.compile(r"=\r?\n")
_NO_PRINTABLE = re.compile(r"=(?![0-9A-F]{2}|\r?\n|\Z)")


def normalize(text: str) -> tuple[str, Origin | None]:
    """The normalized text, and the origin of each of its characters; None where no position has changed."""
    origin = None
    if (rewritten := _rewritten(text)) is not None:
        text, origin = _read_again(text, rewritten)
    if not text.isascii():
        text = _ODD.sub(lambda match: _normalize_character(match[0]), text)
    return text, origin


def _rewritten(text: str) -> re.Pattern[str] | None:
    """The pattern of the escapes that the text uses and of its invisible characters; None for a text without."""
    hides = not text.isascii() and _HIDDEN.search(text) is not None
    if "=" in text and _SOFT_BREAK.search(text) and not _NO_PRINTABLE.search(text):
        # quoted-printable, certain only where a line is broken as that encoding breaks lines
        return _PRINTABLE_OR_HIDDEN if hides else _PRINTABLE
    if hides:
        return _ESCAPE_OR_HIDDEN
    escaped = "\\" in text or "%" in text or "&" in text
    return _ESCAPE if escaped and _ESCAPE.search(text) else None


def _read_again(text: str, rewritten: re.Pattern[str]) -> tuple[str, Origin]:
    normalized, origin = StringIO(newline=""), Origin()
    length = place = 0
    for match in rewritten.finditer(text):
        start, end = match.span()
        if start > place:
            origin.add(length, place)
            length += normalized.write(text[place:start])
        if character := _character(match.group()):
            origin.add(length, start, end - start)
            length += normalized.write(character)
        place = end
    if place < len(text):
        origin.add(length, place)
        normalized.write(text[place:])
    return normalized.getvalue(), origin


def _character(escape: str) -> str:
    """The character that an escape stands for; none for an invisible one and for the soft line break of quoted-printable."""
    character = _visible(escape) if escape[0].isascii() else ""
    return "" if character in _INVISIBLE else character


def _visible(escape: str) -> str:
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
