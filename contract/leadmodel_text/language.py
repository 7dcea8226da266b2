"""The language of a text, from the letter grams of its words: integer rows, summed per word and kept for the words that come again.

The words are those of the tokeniser, so that a raw text and what redaction leaves of it have the same language.
"""

import math
import re
from collections.abc import Sequence

from leadmodel_text.document import LanguageHead
from leadmodel_text.tokens import tokens

READ_WORDS = 40  # words of a text that are read, some 200 characters
MAX_LETTERS = 24  # of a word; the rest is not read
SHORT = 5  # letters of a word that is a feature as a whole
_KEPT_ROWS = 4096  # words whose row is kept; then the rows are dropped, so that memory stays bounded
_OTHER_SCRIPT = re.compile("[^\\W\\d_\u0000-\u024f\u1e00-\u1eff]")  # a letter that is not Latin


def grams(word: str) -> list[str]:
    """Return each distinct feature of a word: its 2-grams and 3-grams between `_` marks, and the word if it is short.

    Letters that are not Latin become `?`, and an apostrophe parts a word.
    """
    distinct: dict[str, None] = {}
    for part in _OTHER_SCRIPT.sub("?", word[:MAX_LETTERS]).split("'"):
        if part:
            marked = f"_{part}_"
            for size in (2, 3):
                distinct.update(dict.fromkeys(marked[i : i + size] for i in range(len(marked) - size + 1)))
            if 1 < len(part) <= SHORT:
                distinct[marked] = None
    return list(distinct)


class Language:
    """Answers with a class of the head and its confidence; `other` is any language that is no class."""

    def __init__(self, head: LanguageHead) -> None:
        table, width = head.table, len(head.classes)
        values = memoryview(table.weights).cast("b")
        self._head = head
        self._rows = {
            gram: tuple(values[place * width : (place + 1) * width])
            for place, gram in enumerate(table.features)
        }
        self._of_word: dict[str, tuple[int, ...]] = {}

    def language(self, text: str) -> tuple[str | None, float]:
        """Return class and confidence of a text; None for a text of too few words, or where the model is not sure."""
        return self.language_of(tokens(text).words)

    def language_of(self, words: Sequence[str]) -> tuple[str | None, float]:
        """Return class and confidence for words of the tokeniser; the confidence of a refused answer is its best class's.

        A class scores sum · scale / √n + bias over the n grams that the table knows, each counted once per word;
        the confidence is the softmax of scores / temperature.
        """
        head, kept = self._head, self._of_word
        rows = [kept.get(word) or self._row(word) for word in words[:READ_WORDS] if word and word != "0"]
        if not rows:
            return None, 0.0
        count, known, *sums = map(sum, zip(*rows, strict=True))
        factor = head.table.scale / math.sqrt(known) if known else 0.0
        scores = [
            (value * factor + bias) / head.temperature
            for value, bias in zip(sums, head.table.bias, strict=True)
        ]
        best = max(scores)
        confidence = 1 / sum([math.exp(score - best) for score in scores])
        if count < head.min_words or confidence < head.min_confidence:
            return None, confidence
        return head.classes[scores.index(best)], confidence

    def _row(self, word: str) -> tuple[int, ...]:
        """Return how many words a word counts for, how many of its grams are known, and the sum of their rows.

        Scripts without spaces have long words: two letters that are not Latin count as a word.
        """
        rows = [self._rows[gram] for gram in grams(word) if gram in self._rows]
        count = max(1, len(_OTHER_SCRIPT.findall(word)) // 2)
        sums = [sum(column) for column in zip(*rows, strict=True)] or [0] * len(self._head.classes)
        if len(self._of_word) >= _KEPT_ROWS:
            self._of_word.clear()
        row = self._of_word[word] = (count, len(rows), *sums)
        return row
