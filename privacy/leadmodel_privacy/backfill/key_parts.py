"""The messages inside a Redis key: as read (`Part`), as they are to be written (`Change`), and the digests that tie the two."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from leadmodel_privacy.backfill.message_redactor import Redaction

_PLACEHOLDER = re.compile(rb"(\[|%5B)([A-Z][A-Z_]*)(\]|%5D)")


@dataclass(frozen=True)
class Part:
    """A message as read.

    Attributes:
        place: Index in a list, rank in a sorted set, field of a hash, entry id of a stream, 0 for a single value.
        raw: The bytes whose digest proves later that the message has not changed.
        redaction: The redactor's answer for the message.
        new: The bytes or items to write, where they are not `redaction.new`.
    """

    place: Any
    raw: bytes
    redaction: Redaction
    new: Any = None


@dataclass(frozen=True)
class Change:
    """A message to replace: `new` is written at `place` if the message there still has the digest `old`."""

    place: Any
    old: str
    new: Any
    counts: tuple[tuple[str, int], ...]


def digest(raw: bytes) -> str:
    """SHA-1 in hex, as `redis.sha1hex` computes it inside a script; an identity, not a protection."""
    return hashlib.sha1(raw, usedforsecurity=False).hexdigest()


def packed(items: Sequence[bytes]) -> bytes:
    """Items joined with their lengths, so that two different lists never give the same bytes; the scripts do the same."""
    return b"".join([b"%d:%b" % (len(item), item) for item in items])


def grouped(changes: Sequence[Change], size: int) -> Iterator[Sequence[Change]]:
    """Changes in groups of at most `size`."""
    for start in range(0, len(changes), size):
        yield changes[start : start + size]


def numbered(message: bytes, number: int) -> bytes:
    """The message with a number in its first placeholder, so that it differs from another message that reads alike."""
    return _PLACEHOLDER.sub(rb"\1\2_%d\3" % number, message, count=1)
