"""What a Redis type is to the backfill: how it is read, which of its parts are messages, which script call puts new ones in place."""

# ruff: noqa: ARG002  # one shape for all types
import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from leadmodel_privacy.backfill.message_redactor import Redaction, Redactor

SLACK = 100  # how far a place may have moved between reading and writing

Call = tuple[Any, ...]  # script arguments after the key


@dataclass(frozen=True)
class Change:
    """A message to replace: where it was read, the digest of what was read, what is to stand there."""

    place: Any
    old: str
    new: Any
    counts: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Part:
    """A message as it was read. `raw` is what its digest is made of."""

    place: Any
    raw: bytes
    found: Redaction
    new: Any = None


def digest(raw: bytes) -> str:
    """As `redis.sha1hex` makes it."""
    return hashlib.sha1(raw, usedforsecurity=False).hexdigest()


def packed(items: Sequence[bytes]) -> bytes:
    """Items so that no two lists of items look alike; the scripts do the same."""
    return b"".join([b"%d:%b" % (len(item), item) for item in items])


def grouped(changes: Sequence[Change], size: int) -> Iterator[Sequence[Change]]:
    """At most so many at a time."""
    for start in range(0, len(changes), size):
        yield changes[start : start + size]


class RedisType(ABC):
    """A type."""

    script: ClassVar[str]
    report_name: ClassVar[str]  # in reports

    @abstractmethod
    def read(self, key: bytes, most: int) -> Call:
        """The command that reads all of a small key."""

    @abstractmethod
    def parts(self, redactor: Redactor, reply: Any, start: int) -> list[Part]:
        """The messages in a reply; `start` is the place of the first."""

    @abstractmethod
    def calls(self, changes: Sequence[Change], size: int, *, everywhere: bool = False) -> list[Call]:
        """Arguments of the script calls that put the changes in place. `everywhere`: look for them in the whole key."""

    @abstractmethod
    def flat(self, reply: Any) -> list[bytes]:
        """All of a reply's items in order, as the overview script lists them."""

    def size(self, reply: Any) -> int:
        """Elements in a reply."""
        return len(reply)

    def changes(self, parts: Sequence[Part]) -> list[Change]:
        """Those parts that change."""
        return [
            Change(p.place, digest(p.raw), p.found.new if p.new is None else p.new, p.found.counts)
            for p in parts
            if p.found.new is not None
        ]

    @abstractmethod
    def put(self, reply: Any, changes: Sequence[Change]) -> Any:
        """The reply as it reads once the changes are in place."""


class String(RedisType):
    """A value that is a text or JSON."""

    script = report_name = "string"

    def read(self, key: bytes, most: int) -> Call:
        return ("GET", key)

    def parts(self, redactor: Redactor, reply: Any, start: int) -> list[Part]:
        return [Part(0, reply, redactor.message(reply))]

    def calls(self, changes: Sequence[Change], size: int, *, everywhere: bool = False) -> list[Call]:
        return [(change.old, change.new) for change in changes]

    def flat(self, reply: Any) -> list[bytes]:
        return [reply]

    def size(self, reply: Any) -> int:
        return 1

    def put(self, reply: Any, changes: Sequence[Change]) -> Any:
        return changes[0].new if changes else reply


class Document(String):
    """A RedisJSON document."""

    script = report_name = "json"

    def read(self, key: bytes, most: int) -> Call:
        return ("JSON.GET", key, ".")


class List(RedisType):
    """Messages in order."""

    script = report_name = "list"

    def read(self, key: bytes, most: int) -> Call:
        return ("LRANGE", key, 0, most - 1)

    def parts(self, redactor: Redactor, reply: Any, start: int) -> list[Part]:
        return [Part(start + i, raw, redactor.message(raw)) for i, raw in enumerate(reply)]

    def calls(self, changes: Sequence[Change], size: int, *, everywhere: bool = False) -> list[Call]:
        found = []
        for group in grouped(changes, size):
            near = (max(0, group[0].place - SLACK), group[-1].place + SLACK)
            window = (0, -1) if everywhere else near
            found.append((*window, *(item for c in group for item in (c.old, c.new))))
        return found

    def flat(self, reply: Any) -> list[bytes]:
        return list(reply)

    def put(self, reply: Any, changes: Sequence[Change]) -> Any:
        new = list(reply)
        for change in changes:
            new[change.place] = change.new
        return new


