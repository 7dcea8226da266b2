"""One key by itself: because it is big, or because it changed while it was worked on. Repeated until nothing moved under it."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

from leadmodel_privacy.backfill.big import Chunk, MovedError, chunks
from leadmodel_privacy.backfill.context import Context
from leadmodel_privacy.backfill.kinds import Change, Kind, List, SortedSet, Stream, String, numbered
from leadmodel_privacy.backfill.looking import GONE, Look
from leadmodel_privacy.backfill.nodes import Node

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


class Alone:
    """Works on one key until it is done, or gives it up."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def key(self, node: Node, key: bytes, counted: set[str] | None = None) -> None:
        """`counted`: what a page already counted of it."""
        context = self.context
        past = _Attempts(counted or set(), first=counted is None)
        look = None
        for attempt in range(context.settings.limits.attempts):
            context.beat()
            look = next(iter(context.looks(node, [key])))
            if look.type == GONE or not context.is_read(look):
                return
            if not self._attempt(node, look, past, whole=attempt >= _WHOLE_FROM):
                return
            context.tally.conflicts += 1
        assert look is not None
        self._give_up(look, past.open, "busy")

    def _attempt(self, node: Node, look: Look, past: _Attempts, *, whole: bool) -> bool:
        """One pass over the key; whether another is needed."""
        context, kind = self.context, self.context.kinds[look.type]
        past.open, moved, found = 0, False, False
        try:
            for chunk in chunks(node, kind, look, context.settings.limits, whole=whole):
                context.beat()
                changes = self._changes(look, kind, chunk, past)
                found |= bool(changes)
                if changes and context.settings.apply:
                    everywhere = whole and look.items <= _WHOLE_ITEMS
                    moved |= self._write(node, look, chunk, changes, past, everywhere=everywhere)
        except MovedError:
            moved = True
        if past.first and not context.verifying:
            context.tally.dirty_keys += found
        past.first = False
        if found and context.settings.apply:
            context.note_changed(look.key)
        return moved

    def _changes(self, look: Look, kind: Kind, chunk: Chunk, past: _Attempts) -> list[Change]:
        context = self.context
        parts = kind.parts(context.redactor, chunk.reply, chunk.start)
        changes = kind.changes(parts)
        if past.first:
            dirty = context.tally.dirty_keys
            context.count(look, parts, changes)
            context.tally.dirty_keys = dirty
        else:
            context.count_changes(look, [c for c in changes if c.old not in past.counted])
        past.counted |= {change.old for change in changes}
        if isinstance(kind, String) and not changes:
            context.note_clean(look.key, kind, chunk.reply, parts)
        if isinstance(kind, SortedSet):
            return [self._told_apart(change, past) for change in changes]
        return changes

    def _told_apart(self, change: Change, past: _Attempts) -> Change:
        times = past.alike[change.old]
        return replace(change, new=numbered(change.new, times + 1)) if times else change

    def _write(
        self,
        node: Node,
        look: Look,
        chunk: Chunk,
        changes: list[Change],
        past: _Attempts,
        *,
        everywhere: bool,
    ) -> bool:
        context, kind = self.context, self.context.kinds[look.type]
        if isinstance(kind, Stream) and len(chunk.reply) > context.settings.limits.stream_entries:
            self._give_up(look, len(changes), "tooManyEntries")
            return False
        moved = False
        calls = kind.calls(changes, context.settings.limits.write, everywhere=everywhere)
        for reply in node.run([node.script(kind.script, [look.key], *call) for call in calls]):
            fallen = _fallen(reply)
            past.alike.update(fallen)
            missed = context.answer(reply)
            moved |= bool(fallen) or (missed and not (everywhere and isinstance(kind, List)))
        past.open += len(changes) if moved else 0
        local = [replace(c, place=c.place - chunk.start) if isinstance(c.place, int) else c for c in changes]
        chunk.final = kind.put(chunk.reply, local)
        if isinstance(kind, String) and not moved:
            context.note_clean(look.key, kind, chunk.final, ())
        return moved

    def _give_up(self, look: Look, messages: int, why: str) -> None:
        context = self.context
        context.tally.given_up += 1
        context.tally.residue += messages
        context.leave(look.key, look.type, why)


def _fallen(reply: Any) -> list[str]:
    """Digests of members that would have become one with another."""
    return [mark.decode() for mark in reply[2:]] if isinstance(reply, list) else []
