"""Texts that are an encoding of other texts: the body of a form, base64, and formats that no part may be cut out of.

An encoding is read only where the whole text fits it beyond doubt.
"""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from urllib.parse import quote, unquote_plus

from leadmodel_privacy.json_text import Value
from leadmodel_privacy.origins import Origin

_FIELD = r"[\w.\[\]%*+~-]{1,200}=[^\s&=<>\"{}|\\^`]*={0,2}"
_FORM = re.compile(rf"{_FIELD}(?:&{_FIELD})*+")
_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")
_PIECE = re.compile(r"(?:%[0-9A-Fa-f]{2})++|\+|[^%+]+")
_BASE64 = re.compile(
    r"(?:data:[\w/+.;=-]{0,100};base64,)?([A-Za-z0-9+/]{16,}={0,2}|[A-Za-z0-9_-]{16,}={0,2})"
)
_PRINTED = frozenset("\t\n\r")
# Formats that count the characters of their parts or mark parts by control characters: PHP's serialize, RESP, protocol buffers
_COUNTED = re.compile(r"(?:\A|[;{|\"])(?:s:\d+:\\*\"|[aO]:\d+:(?:\{|\\*\"))|[\x00-\x06\x0e-\x1a\x1c-\x1e]")
_BULK = re.compile(r"\$(\d{1,9})\r\n")


@dataclass(frozen=True)
class Base64Text:
    """A text in base64, and what spells another text in the same way."""

    text: str
    start: int
    end: int
    url_safe: bool
    padded: bool

    def encode(self, text: str) -> str:
        """The text in base64, with the alphabet and the padding of the original."""
        raw = text.encode()
        encoded = (base64.urlsafe_b64encode(raw) if self.url_safe else base64.b64encode(raw)).decode()
        return encoded if self.padded else encoded.rstrip("=")


def form_values(text: str) -> list[Value] | None:
    """The values of the body of a form, such as `email=jane%40example.org&n=1`; None if the text is no such body."""
    if "=" not in text or _FORM.fullmatch(text) is None or _BROKEN.search(text):
        return None
    if "&" not in text and "%" not in text and base64_text(text.partition("=")[2]) is None:
        return None  # one word beside another, which is read as it stands
    try:
        return list(_form_values(text))
    except UnicodeDecodeError:
        return None


def _form_values(text: str) -> Iterator[Value]:
    place = 0
    for field in text.split("&"):
        key, _, value = field.partition("=")
        start = place + len(key) + 1
        decoded, origin = _percent_decoded(value, start)
        yield Value(
            (unquote_plus(key, errors="strict"),), decoded, start, origin, number=False, encode=_quoted
        )
        place += len(field) + 1


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _percent_decoded(value: str, start: int) -> tuple[str, Origin]:
    decoded, origin = StringIO(newline=""), Origin()
    length = 0
    for match in _PIECE.finditer(value):
        piece, place = match.group(), start + match.start()
        if piece[0] == "%":
            for character in bytes.fromhex(piece.replace("%", "")).decode():
                width = 3 * len(character.encode())
                origin.add(length, place, width)
                length += decoded.write(character)
                place += width
            continue
        # an unescaped plus before a number at the beginning is a plus that a person typed
        typed = piece == "+" and (match.start() == 0 and value[1:2].isdigit())
        origin.add(length, place)
        length += decoded.write(" " if piece == "+" and not typed else piece)
    return decoded.getvalue(), origin


def base64_text(text: str) -> Base64Text | None:
    """The text that a base64 text stands for; None if the text is no base64 of printable text."""
    match = _BASE64.fullmatch(text)
    if match is None:
        return None
    packed = match[1]
    body = packed.rstrip("=")
    url_safe = "-" in body or "_" in body
    try:
        raw = base64.b64decode(
            body + "=" * (-len(body) % 4), altchars=b"-_" if url_safe else b"+/", validate=True
        )
        decoded = raw.decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    if not all(character.isprintable() or character in _PRINTED for character in decoded):
        return None
    padded = packed.endswith("=") or len(body) % 4 == 0
    encoded = Base64Text(decoded, match.start(1), match.end(1), url_safe, padded)
    return encoded if encoded.encode(decoded) == packed else None


def is_opaque(text: str) -> bool:
    """True if the text is in a format that a replacement of another length would break, and that cannot be written anew with certainty."""
    if _COUNTED.search(text) is not None:
        return True
    return any(text.startswith("\r\n", bulk.end() + int(bulk[1])) for bulk in _BULK.finditer(text))
