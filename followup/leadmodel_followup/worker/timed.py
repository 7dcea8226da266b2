"""Measures how long a provider takes, by what came of the request."""

import time
from dataclasses import dataclass

from leadmodel_followup.channels.channel import Channel, Message
from leadmodel_followup.channels.outcomes import Outcome, Trace
from leadmodel_followup.metrics import Metrics


@dataclass
class TimedChannel:
    """A channel whose requests are timed.

    Attributes:
        name: Name of the channel.
        channel: The channel itself.
        metrics: Where times are counted.
    """

    name: str
    channel: Channel
    metrics: Metrics

    @property
    def sender(self) -> str:
        """The sender of the channel."""
        return self.channel.sender

    @property
    def timeout_ms(self) -> int:
        """The longest that `send` of the channel takes."""
        return self.channel.timeout_ms

    def send(self, message: Message) -> Outcome:
        """Send over the channel and count the seconds."""
        began, word = time.monotonic(), "raised"
        try:
            outcome = self.channel.send(message)
            word = type(outcome).__name__.lower()
        finally:
            self.metrics.provider.labels(self.name, word).observe(time.monotonic() - began)
        return outcome

    def look_up(self, message: Message, since_ms: int) -> Trace:
        """Look up over the channel; not timed."""
        return self.channel.look_up(message, since_ms)
