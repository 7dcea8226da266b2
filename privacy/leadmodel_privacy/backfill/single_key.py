"""Redacts one key by itself, because the key is large or changed during its page; repeated until nothing changes meanwhile."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from leadmodel_privacy.backfill.chunked import Chunk, KeyChangedError, chunks
from leadmodel_privacy.backfill.key_overview import GONE, KeyOverview
from leadmodel_privacy.backfill.key_parts import Change, numbered
from leadmodel_privacy.backfill.nodes import Node
from leadmodel_privacy.backfill.redis_types import List, RedisType, SortedSet, Stream, String
from leadmodel_privacy.backfill.run_context import RunContext

# From this attempt on a list or sorted set is read at once and searched everywhere: a message not found then is gone.
_WHOLE_FROM = 3
_WHOLE_ITEMS = 20_000


@dataclass
class _Attempts:
    """What the worker remembers of a key between attempts."""

    counted: set[str]  # digests of messages already counted
    first: bool
    collisions: Counter[str] = field(
        default_factory=Counter
    )  # by digest: times a new member met an equal one
    open: int = 0  # changes that the last attempt could not make


class SingleKeyWorker:
    """Redacts one key until it is done, or gives the key up after `limits.attempts` attempts."""

    def __init__(self, context: RunContext) -> None:
        self.context = context

    def process(self, node: Node, key: bytes, counted: set[str] | None = None) -> None:
        """Redact a key; `counted` holds digests of messages that the key's page has counted already."""
        context = self.context
        past = _Attempts(counted or set(), first=counted is None)
        overview = None
        for attempt in range(context.settings.limits.attempts):
            context.heartbeat()
            overview = next(iter(context.overviews(node, [key])))
            if overview.type == GONE or not context.is_readable(overview):
                return
            if not self._attempt(node, overview, past, whole=attempt >= _WHOLE_FROM):
                return
            context.tally.conflicts += 1
        assert overview is not None
        self._give_up(overview, past.open, "busy")

    def _attempt(self, node: Node, overview: KeyOverview, past: _Attempts, *, whole: bool) -> bool:
        """Pass over the key once; True if another pass is needed."""
        context, redis_type = self.context, self.context.types[overview.type]
        past.open, repeat, dirty = 0, False, False
        try:
            for chunk in chunks(node, redis_type, overview, context.settings.limits, whole=whole):
                context.heartbeat()
                changes = self._changes(node, overview, redis_type, chunk, past)
                dirty |= bool(changes)
                if changes and context.settings.apply:
                    everywhere = whole and overview.items <= _WHOLE_ITEMS
                    repeat |= self._write(node, overview, chunk, changes, past, everywhere=everywhere)
        except KeyChangedError:
            repeat = True
        if past.first and not context.verifying:
            context.tally.dirty_keys += dirty
        past.first = False
        if dirty and context.settings.apply:
            context.record_changed(overview.key)
        return repeat

    def _changes(
        self, node: Node, overview: KeyOverview, redis_type: RedisType, chunk: Chunk, past: _Attempts
    ) -> list[Change]:
        context = self.context
        parts = redis_type.parts(context.reader, chunk.reply, chunk.start)
        changes = context.open_changes(node, [(overview.key, redis_type, redis_type.changes(parts))])[0]
        if past.first:
            dirty = context.tally.dirty_keys  # the key counts once, not once per chunk
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
        times = past.collisions[change.old]
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
        """Write the changes of a chunk; True if some could not be made and the key needs another pass."""
        context, redis_type = self.context, self.context.types[overview.type]
        if isinstance(redis_type, Stream) and len(chunk.reply) > context.settings.limits.stream_entries:
            self._give_up(overview, len(changes), "tooManyEntries")
            return False
        repeat = False
        calls = redis_type.calls(changes, context.settings.limits.write, everywhere=everywhere)
        for reply in node.run(
            [node.script(redis_type.script, redis_type.keys(overview.key), *call) for call in calls]
        ):
            collided = _collided(reply)
            past.collisions.update(collided)
            missed = context.count_reply(reply)
            repeat |= bool(collided) or (missed and not (everywhere and isinstance(redis_type, List)))
        past.open += len(changes) if repeat else 0
        local = [replace(c, place=c.place - chunk.start) if isinstance(c.place, int) else c for c in changes]
        chunk.final = redis_type.put(chunk.reply, local)
        if isinstance(redis_type, String) and not repeat:
            context.record_clean(overview.key, redis_type, chunk.final, ())
        return repeat

    def _give_up(self, overview: KeyOverview, messages: int, why: str) -> None:
        context = self.context
        context.tally.given_up += 1
        context.tally.residue += messages
        context.list_for_person(overview.key, overview.type, why)


def _collided(reply: Any) -> list[str]:
    """Digests of the members that the sorted-set script left, because their new form equals another member."""
    return [digest.decode() for digest in reply[2:]] if isinstance(reply, list) else []
