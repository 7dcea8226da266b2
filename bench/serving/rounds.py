"""Interleaved rounds: every server in every round, in a changing order, the others held still meanwhile."""

import json
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from serving.load import Seen, run
from serving.models import Lead, Made, as_json, bodies, wire
from serving.servers import Kind, Server, start

from leadmodel_artifact.artifact import load
from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import lead_values

TOLERANCE = 1e-9
LEADS = 1000


@contextmanager
def running(kinds: Sequence[Kind], lead: Lead) -> Iterator[list[Server]]:
    """Servers, all held still."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        servers = []
        for i, kind in enumerate(kinds):
            print(f"starting {kind.name}", file=sys.stderr, flush=True)
            server = start(kind, lead, folder / f"{i}.log")
            stack.callback(server.stop)
            server.tell(signal.SIGSTOP)
            servers.append(server)
        yield servers


@contextmanager
def awake(server: Server) -> Iterator[Server]:
    """Let one server run."""
    server.wake()
    try:
        yield server
    finally:
        server.tell(signal.SIGSTOP)


def check(server: Server, made: Made, leads: Sequence[Lead]) -> None:
    """End the bench when a server computes something else than the artifact says: such a server is not measured."""
    worst = worst_difference(server, made, leads)
    if not worst <= TOLERANCE:
        sys.exit(
            f"{server.kind.name} answers other scores than the artifact: they differ by up to {worst:.3g}"
        )


def worst_difference(server: Server, made: Made, leads: Sequence[Lead]) -> float:
    """Give the largest difference between a server's scores and the artifact's: lead by lead, and many at once."""
    if server.kind.scores is None:
        return 0.0
    artifact = load(made.champion.read_bytes())
    scorer = make_scorer(artifact)
    wanted = [scorer(*lead_values(artifact, lead)) for lead in leads]
    answers = [[answered(server, server.kind.path, server.kind.one(lead))[0] for lead in leads]]
    if server.kind.batch_path is not None:
        answers.append(answered(server, server.kind.batch_path, server.kind.many(leads)))
    return max(abs(a - b) for scores in answers for a, b in zip(scores, wanted, strict=True))


def answered(server: Server, path: str, body: bytes) -> list[float]:
    """The scores of one answer."""
    status, answer = server.post(path, body)
    if status != 200 or server.kind.scores is None:
        sys.exit(f"{server.kind.name} answers {status} to {path}: {answer[:500]!r}")
    return server.kind.scores(json.loads(answer))


class Run:
    """What was seen: (server, connections) → one entry a round."""

    def __init__(self) -> None:
        self.seen: dict[tuple[str, int], list[Seen]] = {}

    def add(self, name: str, connections: int, seen: Seen) -> None:
        self.seen.setdefault((name, connections), []).append(seen)

    def each(self, name: str, connections: int, what: Callable[[Seen], float]) -> list[float]:
        """One figure of every round."""
        return [what(seen) for seen in self.seen[name, connections]]

    def rates(self, name: str, connections: int) -> list[float]:
        """Requests a second of every round."""
        return self.each(name, connections, lambda seen: seen.rate)

    @property
    def failed(self) -> dict[str, int]:
        """Failed requests by server."""
        found: dict[str, int] = {}
        for (name, _), seen in self.seen.items():
            found[name] = found.get(name, 0) + sum(one.failed for one in seen)
        return found


def measure(
    servers: Sequence[Server],
    requests: dict[str, tuple[str, Path]],
    connections: dict[str, Sequence[int]],
    rounds: int,
    seconds: int,
) -> Run:
    """`rounds` times every server at each of its numbers of connections; `requests`: name → (URL, bodies)."""
    found = Run()
    for number in range(-1, rounds):  # round -1 warms up and is forgotten
        order = [*servers[number % len(servers) :], *servers[: number % len(servers)]]
        for count in sorted({count for counts in connections.values() for count in counts}):
            for server in order:
                name = server.kind.name
                if count not in connections[name] or (number < 0 and count != max(connections[name])):
                    continue
                with awake(server):
                    before = server.cpu_s()
                    seen = run(*requests[name], count, seconds if number >= 0 else 1)
                    used = (server.cpu_s() - before) * 1e6 / max(seen.requests, 1)
                    seen = replace(seen, cpu_us=used)
                if number >= 0:
                    found.add(name, count, seen)
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
    return found


def single(servers: Sequence[Server], leads: Sequence[Lead], folder: Path) -> dict[str, tuple[str, Path]]:
    """What each server is sent: one lead a request."""
    return {s.kind.name: (s.url, bodies(folder / f"{s.port}.one", leads, s.kind.one)) for s in servers}


def batches(
    servers: Sequence[Server], leads: Sequence[Lead], size: int, folder: Path
) -> dict[str, tuple[str, Path]]:
    """What each server is sent: a list of leads a request, a few lists in turn."""
    parts = [[*leads[i:], *leads[:i]][:size] for i in range(0, 4 * 37, 37)]
    return {
        s.kind.name: (s.batch_url, bodies(folder / f"{s.port}.many", parts, s.kind.many)) for s in servers
    }


def sample(made: Made) -> list[Lead]:
    """The leads that are sent."""
    return wire(made.leads, LEADS)


def as_columns(leads: Sequence[Lead]) -> dict[str, list[Any]]:
    """Leads as one list a field."""
    return {name: [lead[name] for lead in leads] for name in leads[0]}


def answers_columns(server: Server, leads: Sequence[Lead]) -> bool:
    """Whether the server takes a batch as columns."""
    with awake(server):
        return server.post(server.kind.batch_path or "", as_json(as_columns(leads[:2])))[0] == 200
