"""Consumers, stops and erasures that kill themselves anywhere, and what the server holds in the end.

`python -m support.followup_event_kills '{...}'` is one worker: a process that forks a life after the other, each until its SIGKILL.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import redis

from leadmodel_followup.ledger.events import Event, Kind
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import ALWAYS, Conditions, FollowUp
from leadmodel_followup.planning.identity import plan_tag
from leadmodel_followup.webhooks.consumer import Events

TENANT, NOW, LEASE_MS = "events", 1_700_000_000_000, 300
KINDS = (Kind.SENT, Kind.DELIVERED, Kind.READ)
ERASED, STOPPED = 5, 7  # every so manyth contact


@dataclass(frozen=True)
class Fire:
    """One run: contacts with one message each, the chance of a SIGKILL at each call to the server, and whether entries wait for their end.

    With `early`, the control, an entry leaves the stream before its event is applied.
    """

    port: int = 0
    contacts: int = 100
    kill: float = 0.05
    early: bool = False
    seed: int = 0


class Fused:
    """A client of Redis that may kill its process before and after each call."""

    def __init__(self, client: "redis.Redis", chance: float) -> None:
        self.client, self.chance, self.random = client, chance, Random(os.urandom(8))

    def fuse(self) -> None:
        if self.random.random() < self.chance:
            os.kill(os.getpid(), signal.SIGKILL)

    def __getattr__(self, name: str):
        value = getattr(self.client, name)
        if name not in {"xautoclaim", "xreadgroup", "xgroup_create"}:
            return value

        def call(*arguments, **more):
            self.fuse()
            answer = value(*arguments, **more)
            self.fuse()
            return answer

        return call


class FusedEvents(Events):
    """May die before an event is applied, between events of a batch, and before and after entries leave."""

    early = False

    def _apply(self, entries):
        if self.early:
            super()._leave([name for name, _ in entries])
        for entry in entries:
            self.client.fuse()
            super()._apply([entry])
        return len(entries)

    def _leave(self, names):
        self.client.fuse()
        super()._leave(names)
        self.client.fuse()


def contact(number: int) -> str:
    return f"contact-{number:03}"


def requests(number: int) -> list[str]:
    """What people and programs ask for beside events, until each was acknowledged."""
    wanted = []
    if number % STOPPED == 0:
        wanted.append(f"stop {number}")
    if number % ERASED == 0:
        wanted.append(f"erase {number}")
    return wanted


def live(fire: Fire) -> None:
    """One life: apply events, stop and erase, until all is done."""
    client = redis.Redis(port=fire.port, retry=None)
    fused = Fused(client, fire.kill)
    ledger = Ledger(client, TENANT)
    events = FusedEvents(fused, ledger, list, batch=8, lease_ms=LEASE_MS)
    events.early = fire.early
    while client.xlen(events.stream) or client.scard("requests"):
        request = client.srandmember("requests")
        if request:
            word, number = request.decode().split()
            fused.fuse()
            (ledger.stop if word == "stop" else ledger.erase)(contact(int(number)))
            fused.fuse()
            client.srem("requests", request)
        if not events.tick() and not request:
            time.sleep(0.02)


def worker(fire: Fire) -> int:
    """Fork lives until one ends by itself. Returns how many were killed."""
    killed = 0
    while True:
        child = os.fork()
        if child == 0:
            live(fire)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            assert os.waitstatus_to_exitcode(status) == 0
            return killed
        killed += 1


def sent_id(number: int) -> str:
    return f"{plan_tag('plan')}sent-{number}"


def waits_id(number: int) -> str:
    return f"{plan_tag('plan')}waits-{number}"


def fill(fire: Fire) -> None:
    """One message under way and one that waits per contact; events, doubled and shuffled; stops and erasures."""
    client = redis.Redis(port=fire.port)
    client.flushall()
    ledger = Ledger(client, TENANT)
    events = []
    for number in range(fire.contacts):
        who, sent, waits = contact(number), sent_id(number), waits_id(number)
        ledger.consent(who, "sms", f"address-{number}", NOW, "form")
        for name in (sent, waits):
            ledger.create(
                FollowUp(name, f"lead-{number}", who, "sms", name, NOW), time.time_ns() // 1_000_000
            )
        ledger.begin(sent, Conditions(f"address-{number}", ALWAYS, 10**9))
        events += [Event("sms", kind, NOW + i, sent) for i, kind in enumerate(KINDS)] * 2
        if number % 3 == 0:
            events += [Event("sms", Kind.OPTED_OUT, NOW + 9, address=f"address-{number}")] * 2
        for request in requests(number):
            client.sadd("requests", request)
    Random(fire.seed).shuffle(events)
    for event in events:
        client.xadd(f"fu:{{{TENANT}}}:ev", {"e": event.dump()})


@dataclass(frozen=True)
class Result:
    """Contacts whose end is not the one without kills: `lost` events, `unstopped`, `unerased`; and how many lives were killed."""

    lost: int
    unstopped: int
    unerased: int
    kills: int


def run(fire: Fire) -> Result:
    """Fill, let two workers live and die, compare."""
    fill(fire)
    path = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-m", "support.followup_event_kills", json.dumps(asdict(fire))]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen(command, env=path, **pipes) for _ in range(2)]
    told = [process.communicate() for process in workers]
    assert all(process.returncode == 0 for process in workers), told
    return compare(fire, sum(int(out) for out, _ in told))


def compare(fire: Fire, kills: int) -> Result:
    """What the server holds, beside what it has to hold."""
    client = redis.Redis(port=fire.port)
    ledger = Ledger(client, TENANT)
    kept = b" ".join(client.keys("*"))
    lost = unstopped = unerased = 0
    for number in range(fire.contacts):
        erased = number % ERASED == 0
        record = ledger.read(sent_id(number))
        if erased:
            names = (contact(number), sent_id(number), waits_id(number))
            left = [
                name for name in names for kind in (":f:", ":c:") if f"{kind}{name} ".encode() in kept + b" "
            ]
            unerased += bool(left)
        else:
            lost += record.get("reach") != "read" or record.get("state") != "sent"
        if number % STOPPED == 0 or number % 3 == 0:
            hashes = [f"address-{number}"] if number % 3 == 0 else []
            hashes += [contact(number)] if number % STOPPED == 0 else []
            stopped = all(client.exists(f"fu:{{{TENANT}}}:stop:{hashed}") for hashed in hashes)
            waits = not erased and ledger.read(waits_id(number)).get("state") != "cancelled"
            unstopped += not stopped or waits
    return Result(lost, unstopped, unerased, kills)


if __name__ == "__main__":
    print(worker(Fire(**json.loads(sys.argv[1]))))
