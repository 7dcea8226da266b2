"""What a run is asked to do, frozen; and the hash by which a dry run and the apply after it are told to be alike."""

import hashlib
import json
from dataclasses import dataclass, field

from leadmodel_privacy.configuration import Config


@dataclass(frozen=True)
class Limits:
    """How much is taken at once, and how fast."""

    page: int = 500  # keys a SCAN call looks at
    batch_bytes: int = 256 << 10  # bytes of keys that are read, then written, together
    small_items: int = 500  # a key with more goes alone, in chunks; so does a string of more bytes
    small_bytes: int = 64 << 10  # a key with more has no mark
    read: int = 500  # elements of a big key in one read
    write: int = 100  # elements in one script
    value_bytes: int = 8 << 20  # a longer value is left for a person
    message_chars: int = 100_000  # as is a longer text
    stream_entries: int = 1000  # a longer stream is not rebuilt
    attempts: int = 20  # at a key that changes under the run
    keys_per_second: float = 0
    server_share: float = 1.0


@dataclass(frozen=True)
class Settings:
    """One run."""

    patterns: tuple[str, ...]
    detector: Config = field(default_factory=Config)
    apply: bool = False
    name: str = "default"
    stamps: bool = False
    sample: float = 1.0
    max_keys: int = 0
    recheck: float = 0.01  # of unchanged keys, in the verify pass
    changed_configuration: bool = False
    retention_s: int = 30 * 86400
    wait_s: float = 3600
    lease_s: float = 60
    report: str = "redis"
    audit: str = "redis"
    triggered_by: str = ""
    image: str = ""
    limits: Limits = field(default_factory=Limits)

    @property
    def mode(self) -> str:
        """Its name in reports."""
        return "Apply" if self.apply else "DryRun"

    @property
    def partial(self) -> bool:
        """A first overview: never resumed, never a dry run of record."""
        return self.sample < 1 or self.max_keys > 0

    @property
    def digest(self) -> str:
        """Names what is looked at and for; not how fast."""
        limits = self.limits
        facts = {
            "patterns": sorted(self.patterns),
            "detector": self.detector.digest,
            "limits": [limits.value_bytes, limits.message_chars, limits.stream_entries],
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
