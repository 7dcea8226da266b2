"""Splits rows in time order: the older ones are fitted, the newest of these also calibrate, the newest of all are the holdout. No lead is in two of the three.

The functions return places of rows; of the content they read only times and hashes.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmodel_messages.training import MIN_OUTCOMES
from leadmodel_training.columns import Rows, distinct, each
from leadmodel_training.features import Floats, Roles

MIN_POSITIVES = MIN_NEGATIVES = MIN_OUTCOMES
MIN_SHARE = 0.001  # least share of the rarer outcome
DAY_S = 86400

Places = NDArray[np.intp]


class Refusal(StrEnum):
    """Why no model was made; the value is the error word of the training's answer."""

    TOO_FEW = "TooFewOutcomes"  # too few leads of one outcome to learn from or to judge by
    LEAK = "LeakSuspected"  # a column seems to know the outcome
    NOTHING_VARIES = "NothingToLearn"  # no column differs from lead to lead
    NO_TIME = "NoTime"  # a horizon is asked for, but no lead has a time


class TrainingRefused(ValueError):  # noqa: N818  # an outcome, in the word that users see
    """These leads make no model worth having; `reason` is the cause in one word, the message says what would help."""

    def __init__(self, reason: Refusal, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Split:
    """Places of rows, oldest first; `dropped` counts rows left out because a newer row is the same lead.

    `same` are the numbers of `identities`, or numbers that all differ where equal inputs do not mean the same lead.
    """

    fit: Places
    calibrate: Places
    holdout: Places
    dropped: int
    same: NDArray[np.int64]

    @property
    def trained(self) -> Places:
        """All rows that the model learns from: those that calibrate are the newest of them."""
        return np.concatenate([self.fit, self.calibrate])

    def calibrating(self, share: float, times: Floats, *, certain: bool) -> "Split":
        """The split in which a share of the newest rows learned from calibrates; of the others those leave that are the same lead.

        Every row stays where most would leave and the identity is not certain, as in `in_time`: a column that changes shortly before
        the holdout hides equal inputs from the cut there.

        Args:
            share: Share of the rows that were not dropped.
            times: Unix seconds of all rows, NaN where unknown; rows of one instant stay together.
            certain: Whether the identities come from an id column.
        """
        learned = self.trained
        middle = _cut(learned, times, len(learned) - round(len(learned) * share))
        older, newer = learned[:middle], learned[middle:]
        fit = older[~np.isin(self.same[older], self.same[newer])]
        if 2 * (middle - len(fit)) > middle and not certain:
            fit = older
        return replace(self, fit=fit, calibrate=newer, dropped=self.dropped + len(older) - len(fit))


def order_of(times: Floats) -> Places:
    """Places of the rows from old to new, shape (m,).

    Where most rows have no time, all rows keep the order of the file; else rows without a time are left out.
    """
    known = ~np.isnan(times)
    if 2 * known.sum() < len(times):
        return np.arange(len(times))
    places = np.flatnonzero(known)
    ordered: Places = places[np.argsort(times[places], kind="stable")]
    return ordered


def matured(order: Places, times: Floats, days: float, now: float) -> Places:
    """The rows whose outcome has had `days` days to happen, counted from the newest lead that is not in the future.

    Args:
        order: Places of rows, oldest first.
        times: Unix seconds of all rows.
        days: The horizon in days.
        now: Unix seconds.

    Raises:
        TrainingRefused: No lead has a time.
    """
    known = times[order]
    past = known[known <= now]
    if not len(past):
        raise TrainingRefused(
            Refusal.NO_TIME,
            "a horizon needs leads with a time that has passed; name the column of the time with --time-column, its format with --time-format",
        )
    kept: Places = order[known <= past[-1] - days * DAY_S]
    return kept


def identities(rows: Rows, roles: Roles) -> NDArray[np.int64]:
    """One number per row, shape (n,), equal for rows that are the same lead by the id column, or else by every input.

    Each value of a column has a random number, and a row the exclusive or of its values' numbers (Zobrist hashing: A. Zobrist, A new
    hashing method with application for game playing, 1970). Two different rows have the same number with probability 2^-63.
    """
    names = [roles.id] if roles.id else [name for name in rows.columns if name not in roles.not_features]
    chance = np.random.default_rng(0)
    hashes = np.zeros(len(rows), dtype=np.int64)
    for name in names:
        values, places = distinct(rows.columns[name])
        number: defaultdict[Any, int] = defaultdict(count().__next__)
        same = np.fromiter(map(number.__getitem__, values), np.intp, len(values))
        hashes ^= chance.integers(2**63, size=len(number))[same][places]
    if roles.id:  # without an id, a lead is like no other
        without = each(lambda value: value is None, rows.columns[roles.id], np.bool_)
        hashes[without] = chance.integers(2**63, size=int(without.sum()))
    return hashes


def in_time(order: Places, times: Floats, same: NDArray[np.int64], *, holdout: float, certain: bool) -> Split:
    """Split rows in time order, without any that calibrate; rows of one instant stay together.

    A row leaves the older side if the same lead is on the newer side. Where most rows would leave and the identity is not certain,
    equal inputs do not mean the same lead, and every row stays.

    Args:
        order: Places of rows, oldest first.
        times: Unix seconds of all rows, NaN where unknown.
        same: Numbers of `identities`.
        holdout: Share of the newest rows for the holdout.
        certain: Whether the identities come from an id column.
    """
    cut = _cut(order, times, len(order) - round(len(order) * holdout))
    older, newest = order[:cut], order[cut:]
    fit = older[~np.isin(same[older], same[newest])]
    if 2 * (cut - len(fit)) > cut and not certain:
        fit, same = older, np.arange(len(same))
    return Split(fit, order[:0], newest, cut - len(fit), same)


def calibration_share(outcome: NDArray[np.bool_], least: float) -> float:
    """The share of the newest training rows, duplicates not counted, on which a model of the others is calibrated.

    `least`, or as much more as holds 100 leads of either outcome; 0 where that is more than half of the rows or leaves too few of the
    others. bench/calibration.py compares this rule with others.

    Args:
        outcome: Outcomes of the training rows, oldest first, shape (n,).
        least: The least share; 0 calibrates nothing.
    """
    n = len(outcome)
    positives = np.cumsum(outcome[::-1])
    negatives = np.arange(1, n + 1) - positives
    enough = np.flatnonzero((positives >= MIN_POSITIVES) & (negatives >= MIN_NEGATIVES))
    if not least or not len(enough):
        return 0.0
    size = max(round(n * least), int(enough[0]) + 1)
    return size / n if 2 * size <= max(n, 2 * round(n * least)) and has_both(outcome[: n - size]) else 0.0


def has_both(outcome: NDArray[np.bool_]) -> bool:
    """Whether rows hold enough leads of either outcome to learn or to calibrate from."""
    positives = int(outcome.sum())
    return positives >= MIN_POSITIVES and len(outcome) - positives >= MIN_NEGATIVES


def _cut(order: Places, times: Floats, at: int) -> int:
    """The place `at`, moved back to where the instant of its row begins."""
    if 0 < at < len(order) and not np.isnan(times[order[at]]):
        at = int(np.searchsorted(times[order], times[order[at]], side="left"))
    return at


LONGER = "take a longer period"
SORTED = (
    "leads without times count as sorted by time: name the column of the time with --time-column, or sort the file by time; "
    "if it is sorted, take a longer period"
)


def check_sizes(labels: Sequence[bool] | NDArray[Any], part: str, remedy: str = LONGER) -> None:
    """Check that a part has enough outcomes of both kinds; `part` names the part in the message, `remedy` what helps.

    Raises:
        TrainingRefused: The part has fewer than 100 leads of an outcome, or a share of the rarer outcome below 0.1 %.
    """
    positives = int(np.sum(labels))
    negatives = len(labels) - positives
    if positives < MIN_POSITIVES or negatives < MIN_NEGATIVES:
        raise TrainingRefused(
            Refusal.TOO_FEW,
            f"the {part} has {positives} positive and {negatives} negative leads, at least {MIN_POSITIVES} and "
            f"{MIN_NEGATIVES} are needed; {remedy}",
        )
    if min(positives, negatives) < MIN_SHARE * len(labels):
        raise TrainingRefused(
            Refusal.TOO_FEW,
            f"the {part} has {positives} positive among {len(labels)} leads, the rarer outcome needs a share of at least "
            f"{MIN_SHARE:.1%}; is the label right, or can leads that never convert be left out?",
        )
