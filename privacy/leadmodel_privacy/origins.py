"""Where the characters of a text that was decoded stand in the text as it was written."""

from array import array
from bisect import bisect_right


class Origin:
    """The places of decoded characters, kept by parts, so that a long text without many escapes needs hardly any memory.

    A part is one character for an escape, or characters that follow each other in both texts.
    """

    def __init__(self) -> None:
        self._begins, self._raw, self._widths = array("I"), array("I"), array("I")

    def add(self, begin: int, raw: int, width: int = 1) -> None:
        """Add a part: the decoded characters from `begin` on, of which each takes `width` characters of the text from `raw` on."""
        self._begins.append(begin)
        self._raw.append(raw)
        self._widths.append(width)

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Start and end, in the text as written, of the decoded characters from `start` to `end`, of which there is at least one."""
        first, last = (bisect_right(self._begins, place) - 1 for place in (start, end - 1))
        before_last = self._raw[last] + end - 1 - self._begins[last]
        return self._raw[first] + start - self._begins[first], before_last + self._widths[last]
