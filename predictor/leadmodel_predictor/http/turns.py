"""Turns at the event loop for texts: one text or a short slice of a batch at a time, with leads answered between two turns."""

import asyncio
from time import perf_counter

SLICE_S = 0.00025  # and at most one text more


class Turns:
    """A turn is taken with `async with`; `rest` gives the turn away once its slice of time is over."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._due = 0.0

    async def __aenter__(self) -> None:
        await self._lock.acquire()
        self._due = perf_counter() + SLICE_S

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()

    async def rest(self) -> None:
        """Let the loop answer others, and whoever waits for a turn go first, if the slice is over."""
        if perf_counter() < self._due:
            return
        await asyncio.sleep(0)  # still holding the turn: of all batches one slice per round of the loop
        self._lock.release()
        await self._lock.acquire()
        self._due = perf_counter() + SLICE_S
