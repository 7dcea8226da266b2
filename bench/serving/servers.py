"""Servers in processes of their own: started on the server's core, asked until they answer, held still while others are measured."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serving.machine import pinned
from serving.models import Lead, Made, as_json

Scores = Callable[[Any], list[float]]
PATIENCE_S = 90.0


def of_leadmodel(answer: Any) -> list[float]:
    """The scores in an answer of the predictor, and of apps that answer as it does."""
    if isinstance(answer, list):
        return [found["score"] for found in answer]
    found: float | list[float] = answer["score"]
    return found if isinstance(found, list) else [found]


@dataclass(frozen=True)
class Kind:
    """One way to serve the model: the program, and how to talk to it."""

    name: str
    command: Callable[[int], list[str]]
    path: str = "/predict"
    batch_path: str | None = "/predict/batch"
    one: Callable[[Lead], bytes] = as_json
    many: Callable[[Sequence[Lead]], bytes] = as_json
    scores: Scores | None = of_leadmodel  # None: it knows no model
    environment: dict[str, str] = field(default_factory=dict)


def floor(*flags: str) -> Kind:
    """An empty application on the predictor's own server."""
    program = [sys.executable, str(Path(__file__).with_name("floor.py"))]
    name = "floor (reads the body)" if flags else "floor"
    return Kind(name, lambda port: [*program, str(port), *flags], scores=None)


def leadmodel(made: Made, *flags: str, name: str = "LeadModel", champion: Path | None = None) -> Kind:
    """The predictor with everything on: validation, Prometheus, drift of two models."""
    models = [
        "--artifact",
        str(champion or made.champion),
        "--previous",
        str(made.previous),
        "--min-auc",
        "0.5",
    ]
    program = [sys.executable, "-m", "leadmodel_predictor", *models, *flags]
    return Kind(name, lambda port: [*program, "--port", str(port)])


@dataclass
class Server:
    """A running server."""

    kind: Kind
    process: subprocess.Popen[bytes]
    port: int
    started_s: float  # from the start of the program to the first answer

    @property
    def url(self) -> str:
        """Where leads go."""
        return f"http://127.0.0.1:{self.port}{self.kind.path}"

    @property
    def batch_url(self) -> str:
        """Where lists of leads go."""
        return f"http://127.0.0.1:{self.port}{self.kind.batch_path}"

    def post(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Send a body, on a connection of its own."""
        return self._ask("POST", path, body)

    def get(self, path: str) -> tuple[int, bytes]:
        """Read, on a connection of its own."""
        return self._ask("GET", path, None)

    def _ask(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, {"content-type": "application/json"} if body else {})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def pids(self) -> list[int]:
        """The program and its children."""
        group = os.getpgid(self.process.pid)
        return [pid for pid in _pids() if _group(pid) == group]

    def memory_mb(self) -> float:
        """Resident memory of the program and its children."""
        return sum(map(_resident_mb, self.pids()))

    def cpu_s(self) -> float:
        """Seconds of a core the program and its children have had."""
        return sum(map(_cpu_s, self.pids()))

    def tell(self, number: signal.Signals) -> None:
        """To the program and its children."""
        os.killpg(self.process.pid, number)

    def wake(self) -> None:
        """Let it run."""
        self.tell(signal.SIGCONT)

    def stop(self) -> None:
        """End it and its children."""
        for number in (signal.SIGCONT, signal.SIGINT):
            self._quietly(number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(15)
        self._quietly(signal.SIGKILL)
        self.process.wait()

    def _quietly(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.tell(number)


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None


def _resident_mb(pid: int) -> float:
    try:
        said = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in said.splitlines() if line.startswith("VmRSS:")), 0.0)


def _cpu_s(pid: int) -> float:
    found = 0
    for task in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            found += int(task.read_text().split()[0])
        except OSError:  # the thread has ended
            continue
    return found / 1e9


def start(kind: Kind, lead: Lead, log: Path) -> Server:
    """Start a server and wait until it answers this lead."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begun = time.perf_counter()
    with log.open("ab") as file:
        process = subprocess.Popen(
            pinned(kind.command(port), 0),
            stdout=file,
            stderr=file,
            start_new_session=True,
            env={**os.environ, **kind.environment},
        )
    server = Server(kind, process, port, 0.0)
    body = kind.one(lead)
    while not _answers(server, body):
        if process.poll() is not None or time.perf_counter() - begun > PATIENCE_S:
            server.stop()
            sys.exit(f"{kind.name} did not start: {log.read_text()[-2000:]}")
        time.sleep(0.002)
    server.started_s = time.perf_counter() - begun
    return server


def _answers(server: Server, body: bytes) -> bool:
    try:
        return server.post(server.kind.path, body)[0] == 200
    except (OSError, http.client.HTTPException):
        return False
