"""What serving costs before the first lead: memory, time from start to first answer, and the size of what is installed for it.

Each server is started several times, in turn with the others, and asked until it answers its first lead. The size is that of the
distributions whose modules the serving process has really loaded (without byte code), the client of object stores apart: the
predictor needs that one only to fetch an artifact from a store. Peers: everything in their environment, for all of it must be there.

    python bench/memory.py [--rounds N] [--peers all|none|NAME,...]
"""

import argparse
import tempfile
from pathlib import Path

from serving import peers
from serving.figures import Spread, goal, spread, table
from serving.installed import Loaded, folder_mb, loaded
from serving.load import run
from serving.machine import describe, need_wrk
from serving.models import bodies, made
from serving.rounds import sample
from serving.servers import Kind, floor, leadmodel, start

OURS, TREES = "LeadModel", "LeadModel, trees"
STORE = "obstore"
Seen = dict[str, list[tuple[float, float, float]]]


def once(kind: Kind, leads, folder: Path) -> tuple[float, float, float]:
    """Seconds to the first answer; MB then, and after a second of load."""
    server = start(kind, leads[0], folder / "log")
    try:
        first = server.memory_mb()
        run(server.url, bodies(folder / "bodies", leads, kind.one), 16, 1)
        return server.started_s, first, server.memory_mb()
    finally:
        server.stop()


def shown(found: Seen, sizes: dict[str, float]) -> str:
    """Everything seen."""
    rows = [
        [
            name,
            *(part(seen, i).show(2 if i == 0 else 0) for i in range(3)),
            f"{sizes[name]:.0f}" if name in sizes else "",
        ]
        for name, seen in found.items()
    ]
    head = ["server", "start to first answer, s", "MB after load", "MB after 1 s at 16 conn.", "installed MB"]
    return table(head, rows)


def part(seen: list[tuple[float, float, float]], place: int) -> Spread:
    """The spread of one of the three figures."""
    return spread(one[place] for one in seen)


def sizes_of(serving: Loaded) -> str:
    """What serving has loaded, by distribution."""
    rows = [[name, f"{mb:.2f}"] for name, mb in sorted(serving.distributions.items(), key=lambda kv: -kv[1])]
    return table(["distribution", "MB"], rows)


def main() -> None:
    """Measure and print."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=7)
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
    ours = leadmodel(files)
    kinds = [
        floor(),
        ours,
        leadmodel(files, name=TREES, champion=files.trees),
        *peers.kinds(given.peers, files.champion),
    ]
    found: Seen = {kind.name: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(given.rounds):
            for kind in kinds:
                found[kind.name].append(once(kind, leads, Path(folder)))
        serving = loaded(ours, leads[0], Path(folder))
    size = sum(mb for name, mb in serving.distributions.items() if name != STORE)
    sizes = {OURS: size} | {p.name: folder_mb(peers.environment(p)) for p in peers.ALL if p.name in found}
    print(f"{describe()}; {given.rounds} rounds: median (least to most)\n")
    print(shown(found, sizes), "\n")
    print(f"{serving.modules} modules loaded while serving; their distributions:\n")
    print(sizes_of(serving), "\n")
    rows = [
        goal("MB after load", part(found[OURS], 1).median, below=64),
        goal("s from start to first answer", part(found[OURS], 0).median, below=0.5),
        goal("MB installed for serving", size, below=25),
    ]
    print(table(["goal", "wanted", "median", ""], rows))


if __name__ == "__main__":
    main()
