"""Which rule of the gate serves better: refuse each model that is surely worse than the champion, or each that loses more than maxRegression?

Night after night a model is trained on the newest leads, judged on the next ones against the model that serves, and what serves is
measured on the leads behind them. Real leads (a bank's calls, in their order) and drawn ones; some nights a column is lost, which costs a
little. Prints the mean AUC of what served by rule, and how often each rule refused models that were in truth at least as good.

    LEADMODEL_DATA=FOLDER python bench/margin.py [--seeds N]
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from simulation.auc import Placed, compare, place

from leadmodel_messages.report import Comparison
from leadmodel_statistics.ranking import Z_95
from leadmodel_training.columns import Rows
from leadmodel_training.features import Roles, encode
from leadmodel_training.kinds import describe
from leadmodel_training.recipes import Fitted, Recipe, fit
from leadmodel_training.rows import labels, read

MARGIN = 0.02  # maxRegression
LOST_EVERY = 5  # nights: one column of that night's training is garbled
Judge = Callable[[Comparison], bool]

RULES: dict[str, Judge] = {
    "surely worse, or loses more than .02": lambda c: c.delta + Z_95 * c.se < 0 or c.delta < -MARGIN,
    "surely loses more than .005, or loses more than .02": lambda c: (
        c.delta + Z_95 * c.se < -MARGIN / 4 or c.delta < -MARGIN
    ),
    "loses more than .02": lambda c: c.delta < -MARGIN,
    "never refuses": lambda _: False,
}


@dataclass
class Tally:
    """Count what served and what was refused under one rule of the gate."""

    served: list[float] = field(default_factory=list)  # AUC of what served, per night
    refused: int = 0
    refused_better: int = 0  # of them better than the champion on the leads behind
    bad_served: int = 0  # nights that the rule let a garbled model serve
    worst: float = 0.0  # largest loss against the better of candidate and champion


@dataclass(frozen=True)
class Table:
    """Leads in time order as numbers."""

    name: str
    features: tuple
    values: np.ndarray
    outcome: np.ndarray
    train: int
    holdout: int
    step: int


def bank(folder: Path, seed: int) -> Table:
    rows = read((folder / "bank-marketing.csv.gz").read_bytes())
    outcome = np.array(labels(rows.columns["y"], "y"))
    roles = Roles("y", None, (), ("duration", "day", "month"))
    first = seed * 137  # every seed begins its nights elsewhere
    table = Rows({name: column[first:] for name, column in rows.columns.items()})
    features = describe(table, roles, hours=False)
    values = encode(table, features, np.full(len(table), np.nan))
    return Table("bank (real)", features, values, outcome[first:], 12_000, 4000, 500)


def drawn(seed: int, turn: float) -> Table:
    """Leads whose outcome depends on ten numbers and a category, by weights that turn slowly with time."""
    chance, count = np.random.default_rng([seed, round(1000 * turn)]), 45_000
    numbers = chance.normal(size=(count, 10))
    level = chance.integers(0, 6, count)
    angle = turn * np.linspace(0, 1, count)[:, None] * np.pi / 2
    first, second = chance.normal(0, 0.35, (2, 10))
    z = -2.2 + (numbers * (np.cos(angle) * first + np.sin(angle) * second)).sum(axis=1) + 0.3 * (level == 1)
    outcome = chance.random(count) < 1 / (1 + np.exp(-z))
    rows = Rows({f"n{i}": numbers[:, i] for i in range(10)} | {"level": [f"l{i}" for i in level.tolist()]})
    features = describe(rows, Roles("y", None, (), ()), hours=False)
    values = encode(rows, features, np.full(count, np.nan))
    name = "drawn, the world stays" if turn == 0 else "drawn, the world turns"
    return Table(name, features, values, outcome, 12_000, 4000, 500)


def nights(table: Table, recipe: Recipe, seed: int) -> Iterator[tuple[Fitted, bool, slice, slice]]:
    """Per night a model, whether it is garbled, the leads that judge, and the leads that come."""
    chance, night = np.random.default_rng(seed), 0
    for end in range(table.train, len(table.outcome) - table.holdout - table.step, table.step):
        rows, night = slice(end - table.train, end), night + 1
        values, garbled = table.values[rows], night % LOST_EVERY == 0
        if garbled:
            values = values.copy()
            column = int(chance.integers(values.shape[1]))
            values[:, column] = chance.permutation(values[:, column])
        fitted = fit(recipe, table.features, values, table.outcome[rows], seed)
        yield (
            fitted,
            garbled,
            slice(end, end + table.holdout),
            slice(end + table.holdout, end + table.holdout + 4 * table.step),
        )


def placed(table: Table, model: Fitted, rows: slice) -> Placed:
    return place(model.raw(table.values[rows]), table.outcome[rows])


@dataclass
class Areas:
    """The AUC of models on some rows, each computed once."""

    table: Table
    rows: slice
    known: dict[int, float] = field(default_factory=dict)

    def __call__(self, model: Fitted) -> float:
        if id(model) not in self.known:
            self.known[id(model)] = placed(self.table, model, self.rows).area
        return self.known[id(model)]


def play(table: Table, recipe: Recipe, seed: int) -> dict[str, Tally]:
    """Every rule over the same nights; a champion is a model and the scores it gives are computed anew each night."""
    tallies = {rule: Tally() for rule in RULES}
    champions: dict[str, Fitted] = {}
    for fitted, garbled, judging, coming in nights(table, recipe, seed):
        area_of = Areas(table, coming)
        new = placed(table, fitted, judging)
        for rule, refuses in RULES.items():
            champion, tally = champions.get(rule), tallies[rule]
            if champion is not None and refuses(compare("", new, placed(table, champion, judging))):
                tally.refused += 1
                tally.refused_better += area_of(fitted) >= area_of(champion)
            else:
                champions[rule] = fitted
                tally.bad_served += garbled
            best = max(area_of(fitted), area_of(champion or fitted))
            served = area_of(champions[rule])
            tally.served.append(served)
            tally.worst = max(tally.worst, best - served)
    return tallies


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--seeds", type=int, default=3)
    given = p.parse_args()
    folder = os.environ.get("LEADMODEL_DATA")
    makers: list[Callable[[int], Table]] = [lambda s: drawn(s, 0.0), lambda s: drawn(s, 0.7)]
    if folder:
        makers.insert(0, lambda s: bank(Path(folder), s))
    print(
        "| leads | recipe | rule | nights | refused | of these as good or better later | garbled models served | mean AUC of what served |"
    )
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for make in makers:
        for recipe in Recipe:
            plays = [(make(seed), seed) for seed in range(given.seeds)]
            results = [play(table, recipe, seed) for table, seed in plays]
            for rule in RULES:
                every = [result[rule] for result in results]
                count = sum(len(t.served) for t in every)
                mean = np.mean([a for t in every for a in t.served])
                print(
                    f"| {plays[0][0].name} | {recipe} | {rule} | {count} | {sum(t.refused for t in every)} | "
                    f"{sum(t.refused_better for t in every)} | {sum(t.bad_served for t in every)} | {mean:.4f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
