"""The one task of RQ jobs: sends a follow-up by its id, counts what became of it, and raises nothing that RQ would keep or log."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from leadmodel_followup.dispatch.dispatcher import Dispatcher, wall_ms
from leadmodel_followup.ledger.errors import LedgerUnavailable
from leadmodel_followup.metrics import Metrics

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Send:
    """Sends with one dispatcher; to be called with the id of a follow-up.

    Attributes:
        dispatcher: The dispatcher of this process.
        metrics: Where outcomes are counted.
        suspended: Send nothing; what waits comes up again.
        now: Milliseconds UTC.
    """

    dispatcher: Dispatcher
    metrics: Metrics
    suspended: bool = False
    now: Callable[[], int] = wall_ms

    def __call__(self, follow_up_id: str) -> None:
        """Send one follow-up, if it waits."""
        if self.suspended:
            return
        try:
            follow_up, word = self.dispatcher.send(follow_up_id)
        except LedgerUnavailable as error:
            _LOG.warning("follow-up %s: the ledger does not answer (%s)", follow_up_id, error)
            return
        if follow_up is not None:
            late_s = (self.now() - follow_up.due_ms) / 1000
            self.metrics.note(follow_up.channel, follow_up.step, word, late_s)
