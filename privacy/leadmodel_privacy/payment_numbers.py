"""Finds the numbers of payments: IBAN and CREDIT_CARD, both with check digits."""

import re
from collections.abc import Iterator

from leadmodel_privacy.scanned_text import ScannedText, Span
from leadmodel_privacy.surroundings import NOT_PERSONAL, label_after, words_after, words_before
from leadmodel_privacy.validators import IBAN_LENGTHS, digits_of, is_card, is_iban, luhn, mod97
from leadmodel_privacy.word_lists import word_set

_PACKED = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}(?![^\W_])")
_CARD = re.compile(
    r"(?<!\d[.,-])(?:\d{4}[ .-]?\d{4}[ .-]?\d{4}[ .-]?\d{1,4}(?:[ .-]?\d{3})?|\d{4}([ -])\d{6}\1\d{4,5}|\d{12,19})(?![^\W_]|[,-]\d)"
)
_CARD_WORDS = word_set(
    "cc card cards credit debit visa mastercard maestro jcb amex karte kreditkarte carte tarjeta carta cartão"
)


def ibans(scanned: ScannedText) -> Iterator[Span]:
    """Spans of account numbers of ISO 13616, with or without spaces, in capital or small letters.

    A number whose length fits no country counts too if its check digits are right.
    """
    text = scanned.text
    for start, word_end in scanned.unclaimed_numbers():
        length = IBAN_LENGTHS.get(text[start : start + 2].upper())
        if length is not None and (end := _iban_end(text, start, length)) is not None:
            yield start, end, "IBAN"
        elif 15 <= word_end - start <= 34 and _PACKED.match(text, start) and mod97(text[start:word_end]):
            yield (
                start,
                word_end,
                "IBAN",
            )  # no country has this length, but its check digits are right


def _iban_end(text: str, start: int, length: int) -> int | None:
    packed, place = "", start
    while len(packed) < length and place < len(text):
        character = text[place]
        if character.isascii() and character.isalnum():
            packed += character
        elif character not in " -" or text[place - 1] in " -":
            return None
        place += 1
    if len(packed) < length or (place < len(text) and text[place].isalnum()):
        return None
    return place if is_iban(packed) else None


def cards(scanned: ScannedText) -> Iterator[Span]:
    """Spans of card numbers of ISO/IEC 7812, grouped or bare; a wrong check digit counts only where the words around name a card."""
    for start, end in scanned.unclaimed_numbers():
        long_enough = end - start == 4 or end - start >= 8
        if long_enough and (match := _CARD.match(scanned.text, start)) and _is_card(scanned, match):
            yield *match.span(), "CREDIT_CARD"


def _is_card(scanned: ScannedText, match: re.Match[str]) -> bool:
    label = scanned.label(match.start())
    if label == NOT_PERSONAL:
        return False
    if is_card(match.group()):
        return True
    if label == "CREDIT_CARD" or label_after(scanned.low, match.end()) == "CREDIT_CARD":
        return True
    if not luhn(digits_of(match.group())):
        return False
    near = {*words_before(scanned.low, match.start())[-8:], *words_after(scanned.low, match.end())[:4]}
    return not _CARD_WORDS.isdisjoint(near)
