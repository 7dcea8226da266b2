"""Windows without drift, one feature at a time: how often does each way of computing PSI call them drifted, and what does it still find?

Leads of a bin are drawn from the same hours the reference was drawn from; the shifted ones by 1 sd, or 30 points from the first level
to the third.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from statistics import NormalDist

import numpy as np

from leadmodel_artifact.model import FeatureKind, FeatureReference
from leadmodel_artifact.reference import expected_shares, marginal
from leadmodel_messages.window import FeatureWindow
from leadmodel_messages.window_psi import feature_psi
from leadmodel_statistics.hours import shrink_strength
from leadmodel_statistics.stability import MIN_REFERENCE_ROWS
from leadmodel_training.world_days import WORKDAY

PROFILE = WORKDAY / WORKDAY.sum()
CLOCK = np.arange(24)
CYCLES = {
    "none": np.zeros(24),
    "office .35 sd": 0.35 * np.where((CLOCK >= 8) & (CLOCK < 18), 1.0, -1.0),
    "wave .5 sd": -0.5 * np.cos((CLOCK - 2) / 12 * np.pi),
    "wave 1 sd": -np.cos((CLOCK - 2) / 12 * np.pi),
}
SPANS = {"busy hour": (10,), "night": (1, 2, 3, 4), "morning": (5, 6, 7, 8), "day": tuple(range(24))}
KINDS = ("numeric", "5 levels", "15 levels", "51 levels")
ROWS, LEADS = (500, 2000, 20_000), (160, 300, 1000)
MAX_PSI, WARN, MIN_SAMPLES = 0.25, 0.10, 150
WAYS = {
    "a": "fixed .5 an hour, PSI as it is",
    "b": "shrunk to the whole day, PSI as it is",
    "c": "shrunk to the whole day, bias and noise taken off",
    "d": "shrunk to the hours beside, bias and noise taken off (what the code does)",
}


@dataclass(frozen=True)
class Cell:
    """One combination."""

    kind: str
    rows: int
    leads: int
    cycle: str
    span: str


@dataclass
class Count:
    """Windows, and how many of them were …"""

    windows: int = 0
    large: int = 0  # … at .25
    breached: int = 0  # … at .25 and beyond their own noise
    warned: int = 0  # … at .10
    worst: float = 0.0  # the largest share of breaches in a cell


def cells() -> Iterator[Cell]:
    for found in product(KINDS, ROWS, LEADS, CYCLES, SPANS):
        yield Cell(*found)


def truth(kind: str, cycle: np.ndarray, *, shifted: bool) -> np.ndarray:
    """24 × bins: the share of each bin at each hour."""
    if kind == "numeric":
        grid, normal = np.linspace(-6, 6, 2001), np.vectorize(NormalDist().cdf)
        below = (normal(grid[:, None] - cycle[None]) * PROFILE).sum(1)
        edges = np.interp(np.arange(1, 10) / 10, below, grid)
        inner = normal(edges[None] - cycle[:, None] - float(shifted))
        return np.diff(np.hstack([np.zeros((24, 1)), inner, np.ones((24, 1))]), axis=1)
    size = int(kind.split(maxsplit=1)[0])
    weights = np.exp(-1.1 * np.log(np.arange(1, size + 1)) + np.outer(cycle, np.cos(2.4 * np.arange(size))))
    shares = weights / weights.sum(1, keepdims=True)
    if shifted:
        moved = np.minimum(0.3, 0.9 * shares[:, 0])
        shares[:, 0] -= moved
        shares[:, 2] += moved
    return shares


_TRUTHS: dict[tuple[str, str, bool], np.ndarray] = {}


def _truth(cell: Cell, *, shifted: bool) -> np.ndarray:
    key = (cell.kind, cell.cycle, shifted)
    if key not in _TRUTHS:
        _TRUTHS[key] = truth(cell.kind, CYCLES[cell.cycle], shifted=shifted)
    return _TRUTHS[key]


def study(seed: int, references: int, windows: int) -> dict[tuple[str, str, str], Count]:
    """Counts by (way, "calm" or "shifted", what they are grouped by)."""
    rng, found = np.random.default_rng(seed), defaultdict(Count)
    for cell in cells():
        for way, drifted, counts in sample_cell(cell, rng, references, windows):
            groups = (
                "all",
                f"{cell.rows} reference rows",
                cell.span,
                cell.cycle,
                cell.kind,
                f"{cell.leads} leads",
            )
            for group in groups:
                _add(found[way, drifted, group], counts)
    return dict(found)


def _add(total: Count, found: np.ndarray) -> None:
    total.windows += len(found)
    total.large += int(found[:, 0].sum())
    total.breached += int(found[:, 1].sum())
    total.warned += int(found[:, 2].sum())
    if len(found):
        total.worst = max(total.worst, float(found[:, 1].mean()))


def sample_cell(cell: Cell, rng, references: int, windows: int) -> Iterator[tuple[str, str, np.ndarray]]:
    kept: dict[tuple[str, str], list] = defaultdict(list)
    for _ in range(references):
        reference = _reference(cell, rng)
        rows = np.asarray(reference.counts_by_hour).sum(1)
        expected = {way: shares_of(way, reference) for way in WAYS}
        for drifted in ("calm", "shifted"):
            shares = _truth(cell, shifted=drifted == "shifted")
            inside = PROFILE * np.isin(CLOCK, SPANS[cell.span])
            for _ in range(windows):
                leads = rng.multinomial(cell.leads, inside / inside.sum())
                leads[rows < MIN_REFERENCE_ROWS] = 0
                if leads.sum() < MIN_SAMPLES:
                    continue
                seen = rng.multinomial(leads, shares).sum(0)
                for way in WAYS:
                    kept[way, drifted].append(
                        _judge(way, reference, rows, leads, seen, leads @ expected[way])
                    )
    for (way, drifted), found in kept.items():
        yield way, drifted, np.asarray(found)


def _reference(cell: Cell, rng) -> FeatureReference:
    rows = rng.multinomial(cell.rows, PROFILE)
    grid = rng.multinomial(rows, _truth(cell, shifted=False)).tolist()
    counts = tuple(map(sum, zip(*grid, strict=True)))
    edges, levels = (
        ((), tuple(map(str, range(len(counts) - 1))))
        if cell.kind != "numeric"
        else (tuple(map(float, range(9))), ())
    )
    kind = FeatureKind.CATEGORICAL if levels else FeatureKind.NUMERIC
    return FeatureReference(
        cell.kind, kind, 0.0, 1.0, edges, levels, counts, tuple(map(tuple, grid)), shrink_strength(grid)
    )


def shares_of(way: str, reference: FeatureReference) -> np.ndarray:
    """What is expected of a lead at each hour."""
    if way == "d":
        return np.asarray(expected_shares(reference))
    grid, size = np.asarray(reference.counts_by_hour), len(reference.counts)
    k, prior = (
        (0.5 * size, np.full(size, 1 / size))
        if way == "a"
        else (reference.shrink, np.asarray(marginal(reference)))
    )
    return (grid + k * prior) / (grid.sum(1, keepdims=True) + k)


def _judge(way: str, reference: FeatureReference, rows, leads, seen, expected) -> tuple[bool, bool, bool]:
    n = int(leads.sum())
    window = FeatureWindow(
        "", n, sum(reference.counts), reference.shrink, tuple(seen.tolist()), tuple(expected.tolist())
    )
    found = feature_psi(window, leads.tolist(), rows.tolist())
    assert found is not None
    value, limit = found.value, found.limit(MAX_PSI)
    if way in "ab":
        below = n + 0.5 * len(seen)
        p, e = (seen + 0.5) / below, (expected + 0.5) / below
        value, limit = float(((p - e) * np.log(p / e)).sum()), MAX_PSI
    return value >= MAX_PSI, value >= limit, value >= WARN
