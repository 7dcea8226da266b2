"""One pass for one LeadModel: observe → plan → record → apply, over a small port. No decision is made here.

The order of writes matters: claim the snapshot, write the ledger, write status over the version that was planned on, and only then
act. The next pass repairs a crash between any two of these.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from leadmodel_operator.planning.observed import Observed, Record
from leadmodel_operator.planning.plan import plan
from leadmodel_operator.planning.planned import Desired, Event, Plan
from leadmodel_operator.planning.trace import Effect, Outcome
from leadmodel_operator.resource.status import Status


@dataclass(frozen=True)
class Key:
    """Namespace and name, which identify one LeadModel in the cluster."""

    namespace: str
    name: str


class Conflict(Exception):  # noqa: N818  # the API's own word
    """An object changed or vanished since it was read, or a name was taken: the pass must be made again, from its start."""


class Port(Protocol):
    """What a runtime must be able to do.

    Every call is idempotent, and a call that raises may have been carried out in part: the pass is then made again from its start, and
    nothing that was read is kept. A call raises

    - `Conflict` where something was written since it was read (on a cluster: 409 and 404 of a write);
    - the runtime's own errors where it could not find out or could not write. On a cluster these are `ApiError` (the server refused),
      `NotLeading` (another process may lead), and `OSError`, `TimeoutError` or `aiohttp.ClientError` (nobody answered); on one machine
      `OSError`.

    No call returns a guess: what could not be read is an error, never an empty value. Two exceptions are part of the contract. Windows
    of pods that do not answer are missing from `Observed`, and a write without rights is named in `Observed.refused` of the next pass.
    """

    async def observe(self, key: Key) -> Observed | None:
        """Read everything; None when the LeadModel is gone or being deleted."""

    async def claim(self, key: Key, digest: str) -> None:
        """Mark a snapshot as about to serve, so that no other leader deletes it; Conflict when it is gone."""

    async def record(self, key: Key, records: tuple[Record, ...]) -> None:
        """Write the ledger; Conflict when it changed since it was read."""

    async def write_status(self, key: Key, seen: Observed, status: Status) -> None:
        """Write status over the version that was read; Conflict when a newer one exists."""

    async def apply(self, key: Key, seen: Observed, status: Status, desired: Desired) -> bool:
        """Bring the world to what is desired; True when another pass should follow at once."""

    async def emit(self, key: Key, seen: Observed, events: tuple[Event, ...]) -> None:
        """Record events for people; best effort, a lost event is no error."""


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
