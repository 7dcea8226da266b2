"""How good a team's own intents get from a few labels, beside scikit-learn's plain pipeline, and what training on 10,000 messages takes.

Own intents are eleven groups of the intents of Banking77 (CC BY 4.0) and CLINC150 (CC BY 3.0), frozen in `INTENTS` before anything was
measured: an intent is in a group only if every message of it would be handled by the same person for the same reason. Each draw takes
so many messages a class from the training parts, leaves the rest of them unlabelled, and is judged on the test parts. The background is
CLINC150's for assistants; foreign messages out of scope are those to hotels of NLU++ (CC BY 4.0), by other authors.

    LEADMODEL_DATA=FOLDER python bench/text_training.py [--each 30] [--draws 5] [--unlabelled 0] [--size 10000]
"""

import argparse
import csv
import gzip
import json
import os
import resource
import time
from dataclasses import fields
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from leadmodel_training.text.calibration import Quality, calibrate, expected_error, judge, macro_f1, quality
from leadmodel_training.text.learning import Beside, Labelled, answers_of, fit_tables, out_of_fold
from leadmodel_training.text.messages import Message
from leadmodel_training.text.tables import features_of
from leadmodel_training.text.training import Material, Wishes, learn

GOALS = {"macro_f1": 0.78, "coverage": 0.75, "precision": 0.87, "ece": 0.06, "scope_auroc": 0.83}
GOAL_S, GOAL_MB = 60, 1000
WANTED = 0.9  # of answers; what is wanted of few labels is a little more than what holds on others
INTENTS = {
    "failed": "card_not_working contactless_not_working virtual_card_not_working declined_card_payment declined_cash_withdrawal "
    "declined_transfer failed_transfer top_up_failed card_declined",
    "lost": "lost_or_stolen_card lost_or_stolen_phone compromised_card report_lost_card report_fraud",
    "new_card": "get_physical_card getting_spare_card getting_virtual_card order_physical_card get_disposable_virtual_card new_card",
    "arrival": "card_arrival card_delivery_estimate replacement_card_duration order_status application_status",
    "fees": "card_payment_fee_charged cash_withdrawal_charge transfer_fee_charged top_up_by_card_charge top_up_by_bank_transfer_charge "
    "exchange_charge international_fees",
    "rates": "exchange_rate card_payment_wrong_exchange_rate wrong_exchange_rate_for_cash_withdrawal",
    "pending": "pending_card_payment pending_cash_withdrawal pending_top_up pending_transfer transfer_timing",
    "refund": "request_refund Refund_not_showing_up reverted_card_payment?",
    "pin": "change_pin pin_blocked passcode_forgotten pin_change",
    "meeting": "schedule_meeting meeting_schedule schedule_maintenance",
    "small_talk": "greeting goodbye thank_you",
}
STRANGE = [
    "alarm",
    "calculator",
    "calories",
    "change_accent",
    "change_ai_name",
    "change_volume",
    "cook_time",
    "date",
    "definition",
    "directions",
    "distance",
    "find_phone",
    "flip_coin",
    "food_last",
    "fun_fact",
    "gas",
    "ingredient_substitution",
    "jump_start",
    "meal_suggestion",
    "meaning_of_life",
    "measurement_conversion",
    "mpg",
    "next_holiday",
    "next_song",
    "nutrition_info",
    "play_music",
    "plug_type",
    "recipe",
    "reminder",
    "roll_dice",
    "shopping_list",
    "smart_home",
    "spelling",
    "tell_joke",
    "text",
    "time",
    "timer",
    "timezone",
    "tire_pressure",
    "todo_list",
    "traffic",
    "translate",
    "uber",
    "update_playlist",
    "weather",
    "what_song",
    "whisper_mode",
    "vaccines",
]
CLASSES = sorted(INTENTS)
GROUP = {intent: name for name, intents in INTENTS.items() for intent in intents.split()}


