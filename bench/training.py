"""How long a night's training takes, and how much memory: 1,000,000 leads × 20 columns, program start to files written.

Each recipe runs as the program users call, in a process of its own; the floor of the same run is Python's csv module reading the
same file once and doing nothing with it.

    python bench/training.py [--rows N] [--repeat R]
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

GOAL_S, GOAL_MB = 60, 2000
LEVELS = [
    ("source", 5),
    ("campaign", 30),
    ("region", 12),
    ("device", 3),
    ("product", 8),
    ("rep", 50),
    ("weekday", 7),
]


def make(path: Path, rows: int) -> None:
    """Leads with a time, a text, 7 categories, 10 numbers and an outcome that follows from some of them."""
    chance = np.random.default_rng(7)
    numbers = {f"n{i}": np.round(chance.normal(50, 20, rows), 2) for i in range(10)}
    levels = {name: chance.zipf(1.5, rows) % count for name, count in LEVELS}
    lengths = chance.integers(5, 60, rows)
    z = -3 + (numbers["n0"] - 50) / 30 + (numbers["n1"] > 60) * 0.8 + (levels["source"] == 1) * 0.7
    outcome = chance.random(rows) < 1 / (1 + np.exp(-z))
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["created_at", "details", *levels, *numbers, "y"])
        times = np.datetime64("2026-01-01T00:00:00") + np.arange(rows) * np.timedelta64(15, "s")
        columns = [
            [f"{t}+00:00" for t in times],
            ["w" * n for n in lengths.tolist()],
            *([f"{name}-{code}" for code in column.tolist()] for name, column in levels.items()),
            *(["" if i % 50 == 0 else v for i, v in enumerate(c.tolist())] for c in numbers.values()),
            ["yes" if y else "no" for y in outcome],
        ]
        writer.writerows(zip(*columns, strict=True))


def floor(path: Path) -> float:
    """Seconds to read the file and forget it."""
    started = time.perf_counter()
    with path.open(newline="") as file:
        for _ in csv.reader(file):
            pass
    return time.perf_counter() - started


def once(path: Path, recipe: str) -> tuple[float, float, float]:
    """Seconds, peak MB and AUC of one training."""
    with tempfile.TemporaryDirectory() as out:
        program = [
            sys.executable,
            "-m",
            "leadmodel_training",
            "--leads",
            str(path),
            "--out",
            out,
            "--recipe",
            recipe,
        ]
        started = time.perf_counter()
        child = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
        answer = child.stdout.read()
        _, code, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(code)
    assert child.returncode == 0, "the training failed"
    return seconds, used.ru_maxrss / 1024, json.loads(answer)["auc"]


def main() -> None:
    """Print a table."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rows", type=int, default=1_000_000)
    p.add_argument("--repeat", type=int, default=1)
    given = p.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "leads.csv"
        make(path, given.rows)
        size = path.stat().st_size / 1e6
        floors = [floor(path) for _ in range(3)]
        base = statistics.median(floors)
        print(f"{given.rows:,} leads × 20 columns, {size:.0f} MB CSV; csv.reader alone: {base:.1f} s (floor)")
        print(f"{'recipe':8} {'min s':>7} {'median':>7} {'max':>7} {'× floor':>8} {'peak MB':>8} {'AUC':>7}")
        for recipe in ("linear", "trees", "auto"):
            runs = [once(path, recipe) for _ in range(given.repeat)]
            times = sorted(run[0] for run in runs)
            median, peak = statistics.median(times), max(run[1] for run in runs)
            print(
                f"{recipe:8} {times[0]:7.1f} {median:7.1f} {times[-1]:7.1f} {median / base:8.1f} {peak:8.0f} {runs[0][2]:7.4f}"
            )
        print(f"goal: below {GOAL_S} s and {GOAL_MB} MB on 2 cores")


if __name__ == "__main__":
    main()
