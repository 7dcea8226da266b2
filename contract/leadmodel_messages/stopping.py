"""How a program is asked to stop: by SIGTERM or Ctrl-C, at any moment of its work."""

import signal
import time

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
