"""A program says only the error words of its own set, and so does everything that speaks for a program: worlds, benches, replay."""

import ast
from itertools import product
from pathlib import Path

import pytest

from leadmodel_artifact.artifact import ArtifactReason
from leadmodel_messages import errors, failure, poll, report, training
from leadmodel_messages.errors import ErrorWord, word_of
from leadmodel_messages.exits import PollExit, TrainExit, ValidateExit
from leadmodel_messages.failure import Failure
from leadmodel_store.store import StoreReason
from leadmodel_training.split import Refusal
from worlds.names import digest, letter_of
from worlds.programs import Ending, Programs, Truth, ValidationRequest

ROOT = Path(__file__).parents[2]
SETS = {
    "poll": errors.POLL,
    "validation": errors.VALIDATION,
    "report": errors.REPORT,
    "training": errors.TRAINING,
    "enrichment": errors.ENRICHMENT,
    "text model": errors.TEXT_MODEL,
    "challenger": errors.CHALLENGER,
    "share": errors.SHARE,
}


def test_sets_are_what_the_programs_can_say():
    stores = {f"Artifact{reason}" for reason in StoreReason}
    assert stores == errors.POLL
    own = {ErrorWord.HOLDOUT_UNAVAILABLE, ErrorWord.MAILBOX_UNAVAILABLE}
    assert stores | own == errors.VALIDATION
    assert set(ArtifactReason) < errors.REPORT
    assert set(StoreReason) | set(Refusal) < errors.TRAINING
    examples = {ErrorWord.SCHEMA_MISMATCH, ErrorWord.EXAMPLES_DIFFER}
    assert stores - {ErrorWord.ARTIFACT_NOT_FOUND} | examples == errors.TEXT_MODEL == errors.CHALLENGER
    own = {ErrorWord.SCHEMA_MISMATCH, ErrorWord.DIGEST_MISMATCH}
    assert stores - {ErrorWord.ARTIFACT_NOT_FOUND} | own == errors.SHARE
    assert set(StoreReason) < errors.ENRICHMENT


def test_every_word_is_said_by_a_program():
    assert frozenset().union(*SETS.values()) == set(ErrorWord) - {ErrorWord.UNKNOWN}


def test_a_word_of_a_newer_program_is_unknown():
    assert word_of("ArtifactOnHoliday") is ErrorWord.UNKNOWN
    assert failure.parse('{"error": "ArtifactOnHoliday", "message": "m"}') == Failure(ErrorWord.UNKNOWN, "m")


# --- what speaks for programs ----------------------------------------------------------------------------------------------------

API_SERVER = {
    "fake_api.py",
    "api_conformance.py",
    "rights.py",
}  # speak for the API server, which has words of its own
SPEAKERS = [
    path
    for folder in ("tests/worlds", "bench/simulation", "local/leadmodel_local/replay")
    for path in sorted((ROOT / folder).glob("*.py"))
    if path.name not in API_SERVER
]


def raw_words(source: str) -> list[str]:
    """Error words that stand as texts, and messages that are built by hand."""
    words = {str(word) for word in ErrorWord}
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Constant) and node.value in words:
            found.append(f"line {node.lineno}: {node.value}")
        if isinstance(node, ast.Dict):
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            if "error" in keys or {"digest", "uri"} <= keys or {"outcome", "artifact"} <= keys:
                found.append(f"line {node.lineno}: a message by hand")
    return found


@pytest.mark.parametrize("path", SPEAKERS, ids=lambda path: path.name)
def test_no_speaker_has_words_of_its_own(path):
    assert raw_words(path.read_text()) == []


@pytest.mark.parametrize(
    "line",
    [
        'error = {"error": "gone", "message": "the store did not answer"}',
        'word = "Unreachable" if down else "NotFound"',
        'answer = {"uri": uri, "digest": digest(letter), "size": 1000}',
    ],
)
def test_control_a_speaker_with_words_of_its_own_is_found_out(line):
    assert raw_words(line)


def words_of(ending: Ending, parse, said: frozenset[ErrorWord], answered: int) -> set[ErrorWord]:
    """Check that a program could have ended so; give the words it said."""
    if ending.exit_code != answered:
        word = failure.parse(ending.message).error
        assert word in said
        return {word}
    answer = parse(ending.message)
    if isinstance(answer, report.Report) and answer.reason:
        assert answer.reason in errors.REPORT
        return {ErrorWord(answer.reason)}
    return set()


URI = "s3://leads/model.json"


def endings():
    """Every end of every program of the worlds: store silent, empty or full; bytes right, moved, unreadable or held."""
    stores = (None, {}, {URI: "A"}, {URI: "B"})
    requests = [
        ValidationRequest("i:1", URI, wanted and digest(wanted), held, digest("C"), digest("D"))
        for wanted, held in (("A", False), ("A", True), (None, False))
    ]
    for store, readable, positives in product(stores, (True, False), (0, 500)):
        truths = {letter: Truth(readable=readable) for letter in "ABCD"}
        programs = Programs(digest, letter_of, truths, store, "h", positives)
        yield programs.poll(URI), poll.parse, errors.POLL, PollExit.ANSWERED
        yield programs.train("A", URI), training.parse, errors.TRAINING, TrainExit.WRITTEN
        for request in requests:
            yield programs.validate(request), report.parse, errors.VALIDATION, ValidateExit.REPORTED


def test_worlds_say_what_programs_can_say():
    said = set().union(*(words_of(*ending) for ending in endings()))
    assert said >= {ErrorWord.ARTIFACT_NOT_FOUND, ErrorWord.ARTIFACT_UNREACHABLE, ErrorWord.SOURCE_MOVED}


def test_control_a_word_of_another_program_is_found_out():
    line = failure.dump(Failure(ErrorWord.NOT_FOUND, "nothing is there"))
    with pytest.raises(AssertionError):
        words_of(Ending(PollExit.UNAVAILABLE, line), poll.parse, errors.POLL, PollExit.ANSWERED)
