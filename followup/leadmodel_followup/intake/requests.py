"""What callers hand in, read strictly from JSON: an error names the field's path and never the field's value."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from leadmodel_artifact.jsonnode import LayoutError, Node
from leadmodel_followup.contacts.book import Contact
from leadmodel_followup.planning.identity import checked_lead

_SOURCE = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}")
_ADDRESS = re.compile(r"[^\s\x00-\x1f\x7f]{3,320}")
_CHANNEL = re.compile(
    r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?"
)  # a name that no address has, as it stands in keys
_MAX_CHANNELS = 8
_AHEAD_MS = 300_000  # how far the clock of a caller may be ahead
_ZONES = available_timezones()


@dataclass(frozen=True)
class Consent:
    """That a person agreed to messages to an address: when, and where the proof lies (`form-12`, no personal data)."""

    at_ms: int
    source: str


@dataclass(frozen=True)
class Lead:
    """A lead with its score, and how to reach the person.

    Attributes:
        lead: The caller's id of the lead; no address.
        person: The caller's id of the person.
        at_ms: When the lead came in, milliseconds UTC.
        score: Score of the lead-scoring model, 0 to 1; None where there is none.
        intent: Intent of the person's text, None where there is none.
        arm: Arm of an experiment that the lead belongs to, None where there is none.
        contact: Name, company, language, time zone and addresses.
        consents: Consents by channel, each for the address of the channel.
    """

    lead: str
    person: str = field(repr=False)
    at_ms: int
    score: float | None = None
    intent: str | None = None
    arm: str | None = None
    contact: Contact = field(default_factory=Contact)
    consents: Mapping[str, Consent] = field(default_factory=dict)


@dataclass(frozen=True)
class Word:
    """That a person answered or became a customer."""

    person: str = field(repr=False)
    at_ms: int


@dataclass(frozen=True)
class ConsentChange:
    """Consent for one channel, or with address None that there is none any more."""

    person: str = field(repr=False)
    channel: str
    address: str | None = field(repr=False)
    consent: Consent


def read_lead(document: Any, now_ms: int) -> Lead:
    """Read the body of `POST /followups`.

    Raises:
        LayoutError: A field is missing, has another type or is out of bounds.
    """
    node = Node(document, "")
    addresses = {name: _address(part, name) for part in _part(node, "addresses") for name in part.value}
    consents = {}
    for part in _part(node, "consents"):
        for name in part.value:
            if name not in addresses:
                raise LayoutError(f"{part.at(name)} is for an address that addresses does not have")
            consents[name] = _consent(part.node(name), now_ms)
    return Lead(
        lead=_lead(node),
        person=_person(node),
        at_ms=_time(node, "at", now_ms),
        score=node.optional("score", lambda key: _share(node, key)),
        intent=node.optional("intent", lambda key: node.text(key, 64)),
        arm=node.optional("arm", lambda key: node.text(key, 32)),
        contact=_contact(node, addresses),
        consents=consents,
    )


def read_word(document: Any, now_ms: int) -> Word:
    """Read the body of `POST /replies` and `POST /conversions`. Raises LayoutError."""
    node = Node(document, "")
    return Word(_person(node), _time(node, "at", now_ms))


def read_consent(document: Any, now_ms: int) -> ConsentChange:
    """Read the body of `POST /consents`. Raises LayoutError."""
    node = Node(document, "")
    address = _address(node, "address") if node.has("address") else None
    channel = node.text("channel", 32)
    if not _CHANNEL.fullmatch(channel):
        raise LayoutError("channel must be the name of a channel: a-z, 0-9 and -")
    return ConsentChange(_person(node), channel, address, _consent(node, now_ms))


def _part(node: Node, key: str) -> list[Node]:
    """The object under a key, if there is one."""
    if not node.has(key):
        return []
    part = node.node(key)
    if len(part.value) > _MAX_CHANNELS:
        raise LayoutError(f"{part.path} has at most {_MAX_CHANNELS} channels")
    if not all(_CHANNEL.fullmatch(name) for name in part.value):
        raise LayoutError(f"{part.path} has names of channels as keys: a-z, 0-9 and -, at most 32 characters")
    return [part]


def _contact(node: Node, addresses: Mapping[str, str]) -> Contact:
    def text(key: str, limit: int) -> str:
        return node.text(key, limit) if node.has(key) else ""

    language, zone = text("language", 32), text("timeZone", 64)
    if language and not _LANGUAGE.fullmatch(language):
        raise LayoutError("language must be a tag such as de or pt-BR")
    if zone and zone not in _ZONES:
        raise LayoutError("timeZone must be a zone such as Europe/Berlin")
    return Contact(text("name", 256), text("company", 256), language, zone or None, addresses)


def _consent(node: Node, now_ms: int) -> Consent:
    source = node.text("source", 64)
    if not _SOURCE.fullmatch(source):
        raise LayoutError(f"{node.at('source')} must be 1 to 64 letters, digits and ._:-")
    return Consent(_time(node, "at", now_ms), source)


def _lead(node: Node) -> str:
    try:
        return checked_lead(node.text("lead", 64))
    except LayoutError:
        raise
    except ValueError:
        raise LayoutError("lead must be 1 to 64 letters, digits and ._:-, and no address") from None


def _person(node: Node) -> str:
    person = node.text("person", 256)
    if not person.strip():
        raise LayoutError("person must not be empty")
    return person


def _share(node: Node, key: str) -> float:
    value = node.number(key)
    if not 0 <= value <= 1:
        raise LayoutError(f"{node.at(key)} must be a number from 0 to 1")
    return value


def _address(node: Node, key: str) -> str:
    text = node.text(key, 320)
    if not _ADDRESS.fullmatch(text):
        raise LayoutError(
            f"{node.at(key)} must be a number such as +15550100 or an e-mail address, without spaces"
        )
    return text


def _time(node: Node, key: str, now_ms: int) -> int:
    """A time with its zone, in milliseconds UTC; never one in the future, because the latest record stands."""
    try:
        at = datetime.fromisoformat(node.text(key, 40))
    except LayoutError:
        raise
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise LayoutError(f"{node.at(key)} must be a time such as 2026-01-31T09:00:00Z")
    milliseconds = round(at.timestamp() * 1000)
    if milliseconds > now_ms + _AHEAD_MS:
        raise LayoutError(f"{node.at(key)} must not lie in the future")
    return milliseconds
