"""The keyed work queue: one pass a key at a time, de-duplicated, re-queued when it changed meanwhile, with backoff and a resync.

Whoever enqueues only says that a key deserves a look; what is to be done is found out by the pass.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from leadmodel_operator.reconcile import Conflict, Key

FIRST_BACKOFF_S, MAX_BACKOFF_S, JITTER = 0.5, 300.0, 0.2
SETTLE_S = 0.02  # a burst of events on one key becomes one pass


@dataclass
class Counts:
    """What the machinery did."""

    passes: int = 0
    failures: int = 0
    conflicts: int = 0
    last_pass: float = 0.0


@dataclass
class WorkQueue:
    """Runs `work(key)`, which returns the seconds after which to look again (None: when something happens)."""

    work: Callable[[Key], Awaitable[float | None]]
    on_error: Callable[[Key, BaseException], None]
    workers: int = 10
    counts: Counts = field(default_factory=Counts)
    _waiting: dict[Key, asyncio.TimerHandle] = field(default_factory=dict)
    _due: dict[Key, float] = field(default_factory=dict)
    _running: set[Key] = field(default_factory=set)
    _dirty: set[Key] = field(default_factory=set)
    _failed: dict[Key, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ready: asyncio.Queue[Key] = asyncio.Queue()

    def depth(self) -> int:
        """Keys that are due."""
        return self._ready.qsize()

    def add(self, key: Key, after: float = SETTLE_S) -> None:
        """Look at this key after so many seconds, or earlier if it was to be looked at earlier."""
        if key in self._running and after <= SETTLE_S:
            self._dirty.add(key)
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + after
        if key in self._waiting:
            if self._due[key] <= due:
                return
            self._waiting.pop(key).cancel()
        self._due[key] = due
        self._waiting[key] = loop.call_later(after, self._hand_over, key)

    def _hand_over(self, key: Key) -> None:
        self._waiting.pop(key, None)
        self._due.pop(key, None)
        if key in self._running:
            self._dirty.add(key)
        else:
            self._running.add(key)
            self._ready.put_nowait(key)

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.workers):
                group.create_task(self._worker())

    async def _worker(self) -> None:
        while True:
            key = await self._ready.get()
            after = await self._pass(key)
            self._running.discard(key)
            if key in self._dirty:
                self._dirty.discard(key)
                self.add(key)
            elif after is not None:
                self.add(key, after)

    async def _pass(self, key: Key) -> float | None:
        self.counts.passes += 1
        try:
            after = await self.work(key)
        except Conflict:
            self.counts.conflicts += 1
            return self._backoff(key, first=0.05)
        except Exception as error:  # noqa: BLE001  # whatever it was, this key is tried again and the others go on
            self.counts.failures += 1
            self.on_error(key, error)
            return max(self._backoff(key), getattr(error, "retry_after", None) or 0.0)
        self._failed.pop(key, None)
        self.counts.last_pass = asyncio.get_running_loop().time()
        return after

    def _backoff(self, key: Key, first: float = FIRST_BACKOFF_S) -> float:
        failed = self._failed.get(key, 0)
        self._failed[key] = failed + 1
        wait = min(first * 2.0**failed, MAX_BACKOFF_S)
        return wait * random.uniform(1 - JITTER, 1 + JITTER)