class SortedSet(List):
    """Members are messages; the score is theirs."""

    script = report_name = "zset"

    def read(self, key: bytes, most: int) -> Call:
        return ("ZRANGE", key, 0, most - 1, "WITHSCORES")

    def parts(self, redactor: Redactor, reply: Any, start: int) -> list[Part]:
        return super().parts(redactor, reply[::2], start)

    def size(self, reply: Any) -> int:
        return len(reply) // 2

    def put(self, reply: Any, changes: Sequence[Change]) -> Any:
        new = list(reply)
        for change in changes:
            new[2 * change.place] = change.new
        return new


_PLACEHOLDER = re.compile(rb"\[([A-Z][A-Z_]*)\]")


def numbered(new: bytes, number: int) -> bytes:
    """The same message told apart from another that reads alike: its first placeholder gets a number."""
    return _PLACEHOLDER.sub(rb"[\1_%d]" % number, new, count=1)


class Hash(RedisType):
    """Values of fields; names of fields stay."""

    script = report_name = "hash"

    def __init__(self, *, fields_expire: bool = False) -> None:
        self._fields_expire = int(fields_expire)

    def read(self, key: bytes, most: int) -> Call:
        return ("HGETALL", key)

    def parts(self, redactor: Redactor, reply: Any, start: int) -> list[Part]:
        pairs = zip(reply[::2], reply[1::2], strict=True)
        return [Part(name, raw, redactor.named(name, raw)) for name, raw in pairs]

    def calls(self, changes: Sequence[Change], size: int, *, everywhere: bool = False) -> list[Call]:
        return [
            (self._fields_expire, *(item for c in group for item in (c.place, c.old, c.new)))
            for group in grouped(changes, size)
        ]

    def flat(self, reply: Any) -> list[bytes]:
        return list(reply)

    def size(self, reply: Any) -> int:
        return len(reply) // 2

    def put(self, reply: Any, changes: Sequence[Change]) -> Any:
        new = {change.place: change.new for change in changes}
        pairs = zip(reply[::2], reply[1::2], strict=True)
        return [item for name, raw in pairs for item in (name, new.get(name, raw))]


class Stream(RedisType):
    """Entries of fields and values. All changes of a stream go into one call."""

    script = report_name = "stream"

    def __init__(self, most: int) -> None:
        self._most = most

    def read(self, key: bytes, most: int) -> Call:
        return ("XRANGE", key, "-", "+", "COUNT", most)

    def parts(self, redactor: Redactor, reply: Any, start: int) -> list[Part]:
        return [self._entry(redactor, ident, items) for ident, items in reply if items]

    def _entry(self, redactor: Redactor, ident: bytes, items: list[bytes]) -> Part:
        found = [redactor.named(n, v) for n, v in zip(items[::2], items[1::2], strict=True)]
        left = next((f.left for f in found if f.left is not None), None)
        if all(f.new is None for f in found):
            return Part(ident, b"", Redaction(left=left))
        new = list(items)
        for i, f in enumerate(found):
            if f.new is not None:
                new[2 * i + 1] = f.new
        counts = tuple(pair for f in found for pair in f.counts)
        return Part(ident, packed(items), Redaction(b"", counts, left), new)

    def calls(self, changes: Sequence[Change], size: int, *, everywhere: bool = False) -> list[Call]:
        items = [item for c in changes for item in (c.place, c.old, len(c.new), *c.new)]
        return [(self._most, *items)]

    def flat(self, reply: Any) -> list[bytes]:
        return [item for ident, items in reply for item in (ident, *items)]

    def put(self, reply: Any, changes: Sequence[Change]) -> Any:
        new = {change.place: change.new for change in changes}
        return [(ident, new.get(ident, items)) for ident, items in reply]
