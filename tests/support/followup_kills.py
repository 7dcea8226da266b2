"""Follow-ups under fire: workers that kill themselves at four points of an attempt, and what the provider got in the end.

`python -m support.followup_kills '{...}'` is one worker: a process that forks a life after the other, each until its SIGKILL.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

import redis

from leadmodel_followup.channels.channel import Message
from leadmodel_followup.dispatch.dispatcher import Dispatcher, wall_ms
from leadmodel_followup.dispatch.reconciler import Reconciler
from leadmodel_followup.dispatch.settings import DispatchSettings
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import FollowUp
from leadmodel_followup.planning.identity import ContactHasher, follow_up_id
from leadmodel_followup.planning.spec import Band, FollowUpSpec, Limit, Limits, Step
from support.followup_provider import HttpChannel, Provider

TENANT, STEP, PLAN = "acme", "step-1", "plan"
FAST = Limit(100_000, 100_000)
SPEC = FollowUpSpec(
    PLAN, (Band("all", 0, (Step(STEP, 0, "web"),)),), caps=(), limits=Limits(FAST, FAST, FAST)
)
LOST_ANSWERS = {
    "take-drop": 0.1,
    "drop": 0.02,
    "take-500": 0.02,
    "500": 0.02,
    "429": 0.02,
    "take-twice": 0.02,
    "take-late": 0.01,
}
DONE = "done"


@dataclass(frozen=True)
class Fire:
    """One run: how many follow-ups, the chance of a SIGKILL at each of the four points, and the policy.

    Policies: `look-up`, `none` (the channel has no look-up), `blind` (whatever is unknown is sent again), `no-ledger` (a list of what
    is due, from which a message is taken after it was sent).
    """

    port: int = 0
    provider: int = 0
    policy: str = "look-up"
    count: int = 300
    kill: float = 0.09
    give_up_ms: int = 86_400_000
    workers: int = 2
    seed: int = 0

    @property
    def settings(self) -> DispatchSettings:
        """Times short enough for a test, long enough for a busy machine."""
        return DispatchSettings(8, 1000, 500, 1500, 400, self.give_up_ms)


@dataclass(frozen=True)
class Result:
    """What became of the follow-ups: of those that nobody knows, `unknown` says how many the ledger states."""

    never: int
    once: int
    doubled: int
    unknown: int
    unstated: int
    kills: int
    seconds: float


class Fuse:
    """Kills this process with a chance at each point."""

    def __init__(self, fire: Fire) -> None:
        self.chance, self.kill = Random(os.urandom(8)), fire.kill

    def __call__(self) -> None:
        if self.chance.random() < self.kill:
            os.kill(os.getpid(), signal.SIGKILL)


class FusedLedger(Ledger):
    """May die before an attempt is recorded, before its outcome is, and after."""

    fuse: Fuse

    def begin(self, *arguments):
        self.fuse()
        return super().begin(*arguments)

    def sent(self, *arguments):
        return self.around(super().sent, arguments)

    def again(self, *arguments):
        return self.around(super().again, arguments)

    def unknown(self, *arguments):
        return self.around(super().unknown, arguments)

    def around(self, settle, arguments):
        self.fuse()
        settled = settle(*arguments)
        self.fuse()
        return settled


class FusedChannel(HttpChannel):
    """May die between the record of an attempt and the request."""

    fuse: Fuse

    def send(self, message):
        self.fuse()
        return super().send(message)


def address(lead: str) -> str:
    return f"quillfeather-{lead}@example.org"


def compose(follow_up: FollowUp) -> Message:
    return Message(follow_up.id, address(follow_up.lead), f"Dear quillfeather-{follow_up.lead}")


HASHER = ContactHasher(TENANT, b"0123456789abcdef")


def live(fire: Fire) -> None:
    """One life of a worker, until its death or until nothing is left to do."""
    client = redis.Redis(port=fire.port, retry=None)
    channel = FusedChannel(fire.provider, looks_up={"none": "no", "blind": "blind"}.get(fire.policy, "yes"))
    channel.fuse = fuse = Fuse(fire)
    if fire.policy == "no-ledger":
        return without_ledger(fire, client, channel, fuse)
    ledger = FusedLedger(client, TENANT)
    ledger.fuse = fuse
    channels = {"web": channel}
    dispatcher = Dispatcher(ledger, channels, compose, HASHER, SPEC, fire.settings)
    reconciler = Reconciler(ledger, channels, compose, HASHER, fire.settings)
    while (left := ledger.overview()).waiting or left.open:
        if not dispatcher.tick() + reconciler.tick():
            time.sleep(0.02)
    return None


def without_ledger(fire: Fire, client: "redis.Redis", channel: HttpChannel, fuse: Fuse) -> None:
    """A list of what is due with a lease, as a plain task queue has it."""
    while client.zcard("plain"):
        now = wall_ms()
        for lead in client.zrangebyscore("plain", "-inf", now, 0, 8):
            if client.zadd("plain", {lead: now + fire.settings.claim_ms}, gt=True, ch=True):
                fuse()
                outcome = channel.send(Message(lead.decode(), address(lead.decode()), ""))
                fuse()
                if type(outcome).__name__ == "Accepted":
                    client.zrem("plain", lead)
                fuse()
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


def fill(fire: Fire) -> list[str]:
    """Put the follow-ups into the server. Returns the references under which the provider sees them."""
    client = redis.Redis(port=fire.port)
    client.flushall()
    leads = [f"lead-{i}" for i in range(fire.count)]
    if fire.policy == "no-ledger":
        client.zadd("plain", dict.fromkeys(leads, wall_ms()))
        return leads
    ledger, now = Ledger(client, TENANT), wall_ms()
    ids = [follow_up_id(TENANT, lead, PLAN, 1, STEP) for lead in leads]
    for lead, made in zip(leads, ids, strict=True):
        contact = HASHER.contact(lead)
        ledger.consent(contact, "web", HASHER.address(address(lead)), now, "form")
        ledger.create(FollowUp(made, lead, contact, "web", STEP, now), now)
    return ids


def run(fire: Fire, faults: dict[str, float] = LOST_ANSWERS) -> Result:  # never changed
    """Fill, let the workers live and die, count what the provider took."""
    provider, began = Provider(faults, fire.seed), time.monotonic()
    fire = Fire(**{**asdict(fire), "provider": provider.port})
    try:
        references = fill(fire)
        path = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
        command: Sequence[str] = [sys.executable, "-m", "support.followup_kills", json.dumps(asdict(fire))]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        workers = [subprocess.Popen(command, env=path, **pipes) for _ in range(fire.workers)]
        told = [process.communicate() for process in workers]
        assert all(process.returncode == 0 for process in workers), told
        assert "quillfeather" not in repr(told)
        return count(fire, provider, references, sum(int(out) for out, _ in told), time.monotonic() - began)
    finally:
        provider.close()


def count(fire: Fire, provider: Provider, references: list[str], kills: int, seconds: float) -> Result:
    """Compare what the provider took with what the ledger states."""
    times = Counter(min(provider.taken[reference], 2) for reference in references)
    ledger = Ledger(redis.Redis(port=fire.port), TENANT)
    states = [ledger.read(reference).get("state") for reference in references]
    unsent = [state for state, r in zip(states, references, strict=True) if not provider.taken[r]]
    unstated = 0 if fire.policy == "no-ledger" else sum(state != "unknown" for state in unsent)
    return Result(times[0], times[1], times[2], states.count("unknown"), unstated, kills, round(seconds, 1))


if __name__ == "__main__":
    print(worker(Fire(**json.loads(sys.argv[1]))))
