"""Finds out what became of attempts without an outcome, by the provider's look-up. Never sends."""

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from leadmodel_followup.channels.channel import Channel
from leadmodel_followup.channels.outcomes import Absent, NoLookUp, Present, Trace, Undecided
from leadmodel_followup.dispatch.dispatcher import Compose, wall_ms
from leadmodel_followup.dispatch.settings import DispatchSettings
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import OpenAttempt
from leadmodel_followup.planning.identity import ContactHasher

_LOG = logging.getLogger(__name__)


@dataclass
class Reconciler:
    """Looks up open attempts for one tenant; attributes as of a Dispatcher."""

    ledger: Ledger
    channels: Mapping[str, Channel]
    compose: Compose
    hasher: ContactHasher
    settings: DispatchSettings = field(default_factory=DispatchSettings)
    now: Callable[[], int] = wall_ms

    def tick(self) -> Counter[str]:
        """Look up one batch of attempts that are overdue. Returns what was found, by words.

        Raises:
            LedgerUnavailable: The ledger cannot be reached; all that was recorded holds.
        """
        overdue = self.ledger.overdue(self.settings.batch, self.settings.look_again_ms)
        return Counter(self.resolve(attempt) for attempt in overdue)

    def resolve(self, open_attempt: OpenAttempt) -> str:
        """Record an attempt as sent, as to be repeated, or, when it is too old, as unknown for good."""
        follow_up, attempt = open_attempt.follow_up, open_attempt.attempt
        match self._trace(open_attempt):
            case Present(provider_id):
                self.ledger.sent(follow_up.id, attempt, provider_id)
                return "present"
            case Absent():
                self.ledger.again(follow_up.id, attempt, "no-trace", self.now())
                return "absent"
            case _ if self.now() - open_attempt.began_ms < self.settings.give_up_ms:
                return "undecided"
            case NoLookUp() if self.settings.resend:
                self.ledger.resend(follow_up.id, attempt, self.now())
                return "resend"
            case _:
                self.ledger.lost(follow_up.id, attempt)
                return "lost"

    def _trace(self, open_attempt: OpenAttempt) -> Trace:
        """What the provider knows; that it has no message with another text or address than was sent proves nothing."""
        try:
            channel = self.channels.get(open_attempt.follow_up.channel)
            message = self.compose(open_attempt.follow_up)
            if channel is None or message is None:
                return Undecided()
            trace = channel.look_up(message, open_attempt.began_ms)
            is_the_one = self.hasher.message(message.address, message.body) == open_attempt.message
            return trace if is_the_one or not isinstance(trace, Absent) else Undecided()
        except Exception as error:  # noqa: BLE001  # a failed look-up tells nothing, which is no reason to stop looking
            _LOG.warning("follow-up %s: no look-up (%s)", open_attempt.follow_up.id, type(error).__name__)
            return Undecided()
