"""What a challenger costs a POST /predict: nothing where there is none, some µs a lead where one is loaded, some more while it has a share of
leads; its memory, and the leads of the past. The leads have no id, so that a share hashes whole leads.

The work of a request from its bytes to the bytes of the answer, as in bench/text_features.py: each server is a process of its own, rounds
are interleaved, and a round is the processor's time of 1,000 requests. Instructions and C calls are counted, too, which no load disturbs.

    python bench/challenger.py [--rounds N] [--old FOLDER]    # FOLDER: a checkout of an older release
"""

import argparse
import gc
import json
import os
import tempfile
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry
from serving.counts import COUNTED
from serving.figures import against, goal, spread, table
from serving.machine import describe
from serving.models import Lead, Made, as_json, made
from text_features import REQUESTS, ask, leads, start

from leadmodel_artifact.snapshot import digest, unpack
from leadmodel_messages.places import SHARE_FILE
from leadmodel_messages.share import Share, dump
from leadmodel_predictor.http.predict import Predict
from leadmodel_predictor.serving.metrics import Metrics
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.ring import SIZE, Ring, given
from leadmodel_predictor.serving.slots import challenged, load_slot, pair

MOST_US = 1.5  # a lead
WEIGHTS = (5, 50)  # per cent of leads that a challenger answers


@dataclass(frozen=True)
class Served:
    """One server: the flags beyond its champion, and the checkout whose packages it runs."""

    flags: tuple[str, ...]
    old: str | None = None


def with_share(challenger: Path, folder: Path, weight: int) -> str:
    """Put a challenger and its share of leads into a folder, and give the flag for it."""
    folder.mkdir()
    raw = challenger.read_bytes()
    (folder / challenger.name).write_bytes(raw)
    (folder / SHARE_FILE).write_text(dump(Share(digest(unpack(raw)), weight)))
    return f"--challenger={(folder / challenger.name).as_uri()}"


def servers(files: Made, old: str | None, folder: Path) -> dict[str, Served]:
    """All servers by name; those of an older release beside the same of today. `folder` is for challengers with a share."""
    previous, challenger = (
        (f"--previous={files.previous}",),
        (f"--challenger={files.challenger.as_uri()}",),
    )
    today = {
        "champion": Served(()),
        "and previous": Served(previous),
        "champion, challenger": Served(challenger),
        "and previous, challenger": Served((*previous, *challenger)),
    }
    for weight in WEIGHTS:
        flag = with_share(files.challenger, folder / str(weight), weight)
        today[f"champion, challenger, {weight} %"] = Served((flag,))
    older = {
        f"older release: {name}": Served(today[name].flags, old) for name in ("champion", "and previous")
    }
    return (older if old else {}) | today


def count(files: Made, variants: dict[str, Served], sent: Path) -> tuple[str, dict[str, float]]:
    """A table of instructions and C calls a request, and the instructions by server."""
    rows, instructions = [], {}
    for name, one in variants.items():
        process = start(files.champion, sent, one.old, "counts.py", one.flags)
        counts = json.loads(process.communicate()[0])
        totals = [
            sum(n for what, n in counts.items() if what.startswith(event)) / COUNTED
            for event in ("opcode", "c_call")
        ]
        instructions[name] = totals[0]
        rows.append([name, *(f"{total:.2f}" for total in totals)])
    return table(["models", "instructions a request", "C calls"], rows), instructions


def measure(files: Made, variants: dict[str, Served], sent: Path, rounds: int) -> dict[str, list[float]]:
    """CPU µs a request of interleaved rounds."""
    processes = {
        name: start(files.champion, sent, one.old, flags=one.flags) for name, one in variants.items()
    }
    times: dict[str, list[float]] = {name: [] for name in variants}
    for number in range(-2, rounds):  # the first rounds warm up
        for name, process in processes.items():
            took = ask(process)
            if number >= 0:
                times[name].append(took)
    for process in processes.values():
        process.communicate()
    return times


def loading(champion: Path, challenger: Path, sent: Sequence[Lead]) -> tuple[float, float]:
    """CPU ms to load a challenger and to score a full ring for it, and MB that both keep."""
    slots = pair(load_slot(champion.read_bytes(), None), None)
    model = Model(slots, Ring(slots, "bench"), Metrics(CollectorRegistry()), 0.0, "bench")
    predict, data = Predict(model), challenger.read_bytes()
    for i in range(SIZE):
        predict.score(as_json(sent[i % len(sent)]), time.perf_counter())
    past = model.ring.snapshot(time.time()).entries
    begun = time.process_time()
    _beside(model, data, past)
    took = (time.process_time() - begun) * 1e3
    model.challenge(slots, [entry[:6] for entry in past], after=None)
    gc.collect()
    tracemalloc.start()
    _beside(model, data, past)
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0] / 1e6
    tracemalloc.stop()
    return took, kept


def _beside(model: Model, data: bytes, past: Sequence[tuple[object, ...]]) -> None:
    new = challenged(model.slots, load_slot(data, None))
    model.challenge(new, [given(entry, new) for entry in past], after=past[-1])


def main() -> None:
    """Print all figures, and whether the goals are met."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=31)
    p.add_argument("--old", help="a checkout of an older release")
    options = p.parse_args()
    files, lines = made(), leads(REQUESTS)
    with tempfile.TemporaryDirectory() as folder:
        variants = servers(files, options.old, Path(folder))
        sent = Path(folder) / "leads.json"
        sent.write_text(json.dumps(lines))
        shown, instructions = count(files, variants, sent)
        print(shown, "\n")
        times = measure(files, variants, sent, options.rounds)
    report(times, instructions, options.rounds)
    rows = []
    for name, models in (
        ("linear", (files.champion, files.challenger)),
        ("trees", (files.trees, files.other_trees)),
    ):
        took, kept = loading(*models, lines)
        rows.append([name, f"{took:.0f}", f"{kept:.1f}"])
    print(table(["challenger", f"CPU ms to load it and score {SIZE} past leads", "MB kept"], rows))


def report(times: dict[str, list[float]], instructions: dict[str, float], rounds: int) -> None:
    """Print processor times and goals."""
    base = {name: name.rpartition(", ")[0] or name for name in times}
    rows = [
        [
            name,
            spread(own).show(2),
            base[name],
            against(own, times[base[name]], lambda a, b: a - b).show(2),
            against(own, times[base[name]], lambda a, b: a / b).show(3),
        ]
        for name, own in times.items()
    ]
    print(f"{describe()}; load {os.getloadavg()[0]:.1f}; {rounds} rounds: median (least to most)\n")
    print(table(["models", "CPU µs a request", "beside", "µs more", "ratio"], rows), "\n")
    least = {name: min(own) for name, own in times.items()}  # what disturbs a round only adds to it
    goals = [
        goal(f"{name}, µs a lead more", least[name] - least[without], below=MOST_US)
        for name, without in base.items()
        if name != without and not name.endswith("%")
    ]
    for name in ("champion", "and previous"):
        if (older := instructions.get(f"older release: {name}")) is not None:
            more = instructions[name] - older
            goals.append(goal(f"{name}, instructions more than the older release", more, below=0.01))
    print(table(["goal", "wanted", "least", ""], goals), "\n")


if __name__ == "__main__":
    main()
