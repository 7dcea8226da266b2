"""`detect` and `redact` give one answer, and redacting what is redacted changes nothing; placeholders are no cues."""

import random
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadmodel_privacy.configuration import ENTITIES, Config
from leadmodel_privacy.detect import Detector, detect, redact
from leadmodel_privacy.scanned_text import ScannedText
from support.privacy_decoys import decoys
from support.privacy_names import read
from support.privacy_texts import VALUES, heavy, mixed

PLACEHOLDERS = [f"[{entity}]" for entity in ENTITIES]
CUES = [
    "call",
    "phone:",
    "my ssn",
    "born",
    "card",
    "order",
    "is",
    "and",
    "at",
    "Dear",
    "my name is",
    "zip",
    "version",
    "from",
]
NUMBERS = [
    "12345678",
    "560001",
    "62704",
    "10115 Berlin",
    "219099999",
    "03/04/1985",
    "4111111111111111",
    "0612345678",
    "1.2.3.4",
    "75001 Paris",
]
GAPS = [" ", ", ", ". ", "\n", ": ", "; ", ",", "/", "|", "-"]


def applied(text, spans):
    for start, end, entity in reversed(spans):
        text = f"{text[:start]}[{entity}]{text[end:]}"
    return text


def check(text):
    spans = detect(text)
    redacted, counts = redact(text)
    assert applied(text, spans) == redacted
    assert sum(counts.values()) == len(spans)
    assert redact(redacted) == (redacted, {})
    assert detect(redacted) == []


@pytest.mark.parametrize("seed", range(3))
def test_generated_messages(seed):
    for message in [*heavy(seed, 700), *mixed(seed, 400), *decoys(seed, 400)]:
        check(message.text)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([*PLACEHOLDERS, *CUES, *NUMBERS]), st.sampled_from(GAPS)),
        min_size=1,
        max_size=9,
    )
)
def test_placeholders_beside_numbers(parts):
    check("".join(piece + gap for piece, gap in parts))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.sampled_from([*VALUES, *PLACEHOLDERS]), min_size=2, max_size=5))
def test_values_beside_placeholders(seed, kinds):
    chance = random.Random(seed)
    check("".join((VALUES[kind](chance) if kind in VALUES else kind) + chance.choice(GAPS) for kind in kinds))


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("a1 0.-@:/(+,'[]\nAé٣\\%&;=4n"), max_size=60))
def test_any_text(text):
    spans = detect(text)
    redacted, _ = redact(text)
    assert redact(redacted) == (redacted, {})
    assert bool(spans) == (redacted != text)


@pytest.mark.parametrize(
    "text",
    [
        "[PHONE] 12345678",
        "Phone: [PHONE], 560001 Chennai",
        "card [CREDIT_CARD] 4111111111111112",
        "born [DOB] on 03/04/1985",
        "[SSN] 219099999",
    ],
)
def test_a_placeholder_is_no_cue(text):
    assert redact(text) == (text, {})


def test_a_placeholder_that_is_read_is_a_cue(monkeypatch):
    """The control: placeholders that the finders can read turn the numbers beside them into personal data."""
    monkeypatch.setattr(ScannedText, "mask", lambda self, places: [self.reserve(*place) for place in places])
    assert redact("[PHONE] 12345678")[1] == {"PHONE": 1}


# --- the shortcut for texts that come to rest after one pass ---------------------------------------------------------------------

MORE = ["0612345678", "www.example.org", "jane@example.org", "Mr", "Bob", "name:", "92 years old", "123", ".", "Jane Doe", "5 Main Street"]  # fmt: skip
LEVELS = {level: Detector(Config(names=level)) for level in ("cues", "strict")}


def by_every_pass(detector, text):
    """The answer when no text is taken to be at rest before another pass over it."""
    with patch.object(ScannedText, "hide_spans", lambda self: False):
        return detector.examine(text)


@pytest.mark.parametrize("level", LEVELS)
def test_a_spared_pass_changes_no_answer(level):
    detector = LEVELS[level]
    texts = [m.text for m in [*heavy(7, 700), *mixed(7, 300), *decoys(7, 300)]]
    texts += [chat.text for chat in read("chats.txt")]
    assert [detector.examine(t) for t in texts] == [by_every_pass(detector, t) for t in texts]


@settings(max_examples=600, deadline=None)
@given(
    st.sampled_from(sorted(LEVELS)),
    st.lists(
        st.tuples(
            st.sampled_from([*VALUES, *PLACEHOLDERS, *CUES, *NUMBERS, *MORE]), st.sampled_from(["", *GAPS])
        ),
        min_size=1,
        max_size=8,
    ),
    st.integers(0, 10**6),
)
def test_a_spared_pass_changes_no_answer_of_any_text(level, parts, seed):
    chance = random.Random(seed)
    text = "".join((VALUES[kind](chance) if kind in VALUES else kind) + gap for kind, gap in parts)
    assert LEVELS[level].examine(text) == by_every_pass(LEVELS[level], text)


def test_a_pass_that_is_spared_although_digits_remain_misses_data():
    """The control: a number that is personal only beside a placeholder is lost."""
    text = "0612345678 5 Main Street"
    assert redact(text) == ("[PHONE] [ADDRESS]", {"PHONE": 1, "ADDRESS": 1})
    with patch.object(ScannedText, "hide_spans", lambda self: self.mask([(0, len(self.text))]) or True):
        assert redact(text) == ("0612345678 [ADDRESS]", {"ADDRESS": 1})


def test_few_messages_need_another_pass():
    """The shortcut is taken: the finders read most messages that hold personal data once in full."""
    texts = [m.text for m in heavy(7, 300)]
    read_in_full = []
    original = ScannedText.__init__
    with patch.object(
        ScannedText, "__init__", lambda self, text: read_in_full.append(text) or original(self, text)
    ):
        for text in texts:
            redact(text)
    assert len(read_in_full) < 1.25 * len(texts)
