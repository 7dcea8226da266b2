"""Which rows learn, which calibrate and which judge: in time order, the newest judge. No lead stands on two sides.

Only places of rows; what stands in them is looked at by hash alone.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmodel_training.features import Floats, Roles
from leadmodel_training.rows import Rows, distinct

MIN_POSITIVES = MIN_NEGATIVES = 100
MIN_SHARE = 0.001  # of the rarer outcome
DAY_S = 86400

Places = NDArray[np.intp]


class Refusal(StrEnum):
    """Why no model was made."""

    TOO_FEW = "TooFewOutcomes"  # too few leads of one outcome to learn from or to judge by
    LEAK = "LeakSuspected"  # a column seems to know the outcome
    NOTHING_VARIES = "NothingToLearn"  # no column differs from lead to lead
    NO_TIME = "NoTime"  # a horizon is asked for, but no lead has a time


class TrainingRefused(ValueError):  # noqa: N818  # what happened, in the word users see
    """These leads do not make a model worth having; `reason` says why in a word, the message what would help."""

    def __init__(self, reason: Refusal, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Split:
    """Places of rows, each oldest first. `dropped`: rows that are the same lead as a newer one."""

    fit: Places
    calibrate: Places
    holdout: Places
    dropped: int


def order_of(times: Floats) -> Places:
    """Rows from old to new. Where most rows have no time they keep the order of the file; else those without one leave."""
    known = ~np.isnan(times)
    if 2 * known.sum() < len(times):
        return np.arange(len(times))
    places = np.flatnonzero(known)
    ordered: Places = places[np.argsort(times[places], kind="stable")]
    return ordered


def matured(order: Places, times: Floats, days: float, now: float) -> Places:
    """Rows whose outcome has had `days` to happen, seen from the newest lead that is not in the future."""
    known = times[order]
    past = known[known <= now]
    if not len(past):
        raise TrainingRefused(
            Refusal.NO_TIME, "a horizon needs leads with a time; name their column with --time-column"
        )
    kept: Places = order[known <= past[-1] - days * DAY_S]
    return kept


def identities(rows: Rows, roles: Roles) -> NDArray[np.int64]:
    """A number a lead: the same for rows that are the same lead, told by the id column or else by every input.

    Each value of a column has a random number, a row the exclusive or of those of its values (Zobrist 1970): two rows that differ
    have the same with probability 2^-63.
    """
    names = [roles.id] if roles.id else [name for name in rows.columns if name not in roles.not_features]
    chance = np.random.default_rng(0)
    found = np.zeros(len(rows), dtype=np.int64)
    for name in names:
        values, places = distinct(rows.columns[name])
        number: defaultdict[Any, int] = defaultdict(count().__next__)
        same = np.fromiter(map(number.__getitem__, values), np.intp, len(values))
        found ^= chance.integers(2**63, size=len(number))[same][places]
    return found


def in_time(
    order: Places,
    times: Floats,
    same: NDArray[np.int64],
    *,
    holdout: float,
    calibrate: float,
    certain: bool,
) -> Split:
    """The newest share `holdout` judges, the newest share `calibrate` of the others calibrates, the rest learns.

    Rows of one instant stay together. Rows that are the same lead (`same`) as one on a newer side leave the older side. Where
    that takes most of them and the identity is not `certain` (an id), equal inputs do not mean the same lead: they stay.
    """
    cut = _cut(order, times, len(order) - round(len(order) * holdout))
    middle = _cut(order, times, cut - round(cut * calibrate))
    oldest, older, newest = order[:middle], order[middle:cut], order[cut:]
    fit = oldest[~np.isin(same[oldest], same[order[middle:]])]
    slice_ = older[~np.isin(same[older], same[newest])]
    dropped = cut - len(fit) - len(slice_)
    if 2 * dropped > cut and not certain:
        return Split(oldest, older, newest, 0)
    return Split(fit, slice_, newest, dropped)


def _cut(order: Places, times: Floats, at: int) -> int:
    """The place, moved back to where its instant begins."""
    if 0 < at < len(order) and not np.isnan(times[order[at]]):
        at = int(np.searchsorted(times[order], times[order[at]], side="left"))
    return at


def check_sizes(labels: Sequence[bool] | NDArray[Any], what: str) -> None:
    """Refuse to train or judge on a handful of outcomes."""
    positives = int(np.sum(labels))
    negatives = len(labels) - positives
    if positives < MIN_POSITIVES or negatives < MIN_NEGATIVES:
        raise TrainingRefused(
            Refusal.TOO_FEW,
            f"the {what} has {positives} positive and {negatives} negative leads, at least {MIN_POSITIVES} and "
            f"{MIN_NEGATIVES} are needed; take a longer period",
        )
    if min(positives, negatives) < MIN_SHARE * len(labels):
        raise TrainingRefused(
            Refusal.TOO_FEW,
            f"the {what} has {positives} positive among {len(labels)} leads, the rarer outcome needs a share of at least "
            f"{MIN_SHARE:.1%}; is the label right, or can leads that never convert be left out?",
        )
