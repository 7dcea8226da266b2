"""`leadmodel-synth`: seeded leads with known truth, as a file a trainer reads, and the truth beside it.

The world itself is drawn elsewhere; here are the arguments, the file formats and the truth document. No person stands behind any
row: texts are filler of a drawn length.
"""

import argparse
import csv
import gzip
import io
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from leadmodel_training.world import (
    COUNTRIES,
    DAY_S,
    DEFAULT_SIZE,
    SOURCES,
    Leads,
    Shift,
    ShiftKind,
    World,
    bayes_auc,
    draw,
    industry_names,
    join,
)

SCHEMA = "leadmodel.truth/v1"
_FILLER = (
    "we would like to know more about the offer and what it costs for a team of our size please send details "
)
EXACT_DRAWS = 200_000  # leads that the Bayes AUC of an undisturbed world is taken over


def parser() -> argparse.ArgumentParser:
    """What the program takes."""
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
        "--labels",
        choices=["final", "seen"],
        default="final",
        help="y says who converted within 30 days, or who was seen to convert by the end of the file (default: final)",
    )
    p.add_argument(
        "--out", type=Path, required=True, help=".csv, .jsonl, .csv.gz or .jsonl.gz says the format"
    )
    return p


def _day(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)


def _shift(text: str) -> Shift:
    kind, _, rest = text.partition("@")
    name, _, size = kind.partition(":")
    if name not in set(ShiftKind):
        raise argparse.ArgumentTypeError(f"no shift is called {name!r}; there are {', '.join(ShiftKind)}")
    found = ShiftKind(name)
    never = 1_000_000 if found is ShiftKind.LEAK else 0
    try:
        shift = Shift(found, float(size or DEFAULT_SIZE[found]), int(rest) if rest else never)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no KIND[:SIZE][@DAY]") from None
    most = 100.0 if found not in {ShiftKind.STEP, ShiftKind.SLOW, ShiftKind.CONCEPT, ShiftKind.LEAK} else 10.0
    if not (0 < shift.size <= most and shift.day >= 0):
        raise argparse.ArgumentTypeError(
            f"in {text!r} SIZE must lie above 0 and up to {most:g}, DAY from 0 on"
        )
    return shift


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit code."""
    p = parser()
    given = p.parse_args(arguments)
    if given.days < 1 or given.per_day <= 0 or not 2 <= given.industries <= 200 or given.seed < 0:
        p.error("--days, --per-day and --seed must be positive, --industries between 2 and 200")
    if _format(given.out) is None:
        p.error(f"--out must end in .csv, .jsonl, .csv.gz or .jsonl.gz, not {given.out.name!r}")
    world = World(
        per_day=given.per_day,
        start=given.start,
        weekly=not given.flat_week,
        industries=given.industries,
        shifts=tuple(given.shift),
    )
    leads = draw(world, given.seed, range(given.days))
    if given.labels == "seen":
        leads = seen_labels(leads, world.start.timestamp() + given.days * DAY_S)
    try:
        write(given.out, leads, world)
        known = truth(leads, world, given.seed, given.days, given.labels)
        truth_path(given.out).write_text(json.dumps(known, indent=1) + "\n")
    except OSError as error:
        print(
            f"leadmodel-synth: cannot write {given.out}: {error.strerror}; choose another --out",
            file=sys.stderr,
        )
        return 1
    print(
        json.dumps(
            {"out": str(given.out), "rows": known["rows"], "y": known["y"], "bayesAuc": known["bayesAuc"]}
        )
    )
    return 0


def main_under_old_name(arguments: Sequence[str] | None = None) -> int:
    """Run `leadmodel-synth` under its former name `leadmodel-leads`, with a note on standard error."""
    print(
        "leadmodel-leads is now leadmodel-synth; the old name goes with the next release",
        file=sys.stderr,
    )
    return main(arguments)


def seen_labels(leads: Leads, end: float) -> Leads:
    """The outcomes as they are known at `end`: who converts later has not converted yet."""
    return replace(leads, y=leads.y & (leads.time + leads.delay * DAY_S <= end))


# --- the file ----------------------------------------------------------------------------------------------------------------


def _format(path: Path) -> str | None:
    kind = path.name.removesuffix(".gz").rpartition(".")[2]
    return kind if kind in {"csv", "jsonl"} else None


def truth_path(out: Path) -> Path:
    """Where the truth of a file lies."""
    return out.with_name(out.name + ".truth.json")


def write(path: Path, leads: Leads, world: World) -> None:
    """The leads as a file; its name says the format. The same leads give the same bytes."""
    with path.open("wb") as raw:
        target = (
            gzip.GzipFile("", "wb", compresslevel=6, fileobj=raw, mtime=0)
            if path.name.endswith(".gz")
            else raw
        )
        with io.TextIOWrapper(target, encoding="utf-8", newline="") as text:
            (_write_csv if _format(path) == "csv" else _write_json)(text, leads, world)


def _write_csv(text: TextIO, leads: Leads, world: World) -> None:
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_names(leads))
    writer.writerows(_rows(leads, world))


def _write_json(text: TextIO, leads: Leads, world: World) -> None:
    names = _names(leads)
    for row in _rows(leads, world):
        lead = {name: value for name, value in zip(names, row, strict=True) if value is not None}
        text.write(json.dumps(lead, separators=(",", ":")) + "\n")


def _names(leads: Leads) -> list[str]:
    told = [] if np.isnan(leads.follow_ups).all() else ["follow_ups"]
    return ["created_at", "details", "source", "industry", "country", "staff", "visits", *told, "y"]


def _rows(leads: Leads, world: World) -> Iterator[tuple[Any, ...]]:
    columns: list[list[Any]] = [
        [datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds") for at in leads.time.tolist()],
        [None if n is None else filler(n) for n in _whole(leads.length)],
        _words(leads.source, SOURCES),
        _words(leads.industry, industry_names(world)),
        _words(leads.country, COUNTRIES),
        _whole(leads.staff),
        _whole(leads.visits),
    ]
    if "follow_ups" in _names(leads):
        columns.append(_whole(leads.follow_ups))
    columns.append(leads.y.astype(int).tolist())
    return zip(*columns, strict=True)


def _whole(values: Any) -> list[int | None]:
    return [None if value != value else int(value) for value in values.tolist()]  # noqa: PLR0124  # NaN is missing


def _words(codes: Any, names: Sequence[str]) -> list[str | None]:
    return [None if code < 0 else names[code] for code in codes.tolist()]


def filler(length: int) -> str:
    """A text that nobody wrote, of exactly this length."""
    return (_FILLER * (length // len(_FILLER) + 1))[:length]


# --- the truth ---------------------------------------------------------------------------------------------------------------


def truth(leads: Leads, world: World, seed: int, days: int, labels: str) -> dict[str, Any]:
    """Parameters and what is known only here: the chance behind each outcome, summed up a stretch of time."""
    calm = draw(
        replace(world, shifts=(), per_day=EXACT_DRAWS / 7), seed + 1, range(7)
    )  # one week, weekend and all
    turns = sorted({0, *(shift.day for shift in world.shifts if shift.day < days)})
    day = np.floor((leads.time - world.start.timestamp()) / DAY_S)
    return {
        "schema": SCHEMA,
        "seed": seed,
        "days": days,
        "labels": labels,
        "world": {
            **{k: v for k, v in asdict(world).items() if k != "shifts"},
            "start": world.start.isoformat(),
        },
        "shifts": [asdict(shift) for shift in world.shifts],
        "rows": len(leads),
        "y": int(leads.y.sum()),
        "duplicates": int(leads.duplicate.sum()),
        "bayesAuc": round(bayes_auc(calm.chance), 4),
        "stretches": [
            _stretch(leads.take((day >= begin) & (day < end)), begin, end)
            for begin, end in zip(turns, [*turns[1:], days], strict=True)
        ],
    }


def _stretch(leads: Leads, begin: int, end: int) -> dict[str, Any]:
    """One stretch of days between shifts; `bayesAuc` is the best any model can reach there in expectation."""
    mixed = len(leads) > 1 and leads.chance.max() > leads.chance.min()
    return {
        "fromDay": begin,
        "toDay": end,
        "rows": len(leads),
        "y": int(leads.y.sum()),
        "expectedRate": round(float(leads.chance.mean()), 5) if len(leads) else None,
        "bayesAuc": round(bayes_auc(leads.chance), 4) if mixed else None,
        "shifted": int(leads.shifted.sum()),
        "missing": {
            "details": int(np.isnan(leads.length).sum()),
            "source": int((leads.source < 0).sum()),
            "staff": int(np.isnan(leads.staff).sum()),
        },
    }


__all__ = ["Leads", "Shift", "ShiftKind", "World", "draw", "join", "main", "truth", "write"]


if __name__ == "__main__":
    sys.exit(main())
