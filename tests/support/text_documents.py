"""Small documents of text models with weights drawn by a seed, and messages over their words and over others."""

import random
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from leadmodel_text.cues import CUES
from leadmodel_text.document import (
    ClassHead,
    Document,
    Example,
    LanguageHead,
    LexiconHead,
    Quality,
    Reference,
    ScoreHead,
    Source,
    Table,
)
from leadmodel_text.features import features
from leadmodel_text.tokens import VERSION, tokens

CLASSES = ("pricing", "demo", "support", "problem", "small_talk")
SENTENCES = (
    "what does the price per seat come to for twenty seats",
    "could we see a demo of the product with our sales team",
    "how do I change the price list and the priced items in the shop",
    "the import does not work and everything fails with an error",
    "thank you and have a nice weekend",
    "please send a quote for the pricing of seats, seating and seated places",
)
GERMAN = (
    "was kostet das für zwanzig Plätze und wann könnten wir es sehen",
    "vielen Dank und ein schönes Wochenende",
)
FOREIGN = (
    "zebra",
    "quokka",
    "xylophonist",
    "prices",
    "demonstration",
    "supported",
    "Maria",
    "4711",
    "[EMAIL]",
    "naïve",
    "ÉTÉ",
    "don't",
)


def table(names: Sequence[str], columns: int, seed: int) -> Table:
    """Draw a table over features, with weights over the whole range of a byte."""
    draw = random.Random(seed)
    weights = bytes(draw.randrange(256) for _ in range(len(names) * columns))
    bias = tuple(draw.uniform(-0.5, 0.5) for _ in range(columns))
    return Table(tuple(names), weights, draw.uniform(0.01, 0.03), bias)


@cache
def vocabulary() -> tuple[str, ...]:
    """Give all features of the sentences, sorted."""
    return tuple(sorted({feature for sentence in SENTENCES for feature in features(tokens(sentence).words)}))


def letters(sentences: Sequence[str]) -> set[str]:
    """Give the three-letter grams of the words of sentences, `_` for the ends of a word."""
    marked = [f"_{word}_" for line in sentences for word in tokens(line).words]
    return {word[place : place + 3] for word in marked for place in range(len(word) - 2)}


def language_head() -> LanguageHead:
    """Make a table that tells English from German by the grams that only one of them has."""
    english, german = letters(SENTENCES), letters(GERMAN)
    names = sorted(english ^ german)
    weights = bytes(value for name in names for value in ((100, 0, 0) if name in english else (0, 100, 0)))
    return LanguageHead(
        ("en", "de", "other"), Table(tuple(names), weights, 0.02, (0.0, 0.0, 1.0)), 1.0, 0.6, 3
    )


def document(seed: int = 1) -> Document:
    """Make a document with all heads over the vocabulary of the sentences."""
    words = vocabulary()
    intent = ClassHead(
        CLASSES, table(words, len(CLASSES), seed), 0.7, table(words[::2], 1, seed + 1), 0.0, 0.0, 0.3, 2
    )
    urgency = ScoreHead(table(words[1::3], 1, seed + 2), 0.9, 0.4, 0.7, 0.1, 2, CUES)
    valences = Table(("error", "fails", "nice", "thank"), bytes((206, 186, 60, 50)), 0.04, (0.0,))
    return Document(
        name="small",
        version=1_767_609_000,
        trained_at="2026-01-05T10:30:00Z",
        tokenizer=VERSION,
        languages=("en",),
        intent=intent,
        sentiment=LexiconHead(valences, ("not", "no"), 3, 0.3, 4.0, 0.6),
        urgency=urgency,
        language=language_head(),
        quality=Quality(
            macro_f1=0.8,
            ece=0.05,
            by_class={"pricing": 0.9},
            n_train=300,
            n_holdout=60,
            holdout_digest="sha256:0",
        ),
        reference=Reference({"intent": {"pricing": 0.4, "demo": 0.6}}, tuple(range(10)), tuple(range(10))),
        examples=(Example("price per seat", "pricing", 0.9, 0.1), Example("nice weekend")),
        provenance=(Source("written for tests", "Apache-2.0", 300),),
    )


def open_document(seed: int = 1) -> Document:
    """Make the document with an intent head that never abstains."""
    whole = document(seed)
    assert whole.intent is not None
    return replace(whole, intent=replace(whole.intent, min_known=0.0, min_words=0))


def message(draw: random.Random) -> str:
    """Draw a message of known words in any order, known sentences, unknown words, names, numbers and repetitions."""
    words = [word for sentence in SENTENCES for word in sentence.split()]
    parts = [
        draw.choice((draw.choice(SENTENCES), draw.choice(FOREIGN), *draw.choices(words, k=6)))
        for _ in range(draw.randrange(0, 14))
    ]
    return draw.choice((" ", " ", ", ", ". ", "\n")).join(parts)
