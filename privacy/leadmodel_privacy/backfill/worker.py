"""Redacts keys page by page: overview, read, redact, and write where the content is still what was read. Small keys share round trips."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from leadmodel_privacy.backfill.key_overview import KeyOverview
from leadmodel_privacy.backfill.key_parts import Change
from leadmodel_privacy.backfill.nodes import Command, Node
from leadmodel_privacy.backfill.run_context import RunContext
from leadmodel_privacy.backfill.single_key import SingleKeyWorker


@dataclass(frozen=True)
class _Write:
    overview: KeyOverview
    reply: Any
    changes: list[Change]


class Worker:
    """Redacts pages of keys; a key that does not fit into a page goes to the `SingleKeyWorker`."""

    def __init__(self, context: RunContext) -> None:
        self.context = context
        self.single_key = SingleKeyWorker(context)

    def page(self, node: Node, keys: Sequence[bytes]) -> None:
        """Redact all keys of a page."""
        context = self.context
        small: list[KeyOverview] = []
        large: list[KeyOverview] = []
        for overview in context.overviews(node, keys):
            if context.is_known(overview) or not context.is_readable(overview):
                continue
            (small if overview.is_small(context.settings.limits) else large).append(overview)
        for batch in self._batches(small):
            self.process_batch(node, batch)
        for overview in large:
            self.single_key.process(node, overview.key)

    def _batches(self, overviews: Iterable[KeyOverview]) -> Iterator[list[KeyOverview]]:
        """Batches of keys, each at most `limits.batch_bytes` long."""
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

    def process_batch(self, node: Node, batch: Sequence[KeyOverview]) -> None:
        """Read and redact the small keys of a batch; a key that has grown or is gone goes to the `SingleKeyWorker`."""
        context = self.context
        most = 2 * context.settings.limits.small_items
        replies = node.run([context.types[o.type].read(o.key, most) for o in batch])
        writes, again, read = [], [], []
        for overview, reply in zip(batch, replies, strict=True):
            redis_type = context.types[overview.type]
            if isinstance(reply, Exception) or reply is None or redis_type.size(reply) >= most:
                again.append(overview.key)  # the key is gone, has another type now, or has grown
                continue
            read.append((overview, reply, redis_type.parts(context.reader, reply, 0)))
        wanted = [
            (o.key, context.types[o.type], context.types[o.type].changes(parts)) for o, _, parts in read
        ]
        for (overview, reply, parts), changes in zip(read, context.open_changes(node, wanted), strict=True):
            redis_type = context.types[overview.type]
            context.count(overview, parts, changes)
            if not changes:
                context.record_clean(overview.key, redis_type, reply, parts)
            elif context.settings.apply:
                writes.append(_Write(overview, reply, changes))
        self.write_batch(node, writes)
        for key in again:
            self.single_key.process(node, key)

    def write_batch(self, node: Node, writes: Sequence[_Write]) -> None:
        """Write the changes of a batch; a key with a change that could not be made goes to the `SingleKeyWorker`."""
        context = self.context
        calls: list[tuple[bytes, Command]] = []
        for write in writes:
            redis_type, key = context.types[write.overview.type], write.overview.key
            arguments = redis_type.calls(write.changes, context.settings.limits.write)
            calls += [
                (key, node.script(redis_type.script, redis_type.keys(key), *each)) for each in arguments
            ]
        missed: dict[bytes, bool] = {}
        for (key, _), reply in zip(calls, node.run([command for _, command in calls]), strict=True):
            missed[key] = context.count_reply(reply) or missed.get(key, False)
        for write in writes:
            redis_type, key = context.types[write.overview.type], write.overview.key
            context.record_changed(key)
            if missed[key]:
                context.tally.conflicts += 1
                self.single_key.process(node, key, counted={change.old for change in write.changes})
            else:
                context.record_clean(key, redis_type, redis_type.put(write.reply, write.changes), ())
