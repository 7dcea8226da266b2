"""How the backfill treats each Redis type: the command that reads a key, its messages, and the script calls that replace them."""

# ruff: noqa: ARG002  # all types share one signature
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from leadmodel_privacy.backfill.key_parts import Change, Part, digest, grouped, packed
from leadmodel_privacy.backfill.limits import Limits
from leadmodel_privacy.backfill.message_redactor import Reader, Redaction

SLACK = 100  # places by which a message may have shifted between reading and writing

Call = tuple[Any, ...]  # script arguments after the key


class RedisType(ABC):
    """A Redis type; `script` names the Lua script that writes, `report_name` stands in reports."""

    script: ClassVar[str]
    report_name: ClassVar[str]

    @abstractmethod
    def read(self, key: bytes, most: int) -> Call:
        """The command that reads all of a small key, at most `most` elements."""

    @abstractmethod
    def parts(self, reader: Reader, reply: Any, start: int) -> list[Part]:
        """The messages in a reply; `start` is the place of the first element."""

    @abstractmethod
    def calls(self, changes: Sequence[Change], size: int, *, everywhere: bool = False) -> list[Call]:
        """Arguments of the script calls that write the changes, at most `size` changes per call.

        With `everywhere` the script searches the whole key for each message, not only the places near the one read.
        """

    @abstractmethod
    def flat(self, reply: Any) -> list[bytes]:
        """All items of a reply in order, as the overview script lists them for its digest."""

    def size(self, reply: Any) -> int:
        """The number of elements in a reply."""
        return len(reply)

    def changes(self, parts: Sequence[Part]) -> list[Change]:
        """The changes for those parts that the redactor changed."""
        return [
            Change(p.place, digest(p.raw), p.redaction.new if p.new is None else p.new, p.redaction.counts)
            for p in parts
            if p.redaction.new is not None
        ]

    def keys(self, key: bytes) -> list[bytes]:
        """The keys of the write script."""
        return [key]

    def is_writable(self, key: bytes) -> bool:
        """Whether the changes of a key have a place to go."""
        return True

    def answered(self, key: bytes, changes: Sequence[Change]) -> Call | None:
        """The command that asks which changes are made already; None where each message shows it."""
        return None

    def still_open(self, changes: Sequence[Change], reply: Any) -> list[Change]:
        """The changes that are not made yet by the reply of that command."""
        return list(changes)

    @abstractmethod
    def put(self, reply: Any, changes: Sequence[Change]) -> Any:
        """The reply as it would read after the changes were written."""


class String(RedisType):
    """A single value: one message, text or JSON."""

    script = report_name = "string"

    def read(self, key: bytes, most: int) -> Call:
        return ("GET", key)

    def parts(self, reader: Reader, reply: Any, start: int) -> list[Part]:
        return [Part(0, reply, reader.message(reply))]

    def calls(self, changes: Sequence[Change], size: int, *, everywhere: bool = False) -> list[Call]:
        return [(change.old, change.new) for change in changes]

    def flat(self, reply: Any) -> list[bytes]:
        return [reply]

    def size(self, reply: Any) -> int:
        return 1

    def put(self, reply: Any, changes: Sequence[Change]) -> Any:
        return changes[0].new if changes else reply


class Document(String):
    """A document of the RedisJSON module, read and written as JSON text."""

    script = report_name = "json"

    def read(self, key: bytes, most: int) -> Call:
        return ("JSON.GET", key, ".")


class List(RedisType):
    """A list: each element is a message."""

    script = report_name = "list"

    def read(self, key: bytes, most: int) -> Call:
        return ("LRANGE", key, 0, most - 1)

    def parts(self, reader: Reader, reply: Any, start: int) -> list[Part]:
        return [Part(start + i, raw, reader.message(raw)) for i, raw in enumerate(reply)]

    def calls(self, changes: Sequence[Change], size: int, *, everywhere: bool = False) -> list[Call]:
        calls = []
        for group in grouped(changes, size):
            near = (max(0, group[0].place - SLACK), group[-1].place + SLACK)
            window = (0, -1) if everywhere else near
            calls.append((*window, *(item for c in group for item in (c.old, c.new))))
        return calls

    def flat(self, reply: Any) -> list[bytes]:
        return list(reply)

    def put(self, reply: Any, changes: Sequence[Change]) -> Any:
        new = list(reply)
        for change in changes:
            new[change.place] = change.new
        return new


