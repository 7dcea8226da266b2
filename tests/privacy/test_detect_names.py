"""Names outside a cue: how many are found, what is left alone, and that the answer is one however it is asked."""

import json
import os
import subprocess
import sys
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadmodel_privacy.configuration import NAME_LEVELS, Config, ConfigError, loads
from leadmodel_privacy.detect import Detector
from leadmodel_privacy.name_tagger import tagger
from leadmodel_privacy.word_lists import word_set
from support.privacy_names import read, score
from support.privacy_texts import heavy, mixed

BALANCED = Detector(Config(names="balanced"))
WORST = [
    "Anna ", "anna van der ", "Xqzv ", "x'", "a-", "Anna-Maria-", "Zorvan zorvan ", "van ", "d'", "Anna\n", "[NAME] Xq ",
    "Jan de la de la ", "é ", "Ünlü ", "Anna, ", "J. ", "l'Anna ", "Anna@", "xq[NAME]",
]  # fmt: skip


def test_names_in_chats():
    found = score(read("chats.txt"), BALANCED.detect)
    assert found.names == 203
    assert found.recall >= 0.9, found.missed
    assert found.precision >= 0.95, found.wrong


def test_names_in_messages_of_another_author():
    """The limits lie below the figures of first sight, because nothing is tuned on these messages."""
    chats = list(read("second/chats.txt"))
    cased, small = score(chats, BALANCED.detect), score([chat.lower for chat in chats], BALANCED.detect)
    assert cased.names == 125
    assert cased.recall >= 0.78
    assert small.recall >= 0.68
    assert min(cased.precision, small.precision) >= 0.95
    assert sum(bool(BALANCED.detect(chat.text)) for chat in read("second/nobody.txt")) <= 10
    assert score(chats, Detector().detect).recall < 0.2, "the control: cues alone find few"


def test_names_in_small_letters():
    found = score((chat.lower for chat in read("chats.txt")), BALANCED.detect)
    assert found.recall >= 0.85, found.missed
    assert found.precision >= 0.95, found.wrong


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "it", "nl", "pt"])
def test_no_language_is_left_behind(language):
    chats = [chat for chat in read("chats.txt") if chat.language == language]
    assert score(chats, BALANCED.detect).recall >= 0.8


def test_cues_alone_find_few():
    """The control: the messages hold names that the cues do not find."""
    assert score(read("chats.txt"), Detector().detect).recall < 0.2


def test_the_levels_are_in_order():
    chats = list(read("chats.txt"))
    recalls = [score(chats, Detector(Config(names=level)).detect).recall for level in NAME_LEVELS]
    assert recalls == sorted(recalls)
    assert recalls[0] < recalls[1] < recalls[-1]


def test_messages_without_a_person_stay():
    altered = sum(bool(BALANCED.detect(chat.text)) for chat in read("nobody.txt"))
    assert altered <= 5


@pytest.mark.parametrize(
    "word",
    sorted(
        word_set("loan edit tea alert part run ran job bank line save brain harm mile tore sun iban mart")
    ),
)
def test_ordinary_words_are_no_names_though_a_list_has_them(word):
    lexicon = tagger().lexicon
    assert lexicon.code(word) not in lexicon.possible


@pytest.mark.parametrize(
    "word",
    sorted(word_set("jack mike roger bob john emily tim rené jose van-anh chloë will mark grace maria")),
)
def test_names_stay_names_beside_ordinary_words(word):
    """The control: the rule that makes words ordinary leaves common names alone."""
    lexicon = tagger().lexicon
    assert lexicon.code(word) in lexicon.possible


def test_kept_words_stay():
    detector = Detector(Config(names="strict", keep=("Ludovica", "Priya Cloud")))
    assert detector.redact("Ask Ludovica about Priya Cloud")[0] == "Ask Ludovica about Priya Cloud"
    assert detector.redact("Ask Priya about it")[0] == "Ask [NAME] about it"


def test_a_field_helps():
    assert BALANCED.redact("Ludovica", key="first_name") == ("[NAME]", {"NAME": 1})


@pytest.mark.parametrize("names", ["balanced", "strict"])
def test_detect_and_redact_are_one_answer(names):
    detector = Detector(Config(names=names))
    texts = [chat.text for file in ("chats.txt", "invented.txt", "nobody.txt") for chat in read(file)]
    texts += [text.lower() for text in texts] + [message.text for message in (*heavy(5, 300), *mixed(6, 300))]
    for text in texts:
        assert_one_answer(detector, text)


WORDS = [
    "Anna",
    "schmidt",
    "van",
    "der",
    "Zorvan",
    "xq",
    "will",
    "said",
    "the",
    "I",
    "de",
    "la",
    "[NAME]",
    "[EMAIL]",
    "Mr",
    "Dear",
    "a@b.io",
]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(WORDS), st.sampled_from([" ", ", ", ". ", "\n", ": ", " - "])), max_size=12
    )
)
def test_any_words_are_one_answer(parts):
    assert_one_answer(BALANCED, "".join(word + gap for word, gap in parts))


def assert_one_answer(detector, text):
    redacted, counts = detector.redact(text)
    assert detector.redact(redacted) == (redacted, {}), text
    spans = detector.detect(text)
    assert len(spans) == sum(counts.values()), text


@pytest.mark.parametrize("unit", WORST)
def test_hostile_texts_take_linear_time(unit):
    def seconds(length):
        started = time.process_time()
        BALANCED.redact((unit * length)[:length])
        return time.process_time() - started

    once = min(seconds(20_000) for _ in range(2))
    assert once < 3, "the limit is wide, for a busy machine"
    assert min(seconds(80_000) for _ in range(2)) < 12 * max(once, 0.02)


def test_the_answer_does_not_hang_on_the_hash_seed():
    texts = "\n".join(json.dumps({"text": chat.text}) for chat in read("chats.txt"))
    program = [sys.executable, "-m", "leadmodel_privacy", "detect", "--names", "strict", "--keep", "Acme"]
    answers = {
        subprocess.run(
            program,
            input=texts,
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(answers) == 1
    assert "[NAME]" in answers.pop()


def test_the_version_covers_the_level_and_the_model(monkeypatch, tmp_path):
    from leadmodel_privacy import detect

    versions = {Detector(Config(names=level)).version for level in NAME_LEVELS}
    assert len(versions) == len(NAME_LEVELS)
    assert {"names_data/lexicon.xz", "names_data/weights.xz"} <= set(detect.DATA_FILES)


def test_a_wrong_level_says_what_to_write():
    with pytest.raises(ConfigError, match="cues, careful, balanced, strict"):
        loads('{"names": "all"}')
    with pytest.raises(ConfigError, match="one of cues"):
        loads('{"names": 1}')
