"""Finds numbers of identity documents and records: SSN, MRN, HEALTH_PLAN, ACCOUNT, PASSPORT, DRIVER_LICENSE, VIN.

Some numbers are known by their form and a check digit, the others by the words beside the number. SSN stands for the national
numbers of several countries.
"""

import re
from collections.abc import Callable, Iterator

from leadmodel_privacy.quantities import has_date, has_unit, is_amount
from leadmodel_privacy.scanned_text import ScannedText, Span
from leadmodel_privacy.surroundings import NOT_PERSONAL, PHONE, label_after, label_within
from leadmodel_privacy.validators import digits_of, is_cpf, is_dni, is_nir, is_ssn, is_vin
from leadmodel_privacy.word_lists import contains_any

_TOKEN = re.compile(
    r"(?:[A-Za-z]{0,6}-|[A-Z]{2} (?=\d))?[A-Za-z0-9]{1,30}(?:[ ./-](?=[A-Za-z]{0,4}\d)[A-Za-z0-9]{2,24}|[-/][A-Za-z0-9]{1,12}){0,7}(?: [A-Z](?![^\W_]))?"
)
_PREFIX = re.compile(r"(?<![^\W_])(?:[A-Za-z]{1,6}-|[A-Z]{2} )\Z")
_MIN_DIGITS = {"CVV": 3, "PASSPORT": 5}
_MIN_LENGTH = {"CVV": 3, "SSN": 4}
_OTHER = {None, NOT_PERSONAL, PHONE, "CREDIT_CARD"}  # numbers that are not of an identity document
_PLATE = re.compile(
    r"(?i:\b(?:plates?|kennzeichen|nummernschild|immatriculation|matr[ií]cula|targa|kenteken|registration)\b)"
    r"(?:[ :#]|\b(?i:number|no|nr|is|was|ist|lautet)\b\.?){1,8}+([A-ZÄÖÜ0-9]{1,8}+(?:[ -][A-Z0-9]{1,6}+){0,3}+)(?![^\W_])"
)
_PLATE_STEMS = (
    "plate",
    "kennzeichen",
    "nummernschild",
    "immatric",
    "matr",
    "targa",
    "kenteken",
    "registration",
)


def _always(_text: str) -> bool:
    return True


_FORMS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = tuple(
    (entity, re.compile(rf"(?<![^\W_]-)(?:{form})(?![^\W_]|-[^\W_])"), valid)
    for entity, form, valid in (
        ("VIN", r"[A-HJ-NPR-Z0-9]{13}\d{4}", is_vin),
        ("SSN", r"\d{3}([- .])\d{2}\1\d{4}", is_ssn),
        ("SSN", r"[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{2} ?\d{2} ?\d{2} ?[A-D]", _always),
        ("SSN", r"[A-Z]{6}\d{2}[A-EHLMPRST]\d{2}[A-Z]\d{3}[A-Z]", _always),
        ("SSN", r"(?:\d{8}|[XYZ]-?\d{7})-?[A-HJ-NP-TV-Z]", is_dni),
        ("SSN", r"[XYZ]-\d{7}-?[A-HJ-NP-TV-Z]", is_dni),
        ("SSN", r"\d{3}\.\d{3}\.\d{3}-\d{2}", is_cpf),
        ("SSN", r"756\.\d{4}\.\d{4}\.\d{2}", _always),
        ("SSN", r"[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}", is_nir),
        ("HEALTH_PLAN", r"[1-9][A-Z][A-Z0-9]\d-?[A-Z][A-Z0-9]\d-?[A-Z]{2}\d{2}", _always),
    )
)
_SOME_FORM = re.compile(
    r"[A-Z0-9]{9,17}(?![^\W_])|\d{3}[- .]\d{2,3}[- .]|[XYZ]-?\d|\d{8}-?[A-Z]|[12] ?\d\d ?\d\d ?[\dA2B]{2}|\d{3}\.\d|[1-9][A-Z][A-Z0-9]\d-|[A-Z]{2}\d\d "
)
_NINO = re.compile(r"(?<![^\W_])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] \d{2} ?\d{2} ?\d{2} ?[A-D](?![^\W_])")


def numbers_by_form(scanned: ScannedText) -> Iterator[Span]:
    """Spans of numbers known by their form."""
    text = scanned.text
    for start, end in scanned.unclaimed_numbers():
        if end - start == 2 and (spaced := _NINO.match(text, max(0, start - 3))):
            yield *spaced.span(), "SSN"
        if not _SOME_FORM.match(text, start):
            continue
        for entity, pattern, valid in _FORMS:
            match = pattern.match(text, start)
            if match and valid(match.group()) and scanned.label(start) != NOT_PERSONAL:
                yield *match.span(), entity
                break


def numbers_by_context(scanned: ScannedText) -> Iterator[Span]:
    """Spans of numbers known by the words beside the number."""
    done = 0
    for number, _ in scanned.unclaimed_numbers():
        if number < done or (match := _TOKEN.match(scanned.text, _begin(scanned, number))) is None:
            continue
        start, done = match.span()
        label = (
            scanned.label(start) or label_within(scanned.low[start:done]) or label_after(scanned.low, done)
        )
        if label not in _OTHER and _fits(scanned, match, str(label)):
            yield start, done, "CREDIT_CARD" if label == "CVV" else str(label)


def _begin(scanned: ScannedText, number: int) -> int:
    """Where the number begins: letters before the digits, as in `MR-4711` or `AB 12 34 56 C`, may belong to the number."""
    text = scanned.text
    before = text[number - 1 : number]
    if before == " ":  # two capital letters must stand before the space
        if not text[number - 3 : number - 1].isupper() or scanned.label(number) is not None:
            return number
    elif before != "-":
        return number
    prefix = _PREFIX.search(text, max(0, number - 7), number)
    return prefix.start() if prefix else number


def license_plates(scanned: ScannedText) -> Iterator[Span]:
    """Spans of licence plates after a word such as `plate` or `Kennzeichen`."""
    if contains_any(scanned.low, _PLATE_STEMS):
        for match in _PLATE.finditer(scanned.text):
            if any(c.isdigit() for c in match[1]):
                yield *match.span(1), "VIN"


def _fits(scanned: ScannedText, match: re.Match[str], label: str) -> bool:
    token = match.group()
    letters = sum(c.isalnum() for c in token)
    if label == "CVV" and not (token.isdigit() and letters <= 4):
        return False
    if (
        len(digits_of(token)) < _MIN_DIGITS.get(label, 4)
        or letters < _MIN_LENGTH.get(label, 5)
        or is_amount(token)
    ):
        return False
    return not has_unit(scanned.low, *match.span()) and not has_date(scanned.text, *match.span())
