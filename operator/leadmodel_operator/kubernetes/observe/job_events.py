"""Why a Job has no running pod, where no object says so: events of the Job (quota, account) and of its pod (volumes).

Events are read for Jobs that have not begun for some seconds, live and at most every few seconds: the cache holds none. The API server
reads all events of the namespace for each such question, so those of one namespace are asked one at a time, in the order in which they
came, and the server rests in between four times as long as it took: however many Jobs wait in a namespace, they keep a fifth of one of
its cores busy at most. A pass waits for its turn, and only passes of the same namespace wait behind it.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Protocol
from weakref import WeakValueDictionary

from leadmodel_operator.kubernetes.apiserver.client import ApiError
from leadmodel_operator.kubernetes.observe import cluster
from leadmodel_operator.kubernetes.render.names import Object
from leadmodel_operator.planning.observed import Fault, FaultKind, JobKind
from leadmodel_operator.reconcile import Key

PATIENCE = timedelta(seconds=4)  # most Jobs begin within this time
AGAIN = timedelta(seconds=10)
SILENT_AGAIN = timedelta(seconds=4)  # where no event tells anything yet of a young Job
YOUNG = timedelta(seconds=20)  # a busy cluster writes the first event some seconds late
REST = 4.0  # times as long as the last question took
_NONE: MappingProxyType[str, Fault] = MappingProxyType({})


class EventReader(Protocol):
    """Reads the events of waiting Jobs."""

    async def events_of(self, namespace: str, uid: str) -> list[Object]:
        """List the warnings about the object with this UID; ApiError where the operator may not."""


@dataclass
class JobEvents:
    """What events tell of waiting Jobs, per LeadModel. Without the right to read events nothing is told."""

    reader: EventReader
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)
    _rested_at: dict[str, float] = field(default_factory=dict)  # namespace → on the loop's clock
    _read_at: dict[Key, datetime] = field(default_factory=dict)
    _faults: dict[Key, MappingProxyType[str, Fault]] = field(default_factory=dict)

    async def faults(
        self, key: Key, jobs: Sequence[Object], pods: Sequence[Object], now: datetime
    ) -> MappingProxyType[str, Fault]:
        """Return faults by the name of the Job, of Jobs that have waited for some seconds."""
        waiting = newest_waiting(jobs, pods, now)
        if not waiting:
            self.forget(key)
            return _NONE
        read_at = self._read_at.get(key)
        again = AGAIN if self._faults.get(key) or not _young(waiting, now) else SILENT_AGAIN
        if read_at is None or now - read_at >= again:
            faults = await self._read_and_rest(key.namespace, waiting)
            self._read_at[key], self._faults[key] = now, MappingProxyType(faults)
        return self._faults.get(key, _NONE)

    async def _read_and_rest(self, namespace: str, waiting: dict[str, Object]) -> dict[str, Fault]:
        loop, turn = asyncio.get_running_loop(), self._turns.setdefault(namespace, asyncio.Lock())
        async with turn:
            await asyncio.sleep(self._rested_at.get(namespace, 0.0) - loop.time())
            began = loop.time()
            try:
                return await self._read(namespace, waiting)
            finally:
                self._rested_at = {name: at for name, at in self._rested_at.items() if at > began}
                self._rested_at[namespace] = loop.time() + REST * (loop.time() - began)

    async def _read(self, namespace: str, waiting: dict[str, Object]) -> dict[str, Fault]:
        try:
            events = {
                name: await self.reader.events_of(namespace, o["metadata"]["uid"])
                for name, o in waiting.items()
            }
        except ApiError:
            return {}
        return {name: _fault(list_) for name, list_ in events.items() if list_}

    def forget(self, key: Key) -> None:
        """Drop what events told of a LeadModel."""
        self._read_at.pop(key, None)
        self._faults.pop(key, None)


def newest_waiting(jobs: Sequence[Object], pods: Sequence[Object], now: datetime) -> dict[str, Object]:
    """Pick the newest Job of each kind where it has waited for some seconds: its pod, or the Job itself while it has none."""
    newest: dict[JobKind, Object] = {}
    for job in sorted(jobs, key=lambda j: str(j["metadata"]["creationTimestamp"])):
        seen = cluster.job_seen(job, pods)
        if seen is not None and seen.waits and seen.fault is None and now - seen.created >= PATIENCE:
            newest[seen.kind] = job
    return {job["metadata"]["name"]: cluster.newest_pod(job, pods) or job for job in newest.values()}


def _young(waiting: Mapping[str, Object], now: datetime) -> bool:
    made = (cluster.instant(item["metadata"]["creationTimestamp"]) for item in waiting.values())
    return any(at is not None and now - at < YOUNG for at in made)


def _fault(events: Sequence[Object]) -> Fault:
    return cluster.fault_from(FaultKind.REPLICA_FAILURE, max(events, key=_time_of))


def _time_of(event: Mapping[str, Any]) -> str:
    times = (event.get("lastTimestamp"), event.get("eventTime"), event["metadata"].get("creationTimestamp"))
    return str(next((time for time in times if time), ""))
