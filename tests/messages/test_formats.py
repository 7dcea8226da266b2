"""Every message ever written reads for ever. A file in formats/ is never changed and never removed; a new version adds a folder."""

import hashlib
import json
from pathlib import Path

import pytest

from leadmodel_messages import (
    backfill,
    failure,
    followups_report,
    poll,
    refusal,
    report,
    share,
    text_report,
    text_training,
    training,
    window_document,
)
from leadmodel_messages.backfill import BackfillAnswer, Counts, Head, Mode
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.failure import Failure
from leadmodel_messages.followups_report import FollowUpsReport
from leadmodel_messages.text_training import TextTrainingAnswer
from leadmodel_messages.training import TrainingAnswer
from leadmodel_messages.window import Window

DIGEST = "sha256:" + "1" * 64
FORMATS = Path(__file__).parent / "formats" / "v1"
KNOWN = {
    "backfill-refused.json": "cc991343276c8071e8330ebbfd5a5aaa4c289e133a5b61ed86cbcdf9a1614449",
    "backfill.json": "5edd6bcc0ffeeeb4222cee999b52713a3ad6e0a96c8340214fdf616988574828",
    "followups-report-arms.json": "a154ab578da3006365e4e503e6b33a231a3c7639d51688762eb66f231748536e",
    "followups-report.json": "860687dfe0f274e8d9df0b3c056c2889fcb321509c308f47dbe92accaad4a89c",
    "poll-failure.json": "73a0d0b685f72d3d66fe2936ccb14c834e9d9d38eb4273856f274d06e0515858",
    "poll-not-modified.json": "6886dda738e40b0a22f6507de654bc0f5b9fecc40b2defec3a31f2fa89f9ba7e",
    "poll-too-large.json": "0c9a011571980b1842508695ee8eb62c352729649f5a3b4917396b968e812db4",
    "poll.json": "3b58ebf6634cc507fadb14d3256f6301d60bd7ff8ed684fb7c307dc94c636c05",
    "refusal.json": "1785f0b98c0b81f0bab32370c0c74774870b861ee1e771b7d322491087bf4fe5",
    "report-refused.json": "b3ca01f31addedecd603355cdf890d3c118d5d2d7d51f810bbcb6b656060ffaa",
    "report.json": "065932c7b5ccc42afff0141f9aee9fda79bfea91b8bf8425162fa028bf54739d",
    "share.json": "fa0bea6fea35e94748d82a4bf560f10c98cac236df43eba2c1bc85e5372cccd7",
    "text-report.json": "9019413e4f8b22cb5a8dba9bb6ac53e5e3ba3291b8268aa53d20fe5332ced43f",
    "text-training.json": "8efbfc244a18cd1b7a13bab7922374e520f184a179caf9921cac249ab78ca684",
    "training-failure.json": "8426c9ad040d5af6b300e3550c58a7dd16f44e9baf1cfe7a54071fcc026e10c0",
    "training-on-this-machine.json": "adf7adfc5cb55c110578abddc25ed6829f91e13117ac05a6114f4fdc72087fe8",
    "training-texts.json": "b8a9917696826d78d053ec74f90e8d1fda0213c136b0b9f08f51f2df30899fd6",
    "training.json": "af3d60585969ca982850a5f18664081e6bfa03e92b357083982d193a559c9fbd",
    "validation-failure.json": "c584fe5dc971da41a78b95045d3d75fb200b4c6caa7cbb817227cf780f4ed685",
    "validation-too-large.json": "524a8f2fd09a04c6c304249871b6418ef07008901930d9cec3a4e8ebd49c02c5",
    "window-challenger.json": "445348a1752eaae65f08f19a9d6f1c9c47717b3284c9fe15e80fa3d715b5cfc4",
    "window-share.json": "51bfdc0a0bb4f6b451b31d89dd018bdc032eb89e2fe347513e6ff3e39ec2d669",
    "window-text.json": "d0c4efce670f01ede7dc05a7d0107e1dbc985788a6a146e7ff09eeb9f89ca5f3",
    "window.json": "45139796302a1674789e03a4b8cb3b8df0c6c9e15695fb5721cac8025142b50c",
}


def read_window(line: str) -> Window:
    return window_document.parse(json.loads(line))


def write_window(answer: Window) -> str:
    return json.dumps(window_document.dump(answer), separators=(",", ":"))


def read_follow_ups(line: str) -> FollowUpsReport:
    return followups_report.parse(json.loads(line))


def write_follow_ups(answer: FollowUpsReport) -> str:
    return json.dumps(followups_report.dump(answer), separators=(",", ":"))


def write_compact(answer: Failure) -> str:
    return failure.dump(answer, failure.COMPACT)


def write_refused(answer: BackfillAnswer) -> str:
    return backfill.dump_refused(Mode(answer.head.mode), answer.head.message)


