"""Makes `sales-en`, the text model that comes with `leadmodel-enrich`, anew: `make sales`. The same messages make the same tables.

The background are utterances to a voice assistant that no company gets: intents of CLINC150 (Larson et al. 2019, CC BY 3.0), read from
the folder that `LEADMODEL_DATA` names. The model keeps features that two of them share, and no utterance.
"""

import argparse
import gzip
import json
import os
import random
from datetime import UTC, datetime
from pathlib import Path

from leadmodel_text.base import base
from leadmodel_text.document import Document, Source
from leadmodel_text.files import load, pack
from leadmodel_training.text import report
from leadmodel_training.text.building import Naming, build
from leadmodel_training.text.messages import Message
from leadmodel_training.text.training import INTENT, URGENCY, Learned, Material, Wishes, learn

MESSAGES = Path(__file__).with_name("messages.jsonl")
OUT = Path(__file__).parents[1] / "leadmodel_training" / "text" / "sales_en.json.gz"
TRAINED = datetime(2026, 1, 1, tzinfo=UTC)  # named, so that the same messages make the same file
PRECISION, SEED, BACKGROUND = 0.75, 0, 1000
CLINC = "text/clinc150.json.gz"
# Intents that nobody asks a company for: of the others, many are support, billing or small talk of some company.
STRANGE = [
    "alarm",
    "calculator",
    "calories",
    "change_accent",
    "change_ai_name",
    "change_language",
    "change_speed",
    "change_volume",
    "cook_time",
    "date",
    "definition",
    "directions",
    "distance",
    "do_you_have_pets",
    "find_phone",
    "flip_coin",
    "food_last",
    "fun_fact",
    "gas",
    "gas_type",
    "how_busy",
    "how_old_are_you",
    "ingredient_substitution",
    "ingredients_list",
    "jump_start",
    "make_call",
    "meal_suggestion",
    "meaning_of_life",
    "measurement_conversion",
    "mpg",
    "next_holiday",
    "next_song",
    "nutrition_info",
    "play_music",
    "plug_type",
    "pto_balance",
    "pto_used",
    "recipe",
    "reminder",
    "reminder_update",
    "roll_dice",
    "share_location",
    "shopping_list",
    "shopping_list_update",
    "smart_home",
    "spelling",
    "tell_joke",
    "text",
    "time",
    "timer",
    "timezone",
    "tire_pressure",
    "todo_list",
    "todo_list_update",
    "traffic",
    "translate",
    "uber",
    "update_playlist",
    "weather",
    "what_are_your_hobbies",
    "what_song",
    "whisper_mode",
    "where_are_you_from",
    "vaccines",
    "payday",
    "taxes",
    "w2",
    "user_name",
]


def messages() -> list[Message]:
    """The messages on whose intent or urgency both passes agree."""
    rows = [json.loads(line) for line in MESSAGES.read_text(encoding="utf-8").splitlines()]
    return [
        Message(
            row["id"], row["text"], row["id"], row["author"], (_agreed(row["labels"]), _agreed(row["urgent"]))
        )
        for row in rows
    ]


def _agreed(passes: list[str | int]) -> str | None:
    return str(passes[0]) if passes[0] == passes[1] else None


def background(data: Path) -> list[Message]:
    """Utterances of intents that are none of a company's, the same on every machine."""
    utterances = json.loads(gzip.decompress((data / CLINC).read_bytes()))["train"]
    strange = sorted(text for text, intent in utterances if intent in STRANGE)
    drawn = random.Random(SEED).sample(strange, BACKGROUND)
    return [Message(f"clinc {i}", text, f"clinc {i}") for i, text in enumerate(drawn)]


def sources() -> tuple[Source, ...]:
    """Where the messages come from, under which licence."""
    return (
        Source("sales_en, written for this project", "Apache-2.0", len(messages())),
        Source(
            f"CLINC150 (Larson et al. 2019), utterances of {len(STRANGE)} intents", "CC-BY-3.0", BACKGROUND
        ),
    )


def made(data: Path) -> tuple[Document, Learned]:
    """The model and its report, from the folder with the background."""
    material = Material(messages(), (INTENT, URGENCY), (), background(data))
    learned = learn(material, Wishes(PRECISION, seed=SEED))
    return build(learned, material, Naming("sales-en", TRAINED, ("en",), sources()), base()), learned


def main() -> None:
    """Write the model and print its report."""
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--out", type=Path, default=OUT, help="where the model goes")
    given = p.parse_args()
    document, learned = made(Path(os.environ["LEADMODEL_DATA"]))
    given.out.write_bytes(pack(document))
    load(given.out.read_bytes())
    print("\n".join(report.lines(learned.report)))  # noqa: T201  # a program for developers


if __name__ == "__main__":
    main()
