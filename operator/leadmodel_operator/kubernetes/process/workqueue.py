"""The keyed work queue: one pass per key at a time, without duplicates, with backoff after failures.

Enqueuing a key only says that the key deserves a pass; the pass finds out what is to be done.

- A key that changed while its pass ran gets another pass.
- A key that is enqueued again and again gets its passes further and further apart, up to two seconds, until no enqueue came for that
  long. So a burst of events is a few passes.
- A pass that had something to do shortens the distance again, each time by less: its effects are seen soon, and two parties that undo
  each other's work do not do so at full speed.
- A delay that a pass returned is kept, whatever happens meanwhile, unless the key is enqueued earlier.
- Due keys begin in turns that go round the namespaces, and one namespace has at most half of the workers. A pass that takes longer than
  two minutes is cut off and tried again, as after a crash.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from leadmodel_operator.kubernetes.turns import Turns
from leadmodel_operator.reconcile import Conflict, Key

PASS_S = 120.0  # after which a pass is cut off
FIRST_BACKOFF_S, MAX_BACKOFF_S, JITTER = 0.5, 300.0, 0.2
SETTLE_S = 0.02  # a burst of events on one key becomes one pass
FIRST_SPACE_S, MAX_SPACE_S = 0.25, 2.0
SPREAD_S = 60.0  # waits longer than this are spread, so that a thousand keys do not come at once


class Watcher(Protocol):
    """Counts what the queue does."""

    def added(self, depth: int) -> None:
        """Count a key that became due; `depth` keys are due now."""

    def began(self, waited: float) -> None:
        """Count the start of a pass, `waited` seconds after its key became due."""

    def ended(self, took: float, result: str) -> None:
        """Count the end of a pass after `took` seconds: ok, conflict or error."""


@dataclass
class _Pace:
    """Pace of one key's passes, since the key was last left alone.

    `ended`: end of the last pass, on the loop's clock; `space`: seconds to the next pass at least; `acted`: passes that had something
    to do.
    """

    ended: float = -MAX_SPACE_S
    space: float = 0.0
    acted: int = 0


@dataclass
class WorkQueue:
    """Runs `work(key)`, which returns the seconds to the key's next pass (None: at the next event).

    A key is in one place at a time: in `_waiting` with its timer, then due or running in `_running`, and during its pass in `_busy`
    as well. Times are on the loop's clock.
    """

    work: Callable[[Key], Awaitable[float | None]]
    on_error: Callable[[Key, BaseException], None]
    watcher: Watcher
    workers: int = 10
    workers_each: int = 5  # of one namespace
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
        self._ready, self._news = Turns[Key](self.workers_each), asyncio.Event()
        self._moved = 0.0  # when a pass last began or ended

    def depth(self) -> int:
        """Return the number of keys that are due."""
        return len(self._ready)

    def longest(self) -> float:
        """Return for how many seconds the longest pass has been running."""
        now = asyncio.get_running_loop().time()
        return max((now - began for began in self._busy.values()), default=0.0)

    def stuck(self) -> float:
        """Return for how many seconds keys have been due while no pass began or ended."""
        now = asyncio.get_running_loop().time()
        waits = [now - since for key, since in self._running.items() if key not in self._busy]
        return min(max(waits, default=0.0), now - self._moved)

    def add(self, key: Key, after: float | None = None) -> None:
        """Make a pass for a key after so many seconds, or earlier where one is planned earlier. None: as soon as its pace allows."""
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
        """Note that the running pass has something to do, so that its effects are looked at soon."""
        self._useful.add(key)

    def _settle(self, key: Key) -> float:
        """Return the seconds to wait for more events of a key: the denser they come, the longer."""
        pace = self._pace.get(key)
        if pace is None:
            return SETTLE_S
        return max(SETTLE_S, pace.space - (asyncio.get_running_loop().time() - pace.ended))

    def _hand_over(self, key: Key) -> None:
        del self._waiting[key]
        self._running[key] = self._due.pop(key)
        self._ready.put(key.namespace, key)
        self._news.set()
        self.watcher.added(self.depth())

    async def run(self) -> None:
        """Run passes in `workers` tasks until the caller cancels."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self.workers):
                group.create_task(self._worker())

    async def drain(self, patience: float) -> None:
        """Begin no new pass, and wait up to `patience` seconds for the running ones to end."""
        self._ready = Turns(0)  # none may begin
        loop = asyncio.get_running_loop()
        end = loop.time() + patience
        while self._busy and loop.time() < end:  # noqa: ASYNC110  # a moment, once in a life
            await asyncio.sleep(0.02)

    async def _worker(self) -> None:
        while True:
            key = await self._next()
            after = await self._pass(key)
            self._ready.end(key.namespace)
            self._news.set()
            self._running.pop(key, None)
            if after is not None:
                self.add(key, after if after < SPREAD_S else after * random.uniform(1 - JITTER, 1 + JITTER))
            elif key not in self._dirty:
                self._pace.pop(key, None)
            if key in self._dirty:
                self._dirty.discard(key)
                self.add(key)

    async def _next(self) -> Key:
        while (key := self._ready.take()) is None:
            self._news.clear()
            await self._news.wait()
        return key

    async def _pass(self, key: Key) -> float | None:
        loop = asyncio.get_running_loop()
        began = self._busy[key] = self._moved = loop.time()
        due = self._running.get(key, began)
        self.watcher.began(began - due)
        result = "error"
        try:
            async with asyncio.timeout(PASS_S):
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
            self._moved = loop.time()
            self.watcher.ended(loop.time() - began, result)
            self.slow_down(key, due, loop.time())
        self._failed.pop(key, None)
        return after

    def slow_down(self, key: Key, due: float, now: float) -> None:
        """Set the distance to the key's next pass after a pass that ended `now` and had been due since `due`."""
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
