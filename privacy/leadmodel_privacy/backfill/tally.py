"""What a run counted so far; kept in the checkpoint, so that a resumed run reports the whole."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Tally:
    """Counts, never a value."""

    keys: int = 0  # that match
    unchanged: int = 0  # known clean by their stamp, not read
    scanned: int = 0  # messages read
    dirty_keys: int = 0
    found: int = 0  # messages to redact
    changed: int = 0  # messages redacted
    conflicts: int = 0  # keys that changed under the run and were read again
    given_up: int = 0  # keys that could not be finished
    residue: int = 0  # messages left that hold personal data
    unread: int = 0  # messages left because they are too long
    not_text: int = 0  # messages that are no text
    verified: int = 0  # keys looked at again
    returned: int = 0  # messages redacted in the verify pass: written back or new
    restarts: int = 0  # scans begun anew because the server was another
    seconds: float = 0
    redis_seconds: float = 0
    entities: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)  # keys of types that are not read
    shapes: Counter[str] = field(default_factory=Counter)
    left: list[dict[str, str]] = field(default_factory=list)  # keys for a person, by keyed hash

    def dump(self) -> dict[str, Any]:
        """As JSON takes it."""
        return {
            name: value.copy() if isinstance(value, Counter) else value for name, value in vars(self).items()
        }

    @classmethod
    def load(cls, raw: dict[str, Any]) -> "Tally":
        """What `dump` made."""
        found = cls()
        for name, value in raw.items():
            now = getattr(found, name, None)
            setattr(found, name, Counter(value) if isinstance(now, Counter) else value)
        return found

    def forget_given_up(self) -> None:
        """What was given up is tried again."""
        self.given_up = self.residue = 0
        self.left = [entry for entry in self.left if entry["why"] == "tooLong"]

    @property
    def incomplete(self) -> bool:
        """Whether something is left for a person."""
        return bool(self.residue or self.given_up or self.unread)
