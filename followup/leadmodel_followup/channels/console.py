"""The default channel: takes every message and sends none, so that a fresh installation writes to nobody."""

import logging

from leadmodel_followup.channels.channel import Message
from leadmodel_followup.channels.outcomes import Accepted, Outcome, Present, Trace

_LOG = logging.getLogger(__name__)


class Console:
    """Logs the id and the length of each message and nothing else. A look-up takes each message for logged."""

    sender = "console"
    timeout_ms = 1000

    def send(self, message: Message) -> Outcome:
        """Log that the message would leave."""
        _LOG.info("follow-up %s would leave with %d characters", message.reference, len(message.body))
        return Accepted(f"console-{message.reference}")

    def look_up(self, message: Message, since_ms: int) -> Trace:  # noqa: ARG002  # nothing is kept
        """Answer that the message is there: whether it was logged twice matters to nobody."""
        return Present(f"console-{message.reference}")
