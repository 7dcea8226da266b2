"""Finds the numbers of payments: IBAN and CREDIT_CARD, both with check digits."""

import re
from collections.abc import Iterator

from leadmodel_privacy.number_lists import begins_number
from leadmodel_privacy.scanned_text import ScannedText, Span
from leadmodel_privacy.surroundings import NOT_PERSONAL, label_after, words_after, words_before
from leadmodel_privacy.validators import IBAN_LENGTHS, digits_of, is_card, is_iban, luhn, mod97
from leadmodel_privacy.word_lists import word_set

_PACKED = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}(?![^\W_])")
CARD = re.compile(
    r"(?:\d{4}[ .-]?\d{4}[ .-]?\d{4}[ .-]?\d{1,4}(?P<more>[ .-]?\d{3})?|\d{4}(?P<gap>[ -])\d{6}(?P=gap)\d{4,5}|\d{12,19})"
    r"(?![^\W_]|-(?!\d{13,19}(?!\d))\d)"
)
_POSTAL_LABEL = re.compile(
    r"9\d{3}(?:([ -])\d{4})(?:\1\d{4}){3,}(?:\1\d{1,3})?(?![^\W_])"
)  # of US parcels: 20 digits and more
_BANK_WORDS = word_set("iban bank account konto compte cuenta conto conta rekening transfer pay")
_OLD_LENGTH = (
    13  # digits of the first Visa cards; article numbers (EAN) have as many and often begin with a four
)
_CARD_WORDS = word_set(
    "cc card cards credit debit visa mastercard maestro jcb amex karte kreditkarte carte tarjeta carta cartão"
)


def ibans(scanned: ScannedText) -> Iterator[Span]:
    """Spans of account numbers of ISO 13616, with or without spaces, in capital or small letters.

    A number whose length fits no country counts too if its check digits are right and a word of banks stands before.
    """
    text = scanned.text
    for start, word_end in scanned.unclaimed_numbers():
        length = IBAN_LENGTHS.get(text[start : start + 2].upper())
        if length is not None and (end := _iban_end(text, start, length)) is not None:
            yield start, end, "IBAN"
        elif (
            15 <= word_end - start <= 34
            and _PACKED.match(text, start)
            and mod97(text[start:word_end])
            and not _BANK_WORDS.isdisjoint(words_before(scanned.low, start)[-6:])
        ):
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
    text, done = scanned.text, 0
    for start, end in scanned.unclaimed_numbers():
        if start < done:
            continue
        if end - start == 4 and (label := _POSTAL_LABEL.match(text, start)):
            done = label.end()
            continue
        long_enough = end - start == 4 or end - start >= 8
        if not long_enough or not _begins(text, start) or (match := CARD.match(text, start)) is None:
            continue
        for stop in _ends(match):
            if _is_card(scanned, start, stop):
                yield start, stop, "CREDIT_CARD"
                break


def _begins(text: str, start: int) -> bool:
    """True if a number may begin here; after a dash only where the dash follows a whole card number."""
    return begins_number(text, start) or (
        start > 13 and text[start - 1] == "-" and text[start - 14 : start - 1].isdigit()
    )


def _ends(match: re.Match[str]) -> tuple[int, ...]:
    """Where the number may end: three digits behind a gap are part of a long number, or a security code."""
    more = match["more"]
    return (match.end(), match.start("more")) if more and not more[0].isdigit() else (match.end(),)


def _is_card(scanned: ScannedText, start: int, end: int) -> bool:
    label, after = scanned.label(start), label_after(scanned.low, end)
    if NOT_PERSONAL in {label, after}:
        return False
    digits = digits_of(scanned.text[start:end])
    if is_card(digits) and len(digits) != _OLD_LENGTH:
        return True
    if "CREDIT_CARD" in {label, after}:
        return True
    if not luhn(digits):
        return False
    near = {*words_before(scanned.low, start)[-8:], *words_after(scanned.low, end)[:4]}
    return not _CARD_WORDS.isdisjoint(near)
