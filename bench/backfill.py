"""The backfill on a real server: apply against dry run, Redis' share, stamps, memory, appends under fire, a live writer's latency.

`python bench/backfill.py [speed|memory|appends|latency ...] [--keys N] [--server valkey|redis]`. Each prints one JSON line; ratios are of one
run on one machine. The server and the writers share its cores, so absolute figures are low.
"""

import argparse
import contextlib
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "tests")]

from conversations import Mix, World, Writers, blind  # noqa: E402

from support.redis_servers import Server  # noqa: E402


@contextlib.contextmanager
def server(flavour: str):
    """A server with a folder of its own."""
    folder = Path(tempfile.mkdtemp())
    found = Server(flavour, folder).start()
    try:
        yield found
    finally:
        found.stop(kill=True)
        shutil.rmtree(folder, ignore_errors=True)


def run(there: Server, *more: str) -> dict:
    """The program in a process of its own; its last line and its peak memory."""
    command = [sys.executable, __file__, "child", "--redis", there.url, "--match", "chat:*"]
    client = there.client()
    before = client.info("cpu")
    ended = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
    if ended.returncode not in {0, 3}:
        sys.exit(ended.stdout + ended.stderr[-500:])
    line, took = map(json.loads, ended.stdout.splitlines()[-2:])
    after = client.info("cpu")
    served = sum(after[name] - before[name] for name in ("used_cpu_sys", "used_cpu_user"))
    return line | json.loads(client.get(line["report"])) | took | {"served": served}


def child(arguments: list[str]) -> None:
    """`backfill`, then what it took."""
    from leadmodel_privacy.__main__ import main

    began, busy = time.monotonic(), time.process_time()
    code = main(["backfill", *arguments])
    took, busy = time.monotonic() - began, time.process_time() - busy
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"wall": took, "cpu": busy, "peakMb": peak}))
    sys.exit(code)


def speed(given: argparse.Namespace) -> dict:
    """Dry run, apply, second apply with stamps; 80 % clean, 15 % look-alikes, 5 % personal."""
    rounds = []
    for _ in range(given.rounds):
        with server(given.server) as there:
            World(there.port, given.keys).fill()
            dry = run(there)
            first = run(there, "--apply")
            run(there, "--apply", "--stamps")
            again = run(there, "--apply", "--stamps")
            rounds.append((dry, first, again))
    return {
        "keys": given.keys,
        "messages": rounds[0][0]["scanned"],
        "dirtyKeys": rounds[0][0]["dirtyKeys"],
        "dryKeysPerSecond": spread([given.keys / d["seconds"] for d, _, _ in rounds]),
        "applyToDry": spread([f["seconds"] / d["seconds"] for d, f, _ in rounds]),
        "applyToDryCpu": spread([(f["cpu"] + f["served"]) / (d["cpu"] + d["served"]) for d, f, _ in rounds]),
        "redisShareOfApplyCpu": spread([f["served"] / (f["cpu"] + f["served"]) for _, f, _ in rounds]),
        "stampsFasterThanDryCpu": spread([d["cpu"] / a["cpu"] for d, _, a in rounds]),
        "redisShareOfApply": spread([f["redisShare"] for _, f, _ in rounds]),
        "stampsFasterThanDry": spread([d["seconds"] / a["seconds"] for d, _, a in rounds]),
        "stampsFasterThanApply": spread([f["seconds"] / a["seconds"] for _, f, a in rounds]),
        "stampsFasterThanApplyCpu": spread(
            [(f["cpu"] + f["served"]) / (a["cpu"] + a["served"]) for _, f, a in rounds]
        ),
    }


def spread(found: list[float]) -> dict:
    """min, median, max."""
    return {
        name: round(value, 3)
        for name, value in zip(
            ("min", "median", "max"), (min(found), statistics.median(found), max(found)), strict=True
        )
    }


