"""Works through keys: glance, read, redact, and put in place what still is what was read. Small keys share round trips."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from leadmodel_privacy.backfill.nodes import Command, Node
from leadmodel_privacy.backfill.overview import KeyOverview
from leadmodel_privacy.backfill.redis_types import Change
from leadmodel_privacy.backfill.run_context import RunContext
from leadmodel_privacy.backfill.single_key import SingleKeyWorker


@dataclass(frozen=True)
class _Write:
    overview: KeyOverview
    reply: Any
    changes: list[Change]


class Worker:
    """Pages of keys; what does not fit into a page goes alone."""

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self.single_key = SingleKeyWorker(context)

    def page(self, node: Node, keys: Sequence[bytes]) -> None:
        """All of a page's keys."""
        context = self.context
        small: list[KeyOverview] = []
        big: list[KeyOverview] = []
        for overview in context.overviews(node, keys):
            if context.is_known(overview) or not context.is_read(overview):
                continue
            (small if overview.is_small(context.settings.limits) else big).append(overview)
        for batch in self._batches(small):
            self._batch(node, batch)
        for overview in big:
            self.single_key.process(node, overview.key)

    def _batches(self, overviews: Iterable[KeyOverview]) -> Iterator[list[KeyOverview]]:
        """As many keys as bytes allow."""
        batch: list[KeyOverview] = []
        size = 0
        for overview in overviews:
            if batch and size + overview.size > self.context.settings.limits.batch_bytes:
                yield batch
                batch, size = [], 0
            batch.append(overview)
            size += overview.size
        if batch:
            yield batch

    def _batch(self, node: Node, batch: Sequence[KeyOverview]) -> None:
        context = self.context
        most = 2 * context.settings.limits.small_items
        replies = node.run([context.types[overview.type].read(overview.key, most) for overview in batch])
        writes, again = [], []
        for overview, reply in zip(batch, replies, strict=True):
            redis_type = context.types[overview.type]
            if isinstance(reply, Exception) or reply is None or redis_type.size(reply) >= most:
                again.append(overview.key)  # gone, another type now, or grown
                continue
            parts = redis_type.parts(context.redactor, reply, 0)
            changes = redis_type.changes(parts)
            context.count(overview, parts, changes)
            if not changes:
                context.record_clean(overview.key, redis_type, reply, parts)
            elif context.settings.apply:
                writes.append(_Write(overview, reply, changes))
        self._write(node, writes)
        for key in again:
            self.single_key.process(node, key)

    def _write(self, node: Node, writes: Sequence[_Write]) -> None:
        context = self.context
        calls: list[tuple[KeyOverview, Command]] = []
        for write in writes:
            redis_type = context.types[write.overview.type]
            asked = redis_type.calls(write.changes, context.settings.limits.write)
            calls += [
                (write.overview, node.script(redis_type.script, [write.overview.key], *call))
                for call in asked
            ]
        missed: dict[bytes, bool] = {}
        for (overview, _), reply in zip(calls, node.run([command for _, command in calls]), strict=True):
            missed[overview.key] = context.answer(reply) or missed.get(overview.key, False)
        for write in writes:
            redis_type = context.types[write.overview.type]
            context.record_changed(write.overview.key)
            if missed[write.overview.key]:
                context.tally.conflicts += 1
                self.single_key.process(
                    node, write.overview.key, counted={change.old for change in write.changes}
                )
            else:
                context.record_clean(
                    write.overview.key, redis_type, redis_type.put(write.reply, write.changes), ()
                )
