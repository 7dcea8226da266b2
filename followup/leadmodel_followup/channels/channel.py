"""What a channel has to be able to do: send once, without retries of its own, and tell what became of an earlier request."""

from dataclasses import dataclass, field
from typing import Protocol

from leadmodel_followup.channels.outcomes import Outcome, Trace

LONGEST_MS = (
    26_000  # a process whose message is stuck ends 14 seconds later, within the 40 that its supervisor waits
)


@dataclass(frozen=True)
class ProviderTemplate:
    """A template that the provider keeps and has approved, with the values for its places.

    Attributes:
        name: The provider's name of the template.
        language: The provider's code of its language, such as `en` or `en_US`.
        parameters: Values of the places in the text, in order.
    """

    name: str
    language: str
    parameters: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Message:
    """One message as it leaves. Address and texts stay out of logs and exceptions.

    Attributes:
        reference: Id of the follow-up; travels with the message where the provider can echo it.
        address: Number or e-mail address.
        body: The text; empty where a provider's template takes its place.
        subject: Subject of an e-mail.
        html: The text of an e-mail as HTML, empty for none.
        unsubscribe: URL that ends all messages to the recipient by one POST (RFC 8058), empty for none.
        template: The provider's template, for channels that send nothing else.
        zone: The recipient's own time zone, None if not known.
        source: Name and digest of the texts, which is kept with the attempt.
    """

    reference: str
    address: str = field(repr=False)
    body: str = field(repr=False)
    subject: str = field(default="", repr=False)
    html: str = field(default="", repr=False)
    unsubscribe: str = field(default="", repr=False)
    template: ProviderTemplate | None = None
    zone: str | None = None
    source: str = ""


class Channel(Protocol):
    """A way to reach people.

    Attributes:
        sender: The sending number or address, by a name that may be logged; rates hold per sender.
        timeout_ms: The longest that `send` takes; at most LONGEST_MS.
    """

    @property
    def sender(self) -> str:
        """The sending number or address, by a name that may be logged."""

    @property
    def timeout_ms(self) -> int:
        """The longest that `send` takes, in milliseconds."""

    def send(self, message: Message) -> Outcome:
        """Hand a message to the provider, with one request.

        An exception counts as Unknown, so a channel raises none for what it can tell.
        """

    def look_up(self, message: Message, since_ms: int) -> Trace:
        """What the provider has of a message that an attempt since `since_ms` (milliseconds UTC) may have handed over.

        Absent is an order to send again: a channel answers Absent only where the provider's answer proves it.
        """
