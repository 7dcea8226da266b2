"""One key by itself: because it is big, or because it changed while it was worked on. Repeated until nothing moved under it."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from leadmodel_privacy.backfill.chunked import Chunk, MovedError, chunks
from leadmodel_privacy.backfill.nodes import Node
from leadmodel_privacy.backfill.overview import GONE, KeyOverview
from leadmodel_privacy.backfill.redis_types import (
    Change,
    List,
    RedisType,
    SortedSet,
    Stream,
    String,
    numbered,
)
from leadmodel_privacy.backfill.run_context import RunContext

_WHOLE_FROM = (
    3  # after so many attempts in chunks, read at once and look everywhere: what is not found then is gone
)
_WHOLE_ITEMS = 20_000


@dataclass
class _Attempts:
    """What is remembered of a key between attempts."""

    counted: set[str]  # digests of messages that were counted already
    first: bool
    alike: Counter[str] = field(
        default_factory=Counter
    )  # members that would fall on another, and how often they did
    open: int = 0  # changes that the last attempt could not make


class SingleKeyWorker:
    """Works on one key until it is done, or gives it up."""

    def __init__(self, context: RunContext) -> None:
        self.context = context

    def process(self, node: Node, key: bytes, counted: set[str] | None = None) -> None:
        """`counted`: what a page already counted of it."""
        context = self.context
        past = _Attempts(counted or set(), first=counted is None)
        overview = None
        for attempt in range(context.settings.limits.attempts):
            context.beat()
            overview = next(iter(context.overviews(node, [key])))
            if overview.type == GONE or not context.is_read(overview):
                return
            if not self._attempt(node, overview, past, whole=attempt >= _WHOLE_FROM):
                return
            context.tally.conflicts += 1
        assert overview is not None
        self._give_up(overview, past.open, "busy")

    def _attempt(self, node: Node, overview: KeyOverview, past: _Attempts, *, whole: bool) -> bool:
        """One pass over the key; whether another is needed."""
        context, redis_type = self.context, self.context.types[overview.type]
        past.open, moved, found = 0, False, False
        try:
            for chunk in chunks(node, redis_type, overview, context.settings.limits, whole=whole):
                context.beat()
                changes = self._changes(overview, redis_type, chunk, past)
                found |= bool(changes)
                if changes and context.settings.apply:
                    everywhere = whole and overview.items <= _WHOLE_ITEMS
                    moved |= self._write(node, overview, chunk, changes, past, everywhere=everywhere)
        except MovedError:
            moved = True
        if past.first and not context.verifying:
            context.tally.dirty_keys += found
        past.first = False
        if found and context.settings.apply:
            context.record_changed(overview.key)
        return moved

    def _changes(
        self, overview: KeyOverview, redis_type: RedisType, chunk: Chunk, past: _Attempts
    ) -> list[Change]:
        context = self.context
        parts = redis_type.parts(context.redactor, chunk.reply, chunk.start)
        changes = redis_type.changes(parts)
        if past.first:
            dirty = context.tally.dirty_keys
            context.count(overview, parts, changes)
            context.tally.dirty_keys = dirty
        else:
            context.count_changes(overview, [c for c in changes if c.old not in past.counted])
        past.counted |= {change.old for change in changes}
        if isinstance(redis_type, String) and not changes:
            context.record_clean(overview.key, redis_type, chunk.reply, parts)
        if isinstance(redis_type, SortedSet):
            return [self._disambiguated(change, past) for change in changes]
        return changes

    def _disambiguated(self, change: Change, past: _Attempts) -> Change:
        times = past.alike[change.old]
        return replace(change, new=numbered(change.new, times + 1)) if times else change

    def _write(
        self,
        node: Node,
        overview: KeyOverview,
        chunk: Chunk,
        changes: list[Change],
        past: _Attempts,
        *,
        everywhere: bool,
    ) -> bool:
        context, redis_type = self.context, self.context.types[overview.type]
        if isinstance(redis_type, Stream) and len(chunk.reply) > context.settings.limits.stream_entries:
            self._give_up(overview, len(changes), "tooManyEntries")
            return False
        moved = False
        calls = redis_type.calls(changes, context.settings.limits.write, everywhere=everywhere)
        for reply in node.run([node.script(redis_type.script, [overview.key], *call) for call in calls]):
            fallen = _fallen(reply)
            past.alike.update(fallen)
            missed = context.answer(reply)
            moved |= bool(fallen) or (missed and not (everywhere and isinstance(redis_type, List)))
        past.open += len(changes) if moved else 0
        local = [replace(c, place=c.place - chunk.start) if isinstance(c.place, int) else c for c in changes]
        chunk.final = redis_type.put(chunk.reply, local)
        if isinstance(redis_type, String) and not moved:
            context.record_clean(overview.key, redis_type, chunk.final, ())
        return moved

    def _give_up(self, overview: KeyOverview, messages: int, why: str) -> None:
        context = self.context
        context.tally.given_up += 1
        context.tally.residue += messages
        context.leave(overview.key, overview.type, why)


def _fallen(reply: Any) -> list[str]:
    """Digests of members that would have become one with another."""
    return [mark.decode() for mark in reply[2:]] if isinstance(reply, list) else []
