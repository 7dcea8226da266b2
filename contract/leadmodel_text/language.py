"""The language of a text, from the letter grams of its words: integer rows, summed per word and kept for the words that come again.

The words are those of the tokeniser, so that a raw text and what redaction leaves of it have the same language.
"""

import re
from collections.abc import Sequence
from itertools import chain
from math import exp, sqrt
from operator import add

from leadmodel_text.document import LanguageHead
from leadmodel_text.intent import reaches
from leadmodel_text.kept_values import KeptValues
from leadmodel_text.pieces import GAP, ZERO
from leadmodel_text.rows import COLUMN_BITS, OFFSET, Rows
from leadmodel_text.tokens import tokens

READ_WORDS = 40  # words of a text that are read, some 200 characters
MAX_LETTERS = 24  # of a word; the rest is not read
SHORT = 5  # letters of a word that is a feature as a whole
_KEPT_ROWS = 4096  # words
_ITEMS = frozenset({GAP, ZERO})
_OTHER_SCRIPT = re.compile("[^\\W\\d_\u0000-\u024f\u1e00-\u1eff]")  # a letter that is not Latin


def grams(word: str) -> list[str]:
    """Return each distinct feature of a word: its 2-grams and 3-grams between `_` marks, and the word if it is short.

    Letters that are not Latin become `?`, and an apostrophe parts a word.
    """
    read = word[:MAX_LETTERS]
    distinct: dict[str, None] = {}
    for part in (read if read.isascii() else _OTHER_SCRIPT.sub("?", read)).split("'"):
        if part:
            marked = f"_{part}_"
            twos = list(map(add, marked, marked[1:]))
            distinct |= dict.fromkeys(chain(twos, map(add, twos, marked[2:])))
            if 1 < len(part) <= SHORT:
                distinct[marked] = None
    return list(distinct)


def _share(best: float, scores: Sequence[float]) -> float:
    """Return the softmax of the largest score."""
    return 1 / sum(map(exp, [score - best for score in scores]))


class Language:
    """Answers with a class of the head and its confidence; `other` is any language that is no class."""

    def __init__(self, head: LanguageHead) -> None:
        self._head = head
        self._rows = Rows([head.table])
        self._of_word = KeptValues(self._row, _KEPT_ROWS)

    def language(self, text: str) -> tuple[str | None, float]:
        """Return class and confidence of a text; None for a text of too few words, or where the model is not sure."""
        return self.language_of(tokens(text).words)

    def language_of(self, words: Sequence[str]) -> tuple[str | None, float]:
        """Return class and confidence for words of the tokeniser; the confidence of a refused answer is its best class's.

        A class scores sum · scale / √n + bias over the n grams that the table knows, each counted once per word;
        the confidence is the softmax of scores / temperature.
        """
        head = self._head
        scores, count = self._scores(words)
        if not scores:
            return None, 0.0
        best = max(scores)
        confidence = _share(best, scores)
        if count < head.min_words or confidence < head.min_confidence:
            return None, confidence
        return head.classes[scores.index(best)], confidence

    def label_of(self, words: Sequence[str]) -> str | None:
        """Return the class alone that `language_of` answers."""
        head = self._head
        scores, count = self._scores(words)
        if not scores or count < head.min_words:
            return None
        ranked = sorted(scores)
        best = ranked[-1]
        likely = reaches(ranked[-2] - best, len(scores) - 1, head.min_confidence)
        if likely is None:
            likely = _share(best, scores) >= head.min_confidence
        return head.classes[scores.index(best)] if likely else None

    def _scores(self, words: Sequence[str]) -> tuple[list[float], int]:
        """Return the scores of the classes, divided by the temperature, and for how many words the text counts; no scores without words."""
        head = self._head
        total = sum(map(self._of_word.__getitem__, words[:READ_WORDS]))
        if not total:
            return [], 0
        *sums, known, count = self._rows.unpack(total)
        factor, shift = head.table.scale / sqrt(known) if known else 0.0, OFFSET * known
        temperature = head.temperature
        scores = [
            ((value - shift) * factor + bias) / temperature
            for value, bias in zip(sums, head.table.bias)  # noqa: B905 - as in `tables`
        ]
        return scores, count

    def _row(self, word: str) -> int:
        """Return the sum of the packed rows of a word's known grams, with how many words the word counts for in the free column.

        Scripts without spaces have long words: two letters that are not Latin count as a word.
        """
        if word in _ITEMS:
            return 0
        get = self._rows.of.get
        total = sum([row for gram in grams(word) if (row := get(gram))])
        count = 1 if word.isascii() else max(1, len(_OTHER_SCRIPT.findall(word)) // 2)
        return total + (count << COLUMN_BITS * (len(self._head.classes) + 1))
