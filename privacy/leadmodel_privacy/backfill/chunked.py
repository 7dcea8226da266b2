"""Reads one key in chunks. A list or sorted set that moves between two chunks is noticed by what the chunks share."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leadmodel_privacy.backfill.nodes import Node
from leadmodel_privacy.backfill.overview import KeyOverview
from leadmodel_privacy.backfill.redis_types import Hash, RedisType, SortedSet, Stream
from leadmodel_privacy.backfill.settings import Limits

_SHARED = 8  # elements two neighbouring chunks share


class MovedError(Exception):
    """The key changed while it was read: read it again."""


@dataclass
class Chunk:
    """A part of a key. `final` is what stands there once the caller has written."""

    start: int
    reply: Any
    final: Any = None


def chunks(
    node: Node, redis_type: RedisType, overview: KeyOverview, limits: Limits, *, whole: bool
) -> Iterator[Chunk]:
    """All of a key, in order. Raises MovedError. `whole`: in one read, for a key that never holds still."""
    if redis_type.report_name in {"string", "json"}:
        yield Chunk(0, _asked(node, redis_type.read(overview.key, 1)))
    elif isinstance(redis_type, Hash):
        yield from _by_cursor(node, overview, limits)
    elif isinstance(redis_type, Stream):
        yield Chunk(0, _entries(node, overview, limits))
    elif whole and overview.size <= limits.value_bytes:
        yield Chunk(0, _asked(node, redis_type.read(overview.key, 1 << 30)))
    else:
        yield from _by_place(node, redis_type, overview, limits)


def _asked(node: Node, command: tuple[Any, ...]) -> Any:
    reply = node.run([command])[0]
    if reply is None or isinstance(reply, Exception):  # gone, or another type now
        raise MovedError
    return reply


def _by_cursor(node: Node, overview: KeyOverview, limits: Limits) -> Iterator[Chunk]:
    cursor: Any = b"0"
    while True:
        cursor, found = _asked(node, ("HSCAN", overview.key, cursor, "COUNT", limits.read))
        yield Chunk(0, found)
        if cursor == b"0":
            return


def _entries(node: Node, overview: KeyOverview, limits: Limits) -> list[Any]:
    found: list[Any] = []
    start: bytes = b"-"
    while True:
        more = _asked(node, ("XRANGE", overview.key, start, "+", "COUNT", limits.read))
        found += more
        if len(more) < limits.read:
            return found
        start = b"(" + more[-1][0]


def _by_place(node: Node, redis_type: RedisType, overview: KeyOverview, limits: Limits) -> Iterator[Chunk]:
    """Chunks by index or rank. What a chunk ended with must be what the next begins with."""
    sorted_set = isinstance(redis_type, SortedSet)
    name, more, width = ("ZRANGE", ("WITHSCORES",), 2) if sorted_set else ("LRANGE", (), 1)
    start = 0
    shared: list[bytes] = []
    while True:
        reply = _asked(node, (name, overview.key, start, start + limits.read - 1, *more))
        if reply[: len(shared)] != shared:
            raise MovedError
        skipped = len(shared) // width
        chunk = Chunk(start + skipped, reply[len(shared) :])
        if chunk.reply:
            yield chunk
        if len(reply) < limits.read * width:
            return
        final = chunk.final if chunk.final is not None else chunk.reply
        shared = final[-_SHARED * width :]
        start = chunk.start + len(chunk.reply) // width - len(shared) // width
