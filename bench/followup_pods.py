"""Whole pods, `leadmodel-followup run`, that send to a stub of Twilio: messages per second, memory, lateness, and what kills hold up."""

import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

sys.path[:0] = [str(Path(__file__).parent.parent / "tests")]

import httpx  # noqa: E402

from support import followup_pod_kills  # noqa: E402
from support.followup_pod import FAST, TOKEN, Pod, clock_time, lead, settings, until  # noqa: E402
from support.provider_channels import KEYS, PUBLIC, write_keys  # noqa: E402
from support.provider_shapes import ACCOUNT  # noqa: E402
from support.provider_stub import ProviderStub  # noqa: E402
from support.redis_servers import Server  # noqa: E402

WORKERS, LATENCY_S, HOUR_S, FEW = 8, 0.1, 3600, 80
LATER = [{"name": "all", "minScore": 0, "steps": [{"name": "hello", "after": "1h", "channel": "sms"}]}]
PATH = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"


@contextmanager
def provider() -> Iterator[ProviderStub]:
    """A Twilio that takes every message and answers after LATENCY_S."""
    stub = ProviderStub({"take-late": 1.0}, delay_s=LATENCY_S)
    try:
        yield stub
    finally:
        stub.close()


@contextmanager
def pod(folder: Path, server: Server, stub: ProviderStub, **changes) -> Iterator[Pod]:
    """A pod that runs, with the times of a real one."""
    (folder / "channels").mkdir(parents=True)
    write_keys(folder / "channels" / "sms", KEYS)
    channel = {"name": "sms", "provider": "Twilio", "from": "+12025550100", "apiUrl": stub.url, **FAST}
    workers = {"concurrency": WORKERS}
    one = Pod(folder, server.url, settings(channels=[channel], publicUrl=PUBLIC, worker=workers, **changes))
    one.start()
    try:
        yield one
    finally:
        if one.process is not None and one.process.poll() is None:
            one.stop()


def hand_in(to: Pod, count: int, at: Callable[[], str], pause_s: float = 0.0) -> dict[str, float]:
    """Hand leads in. Returns when each follow-up is due, in seconds since 1970."""
    due = {}
    with httpx.Client(base_url=to.base, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=30) as client:
        for number in range(count):
            answer = client.post("/followups", json=lead(number, at())).raise_for_status().json()
            due |= {step["id"]: datetime.fromisoformat(step["due"]).timestamp() for step in answer["steps"]}
            time.sleep(pause_s)
    return due


def hand_in_at_once(to: Pod, count: int) -> dict[str, float]:
    """Hand in leads whose follow-ups are all due at one time, as soon as all are in."""
    at = clock_time(5 + count / 50 - HOUR_S)
    due = hand_in(to, count, lambda: at)
    assert time.time() < min(due.values()), "the leads took longer than the pause before their follow-ups"
    return due


def arrivals(stub: ProviderStub) -> dict[str, float]:
    """When the provider took each follow-up first."""
    return {taken.reference: taken.at_s for taken in reversed(stub.taken)}


