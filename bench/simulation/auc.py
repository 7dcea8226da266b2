"""DeLong's AUC in numpy: the artifact package's figures, a hundred times over. Tests hold the two together."""

from dataclasses import dataclass

import numpy as np

from leadmodel_messages.report import ArtifactSeen, Comparison, Outcome, Report, Rows
from leadmodel_statistics.ranking import logit_lower_bound


@dataclass(frozen=True)
class Placed:
    """A scorer on labelled rows: the placement of each positive and of each negative."""

    positive: np.ndarray
    negative: np.ndarray

    @property
    def area(self) -> float:
        return float(self.positive.mean())


def place(scores: np.ndarray, y: np.ndarray) -> Placed:
    every = _mid_ranks(scores)
    inner = np.empty_like(every)
    inner[y], inner[~y] = _mid_ranks(scores[y]), _mid_ranks(scores[~y])
    m, n = int(y.sum()), int((~y).sum())
    return Placed((every[y] - inner[y]) / n, 1 - (every[~y] - inner[~y]) / m)


def _mid_ranks(values: np.ndarray) -> np.ndarray:
    _, group, size = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(size)
    return (last - (size - 1) / 2)[group]


def variance(a: np.ndarray, b: np.ndarray) -> float:
    """Of a mean of placements; both classes add."""
    return float(a.var(ddof=1) / len(a) + b.var(ddof=1) / len(b))


def compare(digest: str, new: Placed, other: Placed) -> Comparison:
    se = variance(new.positive - other.positive, new.negative - other.negative) ** 0.5
    return Comparison(digest, other.area, new.area - other.area, se, len(new.positive), len(new.negative))


def report(
    digest: str,
    new: Placed,
    *,
    holdout: str = "sha256:" + "0" * 64,
    version: int = 1,
    champion: Comparison | None = None,
    best: Comparison | None = None,
) -> Report:
    """The report a validation would write."""
    m, n = len(new.positive), len(new.negative)
    rows, var = Rows(m + n, m, n), variance(new.positive, new.negative)
    return Report(
        Outcome.MEASURED,
        "",
        "predictor:1",
        ArtifactSeen(digest, 1000, 500, version),
        holdout,
        rows,
        rows,
        new.area,
        var,
        logit_lower_bound(new.area, var, min(m, n)),
        champion=champion,
        best=best,
    )
