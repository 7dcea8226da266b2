"""A step that is repeated for ever: at once while there is work, else after a pause, and patiently while the server is away."""

import logging
from collections.abc import Callable
from threading import Event

from leadmodel_followup.ledger.errors import LedgerUnavailable

_LOG = logging.getLogger(__name__)
_AWAY_S = 1.0


def repeat(tick: Callable[[], object], every_s: float, stop: Event) -> None:
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
