"""Finds personal data in text and replaces it by placeholders such as `[EMAIL]`.

Gate, then candidate patterns, then validators: text without a digit, an @ or a dot-something cannot hold any of it and returns at
once. Names and free-form addresses are not looked for. Text is never logged, never part of an exception.
"""

import hashlib
import ipaddress
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import phonenumbers

from leadmodel_privacy.configuration import Config

_GATE = re.compile(r"[0-9@]|://|www\.")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,24}(?![\w-])")
_URL = re.compile(r"(?:https?://|www\.)[^\s<>\"']{2,2000}", re.IGNORECASE)
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{2,4}){3,8}(?![A-Za-z0-9])")
_CARD = re.compile(
    r"(?<![\d.-])(?:\d{4}([ -]?)\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{5}|\d{15,16})(?![\d-])"
)
_SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])")
_IP = re.compile(
    r"(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})(?![\w.:])"
)
_PHONE = re.compile(r"(?<![\w+])(?:\+|00)[1-9](?:[ ().-]{0,2}\d){6,14}(?!\w)")

Span = tuple[int, int, str]


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)
    return total % 10 == 0


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return 13 <= len(digits) <= 19 and digits[0] in "3456" and _luhn(digits)


def _is_iban(text: str) -> bool:
    """ISO 13616: moved four characters, letters as numbers, modulo 97 is 1."""
    packed = text.replace(" ", "")
    if not 15 <= len(packed) <= 34:
        return False
    moved = packed[4:] + packed[:4]
    return int("".join(str(int(c, 36)) for c in moved)) % 97 == 1


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return text != "::"


def _is_phone(text: str) -> bool:
    number = "+" + text[2:] if text.startswith("00") else text
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return False


def _always(_text: str) -> bool:
    return True


_FINDERS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("EMAIL", _EMAIL, _always),
    ("URL", _URL, _always),
    ("IBAN", _IBAN, _is_iban),
    ("CREDIT_CARD", _CARD, _is_card),
    ("SSN", _SSN, _always),
    ("IP", _IP, _is_ip),
    ("PHONE", _PHONE, _is_phone),
)


class Detector:
    """Finds and redacts what a configuration asks for. Has no state: one may serve many threads."""

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config()
        self.version = f"{_code()}-{self.config.digest}"
        self._finders = tuple(f for f in _FINDERS if f[0] not in self.config.off)

    def detect(self, text: str) -> list[Span]:
        """Spans of personal data as (start, end, entity), in order, never overlapping; the first claim wins."""
        if not _GATE.search(text):
            return []
        taken: list[Span] = []
        for entity, pattern, valid in self._finders:
            taken += [s for s in _candidates(text, entity, pattern, valid) if not _overlaps(s, taken)]
        return sorted(taken)

    def redact(self, text: str) -> tuple[str, dict[str, int]]:
        """The text with placeholders, and how many of each entity. Repeated until nothing changes (at most 3 times)."""
        counts: Counter[str] = Counter()
        for _ in range(3):
            spans = self.detect(text)
            if not spans:
                break
            for start, end, entity in reversed(spans):
                text = f"{text[:start]}[{entity}]{text[end:]}"
                counts[entity] += 1
        return text, dict(counts)


@cache
def _code() -> str:
    """Names the code that decides: the files of the detector and the tables of phone numbers."""
    digest = hashlib.sha256(phonenumbers.__version__.encode())
    for name in ("configuration.py", "detect.py"):
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()[:12]


@cache
def default() -> Detector:
    """The detector without any configuration."""
    return Detector()


def detect(text: str) -> list[Span]:
    """Spans of personal data, by the default detector."""
    return default().detect(text)


def redact(text: str) -> tuple[str, dict[str, int]]:
    """The text with placeholders and how many of each entity, by the default detector."""
    return default().redact(text)


def _candidates(
    text: str, entity: str, pattern: re.Pattern[str], valid: Callable[[str], bool]
) -> Iterator[Span]:
    for match in pattern.finditer(text):
        if valid(match.group()):
            yield match.start(), match.end(), entity


def _overlaps(span: Span, taken: list[Span]) -> bool:
    return any(span[0] < end and start < span[1] for start, end, _ in taken)
