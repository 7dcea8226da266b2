"""A process of the operator in the small world: it makes passes, and a history may stop it before any write."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from leadmodel_operator.reconcile import Conflict, reconcile
from worlds.controllers import finish_jobs, move_pods
from worlds.invariants import Broken
from worlds.names import KEY
from worlds.port import WorldPort
from worlds.world import World


@dataclass
class Leader:
    """A process; `frozen` holds the passes that stopped before a write and may go on."""

    world: World
    frozen: list[Coroutine[Any, Any, Any]] = field(default_factory=list)

    def run(self, stop_before: int | None = None, *, freeze: bool = False) -> bool:
        """Make one pass; stop before write number `stop_before`. True when the pass ended by itself."""
        port = WorldPort(self.world)
        work = reconcile(port, KEY, self.world.plan)
        count = 0
        while True:
            try:
                work.send(None)
            except StopIteration:
                return True
            except Conflict:
                self.world.trace.append("  conflict")
                return True
            if stop_before is not None and count == stop_before:
                self.world.trace.append("  frozen" if freeze else "  crash")
                if freeze:
                    self.frozen.append(work)
                else:
                    work.close()
                return False
            count += 1

    def thaw(self) -> None:
        """Frozen leaders go on to their end."""
        for work in self.frozen:
            self.world.trace.append("  thaw")
            try:
                while True:
                    work.send(None)
            except (StopIteration, Conflict):
                pass
        self.frozen.clear()

    def settle(self, limit: int = 60) -> None:
        """Pass after pass, with Jobs ending and pods moving, until nothing is written and nothing runs."""
        for _ in range(limit):
            before = self.world.writes
            self.run()
            finished = finish_jobs(self.world)
            started = move_pods(self.world)
            if self.world.writes == before and not finished and not started:
                return
            self.world.now += timedelta(seconds=2)
        raise Broken("it never comes to rest\n" + "\n".join(self.world.trace[-40:]))

    def step(self, hours: float = 0.0) -> None:
        """Time passes, then everything settles."""
        self.world.now += timedelta(hours=hours)
        self.settle()
