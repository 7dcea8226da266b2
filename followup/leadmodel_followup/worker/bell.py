"""The bell: takes what is due from the ledger and rings for a worker. Every pod has one; none of them leads."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import redis
from rq import Queue

from leadmodel_followup.dispatch.dispatcher import wall_ms
from leadmodel_followup.dispatch.settings import DispatchSettings
from leadmodel_followup.ledger.errors import LedgerUnavailable
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.worker.jobs import ring

_CLOCKS_MS = 5_000  # by which the clock of a pod may be behind that of the server, which decides


@dataclass
class Bell:
    """Rings for one plan.

    Attributes:
        ledger: The tenant's ledger.
        queues: Queues by channel.
        depth: Jobs that may wait in all queues together; what is due beyond them stays in the ledger, so that no lease runs out in a queue.
        timeout_s: How long a worker may take for one message.
        settings: Size of a batch and length of the lease.
        suspended: Take nothing.
        now: Milliseconds UTC.
    """

    ledger: Ledger
    queues: Mapping[str, Queue]
    depth: int
    timeout_s: int
    settings: DispatchSettings = field(default_factory=DispatchSettings)
    suspended: bool = False
    now: Callable[[], int] = wall_ms
    _queued: bool = False

    def tick(self) -> bool:
        """Ring once for what is due. Returns whether more may be due at once.

        Raises:
            LedgerUnavailable: The server cannot be reached; what was taken comes up again after its lease.
        """
        if self.suspended or not self._is_anything_due():
            return False
        try:
            room = min(self.settings.batch, self._room())
            rung = self._ring(room) if room > 0 else 0
        except redis.RedisError as error:
            raise LedgerUnavailable(f"bell: {type(error).__name__}") from None
        return 0 < rung == room

    def _is_anything_due(self) -> bool:
        """Whether to ask for what is due: most often nothing is, and a look at the list costs least."""
        due_ms = self.ledger.next_due_ms()
        return due_ms is not None and due_ms <= self.now() + _CLOCKS_MS

    def _room(self) -> int:
        """Jobs that still fit into the queues; looked up only while there may be any in them."""
        waiting = sum(len(queue) for queue in self.queues.values()) if self._queued else 0
        self._queued = waiting > 0
        return self.depth - waiting

    def _ring(self, count: int) -> int:
        by_channel: dict[str, list[str]] = defaultdict(list)
        claims = self.ledger.claim(count, self.settings.claim_ms)
        for claim in claims:
            if claim.channel in self.queues:
                by_channel[claim.channel].append(claim.id)
            elif self.now() >= claim.due_ms + self.settings.reload_ms:
                self.ledger.cancel(claim.id, "no-channel")
        for channel, ids in by_channel.items():
            ring(self.queues[channel], ids, self.timeout_s)
            self._queued = True
        return len(claims)
