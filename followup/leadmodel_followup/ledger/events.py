"""What providers and people tell after a message left: one small record per event, without text, number or address."""

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


@dataclass(frozen=True)
class Event:
    """One event.

    Attributes:
        channel: Name of the channel over which it came.
        kind: What it says; SCANNED is the ledger's own word for clicks before or within two seconds of the delivery.
        at_ms: When it happened, milliseconds UTC.
        reference: Id of the follow-up, empty where the provider gave none.
        address: Hash of the person's address, empty where it is not needed.
        contact: Hash of the person, where an unsubscribe link names it.
        code: The provider's word or number for a failure.
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

    def fields(self) -> dict[str, str]:
        """The fields of the record, without those that are empty."""
        values = {
            "channel": self.channel,
            "kind": self.kind.value,
            "at": str(self.at_ms),
            "reference": self.reference,
            "address": self.address,
            "contact": self.contact,
            "code": self.code,
            "pid": self.provider_id,
        }
        return {name: value for name, value in values.items() if value}

    @classmethod
    def read(cls, fields: dict[str, str]) -> "Event | None":
        """The event of a record; None for what is no such record."""
        try:
            channel, kind, at_ms = fields["channel"], Kind(fields["kind"]), int(fields["at"])
        except (KeyError, ValueError):
            return None
        more = (fields.get(name, "") for name in ("reference", "address", "contact", "code", "pid"))
        return cls(channel, kind, at_ms, *more)


@dataclass(frozen=True)
class News:
    """The first event of a kind of one follow-up: what delivery metrics count."""

    channel: str
    step: str
    kind: Kind
