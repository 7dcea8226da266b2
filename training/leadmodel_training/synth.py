"""`leadmodel-synth`: draws seeded leads whose truth is known, as a file for a trainer, with a truth document beside the file.

Here are the arguments; `world` holds the parameters, `world_days` the drawing, `synth_files` the formats, `synth_truth` the truth.
"""

import leadmodel_messages.interrupt  # noqa: F401  # first: from here on a Ctrl-C prints no traceback

# isort: split
import argparse
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NoReturn

from leadmodel_messages.exits import SynthExit
from leadmodel_messages.leaving import leave
from leadmodel_messages.uris import local_path
from leadmodel_training.synth_files import format_of, write
from leadmodel_training.synth_truth import seen_labels, truth, truth_path
from leadmodel_training.world import DAY_S, DEFAULT_SIZE, Shift, ShiftKind, World
from leadmodel_training.world_days import draw


def parser() -> argparse.ArgumentParser:
    """Build the parser of the program's arguments."""
    kinds = ", ".join(f"{kind} ({DEFAULT_SIZE[kind]:g})" for kind in ShiftKind)
    p = argparse.ArgumentParser(
        prog="leadmodel-synth",
        description="Draw leads with outcomes from a world whose truth is known. Writes FILE and FILE.truth.json, prints one line.",
        epilog=f"A shift is KIND[:SIZE][@DAY], from day DAY on (default 0). Kinds and default sizes: {kinds}. "
        "Example: leadmodel-synth --seed 1 --days 60 --per-day 2000 --shift zeros:30@45 --out leads.csv.gz",
    )
    p.add_argument("--seed", type=int, required=True, help="the same seed draws the same leads")
    p.add_argument("--days", type=int, default=60, help="how many days (default: 60)")
    p.add_argument("--per-day", type=float, default=2000, help="leads on an average day (default: 2000)")
    p.add_argument(
        "--start", type=_day, default=World().start, help="the first day, as 2026-01-05 (the default)"
    )
    p.add_argument("--shift", type=_shift, action="append", default=[], help="what goes wrong; repeatable")
    p.add_argument("--flat-week", action="store_true", help="every day is a workday")
    p.add_argument("--industries", type=int, default=12, help="levels of the skewed category (default: 12)")
    p.add_argument(
        "--text-odds",
        type=float,
        metavar="ODDS",
        help="write words that say what a lead wants, in English; those that want to buy have ODDS times the odds of the others, "
        "1: no effect (default: texts are filler)",
    )
    p.add_argument(
        "--labels",
        choices=["final", "seen"],
        default="final",
        help="y says who converted within 30 days, or who was seen to convert by the end of the file (default: final)",
    )
    p.add_argument(
        "--out", type=local_path, required=True, help=".csv, .jsonl, .csv.gz or .jsonl.gz says the format"
    )
    return p


def _day(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)


def _shift(text: str) -> Shift:
    kind, _, rest = text.partition("@")
    name, _, size = kind.partition(":")
    if name not in set(ShiftKind):
        raise argparse.ArgumentTypeError(f"no shift is called {name!r}; there are {', '.join(ShiftKind)}")
    shift_kind = ShiftKind(name)
    never = 1_000_000 if shift_kind is ShiftKind.LEAK else 0
    try:
        shift = Shift(shift_kind, float(size or DEFAULT_SIZE[shift_kind]), int(rest) if rest else never)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no KIND[:SIZE][@DAY]") from None
    in_percent = shift_kind not in {ShiftKind.STEP, ShiftKind.SLOW, ShiftKind.CONCEPT, ShiftKind.LEAK}
    most = 100.0 if in_percent else 10.0
    if not (0 < shift.size <= most and shift.day >= 0):
        raise argparse.ArgumentTypeError(
            f"in {text!r} SIZE must lie above 0 and up to {most:g}, DAY from 0 on"
        )
    return shift


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code."""
    p = parser()
    given = p.parse_args(arguments)
    if given.days < 1 or given.per_day <= 0 or not 2 <= given.industries <= 200 or given.seed < 0:
        p.error("--days, --per-day and --seed must be positive, --industries between 2 and 200")
    if given.text_odds is not None and not 1 / 100 <= given.text_odds <= 100:
        p.error("--text-odds must lie between 0.01 and 100")
    if format_of(given.out) is None:
        p.error(f"--out must end in .csv, .jsonl, .csv.gz or .jsonl.gz, not {given.out.name!r}")
    world = World(
        per_day=given.per_day,
        start=given.start,
        weekly=not given.flat_week,
        industries=given.industries,
        text_odds=given.text_odds,
        shifts=tuple(given.shift),
    )
    leads = draw(world, given.seed, range(given.days))
    if given.labels == "seen":
        leads = seen_labels(leads, world.start.timestamp() + given.days * DAY_S)
    try:
        write(given.out, leads, world)
        known = truth(leads, world, given.seed, given.days, given.labels)
        truth_path(given.out).write_text(json.dumps(known, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        print(
            f"leadmodel-synth: cannot write {given.out}: {error.strerror}; choose another --out",
            file=sys.stderr,
        )
        return SynthExit.UNWRITTEN
    print(
        json.dumps(
            {"out": str(given.out), "rows": known["rows"], "y": known["y"], "bayesAuc": known["bayesAuc"]}
        )
    )
    return SynthExit.WRITTEN


def main_under_old_name(arguments: Sequence[str] | None = None) -> int:
    """Run `leadmodel-synth` under its former name `leadmodel-leads`, with a note on standard error."""
    print(
        "leadmodel-leads is now leadmodel-synth; the old name goes with the next release",
        file=sys.stderr,
    )
    return main(arguments)


def program_under_old_name() -> NoReturn:
    """Run `leadmodel-synth` as a program of its own, under its former name."""
    leave(main_under_old_name)


def program() -> NoReturn:
    """Run `leadmodel-synth` as a program of its own."""
    leave(main)


if __name__ == "__main__":
    program()
