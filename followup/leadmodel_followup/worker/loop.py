"""A step that is repeated until a signal: at once while there is work, else after a pause, and patiently while the server is away."""

import logging
import signal
import time
from collections.abc import Callable

import redis

from leadmodel_followup.ledger.errors import LedgerUnavailable

_LOG = logging.getLogger(__name__)
_AWAY_S = 1.0
_STEP_S = 0.1


class Stop:
    """Whether somebody asked to stop. It has no lock: a signal that lands while its thread holds one would wait for itself."""

    def __init__(self) -> None:
        """Begin with nobody having asked."""
        self._is_set = False

    def set(self) -> None:
        """Ask to stop; from a signal's handler too."""
        self._is_set = True

    def is_set(self) -> bool:
        """Whether somebody asked to stop."""
        return self._is_set

    def wait(self, seconds: float) -> bool:
        """Wait until somebody asks to stop, which is seen within a tenth of a second, or for some seconds. Returns whether somebody asked."""
        until = time.monotonic() + seconds
        while not self._is_set and (left_s := until - time.monotonic()) > 0:
            time.sleep(min(left_s, _STEP_S))
        return self._is_set


def set_by_signals(stop: Stop) -> Stop:
    """Have SIGTERM and SIGINT set `stop`. Returns it."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def repeat(tick: Callable[[], object], every_s: float, stop: Stop) -> None:
    """Call `tick` until `stop` is set; a true answer means that there is more to do at once. No exception ends the loop."""
    trouble = ""
    while not stop.is_set():
        try:
            if not tick():
                stop.wait(every_s)
            trouble = ""
        except Exception as error:  # noqa: BLE001  # whatever one step meets, the next may do its work
            seen = str(error) if isinstance(error, LedgerUnavailable) else type(error).__name__
            if seen != trouble:
                _LOG.warning(
                    "%s fails (%s) and is tried again", getattr(tick, "__qualname__", "a step"), seen
                )
            trouble = seen
            stop.wait(_AWAY_S)


def reached(ping: Callable[[], object], stop: Stop) -> bool:
    """Wait until the server answers. Returns whether it did before somebody asked to stop."""
    while not stop.is_set():
        try:
            ping()
        except redis.RedisError:
            stop.wait(_AWAY_S)
        else:
            return True
    return False
