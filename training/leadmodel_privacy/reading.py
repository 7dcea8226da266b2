"""One text under the patterns: the text, its small letters, its words with a digit, and which characters are taken.

Most finders start from the few words that hold a digit, not from every character: that is where their speed comes from.
The first claim wins.
"""

import re
from functools import cached_property

from leadmodel_privacy.context import kind_before
from leadmodel_privacy.plain import lower

Span = tuple[int, int, str]
_DIGITS = re.compile(r"\d+")
_REST = re.compile(r"[^\W_]*")


class Reading:
    """A text and what has been found in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.spans: list[Span] = []
        self._taken = bytearray(len(text))
        self._kinds: dict[int, str | None] = {}
        self._blank: list[tuple[int, int]] = []

    @cached_property
    def low(self) -> str:
        """The text in small letters, each character at its place; placeholders say nothing (`[PHONE]` makes no number a phone)."""
        low, place = lower(self.text), 0
        parts: list[str] = []
        for start, end in self._blank:
            parts += (low[place:start], "_" * (end - start))
            place = end
        return "".join(parts) + low[place:]

    @cached_property
    def numbers(self) -> list[tuple[int, int]]:
        """Where the words (runs of letters and digits) are that hold a digit."""
        text, found, end = self.text, [], 0
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

    def free(self) -> list[tuple[int, int]]:
        """The words with a digit that nothing has claimed yet."""
        return [number for number in self.numbers if not self._taken[number[0]]]

    def kind(self, start: int) -> str | None:
        """What the words before a place say the number there is."""
        if start not in self._kinds:
            self._kinds[start] = kind_before(self.low, start)
        return self._kinds[start]

    def occupy(self, start: int, end: int) -> None:
        """Keep characters from being found."""
        self._taken[start:end] = b"\1" * (end - start)

    def blank(self, start: int, end: int) -> None:
        """Keep a placeholder from being found and from being read."""
        self.occupy(start, end)
        self._blank.append((start, end))

    def claim(self, span: Span) -> None:
        """Take a span unless a character of it is taken."""
        start, end, _ = span
        if self._taken.find(1, start, end) < 0:
            self.occupy(start, end)
            self.spans.append(span)
