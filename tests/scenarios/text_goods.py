"""What the scenarios of text upload and send: text models learned from the messages of `sales-en`, messages kept out of them, and a launch.

No message is of a customer. The models are learned once per process; the same messages make the same bytes.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from leadmodel_artifact.artifact import digest
from leadmodel_text.base import base
from leadmodel_text.document import Document
from leadmodel_text.files import dump
from leadmodel_training.text.building import Naming, build
from leadmodel_training.text.messages import Message
from leadmodel_training.text.training import INTENT, Material, Wishes, learn
from scenarios.goods import NAMES

MESSAGES = Path(__file__).parents[2] / "training" / "sales_en" / "messages.jsonl"
HELD, FEW = 400, 300  # messages that no model learns from; messages that the fair model learns from
TRAINED = datetime(2026, 1, 1, tzinfo=UTC)
PRODUCT = ("lumenor", "beamdeck", "tiltglass", "orbipad", "vexlink", "quillstack", "nimbra", "cortexa")


@dataclass(frozen=True)
class Written:
    """A message, and the intent that both labelling passes gave it."""

    text: str
    intent: str


@cache
def messages() -> tuple[Written, ...]:
    """The messages of `sales-en` on whose intent both passes agree, in a drawn order."""
    rows = [json.loads(line) for line in MESSAGES.read_text(encoding="utf-8").splitlines()]
    agreed = [Written(row["text"], row["labels"][0]) for row in rows if len({*row["labels"]}) == 1]
    random.Random(3).shuffle(agreed)
    return tuple(agreed)


def held() -> tuple[Written, ...]:
    """Messages that no model learned from: the holdout, and what leads write live."""
    return messages()[:HELD]


@cache
def _learned(count: int | None) -> Document:
    """The text model of the first `count` messages that are not held, all of them for None."""
    rest = messages()[HELD:][:count]
    told = tuple(Message(str(i), m.text, str(i), "form", (m.intent,)) for i, m in enumerate(rest))
    learned = learn(Material(told, (INTENT,)), Wishes(0.75, allow_overlap=True))
    name = "learned" if count is None else f"learned-from-{count}"
    return build(learned, Material(told, (INTENT,)), Naming(name, TRAINED), base())


def _named(name: str, document: Document) -> bytes:
    raw = dump(document)
    NAMES[digest(raw)] = name
    return raw


@cache
def better_text() -> bytes:
    """The text model of all messages that are not held."""
    return _named("BETTER-TEXT", _learned(None))


@cache
def fair_text() -> bytes:
    """The text model of few messages."""
    return _named("FAIR-TEXT", _learned(FEW))


@cache
def shifted_text() -> bytes:
    """The fair model as an export makes it whose labels slipped by one row: each class answers with the name of the next."""
    document = _learned(FEW)
    assert document.intent is not None
    classes = document.intent.classes
    slipped = replace(document.intent, classes=(*classes[1:], classes[0]))
    return _named("SHIFTED-TEXT", replace(document, intent=slipped, examples=()))


def text_holdout() -> bytes:
    """The held messages with their intents, as JSON lines."""
    return "".join(json.dumps({"text": m.text, "intent": m.intent}) + "\n" for m in held()).encode()


# --- a launch ----------------------------------------------------------------------------------------------------------------


def announced(seed: int = 5) -> list[Written]:
    """The first days of a launch: people write what they always wrote, and name the new products in between."""
    chance = random.Random(seed)
    return [Written(_with_products(m.text, chance), m.intent) for m in held()]


def _with_products(text: str, chance: random.Random) -> str:
    words = text.split()
    for _ in range(sum(chance.random() < 0.2 for _ in words)):
        words.insert(chance.randrange(len(words) + 1), chance.choice(PRODUCT))
    return " ".join(words)


def adopted(seed: int = 6) -> list[Written]:
    """The months after: words of the new products stand where every second word stood that the model knows."""
    chance = random.Random(seed)
    return [
        Written(
            " ".join(chance.choice(PRODUCT) if chance.random() < 0.5 else w for w in m.text.split()), m.intent
        )
        for m in held()
    ]


def texts(written: Sequence[Written]) -> list[str]:
    """The texts alone."""
    return [message.text for message in written]
