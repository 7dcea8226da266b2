"""One text under the finders: the text, its small letters, its words with a digit, and the characters already claimed.

Most finders start from the few words with a digit, not from every character; that makes them fast. The first claim on a character
wins.
"""

import re
from collections.abc import Iterable

from leadmodel_privacy.normalization import lowercase
from leadmodel_privacy.surroundings import BARRIER, label_before

Span = tuple[int, int, str]
_FROM_DIGIT = re.compile(r"[0-9][^\W_]*")  # a normalized text has no other digits
_ASCII_FROM_DIGIT = re.compile(r"[0-9][0-9A-Za-z]*")


class ScannedText:
    """A normalized text that finders read and claim spans of.

    Attributes:
        text: The text.
        low: The text in small letters, character by character.
        numbers: Start and end of each word, a run of letters and digits, with a digit.
        spans: The spans claimed so far.
        has_domains: Whether a part of the text can end a domain, once that is known; hiding spans adds no such part.
        introduces: False once no part of the text can introduce a name; hiding spans changes nothing of that.
        behind_cues: Where a name may follow a cue, once that is known; hiding spans adds no such place.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.low = lowercase(text)
        self.numbers = _numbers(text) if _has_digit(text) else []
        self.spans: list[Span] = []
        self.has_domains: bool | None = None
        self.introduces: bool | None = None
        self.behind_cues: list[int] | None = None
        self._taken = bytearray(len(text))
        self._labels: dict[int, str | None] = {}
        self._unclaimed: list[tuple[int, int]] | None = self.numbers
        self._placeholders: list[tuple[int, int, bool]] = []

    def unclaimed_numbers(self) -> list[tuple[int, int]]:
        """The words with a digit whose first character is not claimed."""
        if self._unclaimed is None:
            self._unclaimed = [number for number in self.numbers if not self._taken[number[0]]]
        return self._unclaimed

    def label(self, start: int) -> str | None:
        """The label that the words before a position give the number there; cached."""
        if start not in self._labels:
            self._labels[start] = label_before(self.low, start)
        return self._labels[start]

    def reserve(self, start: int, end: int) -> None:
        """Keep characters from being claimed."""
        self._taken[start:end] = b"\1" * (end - start)
        self._unclaimed = None

    def mask(self, places: list[tuple[int, int]]) -> None:
        """Keep placeholders from being claimed and from being read: `[PHONE]` does not make a number beside it a phone number.

        The words before a placeholder belong to the value that it replaced, so that they say nothing of the number behind it.
        """
        self._placeholders = [(start, end, self.text.startswith("[NAME", start)) for start, end in places]
        for start, end in places:
            self.reserve(start, end)
        self.low, self.text = _hidden(self.low, places), _hidden(self.text, places)

    def hide_spans(self) -> bool:
        """Hide the claimed spans as placeholders are hidden, and True; False, with nothing hidden, if a digit or placeholder is left."""
        if self._placeholders or self.unclaimed_numbers():
            return False
        places = sorted((start, end) for start, end, _ in self.spans)
        text = _hidden(self.text, places)
        if _has_digit(text):
            return False  # of a UUID, or of a word that is claimed in part
        self._placeholders = [(start, end, entity == "NAME") for start, end, entity in self.spans]
        self.low, self.text = _hidden(self.low, places), text
        self.numbers, self.spans = [], []
        return True

    def is_free(self, start: int, end: int) -> bool:
        """True if none of the characters is claimed or reserved."""
        return self._taken.find(1, start, end) < 0

    def personal(self) -> list[tuple[int, int, bool]]:
        """What is known to be personal, in order: claimed spans and placeholders, and whether each is a name."""
        if not self.spans:
            return sorted(self._placeholders)
        return sorted([*self._placeholders, *((s, e, entity == "NAME") for s, e, entity in self.spans)])

    def taken(self, besides: Iterable[tuple[int, int]]) -> bytearray:
        """For each character whether it is claimed, reserved or in one of the places `besides`."""
        taken = self._taken[:]
        for start, end in besides:
            taken[start:end] = b"\1" * (end - start)
        return taken

    def unclaimed_parts(self, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of a span that are neither claimed nor reserved, without the spaces around."""
        parts = []
        while start < end:
            cut = self._taken.find(1, start, end)
            cut = end if cut < 0 else cut
            if part := self.text[start:cut].strip():
                first = self.text.index(part, start)
                parts.append((first, first + len(part)))
            start = cut
            while start < end and self._taken[start]:
                start += 1
        return parts

    def claim(self, span: Span) -> None:
        """Claim a span, unless one of its characters is claimed or reserved."""
        start, end, _ = span
        if self._taken.find(1, start, end) < 0:
            self.reserve(start, end)
            self.spans.append(span)


def _hidden(text: str, places: list[tuple[int, int]]) -> str:
    """The text with barriers in some places, copied once however many places there are."""
    parts, done = [], 0
    for start, end in places:
        parts += [text[done:start], BARRIER * (end - start)]
        done = end
    return "".join(parts) + text[done:]


def _has_digit(text: str) -> bool:
    """True if a normalized text has a digit; deleting digits from bytes is several times as fast as a regular expression."""
    raw = text.encode(errors="replace")
    return len(raw.translate(None, b"0123456789")) < len(raw)


def _numbers(text: str) -> list[tuple[int, int]]:
    """Start and end of each word with a digit."""
    words: list[tuple[int, int]] = []
    last = 0
    for match in (_ASCII_FROM_DIGIT if text.isascii() else _FROM_DIGIT).finditer(text):
        start, end = match.span()
        while start > last and text[start - 1].isalnum():
            start -= 1
        words.append((start, end))
        last = end
    return words
