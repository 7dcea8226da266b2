"""Numbers in a row: a separator between whole numbers hides none, and no number is cut in two."""

import re

import pytest

from leadmodel_privacy import payment_numbers
from leadmodel_privacy.detect import redact

SEPARATORS = [",", ";", "|", "/", "\t", "\n", ", ", " ", " / ", ":"]
PAIRS = [
    ("4111111111111111", "4242424242424242", "CREDIT_CARD"),
    ("4111 1111 1111 1111", "4242 4242 4242 4242", "CREDIT_CARD"),
    ("0612345678", "0687654321", "PHONE"),
    ("06.61.19.60.40", "06.61.19.60.41", "PHONE"),
    ("+49 30 901820", "+49 30 901821", "PHONE"),
    ("(212) 555-0143", "(212) 555-0144", "PHONE"),
    ("212-555-0143", "212-555-0144", "PHONE"),
    ("219-09-9999", "219-09-9998", "SSN"),
    ("192.168.10.20", "192.168.10.21", "IP"),
    ("jane@example.org", "john@example.org", "EMAIL"),
    ("DE89370400440532013000", "GB29NWBK60161331926819", "IBAN"),
]


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize(("first", "second", "entity"), PAIRS)
def test_both_are_found(first, second, entity, separator):
    if entity in {"IP", "EMAIL"} and separator in {":", "/"}:
        pytest.skip("a port, a path")
    redacted, _ = redact(f"{first}{separator}{second}")
    assert not any(c.isdigit() for c in redacted), redacted
    assert f"[{entity}]" in redacted


def test_many():
    cards = ["4111111111111111", "4242424242424242", "5555555555554444", "378282246310005"]
    for separator in (",", ";", "|", "/", "-", "\t"):
        assert redact(separator.join(cards))[1] == {"CREDIT_CARD": 4}, separator


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("06.61.19.60.40,143", "[PHONE],143"),
        ("0612345678,12", "[PHONE],12"),
        ("4111 1111 1111 1111 123", "[CREDIT_CARD] 123"),
        ("4111111111111111,123", "[CREDIT_CARD],123"),
        ("x,0612345678,jane", "x,[PHONE],jane"),
        ("06 61 19 60 40 06 61 19 60 41", "[PHONE] [PHONE]"),
    ],
)
def test_no_number_is_cut_in_two(text, redacted):
    assert redact(text)[0] == redacted


@pytest.mark.parametrize(
    "text",
    ["1,234,567,890,123", "1234567,50", "612345678,5 EUR", "12,345,678", "3,1415926535", "1234567,8 km"],
)
def test_amounts_stay(text):
    assert redact(text) == (text, {})


def test_without_lists_the_second_is_missed(monkeypatch):
    """The control: where a comma always belongs to the number, a list hides its numbers."""

    def inside(text, start):
        return not (start > 1 and text[start - 1] in ".,:/-" and text[start - 2].isdigit())

    monkeypatch.setattr(payment_numbers, "begins_number", inside)
    monkeypatch.setattr(payment_numbers, "CARD", re.compile(payment_numbers.CARD.pattern + r"(?!,\d)"))
    assert redact("4111111111111111,4242424242424242")[1] == {}


@pytest.mark.parametrize("word", ["card", "cards", "Karte", "carte", "tarjeta", "carta", "cartão", "kaart"])
def test_a_mistyped_card_is_found_behind_a_word_for_a_card_in_any_language(word):
    """The check digit is wrong, so only the word says what the number is. The control: another word does not."""
    redacted, counts = redact(f"my {word} is 4111 1111 1111 1112")
    assert (redacted, counts) == (f"my {word} is [CREDIT_CARD]", {"CREDIT_CARD": 1})
    assert redact("my letter is 4111 1111 1111 1112")[1] == {}
