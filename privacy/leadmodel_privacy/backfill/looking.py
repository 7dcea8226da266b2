"""What a glance at a key says, and which kind it is."""

from dataclasses import dataclass
from typing import Any

from leadmodel_privacy.backfill.kinds import Document, Hash, Kind, List, SortedSet, Stream, String
from leadmodel_privacy.backfill.settings import Limits

GONE = "none"


@dataclass(frozen=True)
class Look:
    """One key at a glance; `mark` is empty where it has none."""

    key: bytes
    type: str
    items: int
    size: int  # bytes
    mark: bytes

    @classmethod
    def of(cls, key: bytes, reply: Any) -> "Look":
        """What the look script answered."""
        kind, items, size, mark = reply
        return cls(key, kind.decode(), int(items), int(size), mark)

    def is_small(self, limits: Limits) -> bool:
        """Whether one command may read all of it."""
        return self.items <= limits.small_items and self.size <= limits.batch_bytes


def kinds(limits: Limits, *, fields_expire: bool, documents: bool) -> dict[str, Kind]:
    """Types that are read, by the name the server gives them."""
    found: dict[str, Kind] = {
        "string": String(),
        "list": List(),
        "hash": Hash(fields_expire=fields_expire),
        "zset": SortedSet(),
        "stream": Stream(limits.stream_entries),
    }
    return found | ({"ReJSON-RL": Document()} if documents else {})
