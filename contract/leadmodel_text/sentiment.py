"""The sentiment of an English text: valences of words, stronger or weaker behind an adverb of degree, turned round behind a negation.

The sums are whole numbers. The idea of the rules and the formula of the score are VADER's (Hutto and Gilbert 2014, ICWSM); the code is not.
"""

import math
from collections.abc import Sequence

from leadmodel_text.document import LexiconHead

LABELS = ("negative", "neutral", "positive")
TURNED = -3  # quarters of a valence that remain behind a negation
UNIT = 4  # of one weight, so that quarters are whole
SPREAD = 15.0  # in units of valence squared; the score of a sum s is s / √(s² + SPREAD)
_NO = ["no"]  # negates the next word alone: "no problem, great"
_DEGREE = 0.293  # valence that an adverb of degree adds
_STRONGER = (
    "absolutely awfully completely deeply enormously entirely especially exceptionally extremely fully greatly highly hugely incredibly "
    "particularly quite really remarkably seriously so substantially thoroughly totally tremendously truly unbelievably utterly very"
)
_WEAKER = "almost fairly kinda marginally partly rather scarcely slightly somewhat"


class Sentiment:
    """Answers with negative, neutral or positive for the words of an English text; a caller asks for no other language."""

    def __init__(self, head: LexiconHead) -> None:
        values = memoryview(head.table.weights).cast("b")
        self._head = head
        self._valences = {
            word: value for word, value in zip(head.table.features, values, strict=True) if value
        }
        self._negations = frozenset(head.negations)
        degree = round(_DEGREE / head.table.scale)
        self._degrees = dict.fromkeys(_STRONGER.split(), degree) | dict.fromkeys(_WEAKER.split(), -degree)

    def sentiment(self, words: Sequence[str]) -> tuple[str | None, float, float]:
        """Return label, score from -1 to 1 and confidence from 0.5 to 1; the label is None close to the edge of the neutral band.

        The confidence is the logistic function of slope times the distance of the score from that edge.
        """
        head = self._head
        valences = self._valences
        units = sum(
            [
                self._valence(valences[word], words, place)
                for place, word in enumerate(words)
                if word in valences
            ]
        )
        total = units * head.table.scale / UNIT + head.table.bias[0]
        score = total / math.sqrt(total * total + SPREAD)
        distance = abs(score) - head.band
        confidence = 1 / (1 + math.exp(-head.slope * abs(distance)))
        if confidence < head.min_confidence:
            return None, score, confidence
        return (LABELS[1] if distance <= 0 else LABELS[2 if score > 0 else 0]), score, confidence

    def _valence(self, value: int, words: Sequence[str], place: int) -> int:
        """Return the valence of the word at a place, in units, with the adverbs and negations of the window before it."""
        before = list(words[max(0, place - self._head.window) : place])
        degree = sum([self._degrees.get(word, 0) for word in before])
        value += degree if value > 0 else -degree
        turned = before[-1:] == _NO or not self._negations.isdisjoint(before)
        return value * (TURNED if turned else UNIT)
