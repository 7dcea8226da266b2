"""A label alone is decided from two scores where these are enough; it is the label of the whole answer, bit for bit at every bound."""

import random
from dataclasses import replace
from math import exp, nextafter

from leadmodel_text.base import base
from leadmodel_text.document import ClassHead
from leadmodel_text.files import load, pack
from leadmodel_text.intent import answered, guess, reaches, refusal
from leadmodel_text.language import Language
from leadmodel_text.tokens import tokens
from support.text_documents import document, message


def drawn(count: int) -> list[tuple[list[float], float, float]]:
    """Scores of two to ten classes, a score of being in scope and a share of known words; some scores are equal."""
    draw = random.Random(3)
    cases = []
    for _ in range(count):
        spread = draw.choice([0.1, 1.0, 5.0, 800.0])
        scores = [draw.gauss(0, spread) for _ in range(draw.randint(2, 10))]
        if draw.random() < 0.1:
            scores[-1] = scores[0]
        cases.append((scores, draw.gauss(1, 3), draw.random()))
    return cases


def whole(head: ClassHead, scores: list[float], scope: float, known: float) -> int | None:
    likeliest = guess(head, scores, scope)
    return likeliest.first if refusal(head, likeliest, known) is None else None


def test_a_label_alone_is_that_of_the_whole_answer_at_every_bound():
    head = load(pack(document(1))).intent
    assert head is not None
    seen = set()
    for scores, scope, known in drawn(3000):
        likeliest = guess(head, scores, scope)
        sure = likeliest.confidence * likeliest.scope
        for least in (0.0, 0.3, 0.7, 1.0, sure, nextafter(sure, 0.0), min(1.0, nextafter(sure, 2.0))):
            bound = replace(head, min_confidence=least, min_scope=0.2, min_known=0.1)
            answer = answered(bound, scores, scope, known)
            assert answer == whole(bound, scores, scope, known)
            seen.add(answer is None)
    assert seen == {True, False}


def test_two_scores_tell_only_what_they_tell():
    """Of four classes, the two unseen ones are anything from nothing to as likely as the second."""
    gap = -1.0
    lowest, highest = 1 / (1 + 3 * exp(gap)), 1 / (1 + exp(gap))
    assert reaches(gap, 3, lowest - 0.001) is True
    assert reaches(gap, 3, lowest + 0.001) is None
    assert reaches(gap, 3, highest - 0.001) is None
    assert reaches(gap, 3, highest + 0.001) is False
    assert reaches(gap, 1, highest) is None  # roundings decide
    assert reaches(gap, 3, 0.5 * lowest + 0.001, 0.5) is None


def test_a_language_alone_is_that_of_the_whole_answer_at_every_bound():
    head = base().language
    draw = random.Random(5)
    texts = [
        "",
        "12",
        "what is",
        *(message(draw) for _ in range(150)),
        "wie geht es",
        "il est un on",
        "de la a",
        "on in it am",
    ]
    seen = set()
    for text in texts:
        words = tokens(text).words
        confidence = Language(head).language_of(words)[1]
        for least in (confidence, min(1.0, nextafter(confidence, 2.0)), 0.5):
            language = Language(replace(head, min_confidence=least))
            answer = language.label_of(words)
            assert answer == language.language_of(words)[0]
            seen.add(answer is None)
    assert seen == {True, False}
