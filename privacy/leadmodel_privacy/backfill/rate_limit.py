"""Limits how fast a run goes: keys per second, and the share of its time that the server may work for the run."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class RateLimiter:
    """Sleeps after each page until the limits are met.

    The time of round trips stands for the time the server worked, which is never longer.

    Attributes:
        keys_per_second: Keys per second at most; 0 means no limit.
        server_share: Share of the time, above 0 and at most 1, that round trips may take.
        clock: Seconds of a monotonic clock.
        sleep: Waits for so many seconds.
    """

    keys_per_second: float
    server_share: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _ready: float = 0

    def after_page(self, keys: int, round_trips_s: float, began: float) -> None:
        """Wait after a page of `keys` keys that began at `began` and spent `round_trips_s` seconds on round trips."""
        now = self.clock()
        due = 0.0
        if self.keys_per_second > 0:
            self._ready = max(self._ready, began) + keys / self.keys_per_second
            due = self._ready - now
        if self.server_share < 1:
            due = max(due, round_trips_s / self.server_share - (now - began))
        if due > 0:
            self.sleep(due)
