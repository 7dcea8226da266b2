"""The settings of a run, and the digest that ties an apply to the dry run before it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from leadmodel_privacy.backfill.limits import Limits

if TYPE_CHECKING:
    from leadmodel_privacy.backfill.task import Task


@dataclass(frozen=True)
class Settings:
    """The settings of one run."""

    patterns: tuple[str, ...]
    task: Task
    apply: bool = False
    name: str = "default"
    stamps: bool = False
    sample: float = 1.0
    max_keys: int = 0
    recheck: float = 0.01  # share of the unchanged keys that the verify pass reads
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
        """The mode's name in reports: `Apply` or `DryRun`."""
        return "Apply" if self.apply else "DryRun"

    @property
    def partial(self) -> bool:
        """True for a first look, which is never resumed and does not count as the dry run before an apply."""
        return self.sample < 1 or self.max_keys > 0

    @property
    def digest(self) -> str:
        """Names what is read and searched for, not how fast: 12 hex digits of a SHA-256."""
        limits = self.limits
        meaning = {
            "patterns": sorted(self.patterns),
            **self.task.meaning,
            "limits": [limits.value_bytes, limits.message_chars, limits.stream_entries],
        }
        return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:12]
