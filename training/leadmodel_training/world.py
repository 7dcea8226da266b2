"""The parameters of a world of leads whose truth is known, and the leads drawn from such a world.

`world_days` draws the leads; `synth_files` writes them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

DAY_S, HOUR_S = 86400.0, 3600.0
SOURCES = ("ads", "web", "referral", "partner", "email", "phone", "fair", "import")
NEW, IMPORTED = SOURCES.index("fair"), SOURCES.index("import")  # sources that only shifts bring
COUNTRIES = ("DE", "FR", "GB", "US", "NL", "PL", "ES", "IT")


class ShiftKind(StrEnum):
    """Something that goes wrong with the leads from a day on."""

    STEP = "step"  # text length and visits grow by SIZE standard deviations; the chance given both stays
    SLOW = "slow"  # as STEP, growing over 14 days
    CONCEPT = "concept"  # the fields count for less by SIZE (1: for nothing); their values stay
    CORRUPT = "corrupt"  # SIZE % of rows went through a broken import: no text, no staff, source "import"
    LEAK = "leak"  # a field filled after the outcome; from DAY on (default: never) the field is 0
    ZEROS = "zeros"  # SIZE % of rows come with all numbers 0 and no text
    BOT = "bot"  # leads of a program come between 02 and 05 UTC, SIZE % of the day's volume, none converts
    APPEARS = "appears"  # a new source, "fair", with SIZE % of the leads
    VANISHES = "vanishes"  # the most common source, "ads", ends
    QUIET = "quiet"  # SIZE % of the leads still come


DEFAULT_SIZE = {
    ShiftKind.STEP: 1.0,
    ShiftKind.SLOW: 1.0,
    ShiftKind.CONCEPT: 0.7,
    ShiftKind.CORRUPT: 40.0,
    ShiftKind.LEAK: 1.0,
    ShiftKind.ZEROS: 30.0,
    ShiftKind.BOT: 30.0,
    ShiftKind.APPEARS: 20.0,
    ShiftKind.VANISHES: 100.0,
    ShiftKind.QUIET: 10.0,
}


@dataclass(frozen=True)
class Shift:
    """A shift of `size` from day `day` on; the first day is 0."""

    kind: ShiftKind
    size: float
    day: int


@dataclass(frozen=True)
class World:
    """The parameters of a world; their names stand in the truth document."""

    per_day: float = 2000.0  # leads on an average day of the week
    start: datetime = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
    weekly: bool = True  # weekends are quieter and have other hours
    wobble: float = 0.1  # standard deviation of each source's daily logit: campaigns come and go
    missing: float = 0.04  # share of each field that may be missing
    duplicates: float = 0.01  # share of leads sent again within half an hour
    signal: float = 1.0  # how much the fields say about the outcome; 1 gives a Bayes AUC of about .75
    daily: float = 0.35  # how much longer texts in office hours are, in standard deviations
    industries: int = 12  # levels of the skewed category
    text_odds: float | None = (
        None  # odds of the leads whose words want to buy, in odds of the others; None: texts are filler
    )
    horizon_days: float = 30.0  # a lead counts as converted within so many days
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True)
class Leads:
    """n leads in time order, as columns of length n. NaN and code −1 are missing."""

    time: Floats  # Unix seconds
    length: Floats  # characters of the text
    visits: Floats
    staff: Floats
    source: Codes  # index into SOURCES
    country: Codes  # index into COUNTRIES
    industry: Codes
    wish: Codes  # index into synth_texts.NAMES, what the text says; -1 for filler
    follow_ups: Floats  # the leaked field; all NaN without it
    chance: Floats  # true probability of y
    y: Flags  # converted within the horizon
    delay: Floats  # days until the conversion, infinite without one
    duplicate: Flags
    shifted: Flags  # changed by CORRUPT, ZEROS, BOT or APPEARS

    def __len__(self) -> int:
        return len(self.time)

    def take(self, places: NDArray[np.int64] | NDArray[np.bool_] | slice) -> "Leads":
        """The leads at these places, in this order."""
        return Leads(**{f.name: getattr(self, f.name)[places] for f in fields(self)})


def join(parts: Iterable[Leads]) -> Leads:
    """All leads of the parts, one part after the other."""
    every = list(parts)
    return Leads(**{f.name: np.concatenate([getattr(part, f.name) for part in every]) for f in fields(Leads)})


def industry_names(world: World) -> tuple[str, ...]:
    """The levels of the category `industry`, most frequent first."""
    return tuple(f"industry-{i + 1:02d}" for i in range(world.industries))


def bayes_auc(chance: Floats) -> float:
    """The expected AUC of the true probabilities p themselves, which no model can beat.

    The sum over i ≠ j of p_i (1 − p_j) ([p_i > p_j] + ½ [p_i = p_j]), divided by the sum of p_i (1 − p_j): `chance` has shape (n,).
    """
    p = np.sort(chance)
    _, group, size = np.unique(p, return_inverse=True, return_counts=True)
    negatives = np.bincount(group, 1 - p)
    positives = np.bincount(group, p)
    within = positives * negatives - np.bincount(group, p * (1 - p))
    below = np.concatenate([[0.0], np.cumsum(negatives)[:-1]])
    total = float(p.sum() * (1 - p).sum() - (p * (1 - p)).sum())
    return float((positives * below + 0.5 * within * (size > 1)).sum() / total)
