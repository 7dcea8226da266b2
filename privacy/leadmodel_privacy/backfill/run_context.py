"""State that all workers of a run share: settings, reader, counts, and the fingerprints of keys changed and known clean."""

import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from leadmodel_privacy.backfill.fingerprints import Fingerprints, of_content, of_key
from leadmodel_privacy.backfill.key_overview import GONE, KeyOverview
from leadmodel_privacy.backfill.key_parts import Change, Part, digest, packed
from leadmodel_privacy.backfill.message_redactor import FOR_A_PERSON, Reader, SkipReason
from leadmodel_privacy.backfill.nodes import Node, refused
from leadmodel_privacy.backfill.redis_types import RedisType
from leadmodel_privacy.backfill.settings import Settings
from leadmodel_privacy.backfill.side_keys import NO_SIDE
from leadmodel_privacy.backfill.tally import Tally

LISTED_KEYS = 50  # keys left for a person that a report lists


def _no_heartbeat() -> None:
    pass


@dataclass
class RunContext:
    """State shared by the workers of a run.

    Attributes:
        types: The Redis types that are read, by the server's name.
        version: Names the detector and the configuration; part of each fingerprint of clean content.
        salt: Key of the hashes under which a report lists keys.
        changed: Fingerprints of keys that the run changed; only grows.
        clean: Fingerprints of contents that the run saw clean; only grows.
        known: Sorted fingerprints of contents that need no reading.
        with_digests: Whether overviews request content digests, each of which costs the server a reading of the key.
        verifying: Whether the run is in its verify pass.
        heartbeat: Called often during long work; renews the lease when due.
    """

    settings: Settings
    types: dict[str, RedisType]
    reader: Reader
    version: bytes
    salt: bytes
    tally: Tally = field(default_factory=Tally)
    changed: Fingerprints = field(default_factory=Fingerprints)
    clean: Fingerprints = field(default_factory=Fingerprints)
    known: Fingerprints = field(default_factory=Fingerprints)
    with_digests: bool = False
    verifying: bool = False
    heartbeat: Callable[[], None] = _no_heartbeat

    def overviews(self, node: Node, keys: Sequence[bytes]) -> Iterator[KeyOverview]:
        """The overview of each key, in order.

        Raises:
            Refused: The server does not let the script run.
        """
        limits = self.settings.limits
        arguments = (int(self.with_digests), limits.small_items, limits.small_bytes)
        replies = node.run([node.script("overview", [key], *arguments) for key in keys])
        for key, reply in zip(keys, replies, strict=True):
            if isinstance(reply, Exception):
                raise refused(reply)
            yield KeyOverview.of(key, reply)

    def is_known(self, overview: KeyOverview) -> bool:
        """True if the key is gone or holds content known to be clean; counts the key."""
        if overview.type == GONE:
            return True
        tally = self.tally
        tally.keys += not self.verifying
        content = overview.content_digest
        fingerprint = of_content(overview.key, content, self.version) if content else None
        if fingerprint is None or fingerprint not in self.known:
            return False
        tally.verified += self.verifying
        tally.unchanged += not self.verifying
        if self.settings.stamps and not self.verifying:
            self.clean.add(fingerprint)
        return True

    def is_readable(self, overview: KeyOverview) -> bool:
        """True if the key's type and size are read; any other key is counted, and listed if it is too long."""
        if overview.type not in self.types:
            self.tally.skipped[overview.type] += not self.verifying
            return False
        if not self.types[overview.type].is_writable(overview.key):
            self.tally.skipped[NO_SIDE] += not self.verifying
            return False
        single = self.types[overview.type].report_name in {"string", "json"}
        if single and overview.size > self.settings.limits.value_bytes:
            self.list_for_person(overview.key, overview.type, SkipReason.TOO_LONG)
            self.tally.unread += 1
            return False
        return True

    def open_changes(
        self, node: Node, wanted: Sequence[tuple[bytes, RedisType, list[Change]]]
    ) -> list[list[Change]]:
        """The changes of each key that are not made yet; a type that shows it elsewhere than in its messages is asked."""
        asked = [redis_type.answered(key, changes) for key, redis_type, changes in wanted]
        replies = iter(node.run([command for command in asked if command is not None]))
        return [
            changes if command is None else redis_type.still_open(changes, next(replies))
            for command, (_, redis_type, changes) in zip(asked, wanted, strict=True)
        ]

    def count(self, overview: KeyOverview, parts: Sequence[Part], changes: Sequence[Change]) -> None:
        """Count the first reading of a key: its messages, those to redact, and those left unread."""
        tally = self.tally
        if self.verifying:
            tally.verified += 1
            return
        tally.scanned += len(parts)
        tally.dirty_keys += bool(changes)
        self.count_changes(overview, changes)
        for part in parts:
            if part.redaction.skipped is SkipReason.TOO_LONG:
                tally.unread += 1
                self.list_for_person(overview.key, overview.type, SkipReason.TOO_LONG)
            elif part.redaction.skipped is SkipReason.ENCODED:
                tally.undecoded += 1
                self.list_for_person(overview.key, overview.type, SkipReason.ENCODED)
            elif part.redaction.skipped is SkipReason.NOT_TEXT:
                tally.not_text += 1

    def count_changes(self, overview: KeyOverview, changes: Sequence[Change]) -> None:
        """Count messages to redact and the entities in each."""
        self.tally.found += len(changes)
        if changes:
            self.tally.kinds[overview.type] += len(changes)
        for change in changes:
            for entity, times in change.counts:
                self.tally.entities[entity] += times

    def count_reply(self, reply: Any) -> bool:
        """Count what a write script did; True if a message was no longer as it was read.

        Raises:
            Refused: The server refused the script.
        """
        if isinstance(reply, Exception):
            if "WRONGTYPE" in str(reply)[:64]:
                return True
            raise refused(reply)
        self.tally.changed += int(reply[0])
        self.tally.returned += int(reply[0]) * self.verifying
        return int(reply[1]) != 0 or len(reply) > 2

    def record_changed(self, key: bytes) -> None:
        """Remember a changed key, so that the verify pass reads it again."""
        if not self.verifying:
            self.changed.add(of_key(key))

    def record_clean(self, key: bytes, redis_type: RedisType, reply: Any, parts: Sequence[Part]) -> None:
        """Remember clean content, which the same detector need not read again. `parts` is empty after a write."""
        if redis_type.report_name == "json" or (parts and not self.settings.stamps):
            return
        if not any(part.redaction.skipped in FOR_A_PERSON for part in parts):
            content = digest(packed(redis_type.flat(reply)))
            self.clean.add(of_content(key, content.encode(), self.version))

    def list_for_person(self, key: bytes, type_name: str, why: str) -> None:
        """List a key in the report under a keyed hash, because a key's name may hold personal data."""
        if len(self.tally.left) < LISTED_KEYS:
            entry = {"key": key_hash(self.salt, key), "type": type_name, "why": why}
            if entry not in self.tally.left:
                self.tally.left.append(entry)


def key_hash(salt: bytes, key: bytes) -> str:
    """Hash of a key that only a holder of the salt can match to the key: HMAC-SHA-256, its first 16 hex digits."""
    return hmac.new(salt, key, "sha256").hexdigest()[:16]
