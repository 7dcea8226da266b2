"""Counts of a run so far. A checkpoint keeps the counts, so that a resumed run reports the whole."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from leadmodel_privacy.backfill.message_redactor import FOR_A_PERSON


@dataclass
class Tally:
    """Counts, never a value of a message. The names of the attributes are keys of the checkpoint and must stay."""

    keys: int = 0  # keys that match
    unchanged: int = 0  # keys known clean by their stamp, not read
    scanned: int = 0  # messages read
    dirty_keys: int = 0  # keys with a message to redact
    found: int = 0  # messages to redact
    changed: int = 0  # messages redacted
    conflicts: int = 0  # keys that changed meanwhile and were read again
    given_up: int = 0  # keys that could not be finished
    residue: int = 0  # messages left that hold personal data
    unread: int = 0  # messages left because they are too long
    undecoded: int = 0  # messages left because a placeholder would break their format
    not_text: int = 0  # messages that are not UTF-8
    verified: int = 0  # keys checked in the verify pass
    returned: int = 0  # messages redacted in the verify pass: written back or new
    restarts: int = 0  # scans begun anew because a server was replaced or slots moved
    seconds: float = 0
    redis_seconds: float = 0  # of `seconds`, the time spent on round trips
    entities: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)  # messages to redact, per type of key
    skipped: Counter[str] = field(default_factory=Counter)  # keys, per type that is not read
    shapes: Counter[str] = field(default_factory=Counter)
    left: list[dict[str, str]] = field(default_factory=list)  # keys for a person, by keyed hash

    def dump(self) -> dict[str, Any]:
        """The counts as a JSON object."""
        return {
            name: value.copy() if isinstance(value, Counter) else value for name, value in vars(self).items()
        }

    @classmethod
    def load(cls, raw: dict[str, Any]) -> "Tally":
        """Read the object of `dump`."""
        tally = cls()
        for name, value in raw.items():
            default = getattr(tally, name, None)
            setattr(tally, name, Counter(value) if isinstance(default, Counter) else value)
        return tally

    def forget_given_up(self) -> None:
        """Forget the keys given up, because the verify pass tries each of them again."""
        self.given_up = self.residue = 0
        self.left = [entry for entry in self.left if entry["why"] in FOR_A_PERSON]

    @property
    def incomplete(self) -> bool:
        """True if a message or key is left for a person."""
        return bool(self.residue or self.given_up or self.unread or self.undecoded)
