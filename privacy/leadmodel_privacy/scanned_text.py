"""One text under the patterns: the text, its small letters, its words with a digit, and which characters are taken.

Most finders start from the few words that hold a digit, not from every character: that is where their speed comes from.
The first claim wins.
"""

import re

from leadmodel_privacy.normalization import lowercase
from leadmodel_privacy.surroundings import label_before

Span = tuple[int, int, str]
_DIGITS = re.compile(r"[0-9]+")  # a plain text has no others
_REST = re.compile(r"[^\W_]*")


class ScannedText:
    """A text in capitals and in small letters (each at its place), its words with a digit, and what has been found in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.low = lowercase(text)
        self.numbers = _numbers(text) if _has_digit(text) else []
        self.spans: list[Span] = []
        self._taken = bytearray(len(text))
        self._labels: dict[int, str | None] = {}
        self._unclaimed: list[tuple[int, int]] | None = self.numbers

    def unclaimed_numbers(self) -> list[tuple[int, int]]:
        """The words with a digit that nothing has claimed yet."""
        if self._unclaimed is None:
            self._unclaimed = [number for number in self.numbers if not self._taken[number[0]]]
        return self._unclaimed

    def label(self, start: int) -> str | None:
        """What the words before a place say the number there is."""
        if start not in self._labels:
            self._labels[start] = label_before(self.low, start)
        return self._labels[start]

    def reserve(self, start: int, end: int) -> None:
        """Keep characters from being found."""
        self._taken[start:end] = b"\1" * (end - start)
        self._unclaimed = None

    def mask(self, places: list[tuple[int, int]]) -> None:
        """Keep placeholders from being found and from being read: `[PHONE]` makes no number beside it a phone."""
        parts, done = [], 0
        for start, end in places:
            self.reserve(start, end)
            parts += [self.low[done:start], "_" * (end - start)]
            done = end
        self.low = "".join(parts) + self.low[done:]

    def claim(self, span: Span) -> None:
        """Take a span unless a character of it is taken."""
        start, end, _ = span
        if self._taken.find(1, start, end) < 0:
            self.reserve(start, end)
            self.spans.append(span)


def _has_digit(text: str) -> bool:
    """Whether a plain text has a digit; taking digits out of bytes is several times as fast as a search for one."""
    raw = text.encode(errors="replace")
    return len(raw.translate(None, b"0123456789")) < len(raw)


def _numbers(text: str) -> list[tuple[int, int]]:
    """Where the words (runs of letters and digits) are that hold a digit."""
    found: list[tuple[int, int]] = []
    end = 0
    for match in _DIGITS.finditer(text):
        start = match.start()
        if start < end:
            continue
        while start > end and text[start - 1].isalnum():
            start -= 1
        rest = _REST.match(text, match.end())
        end = rest.end() if rest else match.end()
        found.append((start, end))
    return found
