"""Refuses columns that know the outcome: by their name, by ranking the leads almost perfectly, or by being filled for one outcome only.

A model with such a column looks excellent on every holdout and fails on the first live lead; so the column must be excluded, or
allowed by name.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from leadmodel_artifact.model import MAX_LEVELS, Feature
from leadmodel_training.features import Floats
from leadmodel_training.split import Refusal, TrainingRefused

MAX_AUC = 0.95
BINS = 20
MIN_LEADS, PURE = 50, 0.98  # filled leads, and the share of them with one outcome
MIN_FILLED, RARE = 0.25, 0.05  # share of leads that are filled; conversions among these, compared with all
KNOWN_AFTER = frozenset({
    "call_duration", "close_date", "closed_at", "contract_value", "conversion_date", "converted", "converted_at", "deal_value",
    "duration", "lost_reason", "outcome", "revenue", "signed_at", "won", "won_at",
})  # fmt: skip


@dataclass(frozen=True)
class Leak:
    """A column that seems to know the outcome, and why."""

    column: str
    why: str


def check_leaks(
    features: Sequence[Feature], table: Floats, labels: NDArray[np.bool_], allowed: Collection[str]
) -> None:
    """Check each feature; `table` is as `encode` gives it, shape (n, features), `labels` has shape (n,).

    Raises:
        TrainingRefused: Columns must be excluded or allowed; the message names all of them.
    """
    leaks = [
        leak
        for i, feature in enumerate(features)
        if feature.source not in allowed and (leak := _leak(feature.source, table[:, i], labels))
    ]
    if not leaks:
        return
    names = ",".join(leak.column for leak in leaks)
    columns = "; ".join(f"column {leak.column!r} {leak.why}" for leak in leaks)
    raise TrainingRefused(
        Refusal.LEAK,
        f"{columns}: leave out with --exclude {names}, or take with --allow {names} what is known when the lead comes in",
    )


def _leak(name: str, values: Floats, labels: NDArray[np.bool_]) -> Leak | None:
    if "_".join(re.findall("[a-z0-9]+", name.lower())) in KNOWN_AFTER:
        return Leak(name, "is usually known only after the outcome")
    area = single_auc(values, labels)
    if area > MAX_AUC:
        return Leak(name, f"alone ranks the outcomes with AUC {area:.3f}, so it probably knows them")
    if (outcome := filled_for(values, labels)) is not None:
        which = "converted" if outcome else "did not convert"
        return Leak(
            name, f"is filled almost only for leads that {which}, so it is probably filled afterwards"
        )
    return None


def filled_for(values: Floats, labels: NDArray[np.bool_]) -> bool | None:
    """The outcome that nearly all leads have in which a column is filled; None where both outcomes occur.

    A column is filled where it is not missing; and where it is not its commonest value, if half of the leads have that one (0, or "no").
    """
    known = ~np.isnan(values)
    base = float(labels.mean())
    if not known.all():
        if (outcome := _only_outcome(labels[known], base)) is not None:
            return outcome
        if known.mean() >= MIN_FILLED and labels[known].mean() <= base * RARE:
            return False
    kinds, rows = np.unique(values[known], return_counts=True)
    if len(kinds) and rows.max() >= len(values) / 2:
        return True if _only_outcome(labels[known & (values != kinds[np.argmax(rows)])], base) else None
    return None


def _only_outcome(labels: NDArray[np.bool_], base: float) -> bool | None:
    """The outcome of nearly all of these leads, if it is the rarer one among all leads."""
    if len(labels) < MIN_LEADS:
        return None
    share = float(labels.mean())
    if base <= 0.5 and share >= PURE:
        return True
    return False if base > 0.5 and share <= 1 - PURE else None


def single_auc(values: Floats, labels: NDArray[np.bool_]) -> float:
    """The AUC of ranking leads by the share of positives in the bin of their value; missing values have a bin of their own.

    `values` and `labels` have shape (n,). Ties within a bin count one half.
    """
    known = values[~np.isnan(values)]
    edges = np.unique(known)
    if len(edges) > MAX_LEVELS + 1:
        edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)))
    bins = np.where(np.isnan(values), len(edges) + 1, np.searchsorted(edges, values, side="left"))
    positives = np.bincount(bins, weights=labels, minlength=len(edges) + 2)
    negatives = np.bincount(bins, weights=~labels, minlength=len(edges) + 2)
    order = np.argsort(positives / np.maximum(positives + negatives, 1))
    p, n = positives[order], negatives[order]
    below = np.cumsum(n) - n
    return float(np.sum(p * (below + n / 2)) / (p.sum() * n.sum()))
