"""The work of one POST /predict from the bytes of the request to the bytes of the answer: HTTP parsing included, sockets left out.

The same server code as in bench/predictor.py, driven in this process, 16 connections in turn; the floor is the same server around an
empty application. Figures are CPU time, so they stand on a busy machine too, where requests a second mean nothing. The kernel's
share, equal for all rows, is what this leaves out: differences are the predictor's own work, ratios are larger than over sockets.

    python bench/inprocess.py [--rounds N]
"""

import argparse
import json
import statistics
import time
from collections.abc import Sequence

import uvloop
from serving import categories, inside
from serving.figures import against, goal, ratio, spread, table
from serving.machine import describe
from serving.models import Lead, Made, as_json, made
from serving.rounds import TOLERANCE, sample

from leadmodel_artifact.artifact import load
from leadmodel_artifact.compiler import make_scorer
from leadmodel_artifact.lead import lead_values

CONNECTIONS = 16
FLOOR, OURS = "floor", "LeadModel"


def requests(leads: Sequence[Lead]) -> list[bytes]:
    """What wrk would send."""
    head = (
        "POST /predict HTTP/1.1\r\nHost: 127.0.0.1:8080\r\ncontent-type: application/json\r\nContent-Length: "
    )
    bodies = [as_json(lead) for lead in leads]
    return [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]


async def once(connections: inside.Connections, sent: Sequence[bytes]) -> float:
    """µs of CPU a request: the first decile of the groups, for the slowest were interrupted and found cold caches."""
    groups = [sent[i : i + CONNECTIONS] for i in range(0, len(sent) - CONNECTIONS + 1, CONNECTIONS)]
    times = []
    for group in groups:
        begun = time.process_time()
        await connections.ask(group)
        times.append((time.process_time() - begun) * 1e6 / CONNECTIONS)
    return statistics.quantiles(times, n=10)[0]


async def check(connections: inside.Connections, files: Made, leads: Sequence[Lead]) -> None:
    """The scores must be those the artifact means."""
    artifact = load(files.champion.read_bytes())
    scorer = make_scorer(artifact)
    some = leads[:CONNECTIONS]
    for lead, answer in zip(some, await connections.ask(requests(some)), strict=True):
        got = json.loads(answer.partition(b"\r\n\r\n")[2])["score"]
        wanted = scorer(*lead_values(artifact, lead))
        if not abs(got - wanted) <= TOLERANCE:
            raise SystemExit("the predictor answers other scores than the artifact")


async def measure(files: Made, leads: Sequence[Lead], rounds: int) -> dict[str, list[float]]:
    """Interleaved rounds."""
    models = ["--artifact", str(files.champion), "--previous", str(files.previous), "--min-auc", "0.5"]
    configs = {FLOOR: inside.floor(), OURS: inside.leadmodel(models)}
    servers = {name: inside.Connections(config, CONNECTIONS) for name, config in configs.items()}
    for name, connections in servers.items():
        if name != FLOOR:
            await check(connections, files, leads)
    sent = requests(leads)
    found: dict[str, list[float]] = {name: [] for name in servers}
    for number in range(-1, rounds):  # round -1 warms up
        for name, connections in servers.items():
            took = await once(connections, sent)
            if number >= 0:
                found[name].append(took)
    return found


def main() -> None:
    """Measure and print."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=31)
    given = p.parse_args()
    files = made()
    found = uvloop.run(measure(files, sample(files), given.rounds))
    base = found[FLOOR]
    rows = []
    for name, times in found.items():
        own = against(times, base, lambda time, floor: time - floor)
        rows.append([name, spread(times).show(2), own.show(2), ratio(base, times).show(2)])
    print(f"{describe()}; {given.rounds} rounds of 1,000 requests: median (least to most)\n")
    print(table(["server", "CPU µs a request", "over the floor", "floor / it"], rows), "\n")
    by_kind = categories.rows(load(files.champion.read_bytes()), given.rounds)
    print(table(["20 categories", "CPU µs a lead, decoded and scored", "it / plain"], by_kind), "\n")
    ours = spread(found[OURS]).least - spread(base).least
    print(
        f"least of all rounds: floor {min(base):.2f}, LeadModel {min(found[OURS]):.2f}, difference {ours:.2f} µs\n"
    )
    print(
        table(
            ["goal", "wanted", "least", ""],
            [goal("own work a request over the floor, CPU µs", ours, below=6)],
        )
    )


if __name__ == "__main__":
    main()
