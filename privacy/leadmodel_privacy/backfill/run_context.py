"""What all of a run's work shares: settings, detector, counts, and the fingerprints of what is known."""

import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from leadmodel_privacy.backfill.fingerprints import Fingerprints, of_content, of_key
from leadmodel_privacy.backfill.message_redactor import Redactor, SkipReason
from leadmodel_privacy.backfill.nodes import Node, refused
from leadmodel_privacy.backfill.overview import GONE, KeyOverview
from leadmodel_privacy.backfill.redis_types import Change, Part, RedisType, digest, packed
from leadmodel_privacy.backfill.settings import Settings
from leadmodel_privacy.backfill.tally import Tally

LEFT_SHOWN = 50


def _no_beat() -> None:
    pass


@dataclass
class RunContext:
    """`changed` and `clean` only grow; `known` is sealed."""

    settings: Settings
    types: dict[str, RedisType]
    redactor: Redactor
    version: bytes
    salt: bytes
    tally: Tally = field(default_factory=Tally)
    changed: Fingerprints = field(default_factory=Fingerprints)
    clean: Fingerprints = field(default_factory=Fingerprints)
    known: Fingerprints = field(default_factory=Fingerprints)
    marks: bool = False  # whether glances ask for marks, which cost the server a reading
    verifying: bool = False
    beat: Callable[[], None] = _no_beat  # called often; keeps the lease

    def overviews(self, node: Node, keys: Sequence[bytes]) -> Iterator[KeyOverview]:
        """A glance at each key."""
        limits = self.settings.limits
        arguments = (int(self.marks), limits.small_items, limits.small_bytes)
        replies = node.run([node.script("overview", [key], *arguments) for key in keys])
        for key, reply in zip(keys, replies, strict=True):
            if isinstance(reply, Exception):
                raise refused(reply)
            yield KeyOverview.of(key, reply)

    def is_known(self, overview: KeyOverview) -> bool:
        """Whether it is gone, or holds what is known to be clean."""
        if overview.type == GONE:
            return True
        tally = self.tally
        tally.keys += not self.verifying
        mark = of_content(overview.key, overview.mark, self.version) if overview.mark else None
        if mark is None or mark not in self.known:
            return False
        tally.verified += self.verifying
        tally.unchanged += not self.verifying
        if self.settings.stamps and not self.verifying:
            self.clean.add(mark)
        return True

    def is_read(self, overview: KeyOverview) -> bool:
        """Whether it is of a type and size that is read; else it is counted as left."""
        if overview.type not in self.types:
            self.tally.skipped[overview.type] += not self.verifying
            return False
        single = self.types[overview.type].report_name in {"string", "json"}
        if single and overview.size > self.settings.limits.value_bytes:
            self.leave(overview.key, overview.type, SkipReason.TOO_LONG)
            self.tally.unread += 1
            return False
        return True

    def count(self, overview: KeyOverview, parts: Sequence[Part], changes: Sequence[Change]) -> None:
        """What a first reading found."""
        tally = self.tally
        if self.verifying:
            tally.verified += 1
            return
        tally.scanned += len(parts)
        tally.dirty_keys += bool(changes)
        self.count_changes(overview, changes)
        for part in parts:
            if part.found.left is SkipReason.TOO_LONG:
                tally.unread += 1
                self.leave(overview.key, overview.type, SkipReason.TOO_LONG)
            elif part.found.left is SkipReason.NOT_TEXT:
                tally.not_text += 1

    def count_changes(self, overview: KeyOverview, changes: Sequence[Change]) -> None:
        """Messages to redact, and what they hold."""
        self.tally.found += len(changes)
        if changes:
            self.tally.kinds[overview.type] += len(changes)
        for change in changes:
            for entity, times in change.counts:
                self.tally.entities[entity] += times

    def answer(self, reply: Any) -> bool:
        """Count what a script did; whether something was not as it was read."""
        if isinstance(reply, Exception):
            if "WRONGTYPE" in str(reply)[:64]:
                return True
            raise refused(reply)
        self.tally.changed += int(reply[0])
        self.tally.returned += int(reply[0]) * self.verifying
        return int(reply[1]) != 0 or len(reply) > 2

    def record_changed(self, key: bytes) -> None:
        """The verify pass looks at it again."""
        if not self.verifying:
            self.changed.add(of_key(key))

    def record_clean(self, key: bytes, redis_type: RedisType, reply: Any, parts: Sequence[Part]) -> None:
        """A key with this content need not be read again by the same detector. `parts` is empty after a write."""
        if redis_type.report_name == "json" or (parts and not self.settings.stamps):
            return
        if not any(part.found.left is SkipReason.TOO_LONG for part in parts):
            mark = digest(packed(redis_type.flat(reply)))
            self.clean.add(of_content(key, mark.encode(), self.version))

    def leave(self, key: bytes, redis_type: str, why: str) -> None:
        """Name a key for a person, by a keyed hash: its name may hold personal data."""
        if len(self.tally.left) < LEFT_SHOWN:
            entry = {"key": key_hash(self.salt, key), "type": redis_type, "why": why}
            if entry not in self.tally.left:
                self.tally.left.append(entry)


def key_hash(salt: bytes, key: bytes) -> str:
    """Names a key to whoever knows the salt."""
    return hmac.new(salt, key, "sha256").hexdigest()[:16]
