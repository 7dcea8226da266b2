"""A world of leads whose truth is known: when they come, what they say, and how likely each converts.

Drawing only; the file format is the program's business. Each day has a random generator of its own, so that a longer period begins
with the same leads as a shorter one, and a single day can be drawn alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Flags = NDArray[np.bool_]

DAY_S, HOUR_S = 86400.0, 3600.0
SOURCES = ("ads", "web", "referral", "partner", "email", "phone", "fair", "import")
NEW, IMPORTED = SOURCES.index("fair"), SOURCES.index("import")  # seen only where a shift brings them
COUNTRIES = ("DE", "FR", "GB", "US", "NL", "PL", "ES", "IT")
_MIX = np.array([0.34, 0.26, 0.16, 0.12, 0.08, 0.04, 0.0, 0.0])
_SOURCE_EFFECT = np.array([-0.6, 0.0, 0.9, 0.5, 0.1, 0.4, 0.0, 0.0])
_EVENING = np.array([0.5, 0.1, -0.2, -0.6, 0.1, -0.8, 0.0, 0.0])  # how the mix leans outside office hours
_COUNTRY_MIX = np.array([0.40, 0.22, 0.14, 0.09, 0.06, 0.04, 0.03, 0.02])
_COUNTRY_EFFECT = np.array([0.1, 0.0, -0.1, 0.2, 0.0, -0.3, -0.1, 0.0])
WORKDAY = np.array(
    [6, 4, 3, 3, 3, 5, 12, 26, 48, 62, 66, 62, 52, 56, 62, 60, 54, 46, 38, 34, 32, 28, 20, 11.0]
)
WEEKEND = np.array(
    [9, 7, 5, 4, 4, 5, 8, 13, 22, 32, 40, 44, 42, 40, 40, 40, 40, 42, 44, 46, 44, 36, 24, 14.0]
)
_WEEK = np.array([1.15, 1.2, 1.15, 1.1, 1.0, 0.75, 0.65])  # Monday first
LENGTH_MU, LENGTH_SIGMA, MAX_LENGTH = 5.0, 0.8, 4000
VISITS_MU, VISITS_SIGMA = 1.2, 0.6
STAFF_MU, STAFF_SIGMA = 3.5, 0.7
INTERCEPT = -2.45
SLOW_DAYS = 14.0


class ShiftKind(StrEnum):
    """What may go wrong, from a day on."""

    STEP = (
        "step"  # longer texts and more visits by SIZE standard deviations; who converts, given those, stays
    )
    SLOW = "slow"  # the same, growing over 14 days
    CONCEPT = "concept"  # what a lead says counts for less by SIZE (1: for nothing); what it says stays
    CORRUPT = "corrupt"  # SIZE % of rows went through a broken import: no text, no staff, source "import"
    LEAK = "leak"  # a field filled after the outcome; from DAY on (default: never) it is not known yet and 0
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
    """One thing that goes wrong from day `day` on (the first day is 0)."""

    kind: ShiftKind
    size: float
    day: int


@dataclass(frozen=True)
class World:
    """What leads are like. `per_day` counts an average day of the week."""

    per_day: float = 2000.0
    start: datetime = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
    weekly: bool = True  # weekends are quieter and have other hours
    wobble: float = 0.1  # sd of each source's daily logit: campaigns come and go
    missing: float = 0.04  # share of each field that may be missing
    duplicates: float = 0.01  # share of leads sent again within half an hour
    signal: float = 1.0  # how much the fields tell; 1 gives a Bayes AUC of about .75
    daily: float = 0.35  # how much longer office-hour texts are, in sd
    industries: int = 12  # levels of the skewed category
    horizon_days: float = 30.0  # converted means: within so many days
    shifts: tuple[Shift, ...] = ()


@dataclass(frozen=True)
class Leads:
    """n leads in time order, as columns of length n. NaN and code −1 are missing."""

    time: Floats  # Unix seconds
    length: Floats  # characters of the text
    visits: Floats
    staff: Floats
    source: Codes  # of SOURCES
    country: Codes  # of COUNTRIES
    industry: Codes
    follow_ups: Floats  # the leaked field; all NaN without it
    chance: Floats  # true probability that y
    y: Flags  # converted within the horizon
    delay: Floats  # days until the conversion, infinite without one
    duplicate: Flags
    shifted: Flags  # touched by corrupt, zeros, bot, appears

    def __len__(self) -> int:
        return len(self.time)

    def take(self, places: NDArray[np.int64] | NDArray[np.bool_] | slice) -> "Leads":
        """These leads, in this order."""
        return Leads(**{f.name: getattr(self, f.name)[places] for f in fields(self)})


def join(parts: Iterable[Leads]) -> Leads:
    """All of them, one after the other."""
    found = list(parts)
    return Leads(**{f.name: np.concatenate([getattr(part, f.name) for part in found]) for f in fields(Leads)})


def draw(world: World, seed: int, days: Iterable[int]) -> Leads:
    """The leads of these days (0 is the first). The same world, seed and day give the same leads."""
    return join(_day(world, np.random.default_rng([seed, day]), day) for day in days)


def industry_names(world: World) -> tuple[str, ...]:
    """The levels of the skewed category."""
    return tuple(f"industry-{i + 1:02d}" for i in range(world.industries))


def bayes_auc(chance: Floats) -> float:
    """The AUC that the true probabilities themselves have: Σ p_i (1 − p_j) ([p_i > p_j] + ½ [=]) over i ≠ j, by its denominator."""
    p = np.sort(chance)
    _, group, size = np.unique(p, return_inverse=True, return_counts=True)
    negatives = np.bincount(group, 1 - p)
    positives = np.bincount(group, p)
    within = positives * negatives - np.bincount(group, p * (1 - p))
    below = np.concatenate([[0.0], np.cumsum(negatives)[:-1]])
    total = float(p.sum() * (1 - p).sum() - (p * (1 - p)).sum())
    return float((positives * below + 0.5 * within * (size > 1)).sum() / total)


# --- one day ---------------------------------------------------------------------------------------------------------------


@dataclass
class _Draft:
    """A day while it is drawn. `z_*` are in standard deviations."""

    world: World
    rng: np.random.Generator
    day: int
    time: Floats
    hour: Codes
    bot: Flags
    z_length: Floats = field(default_factory=lambda: np.empty(0))
    z_visits: Floats = field(default_factory=lambda: np.empty(0))

    def size(self, kind: ShiftKind) -> float:
        """The size of a shift on this day, 0 where it has not begun."""
        found = 0.0
        for shift in self.world.shifts:
            if shift.kind is kind and self.day >= shift.day:
                grown = (self.day - shift.day + 1) / SLOW_DAYS if kind is ShiftKind.SLOW else 1.0
                found += shift.size * min(1.0, grown)
        return found

    def some(self, share: float) -> Flags:
        """A random share of the leads."""
        return self.rng.random(len(self.time)) < share


def _day(world: World, rng: np.random.Generator, day: int) -> Leads:
    draft = _arrivals(world, rng, day)
    return _repeat(draft, _spoil(draft, _outcomes(draft, _categories(draft), _numbers(draft))))


def _arrivals(world: World, rng: np.random.Generator, day: int) -> _Draft:
    weekday = (world.start.weekday() + day) % 7
    profile = WEEKEND if world.weekly and weekday >= 5 else WORKDAY
    volume = world.per_day * (_WEEK[weekday] if world.weekly else 1.0)
    draft = _Draft(world, rng, day, np.empty(0), np.empty(0, dtype=np.int64), np.empty(0, dtype=bool))
    quiet = draft.size(ShiftKind.QUIET)
    usual = rng.poisson(volume * (quiet / 100 if quiet else 1.0) * profile / profile.sum())
    bots = rng.poisson(volume * draft.size(ShiftKind.BOT) / 100 / 3 * np.isin(np.arange(24), (2, 3, 4)))
    hour = np.repeat(np.tile(np.arange(24), 2), np.concatenate([usual, bots]))
    begin = world.start.timestamp() + day * DAY_S
    time = np.round(begin + (hour + rng.random(len(hour))) * HOUR_S, 3)
    order = np.argsort(time, kind="stable")
    draft.time, draft.hour = time[order], hour[order]
    draft.bot = np.repeat([False, True], [usual.sum(), bots.sum()])[order]
    return draft


def _categories(draft: _Draft) -> tuple[Codes, Codes, Codes]:
    world, rng = draft.world, draft.rng
    office = _office(draft.hour)
    with np.errstate(divide="ignore"):
        logits = np.log(_MIX) + rng.normal(0, world.wobble, len(_MIX))
    if draft.size(ShiftKind.VANISHES):
        logits[0] = -np.inf
    weights = np.exp(logits + np.outer([0.0, 1.0], _EVENING))  # office hours, other hours
    shares = weights / weights.sum(axis=1, keepdims=True)
    source = _choose(rng, shares, 1 - office)
    country = _choose(rng, _COUNTRY_MIX[None, :], np.zeros_like(source))
    skewed = 1 / np.arange(1, world.industries + 1) ** 0.9
    industry = _choose(rng, (skewed / skewed.sum())[None, :], np.zeros_like(source))
    source[draft.some(world.missing / 2)] = -1
    return source, country, industry


def _office(hour: Codes) -> Codes:
    return ((hour >= 8) & (hour < 18)).astype(np.int64)


def _choose(rng: np.random.Generator, shares: Floats, row: Codes) -> Codes:
    """One level a lead, by the shares of its row."""
    edges = np.cumsum(shares, axis=1)[:, :-1]
    found: Codes = (rng.random(len(row))[:, None] > edges[row]).sum(axis=1)
    return found


def _numbers(draft: _Draft) -> tuple[Floats, Floats, Floats]:
    world, rng, n = draft.world, draft.rng, len(draft.time)
    moved = draft.size(ShiftKind.STEP) + draft.size(ShiftKind.SLOW)
    draft.z_length = rng.normal(moved, 1, n) + world.daily * (2 * _office(draft.hour) - 1)
    draft.z_visits = rng.normal(moved, 1, n)
    length: Floats = np.clip(np.round(np.exp(LENGTH_MU + LENGTH_SIGMA * draft.z_length)), 1, MAX_LENGTH)
    visits: Floats = np.floor(np.exp(VISITS_MU + VISITS_SIGMA * draft.z_visits))
    staff: Floats = np.ceil(np.exp(rng.normal(STAFF_MU, STAFF_SIGMA, n)))
    length[draft.some(world.missing / 2)] = np.nan
    staff[draft.some(2 * world.missing)] = np.nan
    return length, visits, staff


def _outcomes(
    draft: _Draft, categories: tuple[Codes, Codes, Codes], numbers: tuple[Floats, Floats, Floats]
) -> Leads:
    """Who converts and when: hot leads sooner. What is missing counts for nothing."""
    world, rng, n = draft.world, draft.rng, len(draft.time)
    source, country, industry = categories
    length, visits, staff = numbers
    heat = 0.5 * np.where(np.isnan(length), 0.0, draft.z_length) + 0.45 * draft.z_visits
    heat += 0.35 * np.where(np.isnan(staff), 0.0, (np.log(np.maximum(staff, 1)) - STAFF_MU) / STAFF_SIGMA)
    heat += np.where(source < 0, 0.0, _SOURCE_EFFECT[source]) + _COUNTRY_EFFECT[country]
    heat += 0.4 * np.cos(2.4 * industry)  # some industries buy more, for no reason a model is told
    heat *= world.signal * (1 - min(1.0, draft.size(ShiftKind.CONCEPT)))
    ever = 1 / (1 + np.exp(-(INTERCEPT + heat)))
    days = 10.0 * np.exp(-0.5 * heat)
    delay = np.where(rng.random(n) < ever, rng.exponential(days), np.inf)
    chance = ever * -np.expm1(-world.horizon_days / days)
    no = np.zeros(n, dtype=bool)
    unknown = np.full(n, np.nan)
    y = delay <= world.horizon_days
    return Leads(
        draft.time, length, visits, staff, source, country, industry, unknown, chance, y, delay, no, no.copy()
    )


def _spoil(draft: _Draft, leads: Leads) -> Leads:
    """The shifts that touch some rows only, after the outcome: they change what is written, not who buys."""
    new = draft.some(draft.size(ShiftKind.APPEARS) / 100)
    leads.source[new] = NEW
    _write(leads, draft.some(draft.size(ShiftKind.CORRUPT) / 100), length=0.0, staff=0.0, source=IMPORTED)
    _write(leads, draft.some(draft.size(ShiftKind.ZEROS) / 100), length=0.0, staff=0.0, visits=0.0)
    bot = draft.bot
    _write(leads, bot, length=40.0, visits=1.0, staff=1.0, source=1, y=False, chance=0.0, delay=np.inf)
    leads.shifted[new] = True
    for shift in draft.world.shifts:
        if shift.kind is ShiftKind.LEAK:
            told = draft.rng.poisson(np.where(leads.y, 4.0 * shift.size, 0.4))
            leads.follow_ups[:] = 0.0 if draft.day >= shift.day else told
    return leads


def _write(leads: Leads, rows: Flags, **values: float) -> None:
    for name, value in values.items():
        getattr(leads, name)[rows] = value
    leads.shifted[rows] = True


def _repeat(draft: _Draft, leads: Leads) -> Leads:
    """Some leads are sent again, word for word, before the day ends."""
    again = leads.take(draft.some(draft.world.duplicates))
    end = draft.world.start.timestamp() + (draft.day + 1) * DAY_S
    later = np.minimum(again.time + np.round(draft.rng.uniform(30, 1800, len(again)), 3), end - 0.001)
    again.time[:], again.duplicate[:] = later, True
    every = join([leads, again])
    return every.take(np.argsort(every.time, kind="stable"))
