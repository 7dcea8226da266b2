"""One message, as bytes in Redis → what is to stand there instead. Remembers messages by digest, never by text."""

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from leadmodel_privacy.backfill.jsontext import Unreadable, looks_like_json, parse, rewrite, strings

REMEMBERED = 20_000
_REMEMBERED_BYTES = 2_048
_DEPTH = 4  # JSON in a string in JSON …

Find = Callable[[str], tuple[str, dict[str, int]]]


class Left(StrEnum):
    """Why a message was not read."""

    TOO_LONG = "tooLong"
    NOT_TEXT = "notText"  # bytes that are no UTF-8


@dataclass(frozen=True)
class Redacted:
    """`new` is None when nothing changes."""

    new: bytes | None = None
    counts: tuple[tuple[str, int], ...] = ()
    left: Left | None = None


CLEAN = Redacted()


class _TooLongError(Exception):
    pass


@dataclass
class Redactor:
    """Redacts messages with one detector. With fields named, only strings under them are text, and texts that are no JSON."""

    find: Find
    fields: frozenset[str] = frozenset()
    max_chars: int = 100_000
    _known: OrderedDict[bytes, Redacted] = field(default_factory=OrderedDict)

    def message(self, raw: bytes) -> Redacted:
        """An element of a list, a member, a value."""
        return self._remembered(raw, b"m", plain=True, fields=self.fields)

    def named(self, name: bytes, raw: bytes) -> Redacted:
        """The value of a field of a hash or a stream entry: one that is not named is looked into only if it is JSON."""
        if not self.fields or name.decode(errors="replace") in self.fields:
            return self._remembered(raw, b"n", plain=True, fields=frozenset())
        return self._remembered(raw, b"o", plain=False, fields=self.fields)

    def _remembered(self, raw: bytes, place: bytes, *, plain: bool, fields: frozenset[str]) -> Redacted:
        key = place + hashlib.sha1(raw, usedforsecurity=False).digest()
        known = self._known.get(key)
        if known is not None:
            self._known.move_to_end(key)
            return known
        found = self._redact(raw, plain=plain, fields=fields)
        if found.new is None or len(found.new) <= _REMEMBERED_BYTES:
            self._known[key] = found
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return found

    def _redact(self, raw: bytes, *, plain: bool, fields: frozenset[str]) -> Redacted:
        try:
            text = raw.decode()
            new, counts = self._text(text, fields, plain=plain, depth=0)
        except UnicodeDecodeError:
            return Redacted(left=Left.NOT_TEXT)
        except _TooLongError:
            return Redacted(left=Left.TOO_LONG)
        return CLEAN if new == text else Redacted(new.encode(), tuple(sorted(counts.items())))

    def _text(
        self, text: str, fields: frozenset[str], *, plain: bool, depth: int
    ) -> tuple[str, dict[str, int]]:
        """JSON is decoded before anything is looked for: an escape may hide an @."""
        if depth < _DEPTH and looks_like_json(text):
            try:
                return self._json(text, parse(text), fields, plain=plain, depth=depth)
            except Unreadable:
                pass
        if not plain:
            return text, {}
        if len(text) > self.max_chars:
            raise _TooLongError
        return self.find(text)

    def _json(
        self, text: str, value: object, fields: frozenset[str], *, plain: bool, depth: int
    ) -> tuple[str, dict[str, int]]:
        found: dict[tuple[str, bool], tuple[str, dict[str, int]]] = {}
        for place in strings(value, fields, bare=plain):
            if place not in found:
                inner = frozenset[str]() if place[1] else fields
                found[place] = self._text(place[0], inner, plain=place[1], depth=depth + 1)
        counts: Counter[str] = Counter()
        if all(new == old for (old, _), (new, _) in found.items()):
            return text, counts

        def replace(old: str, counted: bool) -> str:
            new, seen = found[old, counted]
            counts.update(seen)
            return new

        return rewrite(text, replace, fields, bare=plain), counts