def banking77(folder: Path, part: str) -> list[tuple[str, str]]:
    with gzip.open(folder / f"banking77-{part}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return [(row["text"], row["category"]) for row in csv.DictReader(file)]


def read(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """Texts with their groups to learn from and to judge by, and texts of no group."""
    clinc = json.loads(gzip.decompress((folder / "clinc150.json.gz").read_bytes()))
    hotels = map(json.loads, gzip.decompress((folder / "nlupp.jsonl.gz").read_bytes()).splitlines())
    parts = {
        part: [(t, GROUP[i]) for t, i in [*banking77(folder, part), *clinc[part]] if i in GROUP]
        for part in ("train", "test")
    }
    return {
        **parts,
        "background": [(t, "") for t, i in clinc["train"] if i in STRANGE],
        "foreign": [(row["text"], "") for row in hotels if row["domain"] == "hotels"],
    }


def as_messages(rows: list[tuple[str, str]], name: str) -> list[Message]:
    return [
        Message(f"{name} {i}", text, f"{name} {i}", name, (label,)) for i, (text, label) in enumerate(rows)
    ]


def as_labelled(messages: list[Message]) -> Labelled:
    leads, sources = [m.lead for m in messages], [m.source for m in messages]
    return Labelled(
        features_of(messages), leads, sources, np.array([CLASSES.index(m.labels[0]) for m in messages])
    )


def drawn(rows: list[tuple[str, str]], each: int, chance: np.random.Generator) -> tuple[list[int], list[int]]:
    """Places of `each` messages a class, and of the others."""
    labels = np.array([label for _, label in rows])
    taken = np.concatenate([chance.permutation(np.flatnonzero(labels == name))[:each] for name in CLASSES])
    return taken.tolist(), np.setdiff1d(np.arange(len(rows)), taken).tolist()


def draw(data: dict, each: int, unlabelled: int, precision: float, seed: int) -> tuple[Quality, dict]:
    """Figures of ours and of scikit-learn's pipeline on the same messages."""
    chance = np.random.default_rng(seed)
    taken, rest = drawn(data["train"], each, chance)
    rows = [data["train"][i] for i in taken]
    pool = [data["train"][i] for i in chance.permutation(rest)[:unlabelled]]
    strange = [data["background"][i] for i in chance.permutation(len(data["background"]))[:1000]]
    own, test = as_labelled(as_messages(rows, "own")), as_labelled(as_messages(data["test"], "test"))
    beside = Beside(features_of(as_messages(pool, "pool")), features_of(as_messages(strange, "strange")))
    calibration = calibrate(out_of_fold(own, beside, seed).answers, precision)
    foreign = features_of(as_messages(data["foreign"], "foreign"))
    ours = quality(judge(answers_of(fit_tables(own, beside), test, foreign), calibration))
    return ours, plain(rows, data["test"])


def plain(rows: list[tuple[str, str]], test: list[tuple[str, str]]) -> dict:
    """scikit-learn's own pipeline: words and pairs, TF-IDF, logistic regression, no calibration and no scope."""
    pipeline = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LogisticRegression(C=10, max_iter=1000)
    )
    pipeline.fit([t for t, _ in rows], [CLASSES.index(i) for _, i in rows])
    chances, targets = (
        pipeline.predict_proba([t for t, _ in test]),
        np.array([CLASSES.index(i) for _, i in test]),
    )
    labels = chances.argmax(axis=1)
    return {
        "macro_f1": macro_f1(targets, labels),
        "ece": expected_error(chances.max(axis=1), labels == targets),
    }


def cost(data: dict, size: int) -> None:
    """Time and memory of one training on so many messages."""
    chance = np.random.default_rng(0)
    rows = [*data["train"], *data["test"]]
    rows = [
        rows[i] for i in chance.choice(len(rows), size)
    ]  # drawn again where there are fewer: as slow, a little less to learn
    material = Material(
        as_messages(rows, "own"), background=as_messages(data["background"][:1000], "strange")
    )
    started = time.perf_counter()
    learn(material, Wishes())
    seconds, peak = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"training on {size:,} messages: {seconds:.1f} s {_verdict(seconds < GOAL_S)}, peak {peak:.0f} MB {_verdict(peak < GOAL_MB)}"
    )


def _verdict(reached: bool) -> str:
    return "(goal reached)" if reached else "(GOAL MISSED)"


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--each", type=int, default=30, help="messages a class (default: 30)")
    p.add_argument("--draws", type=int, default=5, help="draws, whose mean counts (default: 5)")
    p.add_argument("--unlabelled", type=int, default=0, help="messages for self-training (default: 0)")
    p.add_argument("--precision", type=float, default=WANTED, help=f"precision wanted (default: {WANTED})")
    p.add_argument(
        "--size",
        type=int,
        default=10_000,
        help="messages of the training that is timed; 0: none (default: 10000)",
    )
    given = p.parse_args()
    data = read(Path(os.environ["LEADMODEL_DATA"]) / "text")
    print(
        f"load {os.getloadavg()[0]:.1f}; {len(data['test'])} messages judged, {len(data['foreign'])} foreign, {len(CLASSES)} classes"
    )
    pairs = [draw(data, given.each, given.unlabelled, given.precision, seed) for seed in range(given.draws)]
    for name in [f.name for f in fields(Quality) if pairs[0][0].precision is not None]:
        values = [getattr(ours, name) for ours, _ in pairs]
        others = [other[name] for _, other in pairs if name in other]
        beside = f"  scikit-learn {np.mean(others):.3f}" if others else ""
        goal = GOALS.get(name)
        reached = goal is not None and (np.mean(values) <= goal if name == "ece" else np.mean(values) >= goal)
        verdict = "" if goal is None else f"  goal {goal} {_verdict(bool(reached))}"
        print(f"{name:18s} {np.mean(values):.3f} ± {np.std(values):.3f}{verdict}{beside}")
    if given.size:
        cost(data, given.size)


if __name__ == "__main__":
    main()
