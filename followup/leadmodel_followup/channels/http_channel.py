"""What channels over HTTP share: each is a request, the place of the provider's id in the answer, and the meaning of its codes."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from leadmodel_followup.channels.channel import Message
from leadmodel_followup.channels.checks import Unsendable
from leadmodel_followup.channels.http import Answer, Http, NoAnswer, NotSent, Request
from leadmodel_followup.channels.outcomes import (
    Accepted,
    NoLookUp,
    OptedOut,
    Outcome,
    Rejected,
    Throttled,
    Trace,
    Unknown,
)
from leadmodel_followup.channels.secrets import MissingSecret, SecretFolder
from leadmodel_followup.settings.settings import ChannelSettings

_LOG = logging.getLogger(__name__)
CONNECT_AGAIN_MS = 5_000
BUSY_MS = 1_000  # after a 429 without a time
MEND_MS = 60_000  # until somebody has mended the account
_LONGEST_WAIT_S = 3_600


@dataclass(frozen=True)
class Codes:
    """What the codes of a provider mean. A code that is not named here means what its HTTP status means.

    Attributes:
        throttled: Codes of messages that were certainly not taken, with milliseconds to wait.
        opted_out: Codes of recipients who said that they want nothing more.
        account: Codes of faults of the account or its keys, under which no message leaves until they are mended.
    """

    throttled: Mapping[int, int] = field(default_factory=dict)
    opted_out: frozenset[int] = frozenset()
    account: frozenset[int] = frozenset()


class HttpChannel(ABC):
    """A channel with one POST per message.

    Attributes:
        sender: Name of the channel.
        timeout_ms: The longest that one exchange takes.
        codes: What the provider's codes mean.
    """

    codes: ClassVar[Codes] = Codes()
    timeout_ms = 10_000

    def __init__(self, settings: ChannelSettings, secrets: SecretFolder, public_url: str | None) -> None:
        """Take the channel's settings and secrets, and where the provider reaches the webhooks; None where it cannot."""
        self.settings, self.secrets, self.public_url = settings, secrets, public_url
        self.sender = settings.name
        self.http = Http(self.timeout_ms)

    @abstractmethod
    def request(self, message: Message) -> Request:
        """Return the request that sends a message.

        Raises:
            Unsendable: The message can never leave.
            MissingSecret: A key of the account is not there.
        """

    @abstractmethod
    def taken(self, answer: Answer) -> str | None:
        """Return the provider's id of the message from an answer of status 200 to 299, None where there is none."""

    def code(self, answer: Answer) -> int | None:
        """Return the provider's own code from another answer; None where the provider has none."""
        _ = answer
        return None

    def send(self, message: Message) -> Outcome:
        """Send a message with one request."""
        try:
            answer = self.http.exchange(self.request(message))
        except Unsendable as error:
            return Rejected(error.code)
        except MissingSecret as error:
            _LOG.warning("channel %s: no usable secret %s", self.sender, error.key)
            return Throttled(MEND_MS, "no-secret")
        match answer:
            case NotSent(why):
                _LOG.warning("channel %s: no connection (%s)", self.sender, why)
                return Throttled(CONNECT_AGAIN_MS, "no-connection")
            case NoAnswer(why):
                return Unknown(why)
        return self._read(answer)

    def look_up(self, message: Message, since_ms: int) -> Trace:
        """Answer that the provider cannot be asked; channels whose provider can be asked have their own."""
        _ = message, since_ms
        return NoLookUp()

    def _read(self, answer: Answer) -> Outcome:
        if 200 <= answer.status < 300:
            taken = self.taken(answer)
            return Unknown("no-id") if taken is None else Accepted(taken)
        code, codes = self.code(answer), self.codes
        if code is not None and code in codes.throttled:
            return Throttled(codes.throttled[code])
        if code in codes.opted_out:
            return OptedOut()
        if code in codes.account or answer.status == 401:
            _LOG.warning(
                "channel %s: the provider refuses the account (%s)", self.sender, code or answer.status
            )
            return Throttled(MEND_MS, "account")
        if answer.status == 429:
            return Throttled(_wait_ms(answer))
        if 400 <= answer.status < 500 and answer.status != 408:
            return Rejected(str(code or answer.status))
        return Unknown(f"status-{answer.status}")


def _wait_ms(answer: Answer) -> int:
    """Milliseconds of Retry-After where that is a number of seconds."""
    seconds = answer.headers.get("retry-after", "")
    if not (seconds.isascii() and seconds.isdecimal()):
        return BUSY_MS
    return max(BUSY_MS, 1000 * min(int(seconds[:6]), _LONGEST_WAIT_S))