READERS = {
    "backfill-refused": (backfill.parse, write_refused),
    "backfill": (backfill.parse, backfill.dump),
    "followups-report": (read_follow_ups, write_follow_ups),
    "poll-failure": (failure.parse, write_compact),
    "poll-too-large": (failure.parse, write_compact),
    "poll": (poll.parse, poll.dump),
    "refusal": (refusal.parse, refusal.dump),
    "report": (report.parse, report.dump),
    "share": (share.parse, share.dump),
    "text-training": (text_training.parse, text_training.dump),
    "training-failure": (failure.parse, failure.dump),
    "text-report": (text_report.parse, text_report.dump),
    "training": (training.parse, training.dump),
    "validation-failure": (failure.parse, failure.dump),
    "validation-too-large": (failure.parse, failure.dump),
    "window": (read_window, write_window),
}
MAPS = {"features", "since", "entities", "skippedTypes"}  # their keys are names, not fields


def reader(name: str):
    return next(READERS[kind] for kind in READERS if name.startswith(kind))


def with_more_fields(value, key=""):
    """The same message from a newer program: every object has fields that nobody here knows."""
    if isinstance(value, list):
        return [with_more_fields(item) for item in value]
    if not isinstance(value, dict):
        return value
    known = {name: with_more_fields(item, name) for name, item in value.items()}
    return known if key in MAPS else {"addedLater": {"a": [1]}, **known, "error2": "x"}


def test_none_is_missing():
    assert {path.name for path in FORMATS.iterdir()} == set(KNOWN)


@pytest.mark.parametrize("name", KNOWN)
def test_reads_and_writes_the_same_bytes(name):
    raw = (FORMATS / name).read_bytes()
    assert hashlib.sha256(raw).hexdigest() == KNOWN[name], "a released file was changed"
    parse, dump = reader(name)
    line = raw.decode().removesuffix("\n")
    assert dump(parse(line)) == line


@pytest.mark.parametrize("name", KNOWN)
def test_fields_of_a_newer_program_are_passed_over(name):
    line = (FORMATS / name).read_text()
    parse, _ = reader(name)
    assert parse(json.dumps(with_more_fields(json.loads(line)))) == parse(line)


@pytest.mark.parametrize(
    "parse", dict.fromkeys(parse for parse, _ in READERS.values()), ids=lambda p: p.__module__
)
@pytest.mark.parametrize("line", ["", "{", "[]", "null", "3", "[" * 5000, '{"digest": "sha256:'])
def test_what_is_no_object_is_no_answer(parse, line):
    with pytest.raises((ValueError, RecursionError)):
        parse(line)


@pytest.mark.parametrize(
    ("parse", "line"),
    [
        (poll.parse, "{}"),
        (poll.parse, '{"uri": 3, "digest": "d"}'),
        (poll.parse, '{"uri": "u", "digest": 3}'),
        (poll.parse, '{"uri": "u", "digest": "d", "holdout": "h"}'),
        (poll.parse, '{"uri": "u", "digest": "d", "size": "10"}'),
        (training.parse, "{}"),
        (training.parse, '{"digest": 3}'),
        (failure.parse, '{"error": 3}'),
        (refusal.parse, '{"error": "e", "digest": 3}'),
    ],
)
def test_a_field_of_another_type_makes_no_answer(parse, line):
    with pytest.raises(ValueError, match=r"must be|missing"):
        parse(line)


def test_a_training_of_somebody_else_needs_only_a_digest():
    assert training.parse(f'{{"digest": "{DIGEST}", "auc": "0.7", "rows": -1.5}}') == TrainingAnswer(DIGEST)


def test_a_text_training_of_somebody_else_needs_only_a_digest():
    line = (
        f'{{"digest": "{DIGEST}", "macroF1": 1.5, "coverage": true, "nTrain": -1, "holdout": "h", "name": 3}}'
    )
    assert text_training.parse(line) == TextTrainingAnswer(DIGEST)


def test_a_failure_needs_no_word():
    assert failure.parse('{"message": "m"}') == Failure(ErrorWord.UNKNOWN, "m")


def test_counts_of_another_type_read_as_nothing():
    line = '{"mode": "Apply", "scanned": "5", "changed": true, "residue": -1, "found": 3, "entities": {"A": "x"}}'
    assert backfill.parse(line) == BackfillAnswer(Head(mode="Apply"), Counts(found=3))


def test_a_long_backfill_line_leaves_its_maps_out():
    entities = {f"ENTITY_{i}" * 20: i for i in range(40)}
    line = backfill.dump(BackfillAnswer(counts=Counts(scanned=7, entities=entities)))
    assert len(line.encode()) <= 4096
    assert backfill.parse(line).counts == Counts(scanned=7)
