"""The keyed work queue: one pass a key at a time, de-duplicated, re-queued when it changed meanwhile, with backoff and a resync.

Whoever enqueues only says that a key deserves a look; what is to be done is found out by the pass. A key that is told of again and
again is looked at less and less often, up to every two seconds, until it has been left alone for that long. A pass that had something
to do shortens the wait again, the less the more of them there were: what it causes is seen soon, and two who undo each other's work
do not do so at full speed. Times that a pass asked for are kept whatever happens.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from leadmodel_operator.reconcile import Conflict, Key

FIRST_BACKOFF_S, MAX_BACKOFF_S, JITTER = 0.5, 300.0, 0.2
SETTLE_S = 0.02  # a burst of events on one key becomes one pass
FIRST_SPACE_S, MAX_SPACE_S = 0.25, 2.0
SPREAD_S = 60.0  # waits longer than this are spread, so that a thousand keys do not come at once


class Watcher(Protocol):
    """Who counts what the queue does."""

    def added(self, depth: int) -> None:
        """A key became due."""

    def began(self, waited: float) -> None:
        """A pass begins after this wait."""

    def ended(self, took: float, result: str) -> None:
        """A pass ended: ok, conflict or error."""


@dataclass
class _Pace:
    """How densely a key was told of lately, and how many of its passes since it was last left alone had something to do."""

    ended: float = -MAX_SPACE_S
    space: float = 0.0
    acted: int = 0


@dataclass
class WorkQueue:
    """Runs `work(key)`, which returns the seconds after which to look again (None: when something happens)."""

    work: Callable[[Key], Awaitable[float | None]]
    on_error: Callable[[Key, BaseException], None]
    watcher: Watcher
    workers: int = 10
    _waiting: dict[Key, asyncio.TimerHandle] = field(default_factory=dict)
    _due: dict[Key, float] = field(default_factory=dict)
    _running: dict[Key, float] = field(
        default_factory=dict
    )  # key → when it became due, or when its pass began
    _dirty: set[Key] = field(default_factory=set)
    _failed: dict[Key, int] = field(default_factory=dict)
    _pace: dict[Key, _Pace] = field(default_factory=dict)
    _busy: dict[Key, float] = field(default_factory=dict)
    _useful: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._ready: asyncio.Queue[Key] = asyncio.Queue()

    def depth(self) -> int:
        """Keys that are due."""
        return self._ready.qsize()

    def longest(self) -> float:
        """For how long the longest pass has been running."""
        now = asyncio.get_running_loop().time()
        return max((now - began for began in self._busy.values()), default=0.0)

    def oldest(self) -> float:
        """For how long the key that waits longest has been due."""
        now = asyncio.get_running_loop().time()
        waits = [now - since for key, since in self._running.items() if key not in self._busy]
        return max(waits, default=0.0)

    def add(self, key: Key, after: float | None = None) -> None:
        """Look at this key after so many seconds, or earlier if it was to be looked at earlier. None: it was told of."""
        if key in self._running:
            if key in self._busy and (after is None or after <= SETTLE_S):
                self._dirty.add(key)  # a pass that has not begun will see it anyway
            return
        loop = asyncio.get_running_loop()
        due = loop.time() + (self._settle(key) if after is None else after)
        if key in self._waiting:
            if self._due[key] <= due:
                return
            self._waiting.pop(key).cancel()
        self._due[key] = due
        self._waiting[key] = loop.call_at(due, self._hand_over, key)

    def useful(self, key: Key) -> None:
        """The running pass had something to do: what it causes is looked at soon."""
        self._useful.add(key)

    def _settle(self, key: Key) -> float:
        """How long to wait for more news of a key: the more densely they come, the longer."""
        pace = self._pace.get(key)
        if pace is None:
            return SETTLE_S
        return max(SETTLE_S, pace.space - (asyncio.get_running_loop().time() - pace.ended))

    def _hand_over(self, key: Key) -> None:
        del self._waiting[key]
        self._running[key] = self._due.pop(key)
        self._ready.put_nowait(key)
        self.watcher.added(self.depth())

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.workers):
                group.create_task(self._worker())

    async def drain(self, patience: float) -> None:
        """Begin no new pass, and let those that run come to their end for a while."""
        self._ready = asyncio.Queue()
        loop = asyncio.get_running_loop()
        end = loop.time() + patience
        while self._busy and loop.time() < end:  # noqa: ASYNC110  # a moment, once in a life
            await asyncio.sleep(0.02)

    async def _worker(self) -> None:
        while True:
            key = await self._ready.get()
            after = await self._pass(key)
            self._running.pop(key, None)
            if after is not None:
                self.add(key, after if after < SPREAD_S else after * random.uniform(1 - JITTER, 1 + JITTER))
            elif key not in self._dirty:
                self._pace.pop(key, None)
            if key in self._dirty:
                self._dirty.discard(key)
                self.add(key)

    async def _pass(self, key: Key) -> float | None:
        loop = asyncio.get_running_loop()
        began = self._busy[key] = loop.time()
        due = self._running.get(key, began)
        self.watcher.began(began - due)
        result = "error"
        try:
            after = await self.work(key)
            result = "ok"
        except Conflict:
            result = "conflict"
            return self._backoff(key, first=0.05)
        except Exception as error:  # noqa: BLE001  # whatever it was, this key is tried again and the others go on
            self.on_error(key, error)
            return max(self._backoff(key), getattr(error, "retry_after", None) or 0.0)
        finally:
            del self._busy[key]
            self.watcher.ended(loop.time() - began, result)
            self.slow_down(key, due, loop.time())
        self._failed.pop(key, None)
        return after

    def slow_down(self, key: Key, due: float, now: float) -> None:
        """Passes that follow each other closely come further and further apart."""
        pace = self._pace.setdefault(key, _Pace())
        close = due - pace.ended <= MAX_SPACE_S + SETTLE_S
        pace.acted = pace.acted if close else 0
        if key in self._useful:
            self._useful.discard(key)
            pace.space = min(SETTLE_S * 2.0**pace.acted, MAX_SPACE_S)
            pace.acted += pace.space < MAX_SPACE_S
        else:
            pace.space = min(max(2 * pace.space, FIRST_SPACE_S), MAX_SPACE_S) if close else 0.0
        pace.ended = now

    def _backoff(self, key: Key, first: float = FIRST_BACKOFF_S) -> float:
        failed = self._failed.get(key, 0)
        self._failed[key] = failed + 1
        wait = min(first * 2.0 ** min(failed, 20), MAX_BACKOFF_S)
        return wait * random.uniform(1 - JITTER, 1 + JITTER)
