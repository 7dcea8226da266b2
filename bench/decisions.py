"""Is the right model served? The real gate, drift rule and planner in simulated time, over worlds whose truth is known.

Prints the tables of docs/decisions.md; with --write it puts them there and draws the pictures. Every figure follows from the seed:
the same code prints the same tables. The parts run one after the other, each over a few processes.

    python bench/decisions.py [PART ...] [--share .2] [--write] [--keep FOLDER]
"""

import argparse
import os
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

os.environ.update({"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"})  # a process a core is enough
sys.path.insert(0, str(Path(__file__).parent))

from simulation import cases, gate, noise, page, pictures, real, real_live, runs, slide, tables

DRAWS, PAIRS, SLIDES, REFERENCES, WINDOWS = 800, 800, 30, 3, 10
STUDIES = ("gate", "slide", "noise", "real")


def arguments() -> argparse.Namespace:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    every = [*STUDIES, *cases.PARTS]
    p.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(every)} (default: all)")
    p.add_argument("--share", type=float, default=1.0, help="of the plays and draws, for a quick look")
    p.add_argument("--seed", type=int, default=cases.FINAL_SEED, help="trials use seeds below 1,000")
    p.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    p.add_argument("--write", action="store_true", help="into docs/decisions.md and docs/pictures")
    p.add_argument(
        "--keep",
        type=Path,
        help="keep outcomes in this folder; the same play of the same code is not run again",
    )
    given = p.parse_args()
    unknown = set(given.parts) - set(every)
    if unknown:
        p.error(f"no part is called {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    given.parts = given.parts or every
    return given


def studied(given: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Names and tables of the parts that draw single holdouts or windows."""
    if "gate" in given.parts:
        alone = list(gate.alone(given.seed, round(DRAWS * given.share)))
        yield "alone", tables.alone(alone)
        paired = list(gate.paired(given.seed, round(PAIRS * given.share)))
        yield "paired", tables.paired(paired)
        if given.write:
            pictures.gate_power(alone, paired)
    if "slide" in given.parts:
        count = max(2, round(SLIDES * given.share))
        found = {p: [slide.slide(given.seed + i, p) for i in range(count)] for p in gate.POSITIVES}
        yield "slide", tables.slid(found, slide.STEP)
    if "noise" in given.parts:
        counts = noise.study(given.seed, max(1, round(REFERENCES * given.share)), WINDOWS)
        yield from tables.windows(counts, noise.WAYS)
    if "real" in given.parts:
        folder = os.environ.get("LEADMODEL_DATA")
        if not folder:
            print("real: left out; LEADMODEL_DATA names the folder of the real leads", file=sys.stderr)
            return
        yield "real", tables.real(list(real.months(Path(folder))))
        yield "strict", tables.real(list(real.months(Path(folder), min_auc=0.65)))
        yield "real_live", tables.real_live(real_live.nights(Path(folder), max(1, round(1 / given.share))))


def played(given: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Names and tables of the parts that play days and nights."""
    every = []
    for part in (part for part in cases.PARTS if part in given.parts):
        found = list(runs.run_all(cases.PARTS[part](given.seed, given.share), given.workers, given.keep))
        every += found
        if part != "delays":
            yield part, getattr(tables, part)(found)
        if given.write and part == "calm":
            pictures.false_alarms(found)
        if given.write and part == "delays":
            pictures.detection_delay(found)
    if given.write and {"bad", "moves", "back"} <= set(given.parts):
        pictures.counterfactual(every)


def main() -> None:
    """Run the parts."""
    given = arguments()
    made = {}
    for name, table in chain(studied(given), played(given)):
        made[name] = table
        print(f"\n## {name}\n\n{table}", flush=True)
    if given.write:
        page.PAGE.write_text(page.fill(page.PAGE.read_text(), made))


if __name__ == "__main__":
    main()
