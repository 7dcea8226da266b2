"""Turns that go round the namespaces: one namespace with much to do does not make the others wait."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass
class Turns(Generic[T]):
    """Items that wait for their turn, by namespace; at most `each` items of one namespace have begun and not ended."""

    each: int
    _waiting: OrderedDict[str, deque[T]] = field(default_factory=OrderedDict)
    _begun: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def put(self, namespace: str, item: T) -> None:
        """Let an item wait behind the others of its namespace."""
        self._waiting.setdefault(namespace, deque()).append(item)

    def take(self) -> T | None:
        """Begin the next item, and let its namespace wait behind the others; None where no item may begin."""
        for namespace, items in self._waiting.items():
            if self._begun[namespace] < self.each:
                item = items.popleft()
                self._waiting.move_to_end(namespace)
                if not items:
                    del self._waiting[namespace]
                self._begun[namespace] += 1
                return item
        return None

    def end(self, namespace: str) -> None:
        """Note the end of an item that had begun."""
        self._begun[namespace] -= 1
        if self._begun[namespace] <= 0:
            del self._begun[namespace]


class Slots:
    """At most `total` holders at once, and at most `each` of one namespace."""

    def __init__(self, total: int, each: int) -> None:
        self._free = total
        self._turns = Turns[tuple[str, asyncio.Future[None]]](each)

    @asynccontextmanager
    async def of(self, namespace: str) -> AsyncIterator[None]:
        """Hold a slot, after waiting for one."""
        turn = asyncio.get_running_loop().create_future()
        self._turns.put(namespace, (namespace, turn))
        self._hand_out()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self._give_back(namespace)
            raise
        try:
            yield
        finally:
            self._give_back(namespace)

    def _hand_out(self) -> None:
        while self._free > 0 and (next_ := self._turns.take()) is not None:
            namespace, turn = next_
            if turn.cancelled():
                self._turns.end(namespace)
                continue
            self._free -= 1
            turn.set_result(None)

    def _give_back(self, namespace: str) -> None:
        self._free += 1
        self._turns.end(namespace)
        self._hand_out()