def pss_mb(pid: int) -> float:
    """Proportional memory of a process."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def floor(stub: ProviderStub, count: int) -> float:
    """Messages per second of as many bare threads as a pod has workers, to the same provider in the same run."""
    form = urlencode({"To": "+491500000000", "Body": "x", "From": "+12025550100"})

    def one(_: int) -> None:
        connection = HTTPConnection(stub.url.removeprefix("http://"))
        connection.request("POST", PATH, form, {"Content-Type": "application/x-www-form-urlencoded"})
        assert connection.getresponse().status == 201
        connection.close()

    began = time.perf_counter()
    with ThreadPoolExecutor(WORKERS) as crowd:
        list(crowd.map(one, range(count)))
    return count / (time.perf_counter() - began)


def sends(server: Server, folder: Path, given) -> dict:
    """Messages per second of a backlog, over workers / latency and over bare threads; memory and processor time of the pod."""
    with provider() as stub:
        bare = floor(stub, given.sends // 2)
        stub.taken.clear()
        with pod(folder, server, stub, bands=LATER) as one:
            due = hand_in_at_once(one, given.sends)
            every = [one.process.pid, *one.children()]
            used = sum(map(cpu_s, every))
            until(lambda: len(stub.taken) >= len(due), 300)
            used = sum(map(cpu_s, every)) - used
            memory = [pss_mb(pid) for pid in every]
        at = arrivals(stub).values()
        rate = len(due) / (max(at) - min(at) + LATENCY_S)
    return {
        "sent": len(stub.taken),
        "perSecond": round(rate, 1),
        "ofWorkersByLatency": round(rate / (WORKERS / LATENCY_S), 3),
        "ofBareThreads": round(rate / bare, 3),
        "podCpuMsPerMessage": round(used / len(due) * 1000, 1),
        "workersMb": round(sum(memory[3:])),
        "podMb": round(sum(memory)),
    }


def cpu_s(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def late(server: Server, folder: Path, given) -> dict:
    """Seconds from due to the provider, each follow-up due on its own, twenty per second."""
    with provider() as stub, pod(folder, server, stub) as one:
        due = hand_in(one, given.sends, clock_time, 0.05)
        until(lambda: len(stub.taken) >= len(due), 60)
        at = arrivals(stub)
    waits = sorted(at[name] - when for name, when in due.items())
    return {
        "sent": len(stub.taken),
        "p50S": round(waits[len(waits) // 2], 3),
        "p99S": round(waits[int(len(waits) * 0.99)], 3),
        "maxS": round(waits[-1], 3),
    }


def outcome(stub: ProviderStub, due: dict[str, float], since: float) -> dict:
    """What became of all follow-ups, and when the last of them came, in seconds since a fault."""
    taken = stub.counts()
    return {
        "followUps": len(due),
        "lost": sum(taken[name] == 0 for name in due),
        "doubled": sum(taken[name] > 1 for name in due),
        "lastAfterS": round(max(arrivals(stub).values()) - since, 1),
    }


def settled(stub: ProviderStub, due: dict[str, float], one: Pod) -> None:
    """Wait until each follow-up was taken and the ledger has nothing open, which would be sent again if it were to be."""
    until(lambda: stub.counts().keys() >= due.keys(), 120)
    until(
        lambda: not (report := one.call("GET", "/ops/followups").json())["open"] and not report["waiting"], 90
    )


def killed(server: Server, folder: Path, _) -> dict:
    """All processes of a pod are killed at once while it sends a backlog; a second pod goes on."""
    with (
        provider() as stub,
        pod(folder / "a", server, stub, bands=LATER) as first,
        pod(folder / "b", server, stub, bands=LATER) as second,
    ):
        due = hand_in_at_once(first, 4 * FEW)
        until(lambda: len(stub.taken) >= FEW)
        every, since = [first.process.pid, *first.children()], time.time()
        for pid in every:
            os.kill(pid, signal.SIGKILL)
        first.process.wait()
        settled(stub, due, second)
    return outcome(stub, due, since)


def restarted(server: Server, folder: Path, _) -> dict:
    """The server is killed while a pod sends a backlog, and starts again with its append-only file after five seconds."""
    with provider() as stub, pod(folder, server, stub, bands=LATER) as one:
        due = hand_in_at_once(one, 4 * FEW)
        until(lambda: len(stub.taken) >= FEW)
        server.stop(kill=True)
        time.sleep(5)
        server.start()
        since = time.time()
        settled(stub, due, one)
    return outcome(stub, due, since)


def fire(server: Server, folder: Path, given) -> dict:
    """Follow-ups through a pod whose processes kill themselves at both points of a request and are killed from outside."""
    few = not given.full
    size = followup_pod_kills.PodFire(
        count=150 if few else 3000, kill=0.15, every_s=1.0, patience_s=600 if few else 3000
    )
    return {"followUps": size.count, **asdict(followup_pod_kills.run(folder, server, size))}


PARTS = {"sends": sends, "late": late, "killed": killed, "restarted": restarted, "fire": fire}


def part(name: str):
    """One measurement as the others take it: with a server of its own, because one of them kills it."""

    def measure(_: int, given) -> dict:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "server").mkdir()
            server = Server(given.server, Path(folder) / "server", ("--appendonly", "yes")).start()
            try:
                return PARTS[name](server, Path(folder) / "pods", given)
            finally:
                server.stop(kill=True)

    return measure
