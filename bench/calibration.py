"""How a model is calibrated best: ways that differ in what they learn from, compared with scikit-learn's on the same rows.

Each table is split in time order as `leadmodel-train` does; a way learns from and calibrates on the training part as it likes, and the
newest fifth judges: AUC with DeLong's 95 % interval (what orders leads), Brier score and log loss (what a score is worth), ECE over ten
bins of as many leads (M. Pakdaman Naeini, G. Cooper, M. Hauskrecht, AAAI 2015), and observed / expected conversions.

    LEADMODEL_DATA=folder python bench/calibration.py [--fewer] [--recipe linear trees] [--details]
"""

import argparse
import contextlib
import io
import itertools
import json
import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from learning.candidates import WAYS, Task
from learning.tables import Table, tables
from numpy.typing import NDArray
from serving.figures import table as as_table

from leadmodel_statistics.calibration import observed_expected
from leadmodel_statistics.ranking import delong
from leadmodel_training.features import Floats, encode
from leadmodel_training.kinds import keep_missing
from leadmodel_training.pipeline import choose_features, choose_split
from leadmodel_training.prepare import prepare_leads
from leadmodel_training.recipes import Recipe
from leadmodel_training.request import TrainingRequest
from leadmodel_training.step_timer import StepTimer

NOW = datetime(2026, 12, 1, tzinfo=UTC)
BINS = 10
BASE = "tenth, then all"


@dataclass(frozen=True)
class Figures:
    """What one way reached on one holdout."""

    table: str
    recipe: str
    way: str
    leads: int
    rate: float
    auc: float
    half: float  # of DeLong's 95 % interval
    brier: float
    log_loss: float
    ece: float
    observed_expected: float


def ece(scores: Floats, outcome: NDArray[np.bool_]) -> float:
    """Mean distance between score and share of conversions, over ten bins of as many leads."""
    parts = np.array_split(np.argsort(scores, kind="stable"), BINS)
    return sum(len(part) * abs(scores[part].mean() - outcome[part].mean()) for part in parts) / len(scores)


def measured(name: str, recipe: Recipe, way: str, scores: Floats, outcome: NDArray[np.bool_]) -> Figures:
    """The figures of some scores."""
    area, variance = delong(scores.tolist(), outcome.tolist())
    p = np.clip(scores, 1e-12, 1 - 1e-12)
    return Figures(
        name,
        recipe,
        way,
        len(scores),
        float(outcome.mean()),
        area,
        1.96 * math.sqrt(variance),
        float(np.mean((scores - outcome) ** 2)),
        float(-np.mean(np.where(outcome, np.log(p), np.log(1 - p)))),
        ece(scores, outcome),
        observed_expected(scores.tolist(), outcome.tolist()) or math.nan,
    )


def compare(table: Table, recipe: Recipe, ways: Iterable[str]) -> list[Figures]:
    """Some ways on one table."""
    request, timer = TrainingRequest(exclude=table.exclude, calibration_share=0), StepTimer()
    with contextlib.redirect_stderr(io.StringIO()):
        leads = prepare_leads(table.rows, request, timer)
        split = choose_split(leads, request, NOW)
        features, values = choose_features(leads, split, request, timer)
    judged = encode(leads.rows.take(split.holdout), features, leads.times[split.holdout])
    outcome = leads.outcome[split.holdout]
    known = keep_missing(features) if recipe is Recipe.TREES else features
    task = Task(recipe, tuple(known), values, leads.outcome[split.trained], judged)
    return [measured(table.name, recipe, name, WAYS[name](task), outcome) for name in ways]


def per_table(figures: Sequence[Figures]) -> str:
    """One row per table, recipe and way."""
    head = ["table", "recipe", "way", "leads", "rate", "AUC", "Brier", "ECE", "O/E"]
    rows = [
        [
            f.table, f.recipe, f.way, f"{f.leads:,}", f"{f.rate:.2f}", f"{f.auc:.3f} ± {f.half:.3f}", f"{f.brier:.4f}",
            f"{f.ece:.3f}", f"{f.observed_expected:.2f}",
        ]
        for f in figures
    ]  # fmt: skip
    return as_table(head, rows)


def summary(figures: Sequence[Figures]) -> str:
    """Per way the means over all tables, and how often the way is better than a tenth, then all, or worse, by log loss."""
    base = {(f.table, f.recipe): f for f in figures if f.way == BASE}
    rows = []
    for way in WAYS:
        mine = [f for f in figures if f.way == way]
        pairs = [(f, base[f.table, f.recipe]) for f in mine]
        better = sum(f.log_loss < t.log_loss - 1e-4 for f, t in pairs)
        worse = sum(f.log_loss > t.log_loss + 1e-4 for f, t in pairs)
        beyond = [sum(sign * (f.auc - t.auc) > t.half for f, t in pairs) for sign in (1, -1)]
        rows.append(
            [
                way,
                f"{statistics.mean(f.auc for f in mine):.4f}",
                f"{beyond[0]} / {beyond[1]}",
                f"{statistics.mean(f.brier for f in mine):.4f}",
                f"{statistics.mean(f.log_loss for f in mine):.4f}",
                f"{statistics.mean(f.ece for f in mine):.4f}",
                f"{math.exp(statistics.mean(abs(math.log(f.observed_expected)) for f in mine)):.3f}",
                f"{better} / {worse}",
            ]
        )
    head = ["way", "AUC", "AUC above / below beyond the interval", "Brier", "log loss", "ECE", "O/E off by", "better / worse than a tenth, then all"]  # fmt: skip
    return as_table(head, rows)


def main() -> None:
    """Train every table in every way, and print the figures as tables."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--fewer", action="store_true", help="one table of each kind")
    p.add_argument("--recipe", nargs="+", type=Recipe, choices=list(Recipe), default=list(Recipe))
    p.add_argument("--way", nargs="+", choices=list(WAYS), default=list(WAYS))
    p.add_argument("--details", action="store_true", help="also each table")
    p.add_argument(
        "--json",
        type=Path,
        help="also write every figure to this file, or keep those that stand there and add others",
    )
    given = p.parse_args()
    known = json.loads(given.json.read_text()) if given.json and given.json.exists() else []
    figures = [Figures(**row) for row in known]
    done = {(f.table, f.recipe, f.way) for f in figures}
    with contextlib.redirect_stdout(io.StringIO()) as aside:  # the drawing of leads prints what it drew
        everything = list(tables(fewer=given.fewer))
    aside.close()
    for table, recipe in itertools.product(everything, given.recipe):
        figures += compare(table, recipe, [way for way in given.way if (table.name, recipe, way) not in done])
        print(f"{table.name} ({len(figures)} figures)", flush=True)
        if given.json:
            given.json.write_text(json.dumps([asdict(f) for f in figures]))
    print()
    if given.details:
        print(per_table(figures), end="\n\n")
    for kind in dict.fromkeys(f.table.split()[0] for f in figures):
        part = [f for f in figures if f.table.split()[0] == kind]
        print(f"{kind}: {len(part) // len(WAYS)} trainings\n{summary(part)}\n")
    print(f"all: {len(figures) // len(WAYS)} trainings\n{summary(figures)}")


if __name__ == "__main__":
    main()
