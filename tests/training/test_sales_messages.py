"""The labelled messages for sales intents: many, balanced, agreed on, of two authors, and without personal data."""

import json
import re
from collections import Counter
from pathlib import Path

from sklearn.metrics import cohen_kappa_score

from leadmodel_privacy.detect import Detector

FOLDER = Path(__file__).parents[2] / "training" / "sales_en"
ROWS = [json.loads(line) for line in (FOLDER / "messages.jsonl").read_text().splitlines()]
GUIDE = (FOLDER / "README.md").read_text()
LABELS = set(re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE))
UNNAMED = {"NAME", "ADDRESS"}  # found by cues such as "Dear Sirs"; whoever wrote them had nobody in mind


def agreed(field):
    return [row[field][0] for row in ROWS if row[field][0] == row[field][1]]


def plain(text):
    return " ".join(re.findall(r"\w+", text.casefold())) or text


def test_there_are_enough_messages_of_each_label_and_author():
    assert len(agreed("labels")) >= 1200
    assert len(agreed("urgent")) >= 1200
    counts = Counter((row["author"], row["labels"][0]) for row in ROWS)
    assert {author for author, _ in counts} == {"one", "two"}
    assert {label for _, label in counts} == LABELS
    assert len(LABELS) == 10
    assert min(counts.values()) >= 55
    assert 0.2 < sum(agreed("urgent")) / len(agreed("urgent")) < 0.3


def test_the_guide_gives_the_agreement_of_the_two_passes():
    for field in ("labels", "urgent"):
        kappa = cohen_kappa_score(*zip(*(row[field] for row in ROWS), strict=True))
        assert f"{len(agreed(field)):,}" in GUIDE
        assert f"{kappa:.3f}" in GUIDE


def test_no_message_stands_twice():
    assert len({row["id"] for row in ROWS}) == len(ROWS)
    assert len({plain(row["text"]) for row in ROWS}) == len(ROWS)


def test_no_opening_is_a_template():
    openings = Counter(" ".join(plain(row["text"]).split()[:5]) for row in ROWS)
    assert max(openings.values()) <= 3


def test_no_message_holds_personal_data():
    detector = Detector()
    entities = {entity for row in ROWS for _, _, entity in detector.detect(row["text"])}
    assert entities <= UNNAMED


def test_control_personal_data_would_be_seen():
    assert {entity for _, _, entity in Detector().detect("write to jane@example.org")} == {"EMAIL"}
