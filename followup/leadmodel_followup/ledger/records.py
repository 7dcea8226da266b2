"""What the ledger takes and answers. No value holds an address, a number or a text."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from leadmodel_followup.planning.quiet import Window
from leadmodel_followup.planning.spec import Cap


class State(StrEnum):
    """The state of a follow-up in the ledger, as its record holds it."""

    WAITING = "waiting"
    SENDING = "sending"
    UNKNOWN = "unknown"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Settled(StrEnum):
    """What the ledger made of an outcome: recorded, recorded before, or of an attempt that no longer counts."""

    SETTLED = "settled"
    SAME = "same"
    STALE = "stale"


class Recorded(StrEnum):
    """What the ledger made of a consent: recorded, nothing as a later record is there, or none as too many share the address."""

    RECORDED = "recorded"
    LATER = "later"
    CROWDED = "crowded"


@dataclass(frozen=True)
class FollowUp:
    """One message to one contact.

    Attributes:
        id: From `follow_up_id`.
        lead: The caller's id of the lead.
        contact: Hash of the person.
        channel: Name of the channel.
        step: Name of the step.
        due_ms: When it is wanted.
    """

    id: str
    lead: str
    contact: str
    channel: str
    step: str
    due_ms: int


@dataclass(frozen=True)
class Submission:
    """A lead that was handed in.

    Attributes:
        contact: Hash of the person.
        lead: The caller's id of the lead.
        at_ms: When the lead came in, milliseconds UTC.
        stays: Ids of the lead's band: what waits of the lead and is none of them ends. None leaves all as it is.
        silent: The intent is one after which nothing is sent: what waits of leads of the person up to now ends.
        arm: The arm of an experiment that the lead belongs to, empty for none. The first of a lead stands.
    """

    contact: str
    lead: str
    at_ms: int
    stays: tuple[str, ...] | None = None
    silent: bool = False
    arm: str = ""


@dataclass(frozen=True)
class OpenAttempt:
    """An attempt without an outcome: its number, when it began and the hash of its message, empty where nobody noted one."""

    follow_up: FollowUp
    attempt: int
    began_ms: int
    message: str = ""


@dataclass(frozen=True)
class Rate:
    """A rate by name: one send each `every_us` microseconds, `burst` at once."""

    name: str
    every_us: int
    burst: int


@dataclass(frozen=True)
class Conditions:
    """What an attempt has to pass in the moment in which it is recorded.

    Attributes:
        address: Hash of the address, to which consent has to be given.
        window: Begin and end of the sending hours in milliseconds UTC.
        look_ms: After this time without an outcome, `Ledger.overdue` answers the attempt.
        caps: Caps over all messages to the contact.
        rates: Rates that all have to let the attempt pass.
        message: Hash of the message, which is kept for look-ups.
        template: Name and digest of the texts, so that one can say what was sent.
    """

    address: str
    window: Window
    look_ms: int
    caps: tuple[Cap, ...] = ()
    rates: tuple[Rate, ...] = ()
    message: str = ""
    template: str = ""


@dataclass(frozen=True)
class Go:
    """The attempt is recorded; send now. The number fences off earlier attempts."""

    attempt: int


@dataclass(frozen=True)
class Later:
    """Not now: the follow-up waits until a later time, because of `hours`, `cap` or `rate`."""

    at_ms: int
    why: str


@dataclass(frozen=True)
class Dropped:
    """Never: the follow-up ended because of `stopped` or `no-consent`."""

    why: str


@dataclass(frozen=True)
class Gone:
    """Nothing waits under this id; `state` is empty where there is no record."""

    state: str


Begun = Go | Later | Dropped | Gone


@dataclass(frozen=True)
class History:
    """What happened with a contact.

    Attributes:
        stopped: Opted out, on whichever channel.
        replied_ms: When the last reply came, -1 for none.
        converted_ms: When the contact became a customer, -1 for one who is none.
        consents: Hash of the address to which consent was given, by channel.
        sends_ms: Times of messages sent and of messages waiting.
        newest_ms: When the lead that was asked for was handed in last, by its own time; -1 for never.
    """

    stopped: bool
    replied_ms: int
    converted_ms: int
    consents: Mapping[str, str]
    sends_ms: tuple[int, ...]
    newest_ms: int = -1


@dataclass(frozen=True)
class Overview:
    """Counts of a plan's follow-ups: those that have not ended, when the oldest that waits is due, and what ended in about 24 hours."""

    waiting: int
    open: int
    unknown: int
    oldest_due_ms: int | None
    sent_24h: int = 0
    failed_24h: int = 0


SUPERSEDED = "superseded"  # why a follow-up ended whose lead was handed in again with another band
# why a follow-up ended that a later call for its lead takes up again
WITHDRAWN = frozenset({SUPERSEDED, "silent-intent"})
ALWAYS: Window = (0, 2**52)  # the sending hours of a channel that sends at all hours
