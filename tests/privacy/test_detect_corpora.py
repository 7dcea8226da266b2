"""Floors: what share of known personal data is found, in messages of our own and in messages written by others."""

import json
from pathlib import Path

import pytest

from leadmodel_privacy.configuration import Config
from leadmodel_privacy.detect import Detector
from support.privacy_score import Score, score
from support.privacy_texts import STRUCTURED, Message, heavy, mixed

OTHERS = Path(__file__).parent / "others" / "messages.jsonl"


@pytest.fixture(scope="module")
def own() -> Score:
    return score(heavy(2026, 3000), Detector().detect)


@pytest.fixture(scope="module")
def others() -> Score:
    messages = []
    for line in OTHERS.read_text().splitlines():
        found = json.loads(line)
        fields = [tuple(field) for field in found["fields"]]
        truth = tuple(field for field in fields if field[2])
        messages.append(Message(found["text"], truth, tuple(field[:2] for field in fields if not field[2])))
    return score(messages, Detector().detect)


def test_recall_of_our_own(own):
    assert own.recall(STRUCTURED) >= 0.99, own.missed[:5]
    for entity in STRUCTURED:
        assert own.recall([entity]) >= 0.97, entity
    assert own.recall(["NAME"]) >= 0.9
    assert own.recall(["ADDRESS"]) >= 0.9


def test_precision_and_decoys_of_our_own(own):
    assert own.precision >= 0.98, own.wrong[:5]
    assert own.decoys > 800
    assert own.decoys_hit <= 0.01


def test_messages_of_others(others):
    assert others.recall(STRUCTURED) >= 0.95, others.missed[:5]
    assert others.precision >= 0.98, others.wrong[:5]
    assert others.decoys_hit <= 0.01


def test_the_floors_can_fail():
    """Without its phones the detector falls below the floor, so the floor measures something."""
    without = score(heavy(2026, 600), Detector(Config(off=("PHONE",))).detect)
    assert without.recall(STRUCTURED) < 0.95


def test_traffic_without_personal_data_is_left_alone():
    detector = Detector()
    for message in mixed(9, 1500):
        if not message.truth and not message.decoys:
            assert detector.redact(message.text) == (message.text, {})


def test_redacting_again_changes_nothing():
    detector = Detector()
    for message in heavy(77, 1500):
        redacted, counts = detector.redact(message.text)
        assert detector.redact(redacted) == (redacted, {})
        assert "REDACTED" not in counts
