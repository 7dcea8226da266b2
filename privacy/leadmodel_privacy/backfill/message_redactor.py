"""One message, as bytes in Redis, to the bytes that replace it. Redactions are cached by the message's digest, never by its text."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from leadmodel_privacy.backfill.shapes import ShapeCounter
from leadmodel_privacy.configuration import Config
from leadmodel_privacy.detect import Detector
from leadmodel_privacy.encoded_text import is_opaque
from leadmodel_privacy.json_text import is_json

CACHE_SIZE = 20_000  # redactions
_CACHED_BYTES = 2_048  # a longer replacement is not cached


class SkipReason(StrEnum):
    """Why a message was not read; the value stands in reports."""

    TOO_LONG = "tooLong"
    NOT_TEXT = "notText"  # the bytes are not UTF-8
    ENCODED = "encoded"  # the message holds personal data in a format that a placeholder would break


@dataclass(frozen=True)
class Redaction:
    """The redactor's answer for one message: `new` is None where nothing changes."""

    new: bytes | None = None
    counts: tuple[tuple[str, int], ...] = ()  # (entity, how many)
    skipped: SkipReason | None = None


class Reader(Protocol):
    """Reads messages as bytes; the answer's `new` is what is to be written, None where nothing is."""

    def message(self, raw: bytes) -> Redaction:
        """Read an element of a list, a member of a sorted set, or a single value."""

    def named(self, name: bytes, raw: bytes) -> Redaction:
        """Read the value of a field of a hash or stream entry."""


CLEAN = Redaction()
FOR_A_PERSON = frozenset({SkipReason.TOO_LONG, SkipReason.ENCODED})  # never remembered as clean


@dataclass
class Redactor:
    """Redacts messages by one configuration.

    Where the configuration names fields, only the texts under those fields of a JSON message are read; a message that is not
    JSON is read as a whole.
    """

    config: Config
    max_chars: int = 100_000
    shape_counter: ShapeCounter = field(default_factory=ShapeCounter)
    _cache: OrderedDict[bytes, Redaction] = field(default_factory=OrderedDict, repr=False)

    def __post_init__(self) -> None:
        self._by_field = Detector(self.config)
        self._whole = Detector(replace(self.config, fields=())) if self.config.fields else self._by_field

    def message(self, raw: bytes) -> Redaction:
        """Redact an element of a list, a member of a sorted set, or a single value."""
        return self._cached(b"", raw, self._by_field)

    def named(self, name: bytes, raw: bytes) -> Redaction:
        """Redact the value of a field of a hash or stream entry; a field that is not configured is read only if it holds JSON."""
        if not self.config.fields or name.decode(errors="replace") in self.config.fields:
            return self._cached(name, raw, self._whole)
        if raw.strip()[:1] in {b"{", b"["} and is_json(raw.decode(errors="replace")):
            return self._cached(b"", raw, self._by_field)
        return CLEAN

    def _cached(self, name: bytes, raw: bytes, detector: Detector) -> Redaction:
        key = hashlib.sha1(raw, usedforsecurity=False).digest() + name
        known = self._cache.get(key)
        if known is not None:
            self._cache.move_to_end(key)
            return known
        redaction = self._redact(name, raw, detector)
        if redaction.new is None or len(redaction.new) <= _CACHED_BYTES:
            self._cache[key] = redaction
            if len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        return redaction

    def _redact(self, name: bytes, raw: bytes, detector: Detector) -> Redaction:
        """Redact a message; the field's `name` may say what the text is, as `phone` does."""
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return Redaction(skipped=SkipReason.NOT_TEXT)
        if len(text) > self.max_chars:
            return Redaction(skipped=SkipReason.TOO_LONG)
        key = name.decode(errors="replace")
        if is_opaque(text):
            return Redaction(skipped=SkipReason.ENCODED) if detector.detect(text, key=key) else CLEAN
        new, counts = detector.redact(text, key=key)
        if new == text:
            return CLEAN
        self.shape_counter.record(detector, text, key)
        return Redaction(new.encode(), tuple(sorted(counts.items())))
