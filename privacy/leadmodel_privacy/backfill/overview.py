"""What a glance at a key says, and which type it is."""

from dataclasses import dataclass
from typing import Any

from leadmodel_privacy.backfill.redis_types import Document, Hash, List, RedisType, SortedSet, Stream, String
from leadmodel_privacy.backfill.settings import Limits

GONE = "none"


@dataclass(frozen=True)
class KeyOverview:
    """One key at a glance; `mark` is empty where it has none."""

    key: bytes
    type: str
    items: int
    size: int  # bytes
    mark: bytes

    @classmethod
    def of(cls, key: bytes, reply: Any) -> "KeyOverview":
        """What the overview script answered."""
        redis_type, items, size, mark = reply
        return cls(key, redis_type.decode(), int(items), int(size), mark)

    def is_small(self, limits: Limits) -> bool:
        """Whether one command may read all of it."""
        return self.items <= limits.small_items and self.size <= limits.batch_bytes


def readable_types(limits: Limits, *, fields_expire: bool, documents: bool) -> dict[str, RedisType]:
    """Types that are read, by the name the server gives them."""
    found: dict[str, RedisType] = {
        "string": String(),
        "list": List(),
        "hash": Hash(fields_expire=fields_expire),
        "zset": SortedSet(),
        "stream": Stream(limits.stream_entries),
    }
    return found | ({"ReJSON-RL": Document()} if documents else {})
