"""The features of a text: its words, the pairs of neighbours, and the letters of its words four at a time. Each is there or not."""

from collections.abc import Sequence
from itertools import pairwise

from leadmodel_text.pieces import GAP, ZERO

GRAM = 4  # letters
GRAM_MARK = "~"  # no word begins with the mark, so that a gram is never taken for a word
_ITEMS = frozenset({GAP, ZERO})


def word_features(word: str) -> list[str]:
    """Return the features of a word alone, each once: the word, and `~abcd` for each four letters within a word of more than three."""
    if len(word) < GRAM:
        return [word] if word != GAP else []
    grams = [GRAM_MARK + word[at : at + GRAM] for at in range(len(word) - GRAM + 1)]
    return list(dict.fromkeys((word, *grams)))


def pair(first: str, second: str) -> str | None:
    """Return the feature of two neighbours, "first second"; None where one of them is a gap or a number."""
    return None if first in _ITEMS or second in _ITEMS else f"{first} {second}"


def features(words: Sequence[str]) -> set[str]:
    """Return the features of the words of `tokens.tokens`: those of each word and of each pair of neighbours."""
    present = set(words)
    present.update(
        [GRAM_MARK + word[at : at + GRAM] for word in present for at in range(len(word) - GRAM + 1)]
    )
    present.update([f"{a} {b}" for a, b in pairwise(words) if a not in _ITEMS and b not in _ITEMS])
    present.discard(GAP)
    return present
