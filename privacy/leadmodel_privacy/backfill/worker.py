"""Works through keys: glance, read, redact, and put in place what still is what was read. Small keys share round trips."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from leadmodel_privacy.backfill.alone import Alone
from leadmodel_privacy.backfill.context import Context
from leadmodel_privacy.backfill.kinds import Change
from leadmodel_privacy.backfill.looking import Look
from leadmodel_privacy.backfill.nodes import Command, Node


@dataclass(frozen=True)
class _Write:
    look: Look
    reply: Any
    changes: list[Change]


class Worker:
    """Pages of keys; what does not fit into a page goes alone."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.alone = Alone(context)

    def page(self, node: Node, keys: Sequence[bytes]) -> None:
        """All of a page's keys."""
        context = self.context
        small: list[Look] = []
        big: list[Look] = []
        for look in context.looks(node, keys):
            if context.is_known(look) or not context.is_read(look):
                continue
            (small if look.is_small(context.settings.limits) else big).append(look)
        for batch in self._batches(small):
            self._batch(node, batch)
        for look in big:
            self.alone.key(node, look.key)

    def _batches(self, looks: Iterable[Look]) -> Iterator[list[Look]]:
        """As many keys as bytes allow."""
        batch: list[Look] = []
        size = 0
        for look in looks:
            if batch and size + look.size > self.context.settings.limits.batch_bytes:
                yield batch
                batch, size = [], 0
            batch.append(look)
            size += look.size
        if batch:
            yield batch

    def _batch(self, node: Node, batch: Sequence[Look]) -> None:
        context = self.context
        most = 2 * context.settings.limits.small_items
        replies = node.run([context.kinds[look.type].read(look.key, most) for look in batch])
        writes, again = [], []
        for look, reply in zip(batch, replies, strict=True):
            kind = context.kinds[look.type]
            if isinstance(reply, Exception) or reply is None or kind.size(reply) >= most:
                again.append(look.key)  # gone, another type now, or grown
                continue
            parts = kind.parts(context.redactor, reply, 0)
            changes = kind.changes(parts)
            context.count(look, parts, changes)
            if not changes:
                context.note_clean(look.key, kind, reply, parts)
            elif context.settings.apply:
                writes.append(_Write(look, reply, changes))
        self._write(node, writes)
        for key in again:
            self.alone.key(node, key)

    def _write(self, node: Node, writes: Sequence[_Write]) -> None:
        context = self.context
        calls: list[tuple[Look, Command]] = []
        for write in writes:
            kind = context.kinds[write.look.type]
            asked = kind.calls(write.changes, context.settings.limits.write)
            calls += [(write.look, node.script(kind.script, [write.look.key], *call)) for call in asked]
        missed: dict[bytes, bool] = {}
        for (look, _), reply in zip(calls, node.run([command for _, command in calls]), strict=True):
            missed[look.key] = context.answer(reply) or missed.get(look.key, False)
        for write in writes:
            kind = context.kinds[write.look.type]
            context.note_changed(write.look.key)
            if missed[write.look.key]:
                context.tally.conflicts += 1
                self.alone.key(node, write.look.key, counted={change.old for change in write.changes})
            else:
                context.note_clean(write.look.key, kind, kind.put(write.reply, write.changes), ())
