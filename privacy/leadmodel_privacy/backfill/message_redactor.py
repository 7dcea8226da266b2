"""One message, as bytes in Redis → what is to stand there instead. Remembers messages by digest, never by text."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from enum import StrEnum

from leadmodel_privacy.backfill.shapes import ShapeCounter
from leadmodel_privacy.configuration import Config
from leadmodel_privacy.detect import Detector
from leadmodel_privacy.json_text import is_json

REMEMBERED = 20_000
_REMEMBERED_BYTES = 2_048


class SkipReason(StrEnum):
    """Why a message was not read."""

    TOO_LONG = "tooLong"
    NOT_TEXT = "notText"  # bytes that are no UTF-8


@dataclass(frozen=True)
class Redaction:
    """`new` is None when nothing changes."""

    new: bytes | None = None
    counts: tuple[tuple[str, int], ...] = ()
    left: SkipReason | None = None


CLEAN = Redaction()


@dataclass
class Redactor:
    """Redacts messages by one configuration. With fields named, JSON is text only under them; what is no JSON is text."""

    config: Config
    max_chars: int = 100_000
    shape_counter: ShapeCounter = field(default_factory=ShapeCounter)
    _known: OrderedDict[bytes, Redaction] = field(default_factory=OrderedDict, repr=False)

    def __post_init__(self) -> None:
        self._by_field = Detector(self.config)
        self._whole = Detector(replace(self.config, fields=())) if self.config.fields else self._by_field

    def message(self, raw: bytes) -> Redaction:
        """An element of a list, a member, a value."""
        return self._remembered(b"", raw, self._by_field)

    def named(self, name: bytes, raw: bytes) -> Redaction:
        """The value of a field of a hash or a stream entry: one that is not named is looked into only if it is JSON."""
        if not self.config.fields or name.decode(errors="replace") in self.config.fields:
            return self._remembered(name, raw, self._whole)
        if raw.strip()[:1] in {b"{", b"["} and is_json(raw.decode(errors="replace")):
            return self._remembered(b"", raw, self._by_field)
        return CLEAN

    def _remembered(self, name: bytes, raw: bytes, detector: Detector) -> Redaction:
        key = hashlib.sha1(raw, usedforsecurity=False).digest() + name
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        found = self._redact(name, raw, detector)
        if found.new is None or len(found.new) <= _REMEMBERED_BYTES:
            self._known[key] = found
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return found

    def _redact(self, name: bytes, raw: bytes, detector: Detector) -> Redaction:
        """`name` may say what the text is: `phone`."""
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return Redaction(left=SkipReason.NOT_TEXT)
        if len(text) > self.max_chars:
            return Redaction(left=SkipReason.TOO_LONG)
        key = name.decode(errors="replace")
        new, counts = detector.redact(text, key=key)
        if new == text:
            return CLEAN
        self.shape_counter.record(detector, text, key)
        return Redaction(new.encode(), tuple(sorted(counts.items())))
