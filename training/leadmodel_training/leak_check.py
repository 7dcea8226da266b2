"""Refuses columns that know the outcome, by their name or because one column by itself ranks the leads almost perfectly.

A model with such a column looks excellent on every holdout and fails on the first live lead; so the column must be excluded, or
allowed by name.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from leadmodel_artifact.model import MAX_LEVELS, Feature
from leadmodel_training.features import Floats
from leadmodel_training.split import Refusal, TrainingRefused

MAX_AUC = 0.95
BINS = 20
KNOWN_AFTER = frozenset({
    "call_duration", "close_date", "closed_at", "contract_value", "conversion_date", "converted", "converted_at", "deal_value",
    "duration", "lost_reason", "outcome", "revenue", "signed_at", "won", "won_at",
})  # fmt: skip


def check_leaks(
    features: Sequence[Feature], table: Floats, labels: NDArray[np.bool_], allowed: Sequence[str]
) -> None:
    """Check each feature; `table` is as `encode` gives it, shape (n, features), `labels` has shape (n,).

    Raises:
        TrainingRefused: A column must be excluded or allowed; the message names the first such column.
    """
    for i, feature in enumerate(features):
        name = feature.source
        if name in allowed:
            continue
        remedy = f"exclude it (--exclude {name}), or --allow {name} if it is known when the lead comes in"
        if name.lower() in KNOWN_AFTER:
            raise TrainingRefused(
                Refusal.LEAK, f"column {name!r} is usually known only after the outcome: {remedy}"
            )
        area = single_auc(table[:, i], labels)
        if area > MAX_AUC:
            raise TrainingRefused(
                Refusal.LEAK,
                f"column {name!r} alone ranks the outcomes with AUC {area:.3f}, so it probably knows them: {remedy}",
            )


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
