"""How fast a run may go: keys a second, and the share of its time that the server may work for it."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass
class RateLimiter:
    """Sleeps after a page as long as the limits ask. A round trip's time stands for the server's: it is never less."""

    keys_per_second: float
    server_share: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    _ready: float = 0

    def after(self, keys: int, round_trips_s: float, began: float) -> None:
        """A page of so many keys is done; it began at `began`."""
        now = self.clock()
        due = 0.0
        if self.keys_per_second > 0:
            self._ready = max(self._ready, began) + keys / self.keys_per_second
            due = self._ready - now
        if self.server_share < 1:
            due = max(due, round_trips_s / self.server_share - (now - began))
        if due > 0:
            self.sleep(due)
