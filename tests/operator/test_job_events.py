"""Events of waiting Jobs: however many wait in a namespace, the API server is asked in turn and rests in between."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from leadmodel_operator.kubernetes.observe import job_events
from leadmodel_operator.kubernetes.observe.job_events import AGAIN, JobEvents
from leadmodel_operator.kubernetes.process.workqueue import WorkQueue
from leadmodel_operator.planning.job_faults import SOON_S
from leadmodel_operator.reconcile import Conflict, Key
from support import virtual_time

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
TOOK_S = 0.02  # what one question costs the API server
PASS_S = 0.02  # what else a pass takes
LONG_S = 60.0


class Nobody:
    """Counts nothing of what the queue does."""

    def added(self, depth): ...

    def began(self, waited): ...

    def ended(self, took, result): ...


@dataclass
class Reader:
    """Answers each question after `took` seconds, and notes how many are open at once."""

    took: float = TOOK_S
    silent: int = 0  # questions of an object before its event is written
    asked: dict[str, int] = field(default_factory=dict)
    open: dict[str, int] = field(default_factory=dict)
    most: int = 0

    async def events_of(self, namespace: str, uid: str) -> list[dict]:
        self.asked[uid] = self.asked.get(uid, 0) + 1
        self.open[namespace] = self.open.get(namespace, 0) + 1
        self.most = max(self.most, self.open[namespace])
        await asyncio.sleep(self.took)
        self.open[namespace] -= 1
        if self.asked[uid] <= self.silent:
            return []
        return [
            {"reason": "FailedCreate", "message": f"exceeded quota {uid}", "metadata": {}, "type": "Warning"}
        ]


def waiting_job(name, age_s=60.0):
    labels = {"customerops.dev/role": "poll", "customerops.dev/leadmodel": name}
    created = (BEGAN - timedelta(seconds=age_s)).isoformat().replace("+00:00", "Z")
    metadata = {"name": f"{name}-poll", "uid": f"uid-{name}", "creationTimestamp": created, "labels": labels}
    return {
        "metadata": metadata,
        "spec": {"template": {"spec": {"containers": [{"image": "i"}]}}},
        "status": {},
    }


def look(namespaces, took=TOOK_S, silent=0, age_s=60.0):
    """All LeadModels of some namespaces are made at once, and looked at again and again; the reader, and when each first knew its fault."""

    async def tell():
        loop, reader, known = asyncio.get_running_loop(), Reader(took, silent), {}
        events = JobEvents(reader)

        async def work(key):
            await asyncio.sleep(PASS_S)
            now = BEGAN + timedelta(seconds=loop.time())
            if await events.faults(key, [waiting_job(key.name, age_s)], [], now):
                known.setdefault(key, loop.time())
            return SOON_S

        queue = WorkQueue(work, pytest.fail, Nobody())
        for space, many in namespaces.items():
            for number in range(many):
                queue.add(Key(space, f"{space}-{number}"))
        passes = asyncio.create_task(queue.run())
        await asyncio.sleep(LONG_S)
        passes.cancel()
        await asyncio.gather(passes, return_exceptions=True)
        return reader, known

    return virtual_time.run(tell())


def busy(reader):
    """The share of the time in which the API server answers questions of the large namespace."""
    return sum(n for uid, n in reader.asked.items() if uid.startswith("uid-large")) * TOOK_S / LONG_S


def test_a_thousand_waiting_jobs_of_a_namespace_take_a_fifth_of_the_servers_time():
    reader, known = look({"large": 1000, "small": 2})
    assert reader.most == 1
    assert busy(reader) < 0.21
    assert max(at for key, at in known.items() if key.namespace == "small") < 15


def test_control_without_a_rest_the_server_does_nothing_else(monkeypatch):
    monkeypatch.setattr(job_events, "REST", 0.0)
    reader, _ = look({"large": 1000})
    assert busy(reader) > 0.5


@pytest.mark.parametrize(("many", "took"), [(1, 0.5), (20, 0.1), (50, 0.05), (100, 0.02)])
def test_each_of_some_waiting_jobs_is_told_why_within_fifteen_seconds(many, took):
    _, known = look({"usual": many}, took)
    assert len(known) == many
    assert max(known.values()) < 15


def test_control_who_comes_at_the_wrong_moment_is_never_told(monkeypatch):
    class Elbows(asyncio.Lock):
        """A turn that nobody waits for."""

        async def __aenter__(self):
            if self.locked():
                raise Conflict("busy")
            await super().__aenter__()

    monkeypatch.setattr(job_events.asyncio, "Lock", Elbows)
    _, known = look({"usual": 50}, 0.05)
    assert len(known) < 50 or max(known.values()) > 15


def test_a_fault_is_kept_between_two_questions():
    reader, known = look({"usual": 1})
    assert reader.asked == {"uid-usual-0": LONG_S // AGAIN.total_seconds()}
    assert len(known) == 1


def test_a_young_job_whose_event_is_late_is_asked_for_again_soon():
    _, known = look({"usual": 1}, silent=1, age_s=0.0)
    assert max(known.values()) < 15


def test_an_old_job_without_events_is_asked_for_rarely():
    reader, _ = look({"usual": 1}, silent=1000)
    assert reader.asked == {"uid-usual-0": LONG_S // AGAIN.total_seconds()}


def test_control_a_young_job_that_is_asked_for_as_rarely_is_told_late(monkeypatch):
    monkeypatch.setattr(job_events, "SILENT_AGAIN", AGAIN)
    _, known = look({"usual": 1}, silent=1, age_s=0.0)
    assert max(known.values()) >= 15
