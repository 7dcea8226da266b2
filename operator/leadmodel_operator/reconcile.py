"""One pass for one key: observe → plan → record → apply, over a small port. No decision is made here.

The order of writes is the point: claim the snapshot, write the ledger, write status (with the resourceVersion that was planned
on), only then act. A crash between any two of them is repaired by the next pass.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from leadmodel_operator.planning.observed import Desired, Event, Observed, Plan, Record
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.planning.trace import Effect, Outcome
from leadmodel_operator.resource.status import Status


@dataclass(frozen=True)
class Key:
    """One LeadModel."""

    namespace: str
    name: str


class Conflict(Exception):  # noqa: N818  # the API's own word
    """Something was written since it was read: plan again."""


class Port(Protocol):
    """What a runtime must be able to do. Each call is idempotent and raises when it could not find out."""

    async def observe(self, key: Key) -> Observed | None:
        """Read everything live; None when the LeadModel is gone."""

    async def claim(self, key: Key, digest: str) -> None:
        """Mark the snapshot as about to serve, so that nobody trims it; raises Conflict when it is gone."""

    async def record(self, key: Key, records: tuple[Record, ...]) -> None:
        """Write the ledger."""

    async def write_status(self, key: Key, seen: Observed, status: Status) -> None:
        """Write status with the resourceVersion that was read; raises Conflict when it is stale."""

    async def apply(self, key: Key, seen: Observed, status: Status, desired: Desired) -> bool:
        """Make it so; True when something changed that deserves another look at once."""

    async def emit(self, key: Key, seen: Observed, events: tuple[Event, ...]) -> None:
        """Tell people; best effort."""


class TraceReporter:
    """Reports what the planner did or withheld for a key whenever that differs from the last pass of the same key."""

    def __init__(self, report: Callable[[Key, tuple[Outcome, ...]], None]) -> None:
        """Set the function that takes a key and its new trace, without the steps for which nothing was due."""
        self._report = report
        self._last: dict[Key, tuple[Outcome, ...]] = {}

    def planner(self, key: Key) -> Callable[[Observed], Plan]:
        """The planner for the passes of a key."""

        def traced(seen: Observed) -> Plan:
            answer = plan(seen)
            trace = tuple(outcome for outcome in answer.trace if outcome.effect is not Effect.NOTHING)
            if trace != self._last.get(key):
                self._last[key] = trace
                self._report(key, trace)
            return answer

        return traced

    def forget(self, key: Key) -> None:
        """Forget a LeadModel that is gone."""
        self._last.pop(key, None)


async def reconcile(port: Port, key: Key, decide: Callable[[Observed], Plan] = plan) -> float | None:
    """Make one pass. Returns the seconds after which to look again, None when only an event should wake it."""
    seen = await port.observe(key)
    if seen is None:
        return None
    answer = decide(seen)
    await record_decision(port, key, seen, answer)
    again = await port.apply(key, seen, answer.status, answer.desired)
    return 0.0 if again else answer.requeue_after


async def record_decision(port: Port, key: Key, seen: Observed, answer: Plan) -> None:
    """Write down what was decided, before anything is done about the decision."""
    if answer.desired.claim is not None:
        await port.claim(key, answer.desired.claim)
    if answer.desired.ledger != seen.ledger:
        await port.record(key, answer.desired.ledger)
    if answer.status != seen.status:
        await port.write_status(key, seen, answer.status)
    if answer.events:
        await port.emit(key, seen, answer.events)
