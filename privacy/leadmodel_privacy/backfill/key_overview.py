"""What the overview script reports of one key before the key is read: type, size and the digest of its content."""

from dataclasses import dataclass
from typing import Any

from leadmodel_privacy.backfill.limits import Limits

GONE = "none"  # the server's type of a key that does not exist


@dataclass(frozen=True)
class KeyOverview:
    """One key as the overview script reports it; `content_digest` is empty for a large key or where none was requested."""

    key: bytes
    type: str
    items: int
    size: int  # bytes
    content_digest: bytes

    @classmethod
    def of(cls, key: bytes, reply: Any) -> "KeyOverview":
        """Read the reply of the overview script."""
        redis_type, items, size, content_digest = reply
        return cls(key, redis_type.decode(), int(items), int(size), content_digest)

    def is_small(self, limits: Limits) -> bool:
        """True if one command may read the whole key."""
        return self.items <= limits.small_items and self.size <= limits.batch_bytes
