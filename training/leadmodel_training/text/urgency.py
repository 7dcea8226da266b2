"""Fits the linear head of urgency: a table of one column whose calibrated log odds are its score."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score, roc_auc_score

from leadmodel_training.text.learning import Labelled, apart_from, folds_of
from leadmodel_training.text.refusals import EnrichmentRefused
from leadmodel_training.text.tables import Floats, Table, fit

URGENT = 0.5


@dataclass(frozen=True)
class UrgencyQuality:
    """Figures of urgency: rank, precision and recall together at one half, and the Brier score."""

    auc: float
    f1: float
    brier: float


def fit_urgency(own: Labelled, barred: frozenset[str], seed: int) -> tuple[Table, Floats]:
    """Return the table, calibrated out of fold, and the calibrated log odds of each message out of fold, shape (n,)."""
    raw = np.zeros(len(own.sets))
    folds = folds_of(own, seed)
    for rest, inside in folds:
        raw[inside] = _fit(own.take(rest), barred).scores([own.sets[i] for i in inside])[:, 0]
    judged = np.zeros(len(raw))
    for rest, inside in folds:
        slope, intercept = _platt(raw[rest], own.targets[rest])
        judged[inside] = slope * raw[inside] + intercept
    slope, intercept = _platt(raw, own.targets)
    table = _fit(own, barred)
    return replace(table, scale=table.scale * slope, bias=table.bias * slope + intercept), judged


def _fit(own: Labelled, barred: frozenset[str]) -> Table:
    return fit(own.sets, own.leads, own.targets, barred=barred, binary=True)


def _platt(scores: Floats, targets: NDArray[np.int64]) -> tuple[float, float]:
    """Slope and intercept after which scores are log odds (Platt 1999), with a ridge that does not matter."""
    model = LogisticRegression(C=1e3).fit(scores.reshape(-1, 1), targets)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def urgency_quality(log_odds: Floats, targets: NDArray[np.int64]) -> UrgencyQuality:
    """Figures of log odds of messages that the head was not fitted on."""
    chances = expit(log_odds)
    return UrgencyQuality(
        auc=float(roc_auc_score(targets, log_odds)),
        f1=float(f1_score(targets, chances >= URGENT, zero_division=0)),
        brier=float(np.mean((chances - targets) ** 2)),
    )


def urgency_by_source(own: Labelled, barred: frozenset[str], seed: int) -> dict[str, UrgencyQuality]:
    """Figures per source of a head that saw the other sources only."""
    sources = np.array(own.sources, dtype=object)
    figures = {}
    for source in sorted({*own.sources}):
        places = np.flatnonzero(sources == source)
        rest, inside = apart_from(own, np.flatnonzero(sources != source), places), own.take(places)
        if len({*own.targets[rest].tolist()}) == len({*inside.targets.tolist()}) == 2:
            try:
                table, _ = fit_urgency(own.take(rest), barred, seed)
            except EnrichmentRefused:  # the others have too little of a class
                continue
            figures[source] = urgency_quality(table.scores(inside.sets)[:, 0], inside.targets)
    return figures
