"""A step that is repeated until a signal: at once while there is work, else after a pause, and patiently while the server is away."""

import logging
from collections.abc import Callable

import redis

from leadmodel_followup.ledger.errors import LedgerUnavailable
from leadmodel_messages.stopping import Stop

_LOG = logging.getLogger(__name__)
_AWAY_S = 1.0


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
