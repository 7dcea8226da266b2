"""What an operator can choose: which entities are looked for, patterns of their own, which JSON fields hold text."""

import hashlib
import json
from dataclasses import asdict, dataclass

ENTITIES = ("EMAIL", "URL", "IBAN", "CREDIT_CARD", "SSN", "IP", "PHONE")


class ConfigError(ValueError):
    """A configuration that cannot be used; the message says what to write instead."""


@dataclass(frozen=True)
class Config:
    """Entities that are off, and JSON fields that hold text (none named: every text)."""

    off: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.off:
            if name not in ENTITIES:
                raise ConfigError(f"no entity {name!r}; known are {', '.join(ENTITIES)}")

    @property
    def digest(self) -> str:
        """Names this configuration; equal for equal meaning."""
        facts = {key: sorted(value) for key, value in asdict(self).items()}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
