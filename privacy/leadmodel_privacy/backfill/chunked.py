"""Reads one key in chunks. Neighbouring chunks of a list or sorted set overlap, which shows a key that changed in between."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leadmodel_privacy.backfill.key_overview import KeyOverview
from leadmodel_privacy.backfill.limits import Limits
from leadmodel_privacy.backfill.nodes import Node
from leadmodel_privacy.backfill.redis_types import Hash, RedisType, SortedSet, Stream

_OVERLAP = 8  # elements that two neighbouring chunks share


class KeyChangedError(Exception):
    """The key changed while it was read; read it again."""


@dataclass
class Chunk:
    """A part of a key, from the element at `start`; the caller sets `final` to the chunk as it is after writing."""

    start: int
    reply: Any
    final: Any = None


def chunks(
    node: Node, redis_type: RedisType, overview: KeyOverview, limits: Limits, *, whole: bool
) -> Iterator[Chunk]:
    """All of a key, in order.

    Args:
        node: The primary that holds the key.
        redis_type: How the key is read.
        overview: The key and its size.
        limits: Elements per read, and the size above which a key is never read at once.
        whole: Whether to read a list or sorted set in one command, because the key never holds still.

    Raises:
        KeyChangedError: The key is gone, has another type, or changed between two chunks.
    """
    if redis_type.report_name in {"string", "json"}:
        yield Chunk(0, _reply_of(node, redis_type.read(overview.key, 1)))
    elif isinstance(redis_type, Hash):
        yield from _by_cursor(node, overview, limits)
    elif isinstance(redis_type, Stream):
        yield Chunk(0, _entries(node, overview, limits))
    elif whole and overview.size <= limits.value_bytes:
        yield Chunk(0, _reply_of(node, redis_type.read(overview.key, 1 << 30)))
    else:
        yield from _by_place(node, redis_type, overview, limits)


def _reply_of(node: Node, command: tuple[Any, ...]) -> Any:
    reply = node.run([command])[0]
    if reply is None or isinstance(reply, Exception):  # the key is gone or has another type now
        raise KeyChangedError
    return reply


def _by_cursor(node: Node, overview: KeyOverview, limits: Limits) -> Iterator[Chunk]:
    cursor: Any = b"0"
    while True:
        cursor, pairs = _reply_of(node, ("HSCAN", overview.key, cursor, "COUNT", limits.read))
        yield Chunk(0, pairs)
        if cursor == b"0":
            return


def _entries(node: Node, overview: KeyOverview, limits: Limits) -> list[Any]:
    entries: list[Any] = []
    start: bytes = b"-"
    while True:
        more = _reply_of(node, ("XRANGE", overview.key, start, "+", "COUNT", limits.read))
        entries += more
        if len(more) < limits.read:
            return entries
        start = b"(" + more[-1][0]


def _by_place(node: Node, redis_type: RedisType, overview: KeyOverview, limits: Limits) -> Iterator[Chunk]:
    """Chunks by index or rank; each must begin with the elements that the chunk before ended with."""
    sorted_set = isinstance(redis_type, SortedSet)
    name, options, width = ("ZRANGE", ("WITHSCORES",), 2) if sorted_set else ("LRANGE", (), 1)
    start = 0
    shared: list[bytes] = []
    while True:
        reply = _reply_of(node, (name, overview.key, start, start + limits.read - 1, *options))
        if reply[: len(shared)] != shared:
            raise KeyChangedError
        skipped = len(shared) // width
        chunk = Chunk(start + skipped, reply[len(shared) :])
        if chunk.reply:
            yield chunk
        if len(reply) < limits.read * width:
            return
        final = chunk.final if chunk.final is not None else chunk.reply
        shared = final[-_OVERLAP * width :]
        start = chunk.start + len(chunk.reply) // width - len(shared) // width
