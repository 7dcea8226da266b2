"""The detector's configuration: entities switched off, own patterns, JSON fields that hold text, countries of phone numbers."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from leadmodel_privacy.pattern_cost import PatternError, check_patterns

ENTITIES = (
    "EMAIL",
    "PHONE",
    "CREDIT_CARD",
    "IBAN",
    "SSN",
    "IP",
    "MAC",
    "URL",
    "DOB",
    "MRN",
    "HEALTH_PLAN",
    "ACCOUNT",
    "PASSPORT",
    "DRIVER_LICENSE",
    "VIN",
    "ADDRESS",
    "NAME",
)
REGIONS = ("US", "GB", "DE", "FR", "ES", "IT", "NL", "IN", "AU", "BR", "PL", "SE", "CH")
UNSETTLED = "REDACTED"  # replaces the whole text where redaction does not settle in eight passes
_NAME = re.compile(r"[A-Z][A-Z0-9_]{1,31}")
_REGION = re.compile(r"[A-Z]{2}")
DEFAULT_NAMES = "cues"
NAME_LEVELS = ("cues", "careful", "balanced", "strict")
_KEYS = {"off", "fields", "regions", "custom", "keep", "names"}
_MAX_CUSTOM, _MAX_KEPT, _MAX_KEPT_LENGTH = 32, 256, 128


class ConfigError(ValueError):
    """The configuration cannot be used; the message says what to write instead."""


@dataclass(frozen=True)
class Custom:
    """A pattern of the user's own, and the entity whose placeholder replaces a match."""

    entity: str
    pattern: str
    ignore_case: bool = False


@dataclass(frozen=True)
class Config:
    """The configuration of a detector.

    Attributes:
        off: Entities that are not searched for.
        fields: Fields of JSON texts that are read; every field where none is named.
        regions: Countries (ISO 3166, two letters) whose national phone numbers are known.
        custom: Patterns of the user's own.
        names: How NAME is found: `cues` only after words such as `my name is`; the other levels also anywhere else, by a lexicon and
            a small model: `careful` alters least, `strict` finds most.
        keep: Words that are no person's name, such as the team's companies and products; capitals do not matter.

    Raises:
        ConfigError: A name is unknown, or a pattern is wrong or too slow.
    """

    off: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    regions: tuple[str, ...] = REGIONS
    custom: tuple[Custom, ...] = ()
    keep: tuple[str, ...] = ()
    names: str = DEFAULT_NAMES

    def __post_init__(self) -> None:
        _check_names("entity", self.off, ENTITIES)
        for region in self.regions:
            if not _REGION.fullmatch(region):
                raise ConfigError(f"regions: {region!r} is not a country such as US or DE")
        _check_custom(self.custom)
        _check_kept(self.keep)
        _check_names("level of names", (self.names,), NAME_LEVELS)

    @property
    def digest(self) -> str:
        """Names the configuration, equal for equal meaning: 12 hex digits of a SHA-256."""
        meaning = asdict(self) | {key: sorted(set(getattr(self, key))) for key in ("off", "fields", "keep")}
        return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:12]

    @property
    def entities(self) -> tuple[str, ...]:
        """Every entity whose placeholder can appear in a redacted text."""
        return (*ENTITIES, UNSETTLED, *dict.fromkeys(own.entity for own in self.custom))


def _check_names(what: str, names: tuple[str, ...], known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            raise ConfigError(f"no {what} {name!r}; known are {', '.join(known)}")


def _check_kept(keep: tuple[str, ...]) -> None:
    if len(keep) > _MAX_KEPT:
        raise ConfigError(f"keep: {len(keep)} entries; at most {_MAX_KEPT}")
    for entry in keep:
        if not 1 <= len(entry) <= _MAX_KEPT_LENGTH or not entry[0].isalnum():
            raise ConfigError(
                f"keep: each entry begins with a letter or digit and has at most {_MAX_KEPT_LENGTH} characters, such as Acme Cloud"
            )


def _check_custom(custom: tuple[Custom, ...]) -> None:
    if len(custom) > _MAX_CUSTOM:
        raise ConfigError(f"custom: {len(custom)} patterns; at most {_MAX_CUSTOM}")
    for own in custom:
        if not _NAME.fullmatch(own.entity) or own.entity in (*ENTITIES, UNSETTLED):
            raise ConfigError(
                f"custom: {own.entity!r} cannot name an entity; write capitals such as CUSTOMER_NO"
            )
    try:
        check_patterns({own.entity: own.pattern for own in custom} if _unique(custom) else _numbered(custom))
    except PatternError as error:
        raise ConfigError(f"custom: {error}") from error


def _unique(custom: tuple[Custom, ...]) -> bool:
    return len({own.entity for own in custom}) == len(custom)


def _numbered(custom: tuple[Custom, ...]) -> dict[str, str]:
    return {f"{own.entity} ({i})": own.pattern for i, own in enumerate(custom, 1)}


def loads(text: str | bytes) -> Config:
    """Read a configuration from JSON.

    Raises:
        ConfigError: The JSON is no configuration, or the configuration cannot be used.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"the configuration is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ConfigError('the configuration must be an object such as {"off": ["NAME"]}')
    if unknown := sorted(set(document) - _KEYS):
        raise ConfigError(f"no setting {unknown[0]!r}; known are {', '.join(sorted(_KEYS))}")
    custom = document.get("custom", [])
    if not isinstance(custom, list):
        raise ConfigError("custom must be a list of objects with entity and pattern")
    lists = {key: _strings(document, key) for key in ("off", "fields", "regions", "keep") if key in document}
    names = document.get("names", DEFAULT_NAMES)
    if not isinstance(names, str):
        raise ConfigError(f"names must be one of {', '.join(NAME_LEVELS)}")
    return Config(**lists, custom=tuple(_own(item) for item in custom), names=names)


def with_names(config: Config, names: str | None, keep: Iterable[str]) -> Config:
    """The configuration with the level of names that a command line gives, and with its kept words besides.

    Raises:
        ConfigError: The level or a word cannot be used.
    """
    return replace(config, names=names or config.names, keep=(*config.keep, *keep))


def _strings(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = document[key]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ConfigError(f"{key} must be a list of strings")
    return tuple(value)


def _own(item: Any) -> Custom:
    match item:
        case {"entity": str(entity), "pattern": str(pattern), **rest} if set(rest) <= {"ignoreCase"}:
            return Custom(entity, pattern, bool(rest.get("ignoreCase", False)))
    raise ConfigError(
        'custom: each must be like {"entity": "CUSTOMER_NO", "pattern": "KD-\\\\d{6}", "ignoreCase": true}'
    )
