"""Load: wrk on its own core, bodies from a file, and what it saw."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from serving.machine import need_wrk, pinned

SCRIPT = Path(__file__).with_name("leads.lua")


@dataclass(frozen=True)
class Seen:
    """One run of wrk. Times in ms. `failed`: answers that were no 2xx or 3xx, and connections that broke or timed out."""

    requests: int
    seconds: float
    failed: int
    p50: float
    p99: float
    p999: float
    longest: float
    cpu_us: float = 0.0  # of the server's processes, a request

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds


def read(said: str) -> Seen:
    """What the script printed last."""
    found = json.loads(said.strip().splitlines()[-1])
    times = [found[name] / 1000 for name in ("p50", "p99", "p999", "max")]
    return Seen(found["requests"], found["us"] / 1e6, found["status"] + found["socket"], *times)


def begin(url: str, bodies: Path, connections: int, seconds: int) -> subprocess.Popen[str]:
    """Start wrk; `end` waits for it."""
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT)]
    command = [need_wrk(), *options, url, "--", str(bodies)]
    return subprocess.Popen(pinned(command, 1), stdout=subprocess.PIPE, text=True)


def end(wrk: subprocess.Popen[str]) -> Seen:
    """What it saw."""
    said, _ = wrk.communicate()
    if wrk.returncode != 0:
        raise SystemExit(f"wrk ended with {wrk.returncode}: {said}")
    seen = read(said)
    if seen.requests == 0:
        raise SystemExit("not one answer: the server is down or this machine is too busy to measure anything")
    return seen


def run(url: str, bodies: Path, connections: int, seconds: int) -> Seen:
    """Load for some seconds."""
    return end(begin(url, bodies, connections, seconds))