class SortedSet(List):
    """A sorted set: each member is a message and keeps its score."""

    script = report_name = "zset"

    def read(self, key: bytes, most: int) -> Call:
        return ("ZRANGE", key, 0, most - 1, "WITHSCORES")

    def parts(self, reader: Reader, reply: Any, start: int) -> list[Part]:
        return super().parts(reader, reply[::2], start)

    def size(self, reply: Any) -> int:
        return len(reply) // 2

    def put(self, reply: Any, changes: Sequence[Change]) -> Any:
        new = list(reply)
        for change in changes:
            new[2 * change.place] = change.new
        return new


class Hash(RedisType):
    """A hash: each value is a message; field names stay as they are."""

    script = report_name = "hash"

    def __init__(self, *, fields_expire: bool = False) -> None:
        self._fields_expire = int(fields_expire)

    def read(self, key: bytes, most: int) -> Call:
        return ("HGETALL", key)

    def parts(self, reader: Reader, reply: Any, start: int) -> list[Part]:
        pairs = zip(reply[::2], reply[1::2], strict=True)
        return [Part(name, raw, reader.named(name, raw)) for name, raw in pairs]

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
    """A stream: each entry is a message. All changes of a stream go into one call, because the script rebuilds the stream."""

    script = report_name = "stream"

    def __init__(self, most: int) -> None:
        self._most = most

    def read(self, key: bytes, most: int) -> Call:
        return ("XRANGE", key, "-", "+", "COUNT", most)

    def parts(self, reader: Reader, reply: Any, start: int) -> list[Part]:
        return [self._entry(reader, ident, items) for ident, items in reply if items]

    def _entry(self, reader: Reader, ident: bytes, items: list[bytes]) -> Part:
        redactions = [reader.named(n, v) for n, v in zip(items[::2], items[1::2], strict=True)]
        skipped = next((r.skipped for r in redactions if r.skipped is not None), None)
        if all(r.new is None for r in redactions):
            return Part(ident, b"", Redaction(skipped=skipped))
        new = list(items)
        for i, r in enumerate(redactions):
            if r.new is not None:
                new[2 * i + 1] = r.new
        counts = tuple(pair for r in redactions for pair in r.counts)
        return Part(ident, packed(items), Redaction(b"", counts, skipped), new)

    def calls(self, changes: Sequence[Change], size: int, *, everywhere: bool = False) -> list[Call]:
        items = [item for c in changes for item in (c.place, c.old, len(c.new), *c.new)]
        return [(self._most, *items)]

    def flat(self, reply: Any) -> list[bytes]:
        return [item for ident, items in reply for item in (ident, *items)]

    def put(self, reply: Any, changes: Sequence[Change]) -> Any:
        new = {change.place: change.new for change in changes}
        return [(ident, new.get(ident, items)) for ident, items in reply]


def readable_types(limits: Limits, *, fields_expire: bool, documents: bool) -> dict[str, RedisType]:
    """The types that the backfill reads, by the name that the server gives each type.

    Args:
        limits: Bounds of the run; a stream longer than `limits.stream_entries` is not rebuilt.
        fields_expire: Whether the server lets a field of a hash expire by itself.
        documents: Whether the server has the RedisJSON module.
    """
    types: dict[str, RedisType] = {
        "string": String(),
        "list": List(),
        "hash": Hash(fields_expire=fields_expire),
        "zset": SortedSet(),
        "stream": Stream(limits.stream_entries),
    }
    return types | ({"ReJSON-RL": Document()} if documents else {})
