"""Rows a second of POST /predict/batch with 1,000 leads a request, beside the batches of other servers.

One interleaved run; the floor is an empty uvicorn application that reads the body and answers a constant. Every server must first
answer the artifact's scores to 1e-9.

    python bench/batch.py [--size N] [--rounds N] [--seconds S] [--peers all|none|NAME,...]
"""

import argparse
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from serving import peers
from serving.figures import goal, ratio, spread, table
from serving.machine import describe, need_wrk
from serving.models import as_json, made
from serving.rounds import Run, answers_columns, as_columns, awake, batches, check, measure, running, sample
from serving.servers import floor, leadmodel

OURS, COLUMNS, LIVE, CONNECTIONS = "LeadModel", "LeadModel, columns", "LeadModel, ?live=true", (1, 4)
FLOOR = "floor (reads the body)"


def shown(found: Run, names: Sequence[str], size: int) -> str:
    """Everything seen."""
    rows = []
    for name, count in sorted(found.seen, key=lambda key: (key[1], names.index(key[0]))):
        rates = found.rates(name, count)
        rows.append(
            [
                name,
                str(count),
                spread(rate * size for rate in rates).show(),
                ratio(rates, found.rates(FLOOR, count)).show(3),
                spread(found.each(name, count, lambda seen: seen.p50)).show(2),
                spread(found.each(name, count, lambda seen: seen.p99)).show(2),
                spread(found.each(name, count, lambda seen: seen.cpu_us / size)).show(2),
            ]
        )
    return table(["server", "conn.", "rows/s", "ratio to floor", "p50 ms", "p99 ms", "CPU µs a row"], rows)


def goals(found: Run, names: Sequence[str], size: int) -> str:
    """What must be reached, with the medians of this run."""
    best = {name: spread(rate * size for rate in found.rates(name, 1)).median for name in names}
    rows = [goal("rows/s, JSON rows, 1 connection", best[OURS], at_least=5e5)]
    others = {name: rate for name, rate in best.items() if not name.startswith(("LeadModel", "floor"))}
    if others:
        first = max(others, key=lambda name: others[name])
        rows.append(
            goal(
                f"{OURS} / best peer ({first})",
                ratio(found.rates(OURS, 1), found.rates(first, 1)).median,
                at_least=5,
            )
        )
    return table(["goal", "wanted", "median", ""], rows)


def main() -> None:
    """Measure and print."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--size", type=int, default=1000)
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
    ours = leadmodel(files, name=OURS)
    kinds = [
        replace(floor("--read"), batch_path="/predict/batch"),
        ours,
        replace(ours, name=LIVE, batch_path="/predict/batch?live=true"),
        replace(ours, name=COLUMNS, many=lambda some: as_json(as_columns(some))),
        *peers.kinds(given.peers, files.champion),
    ]
    with tempfile.TemporaryDirectory() as folder, running(kinds, leads[0]) as started:
        servers = [
            server for server in started if server.kind.name != COLUMNS or answers_columns(server, leads)
        ]
        names = [server.kind.name for server in servers]
        for server in servers:
            with awake(server):
                check(server, files, leads[:20])
        requests = batches(servers, leads, given.size, Path(folder))
        found = measure(servers, requests, dict.fromkeys(names, CONNECTIONS), given.rounds, given.seconds)
    print(
        f"{describe()}; {given.size} leads a request, {given.rounds} rounds of {given.seconds} s a cell: median (least to most)\n"
    )
    print(shown(found, names, given.size), "\n")
    print(f"failed requests: {sum(found.failed.values())} {found.failed}\n")
    print(goals(found, names, given.size))


if __name__ == "__main__":
    main()
