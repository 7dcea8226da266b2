"""Segments of an SMS, as networks split and charge it (3GPP TS 23.038, 23.040).

A text of the GSM 7-bit alphabet has 160 places in one segment or 153 in each of several; brackets, braces, `^`, `~`, `|`, the backslash and the euro sign take two. One
character outside makes the whole text UCS-2: 70 places, or 67 in each of several, and a character beyond the basic plane takes two.
What takes two places is never split over two segments.
"""

from collections.abc import Callable
from dataclasses import dataclass

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
_GSM = _BASIC | _EXTENSION


@dataclass(frozen=True)
class Segments:
    """How an SMS is split.

    Attributes:
        encoding: `GSM-7` or `UCS-2`.
        units: Places that the whole text takes.
        parts: The text of each segment; one empty part for an empty text.
        outside: The characters that made the text UCS-2, each once, in order.
    """

    encoding: str
    units: int
    parts: tuple[str, ...]
    outside: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """The number of segments, which is what a message costs."""
        return len(self.parts)


def segments(text: str) -> Segments:
    """Split a text as networks do."""
    outside = tuple(dict.fromkeys(character for character in text if character not in _GSM))
    if outside:
        return _split("UCS-2", text, _ucs2_units, (70, 67), outside)
    return _split("GSM-7", text, _gsm_units, (160, 153))


def _gsm_units(character: str) -> int:
    return 2 if character in _EXTENSION else 1


def _ucs2_units(character: str) -> int:
    return 2 if ord(character) > 0xFFFF else 1


def _split(
    encoding: str,
    text: str,
    units: Callable[[str], int],
    places: tuple[int, int],
    outside: tuple[str, ...] = (),
) -> Segments:
    single, several = places
    whole = sum(map(units, text))
    if whole <= single:
        return Segments(encoding, whole, (text,), outside)
    parts, begin, used = [], 0, 0
    for index, character in enumerate(text):
        wanted = units(character)
        if used + wanted > several:
            parts.append(text[begin:index])
            begin, used = index, 0
        used += wanted
    return Segments(encoding, whole, (*parts, text[begin:]), outside)
