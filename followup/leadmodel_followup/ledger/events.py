"""What providers and people tell after a message left: one small record per event, without text, number or address."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an event says; a later kind of the first eight stands above an earlier one."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    OPENED = "opened"
    READ = "read"
    CLICKED = "clicked"
    REPLIED = "replied"
    MACHINE_OPENED = "machine-opened"
    SCANNED = "scanned"
    FAILED = "failed"
    OPTED_OUT = "opted-out"
    OPTED_IN = "opted-in"


STOPS = frozenset({Kind.OPTED_OUT, Kind.REPLIED})  # without these, messages would go on


@dataclass(frozen=True)
class Event:
    """One event.

    Attributes:
        channel: Name of the channel over which it came; of a reply that the intake was told of, empty for any.
        kind: What it says; SCANNED is the ledger's own word for clicks before or within two seconds of the delivery.
        at_ms: When it happened, milliseconds UTC.
        reference: Id of the follow-up, empty where the provider gave none.
        address: Hash of the person's address, empty where it is not needed.
        contact: Hash of the person, where an unsubscribe link names it.
        code: The provider's word or number for a failure; of an opt-out, for the refusal that tells of it.
        provider_id: The provider's id of the message.
    """

    channel: str
    kind: Kind
    at_ms: int
    reference: str = ""
    address: str = ""
    contact: str = ""
    code: str = ""
    provider_id: str = ""

    def dump(self) -> str:
        """The event as JSON."""
        return json.dumps(list(vars(self).values()))

    @property
    def arguments(self) -> tuple[str | int, ...]:
        """The event as the script takes one."""
        named = self.channel, self.reference, self.kind.value, self.at_ms
        return *named, self.address, self.contact, self.code, self.provider_id

    @classmethod
    def load(cls, text: str) -> "Event | None":
        """The event of its JSON; None for what is no event."""
        try:
            channel, kind, at_ms, *texts = json.loads(text)
            if type(at_ms) is int and all(isinstance(one, str) for one in (channel, *texts)):
                return cls(channel, Kind(kind), at_ms, *texts)
        except (ValueError, TypeError, RecursionError):
            pass
        return None


@dataclass(frozen=True)
class News:
    """The first event of a kind of one follow-up: what delivery metrics count."""

    channel: str
    step: str
    kind: Kind


def news(flat: Sequence[str]) -> tuple[News, ...]:
    """The news of a script's answer: channel, step, kind, and so on."""
    rows = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    return tuple(News(channel, step, Kind(kind)) for channel, step, kind in rows)
