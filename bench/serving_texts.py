"""What a text model costs a predictor: leads a second with and without one, texts a second, and how long leads wait for batches of texts.

One interleaved run. `--old FOLDER` adds a checkout of an earlier commit, whose predictor gets the same leads. Waiting: a client on one
connection sends leads without a pause, alone and while another posts batches of 10,000 texts and of 16 MiB.

`--inside` measures in this process and in processor time, which stands on a busy machine too: microseconds of a text, how long a batch holds
the loop at a time, and time and memory of loading, in a process of its own.

    python bench/serving_texts.py [--rounds N] [--seconds S] [--old FOLDER] [--inside]
"""

import argparse
import asyncio
import gc
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from serving.figures import goal, ratio, spread, table
from serving.load import Seen, begin, end
from serving.machine import describe, need_wrk
from serving.models import bodies, made
from serving.rounds import Run, awake, check, measure, running, sample, single
from serving.servers import Kind, Server, leadmodel

from leadmodel_predictor.http.enrich import Enrich
from leadmodel_predictor.http.server import SWITCH_S
from leadmodel_predictor.serving.text_model import TextModel

ROOT = Path(__file__).parent.parent
MODEL = ROOT / "training" / "leadmodel_training" / "text" / "sales_en.json.gz"
MESSAGES = ROOT / "training" / "sales_en" / "messages.jsonl"
PLAIN, TEXT, OLD, ENRICH = "no text model", "text model", "old commit", "POST /enrich"
COUNTS = (1, 16)
BATCH = "/enrich/batch"
LOADING = """
import pathlib, sys, time
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096 / 1e6
import leadmodel_predictor.serving.slots, leadmodel_predictor.serving.metrics, leadmodel_store.store
bare = resident()
from leadmodel_predictor.serving.text_slot import load_text
data = pathlib.Path(sys.argv[1]).read_bytes()
coded, began = resident(), time.process_time()
slot = load_text(data)
print(f"{(time.process_time() - began) * 1e3:.0f} ms, {resident() - bare:.1f} MB, {resident() - coded:.1f} MB")
"""


def kinds(files, old: Path | None) -> list[Kind]:
    """The predictor without and with a text model, and of another checkout."""
    servers = [leadmodel(files, name=PLAIN), leadmodel(files, "--text-model", str(MODEL), name=TEXT)]
    if old is not None:
        parts = [str(old / part) for part in ("predictor", "contract")]
        servers.append(replace(leadmodel(files, name=OLD), environment={"PYTHONPATH": ":".join(parts)}))
    return servers


def texts() -> list[str]:
    """The messages of the default model, in turn."""
    return [json.loads(line)["text"] for line in MESSAGES.read_text().splitlines()]


def batches(lines: Sequence[str]) -> dict[str, bytes]:
    """Bodies of 10,000 texts: of usual length, and as long as fits into 16 MiB."""
    usual = [{"text": lines[i % len(lines)]} for i in range(10_000)]
    long = [{"text": (lines[i % len(lines)] + " ") * 40} for i in range(10_000)]
    while len(body := json.dumps(long).encode()) > 16 << 20:
        del long[-500:]
    return {"10,000 texts": json.dumps(usual).encode(), f"{len(long)} texts, 16 MiB": body}


def waiting(server: Server, leads: Path, body: bytes | None, seconds: int) -> Seen:
    """What a client on one connection sees while batches are answered one after the other; without a body: alone."""
    ended = threading.Event()

    def post() -> None:
        while body is not None and not ended.is_set():
            status, _ = server.post(BATCH, body)
            assert status == 200, status

    poster = threading.Thread(target=post)
    wrk = begin(server.url, leads, 1, seconds)
    poster.start()
    seen = end(wrk)
    ended.set()
    poster.join()
    return seen


def shown(run: Run) -> str:
    """Everything seen of leads and of single texts."""
    rows = [
        [
            name,
            str(count),
            spread(run.rates(name, count)).show(),
            ratio(run.rates(name, count), run.rates(PLAIN, count)).show(3),
            *(spread(run.each(name, count, lambda s, p=p: getattr(s, p))).show(2) for p in ("p50", "p99")),
            spread(run.each(name, count, lambda seen: seen.cpu_us)).show(1),
        ]
        for name, count in sorted(run.seen, key=lambda key: key[1])
    ]
    head = ["server", "conn.", "requests/s", f"ratio to {PLAIN}", "p50 ms", "p99 ms", "CPU µs a request"]
    return table(head, rows)


def goals(run: Run) -> str:
    """Leads with a text model beside leads without one, and beside those of the old commit."""
    rows = []
    for name, other in ((TEXT, PLAIN), (PLAIN, OLD)):
        for count in COUNTS if (other, COUNTS[0]) in run.seen else ():
            cost = ratio(
                run.each(other, count, lambda s: s.cpu_us), run.each(name, count, lambda s: s.cpu_us)
            ).median
            rows.append(goal(f"CPU a lead, {other} / {name}, {count} conn.", cost, at_least=0.98))
    return table(["goal", "wanted", "median", ""], rows)


