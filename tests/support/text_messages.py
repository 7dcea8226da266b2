"""Messages of made-up words: each class has words of its own, and all share the others."""

import random

from leadmodel_training.text.messages import Message

SYLLABLES = [
    "ba",
    "ce",
    "di",
    "fo",
    "gu",
    "ha",
    "je",
    "ki",
    "lo",
    "mu",
    "na",
    "pe",
    "ri",
    "so",
    "tu",
    "va",
    "we",
    "xi",
    "yo",
    "zu",
]
CLASSES = ("order", "price", "repair")


def vocabulary(seed: int, size: int) -> list[str]:
    """Made-up words, which no detector takes for a name."""
    chance = random.Random(f"words {seed}")
    return ["".join(chance.choices(SYLLABLES, k=3)) for _ in range(size)]


def made(
    each: int = 30,
    seed: int = 0,
    classes: tuple[str, ...] = CLASSES,
    source: str = "form",
    telling: int = 2,
    words_of: tuple[int, ...] | None = None,
) -> list[Message]:
    """`each` messages per class, `telling` words of a message being its class's own; `words_of` numbers the vocabulary of each class."""
    chance, common = random.Random(f"{source} {seed}"), vocabulary(99, 60)
    messages = []
    for place, name in enumerate(classes):
        own = vocabulary(words_of[place] if words_of else place, 12)
        for i in range(each):
            words = chance.choices(own, k=telling) + chance.choices(common, k=6)
            chance.shuffle(words)
            lead = f"{source} {seed} {name} {i}"
            messages.append(Message(lead, " ".join(words), lead, source, (name,)))
    return messages


def strange(count: int = 60, seed: int = 7) -> list[Message]:
    """Messages whose words stand in no message of the other functions, as those out of scope do."""
    chance, words = random.Random(f"strange {seed}"), vocabulary(1000 + seed, 40)
    return [Message(f"s {i}", " ".join(chance.choices(words, k=7)), f"s {i}") for i in range(count)]
