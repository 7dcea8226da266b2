"""Requests a second and latency of the predictor, beside the server it stands on and beside other ways to serve the same model.

One interleaved run. The server has one core, wrk the other. Every server gets the same 1,000 leads and must first answer the
scores the artifact means to 1e-9. The floor is an empty uvicorn application (httptools, uvloop) that answers a constant without
reading the body; LeadModel runs with everything on: validation, Prometheus, drift of the champion and of the previous model.

    python bench/predictor.py [--rounds N] [--seconds S] [--peers all|none|NAME,...]
"""

import argparse
import tempfile
from collections.abc import Sequence
from pathlib import Path

from serving import peers
from serving.figures import against, goal, ratio, spread, table
from serving.machine import describe, need_wrk
from serving.models import made
from serving.rounds import Run, awake, check, measure, running, sample, single
from serving.servers import Kind, floor, leadmodel

OURS, FLOOR = "LeadModel", "floor"
OWN, OTHERS = (1, 16, 64, 256), (1, 16)


def own_kinds(files) -> list[Kind]:
    """The floor and the predictor."""
    return [floor(), leadmodel(files)]


def shown(found: Run, names: Sequence[str]) -> str:
    """Everything seen, a line a server and number of connections."""
    rows = []
    for name, count in sorted(found.seen, key=lambda key: (key[1], names.index(key[0]))):
        times = [
            spread(found.each(name, count, lambda seen, p=p: getattr(seen, p)))
            for p in ("p50", "p99", "p999")
        ]
        rows.append(
            [
                name,
                str(count),
                spread(found.rates(name, count)).show(),
                ratio(found.rates(name, count), found.rates(FLOOR, min(count, 256))).show(3),
                *(time.show(2) for time in times),
                spread(found.each(name, count, lambda seen: seen.cpu_us)).show(1),
            ]
        )
    return table(
        [
            "server",
            "conn.",
            "requests/s",
            "ratio to floor",
            "p50 ms",
            "p99 ms",
            "p99.9 ms",
            "CPU µs a request",
        ],
        rows,
    )


def goals(found: Run, names: Sequence[str]) -> str:
    """What must be reached, with the medians of this run."""
    rows = [
        goal(
            f"{OURS} / floor, {count} connections", _median_ratio(found, OURS, FLOOR, count), at_least=wanted
        )
        for count, wanted in ((16, 1.5), (1, 0.90))
    ]
    rows.append(goal("own work a request over the floor, µs", own_work(found).median, below=6.0))
    for count, most in ((16, 2.0), (64, 10.0), (256, 50.0)):
        p99 = spread(found.each(OURS, count, lambda seen: seen.p99)).median
        rows.append(goal(f"p99 at {count} connections, ms", p99, below=most))
    for name in names:
        if name not in {OURS, FLOOR}:
            wanted = (3.0, 1.0) if "coefficients" in name else (100.0, 40.0)
            rows += [
                goal(
                    f"{OURS} / {name}, {count} connections",
                    _median_ratio(found, OURS, name, count),
                    at_least=least,
                )
                for count, least in zip((16, 1), wanted, strict=True)
            ]
    return table(["goal", "wanted", "median", ""], rows)


def _median_ratio(found: Run, name: str, other: str, count: int) -> float:
    return ratio(found.rates(name, count), found.rates(other, count)).median


def own_work(found: Run, count: int = 16):
    """µs a request that the predictor adds to the floor, round by round."""
    return against(
        found.rates(OURS, count), found.rates(FLOOR, count), lambda own, base: 1e6 / own - 1e6 / base
    )


def main() -> None:
    """Measure and print."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--seconds", type=int, default=3, help="of each cell in each round")
    p.add_argument(
        "--peers",
        type=peers.names,
        default="all",
        help="all, none, or folders of bench/peers, comma separated",
    )
    given = p.parse_args()
    need_wrk()
    files = made()
    leads = sample(files)
    own = own_kinds(files)
    kinds = [*own, *peers.kinds(given.peers, files.champion)]
    names = [kind.name for kind in kinds]
    connections = {name: OWN if i < len(own) else OTHERS for i, name in enumerate(names)}
    with tempfile.TemporaryDirectory() as folder, running(kinds, leads[0]) as servers:
        for server in servers:
            with awake(server):
                check(server, files, leads[:20])
        found = measure(
            servers, single(servers, leads, Path(folder)), connections, given.rounds, given.seconds
        )
    print(f"{describe()}; {given.rounds} rounds of {given.seconds} s a cell: median (least to most)\n")
    print(shown(found, names), "\n")
    print(f"own work a request over the floor, 16 connections: {own_work(found).show(1)} µs")
    print(f"failed requests: {sum(found.failed.values())} {found.failed}\n")
    print(goals(found, names))


if __name__ == "__main__":
    main()
