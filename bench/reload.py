"""100 reloads under load: what fails, how long the new model takes to answer, and what the others notice.

Rounds with and without reloads in turn, 16 connections. Before each reload the other of two artifacts is put in place by a rename;
then the swap is asked for on one connection while another asks for scores until the new version answers. Time counts from the
moment before the swap request is sent. In rounds without reloads the same questions are asked for as long, so that what the load
generator loses to them is no difference; who asks goes before it on their core, where this process may say so.

    python bench/reload.py [--rounds N] [--reloads N] [--pause S] [--connections C]
"""

import argparse
import json
import os
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from serving import load
from serving.figures import Spread, goal, ratio, spread, table
from serving.load import Seen
from serving.machine import describe, need_wrk, to_load_core
from serving.models import Lead, Made, as_json, bodies, made
from serving.rounds import check, running, sample
from serving.servers import Server, leadmodel

PATIENCE_S = 20.0


def request(method_path: str, body: bytes = b"") -> bytes:
    """One HTTP request."""
    return b"%b HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%b" % (
        method_path.encode(),
        len(body),
        body,
    )


class Line:
    """A connection that is kept."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 30)
        self.file = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        """Without waiting for an answer."""
        self.socket.sendall(data)

    def close(self) -> None:
        """Leave."""
        self.file.close()
        self.socket.close()

    def answer(self) -> dict:
        """The next answer; every answer of the predictor has a length."""
        status = self.file.readline().split()[1]
        size = 0
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                size = int(value)
        body = self.file.read(size)
        if status != b"200":
            sys.exit(f"a request of the bench itself was answered {status.decode()}: {body!r}")
        return json.loads(body)


class Swaps:
    """Reloads one after the other."""

    def __init__(self, server: Server, serving: Path, artifacts: Sequence[Path], lead: Lead) -> None:
        self.serving, self.artifacts, self.at = serving, artifacts, 0
        self.versions = [json.loads(path.read_bytes())["version"] for path in artifacts]
        self.asking, self.swapping = Line(server.port), Line(server.port)
        self.predict = request("POST /predict", as_json(lead))

    def one(self) -> float:
        """ms from the swap request to the first answer of the new model."""
        self.at = 1 - self.at
        beside = self.serving.with_suffix(".new")
        shutil.copyfile(self.artifacts[self.at], beside)
        beside.replace(self.serving)
        begun = time.perf_counter()
        self.swapping.send(request("POST /ops/reload-model?min_auc=0.5"))
        while self._version() != self.versions[self.at]:
            if time.perf_counter() - begun > PATIENCE_S:
                sys.exit(f"the new model did not answer: {self.swapping.answer()}")
        took = (time.perf_counter() - begun) * 1e3
        self.swapping.answer()
        return took

    def none(self, ms: float) -> float:
        """For so long the same questions; ms of one answer at the median."""
        begun, took = time.perf_counter(), []
        while (now := time.perf_counter()) - begun < ms / 1e3:
            self._version()
            took.append((time.perf_counter() - now) * 1e3)
        return statistics.median(took)

    def _version(self) -> int:
        self.asking.send(self.predict)
        return self.asking.answer()["version"]


@contextmanager
def ahead() -> Iterator[None]:
    """Go before the load generator, which was started before, on the core they share."""
    usual = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    except PermissionError:
        print("not allowed to go first: times count waits for the load generator too", file=sys.stderr)
        yield
        return
    yield
    os.setpriority(os.PRIO_PROCESS, 0, usual)


def one_round(
    server: Server, sent: Path, ask: Callable[[], float], given: argparse.Namespace
) -> tuple[Seen, list[float]]:
    """Load, and what is asked beside it; ms of each asking."""
    seconds = round(given.reloads * given.pause) + 1
    wrk = load.begin(server.url, sent, given.connections, seconds)
    with ahead():
        time.sleep(0.5)
        times = []
        for _ in range(given.reloads):
            begun = time.perf_counter()
            times.append(ask())
            time.sleep(max(0.0, given.pause - (time.perf_counter() - begun)))
        late = wrk.poll() is not None
    seen = load.end(wrk)
    if late:
        print("the load ended before the last reload: take a longer --pause", file=sys.stderr)
    return seen, times


def measure(files: Made, first: Path, second: Path, given: argparse.Namespace) -> dict[str, list]:
    """Rounds with and without reloads of two artifacts."""
    leads = sample(files)
    found: dict[str, list] = {"without": [], "with": [], "times": [], "answers": []}
    with tempfile.TemporaryDirectory() as folder:
        serving = Path(folder) / "model.json"
        shutil.copyfile(first, serving)
        sent = bodies(Path(folder) / "leads", leads, as_json)
        with running([leadmodel(files, champion=serving)], leads[0]) as (server,):
            server.wake()
            check(server, replace(files, champion=first), leads[:20])
            swaps = Swaps(server, serving, (first, second), leads[0])
            load.run(server.url, sent, given.connections, 1)
            for number in range(given.rounds):
                for name in ("without", "with") if number % 2 else ("with", "without"):
                    reloads = name == "with"  # in the first round before the one without
                    ask = swaps.one if reloads else partial(swaps.none, statistics.median(found["times"]))
                    seen, times = one_round(server, sent, ask, given)
                    found[name].append(seen)
                    found["times" if reloads else "answers"] += times
    return found


def shown(found: dict[str, list]) -> str:
    """Everything seen."""
    rows = []
    for name in ("without", "with"):
        seen = found[name]
        cells = [spread(getattr(one, what) for one in seen) for what in ("p50", "p99", "p999", "longest")]
        failed = sum(one.failed for one in seen)
        rows.append(
            [
                f"{name} reloads",
                spread(one.rate for one in seen).show(),
                *(c.show(2) for c in cells),
                str(failed),
            ]
        )
    return table(["", "requests/s", "p50 ms", "p99 ms", "p99.9 ms", "longest ms", "failed"], rows)


def tails(found: dict[str, list]) -> Spread:
    """p99.9 with reloads over p99.9 without, round by round."""
    return ratio([one.p999 for one in found["with"]], [one.p999 for one in found["without"]])


def main() -> None:
    """Measure and print."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--reloads", type=int, default=100, help="in each round with reloads")
    p.add_argument("--pause", type=float, default=0.1, help="seconds from one reload to the next")
    p.add_argument("--connections", type=int, default=16)
    given = p.parse_args()
    need_wrk()
    files = made()
    to_load_core()
    print(
        f"{describe()}; {given.rounds} rounds with {given.reloads} reloads and without: median (least to most)"
    )
    goals = []
    for title, first, second in (
        ("linear models", files.champion, files.challenger),
        ("trees, 100 × 31 leaves", files.trees, files.other_trees),
    ):
        found = measure(files, first, second, given)
        times = spread(found["times"])
        failed = sum(one.failed for one in (*found["with"], *found["without"]))
        print(f"\n{title}\n\n{shown(found)}\n")
        print(f"from the swap request to the first answer of the new model: {times.show(1)} ms")
        print(f"any answer, asked the same way: {spread(found['answers']).show(1)} ms")
        print(f"p99.9 with reloads over p99.9 without: {tails(found).show(2)}")
        goals.append(goal(f"{title}: failed requests", failed, below=1))
        goals.append(goal(f"{title}: swap request to new answer, ms (largest)", times.most, below=10))
        goals.append(goal(f"{title}: p99.9 with / without", tails(found).median, below=1.05))
    print("\n" + table(["goal", "wanted", "seen", ""], goals))


if __name__ == "__main__":
    main()