def memory(given: argparse.Namespace) -> dict:
    """Peak of an apply with stamps over many small keys."""
    with server(given.server) as there:
        client = there.client()
        for start in range(0, given.keys, 10_000):
            names = range(start, min(start + 10_000, given.keys))
            client.mset({f"chat:{n}": f"to m{n}@example.org" if n % 3 == 0 else "thanks" for n in names})
        found = run(there, "--apply", "--stamps", "--page", "1000")
        return {k: found[k] for k in ("keys", "dirtyKeys", "changed", "peakMb", "wall")}


def appends(given: argparse.Namespace) -> dict:
    """Writers append while it applies, again and again until enough were acknowledged; then the same with a blind rewrite."""
    with server(given.server) as there:
        world = World(there.port, given.keys, mix=Mix(0.4, 0.2))
        world.fill()
        world.check({}, redacted=False)
        began, runs = time.monotonic(), 0
        with Writers(world, 2, given.per_second) as writers:
            while writers.total.value < given.appends * 1.02 or runs == 0:
                run(there, "--apply")
                runs += 1
            appended = writers.end()
        faults = world.check(appended)
        result = {"appends": sum(appended.values()), "applies": runs, "seconds": time.monotonic() - began}
    with server(given.server) as there:
        world = World(there.port, given.keys, mix=Mix(0.4, 0.2))
        world.fill()
        world.check({}, redacted=False)
        with Writers(world, 2, given.per_second) as writers:
            blind(world, stop_after=60)
            control = writers.end()
        lost = world.check(control)
    return result | {"faults": dict(faults), "control": {"appends": sum(control.values()), **lost}}


def latency(given: argparse.Namespace) -> dict:
    """A live writer's RPUSH: p99 without and beside an apply, in turns."""
    idle, beside = [], []
    for _ in range(given.rounds):
        with server(given.server) as there:
            World(there.port, given.keys).fill()
            idle.append(p99(there, given.seconds, None))
            work = subprocess.Popen(
                [sys.executable, __file__, "child", "--redis", there.url, "--match", "chat:*", "--apply"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            time.sleep(1.0)
            beside.append(p99(there, given.seconds, work))
            work.kill()
            work.wait()
    return {
        "idleP99Ms": spread(idle),
        "besideP99Ms": spread(beside),
        "ratio": spread([b / i for i, b in zip(idle, beside, strict=True)]),
    }


def p99(there: Server, seconds: float, work) -> float:
    """Milliseconds."""
    client, found, until = there.client(), [], time.monotonic() + seconds
    while time.monotonic() < until and (work is None or work.poll() is None):
        began = time.perf_counter()
        client.rpush("live:list", "x")
        found.append((time.perf_counter() - began) * 1000)
        time.sleep(0.002)
    return statistics.quantiles(found, n=100)[98]


MEASURED = {"speed": speed, "memory": memory, "appends": appends, "latency": latency}


def main() -> None:
    """The measurements that are named, else all."""
    if sys.argv[1:2] == ["child"]:
        child(sys.argv[2:])
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("what", nargs="*", help=", ".join(MEASURED))
    p.add_argument("--keys", type=int, help="default: 8,000; of memory 1,000,000")
    p.add_argument("--server", choices=["valkey", "redis"], default="valkey")
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--seconds", type=float, default=8)
    p.add_argument("--appends", type=int, default=1_000_000)
    p.add_argument("--per-second", type=float, default=6000)
    given = p.parse_args()
    if unknown := set(given.what) - set(MEASURED):
        p.error(f"nothing is called {', '.join(sorted(unknown))}; there are {', '.join(MEASURED)}")
    asked = given.keys
    for what in given.what or MEASURED:
        given.keys = asked or (1_000_000 if what == "memory" else 8000)
        found = MEASURED[what](given)
        print(json.dumps({"bench": f"backfill {what}", "server": given.server, **found}), flush=True)


if __name__ == "__main__":
    main()
