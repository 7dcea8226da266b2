"""One text on its way through the heads of a model."""

from __future__ import annotations

from leadmodel_text.pieces import GAP, ZERO
from leadmodel_text.tables import Sums
from leadmodel_text.tokens import Reading


class Text:
    """One text on its way through the heads: its tokens and where they stand, its language, and the sums of its features.

    The confidence of the language is 0 where nobody asked for it.
    """

    __slots__ = ("confidence", "language", "length", "reading", "reasons", "sums", "truncated", "words")

    def __init__(
        self, reading: Reading, spoken: tuple[str | None, float], sums: Sums, *, reasons: bool
    ) -> None:
        self.reading, self.sums, self.reasons = reading, sums, reasons
        self.words, self.truncated = reading.words, reading.truncated
        self.language, self.confidence = spoken
        self.length = len(self.words) - self.words.count(GAP) - self.words.count(ZERO)

    @property
    def distinct(self) -> int:
        """How many different words the text has, where it was read for a head of tables."""
        words = self.sums.distinct
        return len(words) - (GAP in words) - (ZERO in words)

    def known(self, table: int) -> float:
        """Return the share of the distinct words that a table knows; 0 without words."""
        distinct = self.distinct
        return self.sums.words(table) / distinct if distinct else 0.0

    @property
    def unknown(self) -> float:
        """The share of the distinct words that the first table does not know, as a document's reference counts it; 0 without words."""
        return 1 - self.known(0) if self.distinct else 0.0
