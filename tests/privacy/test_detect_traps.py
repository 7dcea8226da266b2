"""One row for each trap that other detectors are known to fall into, and for each kind of number that is nobody's."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from leadmodel_privacy import names, surroundings
from leadmodel_privacy.configuration import Config
from leadmodel_privacy.detect import Detector, redact
from leadmodel_privacy.surroundings import BIRTH

FOUND = [
    ("jane (at) example (dot) org", "EMAIL"),
    ("mail o'neill.j@example.ie!", "EMAIL"),
    ("reach me: ａｎｎａ@example.org", "EMAIL"),
    ("IBAN gb29 nwbk 6016 1331 9268 19", "IBAN"),
    ("card 3782-822463-10005", "CREDIT_CARD"),
    ("card ４１１１ １１１１ １１１１ １１１１", "CREDIT_CARD"),
    ("card 4111\u200b1111\u200b1111\u200b1111", "CREDIT_CARD"),
    ("ssn 219099999", "SSN"),
    ("219-09-9999 is my social security number", "SSN"),
    ("NI number AB 12 34 56 C", "SSN"),
    ("my dni is 12345678Z", "SSN"),
    ("MAC 00:1b:44:11:3a:b7", "MAC"),
    ("ip 2001:db8::ff00:42:8329.", "IP"),
    ("login from 10.1.2.3, blocked", "IP"),
    ("see www.example.org/u/1.", "URL"),
    ("my page linkedin.com/in/someone", "URL"),
    ("call 555-010-1234 x12", "PHONE"),
    ("phone\u00a0+49\u00a030\u00a0901820", "PHONE"),
    ("tel 030/901820", "PHONE"),
    ("Phone:\n0612345678\n", "PHONE"),
    ("my number: ٠٦١٢٣٤٥٦٧٨", "PHONE"),
    ("born 03/04/1985", "DOB"),
    ("3. März 1985 geboren", "DOB"),
    ("she is 93 years old", "DOB"),
    ("MRN-00123456", "MRN"),
    ("member id: W123456789", "HEALTH_PLAN"),
    ("Medicare 1EG4-TE5-MK73", "HEALTH_PLAN"),
    ("account no. 12345678", "ACCOUNT"),
    ("sort code 12-34-56", "ACCOUNT"),
    ("passport: C01X00T47", "PASSPORT"),
    ("C01X00T47 is my passport number", "PASSPORT"),
    ("driver's license D123-4567-8901", "DRIVER_LICENSE"),
    ("vin 1M8GDM9AXKP042788", "VIN"),
    ("license plate B-AB 1234", "VIN"),
    ("at 12 Main Street, Springfield, IL 62704", "ADDRESS"),
    ("Hauptstraße 5, 10115 Berlin", "ADDRESS"),
    ("12 rue de la Paix", "ADDRESS"),
    ("P.O. Box 123", "ADDRESS"),
    ("zip code 62704", "ADDRESS"),
    ("my name is jane", "NAME"),
    ("Dear Ms. Walker,", "NAME"),
    ("JANE DOE here, my name is JANE DOE", "NAME"),
]
LEFT = [
    "Dear Sirs, we need forty valves",
    "the name issue is open",
    "please call method foo",
    "the name isn't set",
    "Hello Ladies, the door is open",
    "Liebe Grüße",
    "Best regards,\nDispatch",
    "order 123-4567890-1234567 is late",
    "invoice 4111111111111111 was paid",
    "version 10.0.0.1 is out",
    "upgrade to 1.2.3.4",
    "id 550e8400-e29b-41d4-a716-446655440000",
    "at 2026-01-05T10:00:00Z",
    "on 05.03.2026 12:30",
    "1700000000123",
    "1700000000",
    "12,345,678 users",
    "612 345 678 rows",
    "+20 000 000 leads",
    "$1,234,567.89",
    "std::vector<int> a::b",
    "the public licence is fine",
    "During 1997 we grew",
    "5 things on the way",
    "Hello team, Dear customer, hi all",
    "I am happy. This is great.",
    "tracking 1Z999AA10123456784",
    "commit 9f8d111d2c3b4a5f60718293a4b5c6d7e8f90a1b",
    "[EMAIL] called [PHONE] from [IP]",
    "[PHONE] 12345678",
    "a.b.c e.g. i.e. 3.5",
    "127.0.0.1 and ::1",
    "EUR 1234567890",
    "passport since 2019",
]


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("mein Name ist Bob Meyer", "mein Name ist [NAME]"),
        ("name:Bob, the name is Bob", "name:[NAME], the name is [NAME]"),
        ("my name is\nBob", "my name is\n[NAME]"),
    ],
)
def test_an_introduction_ends_with_a_word_or_a_colon(text, redacted):
    """The control stands above: words that an introduction merely begins are left alone."""
    assert redact(text)[0] == redacted


@pytest.mark.parametrize(
    ("text", "entity"), FOUND, ids=[text.encode("ascii", "ignore").decode() for text, _ in FOUND]
)
def test_found(text, entity):
    redacted, counts = redact(text)
    assert set(counts) == {entity}, redacted
    assert f"[{entity}]" in redacted


@pytest.mark.parametrize("text", LEFT)
def test_left_alone(text):
    assert redact(text) == (text, {})


def test_offsets_are_those_of_the_input():
    """Invisible characters are skipped by the patterns and counted in the offsets."""
    text = "é card 4111\u200b1111\u200b1111\u200b1111 ok"
    ((start, end, entity),) = Detector().detect(text)
    assert (text[start:end], entity) == ("4111\u200b1111\u200b1111\u200b1111", "CREDIT_CARD")


@pytest.mark.parametrize("word", sorted(BIRTH))
def test_each_word_of_birth_opens_the_gate(word):
    assert redact(f"{word} 03/04/1985")[1] == {"DOB": 1}


def test_a_bare_number_needs_a_word_beside_it():
    assert redact("it says 58987048")[1] == {}
    assert redact("my mobile: 58987048")[1] == {"PHONE": 1}


def test_what_never_comes_to_rest_is_taken_away_whole(monkeypatch):
    """The control: one pass alone leaves a number that the shorter text has moved next to a word."""
    monkeypatch.setattr("leadmodel_privacy.detect.MAX_PASSES", 1)
    redacted, counts = Detector().redact("0612345678 5 Main Street")
    assert redacted == "[REDACTED]"
    assert counts["REDACTED"] == 1


def test_an_entity_that_is_off_hides_nothing_else():
    detector = Detector(Config(off=("EMAIL", "NAME")))
    assert detector.redact("jane@example.org +49 30 901820")[1] == {"PHONE": 1}


PIECES = [
    "Dr",
    "dear",
    "Thanks",
    "best",
    "I am",
    "Regards",
    "Mr",
    "x",
    "Bob",
    "7",
    "card",
    "Karte",
    "is",
    "my",
    "number",
    "order",
    "phone",
]
GAPS = [" ", ". ", ", ", "\n", "! ", "? ", "-", " - ", "\n~ ", ": ", "; ", "."]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(PIECES), st.sampled_from(GAPS)), max_size=12))
def test_short_cuts_say_what_the_long_way_says(parts):
    text = "".join(piece + gap for piece, gap in parts)
    low = text.lower()
    for place in range(len(text) + 1):
        if names.cannot_follow_cue(low, place):
            assert names.cue_before(low, place) is None
        far = surroundings.nearest_label(surroundings.words_and_stops(low, place, surroundings.BEFORE))[0]
        assert surroundings.label_before(low, place) == far
