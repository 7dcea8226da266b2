"""An event loop whose clock jumps: where nothing is to be done, the next timer is due at once.

Programs that only sleep and hand over run for hours in an instant, and always in the same order. What waits for another process or a
real connection must not run here: a timeout would be over before the answer comes.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")
PATIENCE_S = 10.0  # real seconds


class JumpingSelector(selectors.DefaultSelector):
    """A selector that never waits for a timer; `skipped` is the time (s) that waiting would have taken."""

    def __init__(self) -> None:
        super().__init__()
        self.skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Give what is ready now; where nothing is, the whole timeout has passed."""
        if timeout is None:  # only a thread or a connection can wake the program
            ready = super().select(PATIENCE_S)
            if not ready:
                raise RuntimeError("nothing is to be done and no timer is set: the program waits for ever")
            return ready
        ready = super().select(0)
        if not ready:
            self.skipped += max(0.0, timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop on the clock of a `JumpingSelector`."""

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since the loop was made, skipped ones only: computing takes no time."""
        return self._jumping.skipped


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
