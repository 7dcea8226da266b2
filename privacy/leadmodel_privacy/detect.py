"""Finds personal data in text and replaces it by placeholders such as `[EMAIL]`.

A detector runs finders over a text in order of certainty. Each finder has a cheap test of whether the text can hold its entity at
all, then patterns for candidates, then validators. The first claim on a character wins; placeholders and UUIDs are reserved before
every finder. The finders run again over the text with placeholders until they find nothing, so that `detect` and `redact` give one
answer. Encoded texts are decoded first and stay valid in their encoding. No text is logged or becomes part of an exception.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

from leadmodel_privacy.configuration import UNSETTLED, Config
from leadmodel_privacy.edits import Edit, edited, placeholder_for, shifted
from leadmodel_privacy.encoded_text import Base64Text, base64_text, form_values
from leadmodel_privacy.finders import Finders
from leadmodel_privacy.json_text import Value, is_json, key_as_words, values
from leadmodel_privacy.normalization import normalize
from leadmodel_privacy.scanned_text import ScannedText, Span
from leadmodel_privacy.surroundings import labels_as_personal
from leadmodel_privacy.word_lists import word_set

__all__ = ["Detector", "Examination", "Span", "detect", "redact"]

MAX_PASSES = 8  # over one text, most of which end after two
MAX_DEPTH = 8  # encodings inside one another; a text below is read as it stands
# Every file that decides what is personal: the detector's version is their digest, and a change makes stamps worthless.
CODE_FILES = word_set(
    "addresses.py configuration.py dates.py detect.py edits.py encoded_text.py finders.py identity_documents.py json_text.py kept_words.py name_features.py name_finder.py name_tagger.py name_tokens.py names.py network.py normalization.py "
    "number_lists.py origins.py pattern_cost.py payment_numbers.py phones.py quantities.py scanned_text.py surroundings.py validators.py word_lists.py"
)
DATA_FILES = ("names_data/lexicon.xz", "names_data/weights.xz")  # what the finder of names knows
_UUID = re.compile(
    r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f])"
)
_EVERY_FIELD: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Examination:
    """A detector's answer for one text.

    Attributes:
        spans: Personal data as (start, end, entity) in characters of the text, in order, never overlapping.
        text: The text with placeholders.
        counts: The number of placeholders per entity.
    """

    spans: list[Span]
    text: str
    counts: dict[str, int]


class Detector:
    """Finds and redacts personal data by a configuration. A detector has no state, so one may serve many threads."""

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config()
        self.version = f"{_code()}-{self.config.digest}"
        self._on = frozenset(self.config.entities) - set(self.config.off)
        self._fields = frozenset(self.config.fields)
        self._placeholder = re.compile(rf"\[(?:{'|'.join(self.config.entities)})(?:_\d{{1,3}})?\]")
        self._custom = tuple(
            (own.entity, re.compile(own.pattern, re.IGNORECASE if own.ignore_case else 0))
            for own in self.config.custom
        )
        self._finders = Finders(self.config)

    def detect(self, text: str, *, key: str = "") -> list[Span]:
        """Spans of personal data as (start, end, entity) in characters of the text, in order, never overlapping.

        A JSON text is read string by string. `key` is the name of the field that holds the text, empty for none.
        """
        edits = self._encoded(text, key, self._fields, 0)
        if edits is None:
            return self._settled(text, key_as_words(key))
        return [(edit.start, edit.end, edit.entities[0]) for edit in edits]

    def redact(self, text: str, *, key: str = "") -> tuple[str, dict[str, int]]:
        """The text with placeholders, and the number of placeholders per entity. Redacting the result again changes nothing."""
        edits = self._edits(text, key, self._fields)
        return (edited(text, edits), _counts(edits)) if edits else (text, {})

    def examine(self, text: str, *, key: str = "") -> Examination:
        """The spans of `detect` and the text and counts of `redact` at once."""
        edits = self._edits(text, key, self._fields)
        return Examination(
            [(edit.start, edit.end, edit.entities[0]) for edit in edits], edited(text, edits), _counts(edits)
        )

    def _edits(self, text: str, key: str, fields: frozenset[str], depth: int = 0) -> list[Edit]:
        """The edits of a text; only texts under `fields` are read where the text has fields and some are named."""
        if (edits := self._encoded(text, key, fields, depth)) is not None:
            return edits
        return [
            Edit(start, end, placeholder_for(text, start, end, entity), (entity,))
            for start, end, entity in self._settled(text, key_as_words(key))
        ]

    def _encoded(self, text: str, key: str, fields: frozenset[str], depth: int) -> list[Edit] | None:
        """The edits of a text that is an encoding; None for a text that is read as it stands."""
        if depth >= MAX_DEPTH:
            return None
        if is_json(text):
            return list(self._in_json(text, key, fields, depth))
        if " " in text:
            return None  # most texts: neither base64 nor the body of a form has a space
        if (packed := base64_text(text)) is not None:
            return self._in_base64(packed, key, fields, depth)
        if (form := form_values(text)) is not None:
            return [edit for value in form for edit in self._in_string(value, key, fields, depth)]
        return None

    def _in_json(self, text: str, key: str, fields: frozenset[str], depth: int) -> Iterator[Edit]:
        for value in values(text):
            inner = _EVERY_FIELD if not fields.isdisjoint(value.path) else fields
            if inner and value.path != ("",) and (value.number or not is_json(value.text)):
                continue  # a text or number beside the named fields
            yield from (
                self._in_number(value, key) if value.number else self._in_string(value, key, inner, depth)
            )

    def _in_string(self, value: Value, key: str, fields: frozenset[str], depth: int) -> Iterator[Edit]:
        for start, end, new, entities in self._edits(value.text, value.path[-1] or key, fields, depth + 1):
            yield Edit(*value.place(start, end), value.encode(new), entities)

    def _in_number(self, value: Value, key: str) -> Iterator[Edit]:
        """A number is personal only if its key labels it; the whole number is then replaced by a string."""
        before = key_as_words(value.path[-1] or key)
        if value.text.isdigit() and before and labels_as_personal(before):
            for _, _, entity in self._settled(value.text, before)[:1]:
                yield Edit(*value.place(0, len(value.text)), f'"[{entity}]"', (entity,))

    def _in_base64(self, packed: Base64Text, key: str, fields: frozenset[str], depth: int) -> list[Edit]:
        """The one edit that writes a base64 text anew, because a part of it has no place of its own."""
        edits = self._edits(packed.text, key, fields, depth + 1)
        if not edits:
            return []
        entities = tuple(entity for edit in edits for entity in edit.entities)
        return [Edit(packed.start, packed.end, packed.encode(edited(packed.text, edits)), entities)]

    def _settled(self, raw: str, before: str) -> list[Span]:
        """Spans of a text that is no encoding: those of every pass over the text with the placeholders of the passes before."""
        text, origin = normalize(raw)
        scanned = self._scanned(text, before)
        if not scanned.spans:
            return []
        spans = _within(scanned, before)
        if not self._is_at_rest(scanned):
            settled = self._further(text, before, spans)
            if settled is None:
                return [(0, len(raw), UNSETTLED)]
            spans = settled
        if origin is None:
            return spans
        return [(*origin.place(start, end), entity) for start, end, entity in spans]

    def _is_at_rest(self, scanned: ScannedText) -> bool:
        """True if it is certain, without another pass, that another pass finds nothing; what was scanned is used up.

        Most texts end so: each number is claimed, and the finders that need no digit find nothing beside the claimed spans.
        """
        if self._custom or not scanned.hide_spans():
            return False
        return not any(
            entity in self._on and scanned.is_free(start, end)
            for finder in self._finders.without_digits
            for start, end, entity in finder(scanned)
        )

    def _further(self, text: str, before: str, settled: list[Span]) -> list[Span] | None:
        """The spans of the first pass and of all further passes; None for a text that does not come to rest."""
        for _ in range(MAX_PASSES - 1):
            current = edited(text, [Edit(s, e, f"[{entity}]", ()) for s, e, entity in settled])
            more = _within(self._scanned(current, before), before)
            if not more:
                return settled
            settled = sorted([*settled, *shifted(more, settled)])
        return None

    def _scanned(self, text: str, before: str) -> ScannedText:
        """The text after one pass."""
        scanned = ScannedText(before + text)
        if before:
            scanned.reserve(0, len(before))
        self._read(scanned)
        return scanned

    def _read(self, scanned: ScannedText) -> None:
        self._occupy(scanned)
        for entity, pattern in self._custom:
            for match in pattern.finditer(scanned.text):
                scanned.claim((*match.span(), entity))
        for finder in self._finders.in_order(scanned):
            for span in finder(scanned):
                if span[2] in self._on:
                    scanned.claim(span)

    def _occupy(self, scanned: ScannedText) -> None:
        if "[" in scanned.text:
            scanned.mask([match.span() for match in self._placeholder.finditer(scanned.text)])
        if scanned.numbers and scanned.text.count("-") >= 4:
            for match in _UUID.finditer(scanned.text):
                scanned.reserve(*match.span())


def _counts(edits: list[Edit]) -> dict[str, int]:
    return dict(Counter(entity for edit in edits for entity in edit.entities))


def _within(scanned: ScannedText, before: str) -> list[Span]:
    """The claimed spans in order, by their places in the text without the words before."""
    if not before:
        return sorted(scanned.spans)
    return sorted((s - len(before), e - len(before), entity) for s, e, entity in scanned.spans)


@cache
def _code() -> str:
    """Names the detector's code and the version of the phone number tables: 12 hex digits of a SHA-256."""
    digest = hashlib.sha256(version("phonenumbers").encode())
    for name in (*sorted(CODE_FILES), *DATA_FILES):
        digest.update((Path(__file__).parent / name).read_bytes())
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
