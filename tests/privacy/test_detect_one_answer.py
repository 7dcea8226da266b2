"""`detect` and `redact` give one answer, and redacting what is redacted changes nothing; placeholders are no cues."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadmodel_privacy.configuration import ENTITIES
from leadmodel_privacy.detect import detect, redact
from leadmodel_privacy.scanned_text import ScannedText
from support.privacy_decoys import decoys
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
