"""Models of simulated leads: fitted quickly, referenced exactly as a real artifact is.

Fitting is a plain logistic regression in numpy, because a study trains thousands of models; the reference (bins, counts by hour, shrink)
is made of the artifact package's own parts and is checked in tests to equal what a real training exports.
"""

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from leadmodel_artifact.model import FeatureKind, FeatureReference, Reference
from leadmodel_artifact.reference import SCORE, deciles, expected_shares
from leadmodel_statistics.hours import shrink_strength
from leadmodel_training.world import COUNTRIES, SOURCES, Leads, World, industry_names

METHOD = "holdout-newest/v1"
NUMBERS = ("details_len", "staff", "visits")
LEAK = "follow_ups"
RIDGE, STEPS, FIT_ROWS = 1.0, 7, 15_000


@dataclass(frozen=True)
class Table:
    """Leads as a model reads them: numbers with NaN for missing, codes where the last is other."""

    numbers: dict[str, np.ndarray]
    codes: dict[str, np.ndarray]
    levels: dict[str, tuple[str, ...]]

    def take(self, places) -> "Table":
        return Table(
            {k: v[places] for k, v in self.numbers.items()},
            {k: v[places] for k, v in self.codes.items()},
            self.levels,
        )


def hours(leads: Leads) -> np.ndarray:
    return (leads.time // 3600 % 24).astype(np.int64)


def table(leads: Leads, world: World, *, leak: bool = False) -> Table:
    """Raw columns; `leak`: whether the field filled after the outcome is among them."""
    numbers = {"details_len": leads.length, "staff": leads.staff, "visits": leads.visits}
    if leak:
        numbers[LEAK] = np.nan_to_num(leads.follow_ups)
    levels = {"source": SOURCES, "industry": industry_names(world), "country": COUNTRIES}
    codes = {name: getattr(leads, name) for name in levels}
    return Table(numbers, {k: np.where(c < 0, len(levels[k]), c) for k, c in codes.items()}, levels)


@dataclass(frozen=True)
class Model:
    """One night's model."""

    digest: str
    version: int
    trained_to: float
    known: dict[str, np.ndarray]  # levels a category was trained on, as a code → place table
    filled: dict[str, float]  # median of a number
    mean: np.ndarray
    scale: np.ndarray
    weights: np.ndarray
    reference: Reference
    leak: bool = False

    def score(self, leads: Table) -> np.ndarray:
        first = 1 + len(self.filled)
        z = self.numbers(leads) @ self.weights[1:first] + self.weights[0]
        for name, places in self.known.items():
            size = int(places[-1]) + 1
            z += self.weights[first : first + size][places[leads.codes[name]]]
            first += size
        return 1 / (1 + np.exp(-z))

    def numbers(self, leads: Table) -> np.ndarray:
        """n × numbers, standardised."""
        columns = [np.log1p(np.where(np.isnan(v := leads.numbers[n]), f, v)) for n, f in self.filled.items()]
        return (np.stack(columns, 1) - self.mean) / self.scale

    def columns(self, leads: Table) -> np.ndarray:
        """n × weights without the intercept: numbers, then a column a level."""
        parts = [self.numbers(leads)]
        for name, places in self.known.items():
            parts.append(np.eye(int(places[-1]) + 1)[places[leads.codes[name]]])
        return np.hstack(parts)

    @cached_property
    def shares(self) -> np.ndarray:
        """24 × all bins: what is expected of a lead at an hour, all features side by side."""
        return np.hstack([np.asarray(expected_shares(f)) for f in self.reference.features])

    @cached_property
    def offsets(self) -> np.ndarray:
        return np.concatenate([[0], np.cumsum([len(f.counts) for f in self.reference.features])])

    def bins(self, leads: Table, scores: np.ndarray) -> np.ndarray:
        """n × features: the place of each value among all bins; −1 for a missing number."""
        found = []
        for reference, offset in zip(self.reference.features, self.offsets, strict=False):
            if reference.kind is FeatureKind.CATEGORICAL:
                found.append(self.known[reference.name][leads.codes[reference.name]] + offset)
                continue
            values = scores if reference.name == SCORE else leads.numbers[reference.name]
            place = np.searchsorted(np.asarray(reference.edges), values, side="right") + offset
            found.append(np.where(np.isnan(values), -1, place))
        return np.stack(found, 1)


def train(
    leads: Leads, world: World, *, night: int, held: np.ndarray, leak: bool = False, salt: str = ""
) -> Model:
    """The model of a night. `held` marks the holdout rows; levels with fewer than 20 training rows are other."""
    rows = table(leads, world, leak=leak)
    fit = rows.take(~held)
    known = {name: _known(codes, len(fit.levels[name])) for name, codes in fit.codes.items()}
    filled = {
        name: float(np.nanmedian(values)) if np.isfinite(values).any() else 0.0
        for name, values in fit.numbers.items()
    }
    to = float(leads.time[~held].max())
    bare = Model(
        "",
        night,
        to,
        known,
        filled,
        np.zeros(len(filled)),
        np.ones(len(filled)),
        np.zeros(0),
        Reference(METHOD, 0, ()),
        leak=leak,
    )
    raw = bare.numbers(fit)
    bare = replace(bare, mean=raw.mean(0), scale=np.maximum(raw.std(0), 1e-9))
    some = slice(None, None, max(1, len(fit.codes["source"]) // FIT_ROWS))
    weights = _logistic(bare.columns(fit.take(some)), leads.y[~held][some])
    mark = hashlib.sha256(weights.tobytes() + f"{night}{salt}".encode()).hexdigest()
    model = replace(bare, weights=weights, digest=f"sha256:{mark}")
    kept = rows.take(held)
    return replace(model, reference=refer(kept, model.score(kept), hours(leads)[held], known))


def _known(codes: np.ndarray, size: int) -> np.ndarray:
    """Places of levels: the kept ones in order, everything else last."""
    counts = np.bincount(codes, minlength=size + 1)
    kept = np.flatnonzero(counts[:size] >= 20)[:50]
    places = np.full(size + 1, len(kept))
    places[kept] = np.arange(len(kept))
    return places


def _logistic(columns: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weights by Newton's method, with a little ridge."""
    x = np.hstack([np.ones((len(columns), 1)), columns])
    weights = np.zeros(x.shape[1])
    ridge = np.full(x.shape[1], RIDGE)
    ridge[0] = 0.0
    for _ in range(STEPS):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -30, 30)))
        slope = x.T @ (y - p) - ridge * weights
        curve = (x * (p * (1 - p))[:, None]).T @ x + np.diag(ridge + 1e-9)
        weights += np.linalg.solve(curve, slope)
    return weights


def refer(rows: Table, scores: np.ndarray, hour: np.ndarray, known: dict[str, np.ndarray]) -> Reference:
    """The reference of holdout rows, as a real training makes it."""
    found = [_numeric(SCORE, scores, hour)]
    for name, values in rows.numbers.items():
        found.append(_numeric(name, values, hour))
    for name, places in known.items():
        levels = [
            level for level, place in zip(rows.levels[name], places, strict=False) if place < places[-1]
        ]
        bins = places[rows.codes[name]]
        found.append(
            _counted(FeatureReference(name, FeatureKind.CATEGORICAL, 0.0, 0.0, (), tuple(levels)), bins, hour)
        )
    counts = np.bincount(hour, minlength=24)
    return Reference(METHOD, len(scores), tuple(found), tuple(counts.tolist()))


def _numeric(name: str, values: np.ndarray, hour: np.ndarray) -> FeatureReference:
    there = ~np.isnan(values)
    values, hour = values[there], hour[there]
    edges = deciles(values.tolist())
    kind = FeatureKind.TEXT_LENGTH if name == "details_len" else FeatureKind.NUMERIC
    empty = FeatureReference(name, kind, float(values.mean()), float(values.std()), edges)
    return _counted(empty, np.searchsorted(np.asarray(edges), values, side="right"), hour)


def _counted(empty: FeatureReference, bins: np.ndarray, hour: np.ndarray) -> FeatureReference:
    size = (len(empty.levels) if empty.kind is FeatureKind.CATEGORICAL else len(empty.edges)) + 1
    grid = np.bincount(hour * size + bins, minlength=24 * size).reshape(24, size)
    rows = [tuple(row) for row in grid.tolist()]
    return replace(
        empty, counts=tuple(grid.sum(0).tolist()), counts_by_hour=tuple(rows), shrink=shrink_strength(rows)
    )
