"""Finds personal data in text and replaces it by placeholders such as `[EMAIL]`.

A detector runs finders over a text in order of certainty. Each finder has a cheap test of whether the text can hold its entity at
all, then patterns for candidates, then validators. The first claim on a character wins; placeholders and UUIDs are reserved before
every finder. Redaction is repeated until nothing changes. No text is logged or becomes part of an exception.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

from leadmodel_privacy import (
    addresses,
    dates,
    identity_documents,
    name_finder,
    network,
    payment_numbers,
    phones,
)
from leadmodel_privacy.configuration import UNSETTLED, Config
from leadmodel_privacy.json_text import Value, is_json, key_as_words, values
from leadmodel_privacy.normalization import normalize
from leadmodel_privacy.scanned_text import ScannedText, Span
from leadmodel_privacy.surroundings import labels_as_personal
from leadmodel_privacy.word_lists import word_set

__all__ = ["Detector", "Span", "detect", "redact"]

MAX_PASSES = 8  # of a redaction, which most texts end after two
# Every file that decides what is personal: the detector's version is their digest, and a change makes stamps worthless.
CODE_FILES = word_set(
    "addresses.py configuration.py dates.py detect.py identity_documents.py json_text.py kept_words.py name_finder.py names.py network.py normalization.py "
    "pattern_cost.py payment_numbers.py phones.py quantities.py scanned_text.py surroundings.py validators.py word_lists.py"
)
_UUID = re.compile(
    r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f])"
)
Finder = Callable[[ScannedText], Iterator[Span]]
Edit = tuple[int, int, str, str]  # a span and its replacement


class Detector:
    """Finds and redacts personal data by a configuration. A detector has no state, so one may serve many threads."""

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config()
        self.version = f"{_code()}-{self.config.digest}"
        self._on = frozenset(self.config.entities) - set(self.config.off)
        self._placeholder = re.compile(rf"\[(?:{'|'.join(self.config.entities)})\]")
        self._custom = tuple(
            (own.entity, re.compile(own.pattern, re.IGNORECASE if own.ignore_case else 0))
            for own in self.config.custom
        )
        self._finders = _finders(self.config, numbers=True)
        self._finders_without_digits = _finders(self.config, numbers=False)  # for a text without a digit

    def detect(self, text: str, *, key: str = "") -> list[Span]:
        """Spans of personal data as (start, end, entity) in characters of the text, in order, never overlapping.

        A JSON object or list is read string by string. `key` is the name of the field that holds the text, empty for none.
        """
        return [edit[:3] for edit in self._edits(text, key)]

    def redact(self, text: str, *, key: str = "") -> tuple[str, dict[str, int]]:
        """The text with placeholders, and the number of placeholders per entity. Redacting the result again changes nothing."""
        counts: Counter[str] = Counter()
        for _ in range(MAX_PASSES):
            edits = self._edits(text, key)
            if not edits:
                return text, dict(counts)
            text = _edited(text, edits)
            counts.update(edit[2] for edit in edits)
        whole = f"[{UNSETTLED}]"
        return json.dumps([whole]) if is_json(text) else whole, {**counts, UNSETTLED: 1}

    def _edits(self, text: str, key: str) -> list[Edit]:
        if is_json(text):
            return list(self._in_json(text))
        return [(*span, f"[{span[2]}]") for span in self._in_text(text, key_as_words(key))]

    def _in_json(self, text: str) -> Iterator[Edit]:
        fields = set(self.config.fields)
        for value in values(text):
            if not fields or not fields.isdisjoint(value.path):
                yield from self._in_number(value) if value.number else self._in_string(value)

    def _in_string(self, value: Value) -> Iterator[Edit]:
        for start, end, entity, new in self._edits(value.text, value.path[-1]):
            yield *value.place(start, end), entity, json.dumps(new)[1:-1]

    def _in_number(self, value: Value) -> Iterator[Edit]:
        """A number is personal only if its key labels it; the whole number is then replaced by a string."""
        before = key_as_words(value.path[-1])
        if value.text.isdigit() and before and labels_as_personal(before):
            for _, _, entity in self._in_text(value.text, before)[:1]:
                yield *value.place(0, len(value.text)), entity, f'"[{entity}]"'

    def _in_text(self, raw: str, before: str) -> list[Span]:
        text, origin = normalize(raw)
        scanned = ScannedText(before + text)
        if before:
            scanned.reserve(0, len(before))
        self._read(scanned)
        if not scanned.spans:
            return []
        spans = sorted((s - len(before), e - len(before), entity) for s, e, entity in scanned.spans)
        if origin is None:
            return spans
        return [(origin[s], origin[e - 1] + 1, entity) for s, e, entity in spans]

    def _read(self, scanned: ScannedText) -> None:
        self._occupy(scanned)
        for entity, pattern in self._custom:
            for match in pattern.finditer(scanned.text):
                scanned.claim((*match.span(), entity))
        for finder in self._finders if scanned.numbers else self._finders_without_digits:
            for span in finder(scanned):
                if span[2] in self._on:
                    scanned.claim(span)

    def _occupy(self, scanned: ScannedText) -> None:
        if "[" in scanned.text:
            scanned.mask([match.span() for match in self._placeholder.finditer(scanned.text)])
        if scanned.numbers and scanned.text.count("-") >= 4:
            for match in _UUID.finditer(scanned.text):
                scanned.reserve(*match.span())


_WITHOUT_DIGITS: tuple[tuple[str, Finder], ...] = (("URL", network.urls), ("EMAIL", network.emails))
_WITH_DIGITS: tuple[tuple[str, Finder], ...] = (
    ("MAC", network.macs),
    ("IP", network.ip6s),
    ("VIN", identity_documents.license_plates),
    ("IBAN", payment_numbers.ibans),
    ("CREDIT_CARD", payment_numbers.cards),
    ("", identity_documents.numbers_by_form),
    ("", identity_documents.numbers_by_context),
    ("IP", network.ip4s),
    ("DOB", dates.births),
    ("ADDRESS", addresses.addresses),
)


def _finders(config: Config, *, numbers: bool) -> tuple[Finder, ...]:
    """The finders in order of certainty: first numbers known by form, then numbers known by words, phones and names last."""
    numeric = (*_WITH_DIGITS, ("PHONE", phones.phones(config.regions))) if numbers else ()
    return tuple(
        f
        for entity, f in (*_WITHOUT_DIGITS, *numeric, ("NAME", name_finder.finder(config)))
        if entity not in config.off
    )


def _edited(text: str, edits: list[Edit]) -> str:
    parts: list[str] = []
    place = 0
    for start, end, _, new in edits:
        parts += (text[place:start], new)
        place = end
    return "".join(parts) + text[place:]


@cache
def _code() -> str:
    """Names the detector's code and the version of the phone number tables: 12 hex digits of a SHA-256."""
    digest = hashlib.sha256(version("phonenumbers").encode())
    for name in sorted(CODE_FILES):
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()[:12]


@cache
def default() -> Detector:
    """The detector with the default configuration."""
    return Detector()


def detect(text: str) -> list[Span]:
    """Spans of personal data, by the default detector."""
    return default().detect(text)


def redact(text: str) -> tuple[str, dict[str, int]]:
    """The text with placeholders and the number of placeholders per entity, by the default detector."""
    return default().redact(text)