def waits(server: Server, leads: Path, seconds: int) -> str:
    """How long leads wait while batches of texts are answered."""
    rows = []
    with awake(server):
        for name, body in {"nothing else": None, **batches(texts())}.items():
            seen = waiting(server, leads, body, seconds)
            times = [f"{value:.2f}" for value in (seen.p50, seen.p99, seen.p999, seen.longest)]
            rows.append([name, f"{seen.rate:.0f}", *times])
    return table(["beside", "leads/s", "p50 ms", "p99 ms", "p99.9 ms", "longest ms"], rows)


async def holds(texts: TextModel, body: bytes) -> tuple[list[float], list[float]]:
    """Milliseconds between two rounds of the loop while one batch is answered, ascending: of the loop's processor time, and of the clock."""
    gaps: tuple[list[float], list[float]] = ([], [])
    answers: list[dict] = []

    async def receive() -> dict:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: dict) -> None:
        answers.append(message)

    scope = {"method": "POST", "query_string": b"", "headers": []}
    batch = asyncio.create_task(Enrich(texts).many(scope, receive, send))
    last = time.thread_time(), time.perf_counter()
    while not batch.done():
        await asyncio.sleep(0)
        now = time.thread_time(), time.perf_counter()
        for listed, later, sooner in zip(gaps, now, last, strict=True):
            listed.append((later - sooner) * 1e3)
        last = now
    assert answers[0]["status"] == 200, answers
    return sorted(gaps[0]), sorted(gaps[1])


def inside(lines: Sequence[str]) -> str:
    """The figures that need no sockets."""
    texts = TextModel(MODEL.resolve().as_uri(), {})
    texts.take(texts.look())
    endpoint, rows = Enrich(texts), []
    one = [json.dumps({"text": line}).encode() for line in lines]

    async def answer_all() -> float:
        sent: list[dict] = []
        scope = {"method": "POST", "query_string": b"", "headers": []}

        async def send(message: dict) -> None:
            sent.append(message)

        began = time.thread_time()
        for body in one:
            message = {"type": "http.request", "body": body, "more_body": False}
            await endpoint.one(scope, lambda message=message: _soon(message), send)
        return (time.thread_time() - began) * 1e6 / len(one)

    for _ in range(2):
        took = asyncio.run(answer_all())
    letters = sum(map(len, lines)) / len(lines)
    rows.append([f"a text of {letters:.0f} characters, body to answer", f"{took:.0f} µs"])
    gc.collect()
    gc.freeze()  # as a server does, with its interval
    sys.setswitchinterval(SWITCH_S)
    for name, body in batches(lines).items():
        for clock, gaps in zip(("processor", "clock"), asyncio.run(holds(texts, body)), strict=True):
            held = [gap for gap in gaps if gap > 0.1]  # the others are rounds that found nothing to do
            worst = f"{held[len(held) // 2]:.2f}, {held[int(len(held) * 0.99)]:.2f}, {held[-1]:.2f} ms"
            rows.append([f"a lead waits for {name} ({clock}): 50 %, 99 %, longest", worst])
    done = subprocess.run(
        [sys.executable, "-c", LOADING, str(MODEL)], capture_output=True, text=True, check=True
    )
    rows.append(["loading: processor ms, MB with the code, MB without", done.stdout.strip()])
    return table(["what", "measured"], rows)


async def _soon(message: dict) -> dict:
    return message


def main() -> None:
    """Print a table of requests per second and latency, with and without a text model."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=int, default=3, help="of each cell in each round")
    p.add_argument("--old", type=Path, help="a checkout of an earlier commit")
    p.add_argument("--inside", action="store_true", help="only in this process, in processor time")
    given = p.parse_args()
    if given.inside:
        print(inside(texts()))
        return
    need_wrk()
    files = made()
    leads = sample(files)
    with tempfile.TemporaryDirectory() as name, running(kinds(files, given.old), leads[0]) as servers:
        folder = Path(name)
        for server in servers:
            with awake(server):
                check(server, files, leads[:20])
        requests = single(servers, leads, folder)
        enriching = replace(servers[1], kind=replace(servers[1].kind, name=ENRICH, path="/enrich"))
        lines = [{"text": text} for text in texts()]
        requests[ENRICH] = (enriching.url, bodies(folder / "texts", lines, enriching.kind.one))
        every = [*servers, enriching]
        run = measure(every, requests, {s.kind.name: COUNTS for s in every}, given.rounds, given.seconds)
        print(f"{describe()}; {given.rounds} rounds of {given.seconds} s a cell: median (least to most)\n")
        print(shown(run), "\n")
        print(f"failed requests: {sum(run.failed.values())} {run.failed}\n")
        print(goals(run), "\n")
        print(waits(servers[1], requests[TEXT][1], 2 * given.seconds))


if __name__ == "__main__":
    main()
