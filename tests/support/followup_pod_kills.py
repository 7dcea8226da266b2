"""Real pods under fire: `leadmodel-followup run` with RQ, whose processes kill themselves while they send and are killed from outside.

The provider `Stub` comes to the pod as an entry point of a package, as a provider of somebody else would.
"""

import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import httpx

from leadmodel_followup.ledger.ledger import Ledger
from support.followup_kills import LOST_ANSWERS
from support.followup_pod import FAST, Pod, clock_time, lead, settings
from support.followup_provider import HttpChannel, Provider
from support.redis_servers import Server

TIMES = "claim_ms=2000,start_ms=500,quiet_ms=1500,look_again_ms=400"
TESTS = Path(__file__).parents[1]
ENTRY = "[leadmodel.channels]\nStub = support.followup_pod_kills:stub\n"


class Fused(HttpChannel):
    """May die between the record of an attempt and the request, and between the answer and its record."""

    def send(self, message):
        self.fuse()
        outcome = super().send(message)
        self.fuse()
        return outcome

    def fuse(self):
        if Random(os.urandom(8)).random() < float(os.environ["STUB_KILL"]):
            os.kill(os.getpid(), signal.SIGKILL)


def stub(settings, _secrets, _public_url):
    """The channel that the entry point names; its URL is the test's provider, and the way of its look-up."""
    port, _, looks_up = settings.api_url.rpartition(":")[2].partition("/")
    return Fused(int(port), timeout_ms=1000, looks_up=looks_up or "yes")


def stub_pod(
    folder: Path, server: Server, provider: int, *, kill: float = 0.0, looks_up: str = "yes", **more
) -> Pod:
    """A pod that sends to the test's provider."""
    package = folder / "packages" / "stub-1.dist-info"
    package.mkdir(parents=True, exist_ok=True)
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: stub\nVersion: 1\n")
    (package / "entry_points.txt").write_text(ENTRY)
    channel = {"name": "sms", "provider": "Stub", "apiUrl": f"http://127.0.0.1:{provider}/{looks_up}", **FAST}
    environ = {"PYTHONPATH": f"{TESTS}:{package.parent}", "STUB_KILL": str(kill)}
    times = more.pop("times", TIMES)
    plan = settings(channels=[channel], **more)
    return Pod(folder / "pod", server.url, plan, (f"--times={times}",) if times else (), environ)


def hand_in(pod: Pod, count: int, first: int = 0) -> list[str]:
    """Give leads to the intake, each until it is answered. Returns the ids of their follow-ups."""
    at, ids = clock_time(-1), []
    for number in range(first, first + count):
        while True:
            try:
                answer = pod.call("POST", "/followups", lead(number, at))
            except httpx.TransportError:
                time.sleep(0.1)
                continue
            if answer.status_code == 200:
                ids += [step["id"] for step in answer.json()["steps"]]
                break
            assert answer.status_code == 503, answer.text
    return ids


@dataclass(frozen=True)
class PodFire:
    """One run: follow-ups, the chance of a SIGKILL at both points of a request, and seconds between SIGKILLs from outside.

    `faults` are the provider's; the run may take `patience_s`.
    """

    count: int = 100
    kill: float = 0.1
    every_s: float = 0.7
    looks_up: str = "yes"
    faults: Mapping[str, float] = field(default_factory=LOST_ANSWERS.copy)
    workers: int = 4
    patience_s: float = 600


@dataclass(frozen=True)
class PodResult:
    """What the provider took, and how often a process was killed."""

    never: int
    once: int
    doubled: int
    kills: int
    seconds: float


def _snipe(pod: Pod, every_s: float, stop: threading.Event) -> None:
    chance = Random(0)
    while not stop.wait(every_s):
        if below := pod.children():
            os.kill(chance.choice(below), signal.SIGKILL)


def run(folder: Path, server: Server, fire: PodFire) -> PodResult:
    """Hand leads in while processes die, wait until nothing waits, count."""
    server.client().flushall()
    provider, stop, began = Provider(fire.faults), threading.Event(), time.monotonic()
    pod = stub_pod(
        folder,
        server,
        provider.port,
        kill=fire.kill,
        looks_up=fire.looks_up,
        worker={"concurrency": fire.workers},
    ).start()
    sniper = threading.Thread(target=_snipe, args=(pod, fire.every_s, stop))
    sniper.start()
    ledger = Ledger(server.client(), "acme", plan="plan")
    try:
        ids = hand_in(pod, fire.count)
        while (left := ledger.overview()).waiting or left.open:
            assert time.monotonic() - began < fire.patience_s, left
            time.sleep(0.1)
    finally:
        stop.set()
        sniper.join()
        pod.stop()
        provider.finish()
        provider.close()
    log = pod.log.read_text()
    assert "Quillfeather" not in log
    times = Counter(min(provider.taken[name], 2) for name in ids)
    return PodResult(
        times[0], times[1], times[2], log.count("(-9) and is started"), round(time.monotonic() - began, 1)
    )
