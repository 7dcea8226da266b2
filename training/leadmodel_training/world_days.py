"""Draws the leads of a world day by day: arrivals, categories, numbers, outcomes, shifts, and leads that are sent twice.

Each day has a random generator of its own. A longer period therefore begins with the same leads as a shorter one, and a single day
can be drawn by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from leadmodel_training.synth_texts import BUYING, NAMES
from leadmodel_training.world import (
    DAY_S,
    HOUR_S,
    IMPORTED,
    NEW,
    Codes,
    Flags,
    Floats,
    Leads,
    ShiftKind,
    World,
    join,
)

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


def draw(world: World, seed: int, days: Iterable[int]) -> Leads:
    """The leads of these days, the first being 0. The same world, seed and day give the same leads."""
    return join(_day(world, np.random.default_rng([seed, day]), day) for day in days)


@dataclass
class _Day:
    """A day while its leads are drawn; `z_*` are in standard deviations, `bot` marks leads of a program."""

    world: World
    rng: np.random.Generator
    day: int
    time: Floats
    hour: Codes
    bot: Flags
    z_length: Floats = field(default_factory=lambda: np.empty(0))
    z_visits: Floats = field(default_factory=lambda: np.empty(0))

    def size(self, kind: ShiftKind) -> float:
        """The size of a shift on this day, 0 before the shift begins."""
        total = 0.0
        for shift in self.world.shifts:
            if shift.kind is kind and self.day >= shift.day:
                grown = (self.day - shift.day + 1) / SLOW_DAYS if kind is ShiftKind.SLOW else 1.0
                total += shift.size * min(1.0, grown)
        return total

    def some(self, share: float) -> Flags:
        """Flags for a random share of the leads."""
        return self.rng.random(len(self.time)) < share


def _day(world: World, rng: np.random.Generator, day: int) -> Leads:
    today = _arrivals(world, rng, day)
    return _repeat(today, _spoil(today, _outcomes(today, _categories(today), _numbers(today))))


def _arrivals(world: World, rng: np.random.Generator, day: int) -> _Day:
    weekday = (world.start.weekday() + day) % 7
    profile = WEEKEND if world.weekly and weekday >= 5 else WORKDAY
    volume = world.per_day * (_WEEK[weekday] if world.weekly else 1.0)
    today = _Day(world, rng, day, np.empty(0), np.empty(0, dtype=np.int64), np.empty(0, dtype=bool))
    quiet = today.size(ShiftKind.QUIET)
    usual = rng.poisson(volume * (quiet / 100 if quiet else 1.0) * profile / profile.sum())
    bots = rng.poisson(volume * today.size(ShiftKind.BOT) / 100 / 3 * np.isin(np.arange(24), (2, 3, 4)))
    hour = np.repeat(np.tile(np.arange(24), 2), np.concatenate([usual, bots]))
    begin = world.start.timestamp() + day * DAY_S
    time = np.round(begin + (hour + rng.random(len(hour))) * HOUR_S, 3)
    order = np.argsort(time, kind="stable")
    today.time, today.hour = time[order], hour[order]
    today.bot = np.repeat([False, True], [usual.sum(), bots.sum()])[order]
    return today


def _categories(today: _Day) -> tuple[Codes, Codes, Codes]:
    world, rng = today.world, today.rng
    office = _office(today.hour)
    with np.errstate(divide="ignore"):
        logits = np.log(_MIX) + rng.normal(0, world.wobble, len(_MIX))
    if today.size(ShiftKind.VANISHES):
        logits[0] = -np.inf
    weights = np.exp(logits + np.outer([0.0, 1.0], _EVENING))  # office hours, other hours
    shares = weights / weights.sum(axis=1, keepdims=True)
    source = _choose(rng, shares, 1 - office)
    country = _choose(rng, _COUNTRY_MIX[None, :], np.zeros_like(source))
    skewed = 1 / np.arange(1, world.industries + 1) ** 0.9
    industry = _choose(rng, (skewed / skewed.sum())[None, :], np.zeros_like(source))
    source[today.some(world.missing / 2)] = -1
    return source, country, industry


def _office(hour: Codes) -> Codes:
    return ((hour >= 8) & (hour < 18)).astype(np.int64)


def _choose(rng: np.random.Generator, shares: Floats, row: Codes) -> Codes:
    """One level per lead, by the shares in the lead's row; `shares` has shape (rows, levels)."""
    edges = np.cumsum(shares, axis=1)[:, :-1]
    codes: Codes = (rng.random(len(row))[:, None] > edges[row]).sum(axis=1)
    return codes


def _numbers(today: _Day) -> tuple[Floats, Floats, Floats]:
    world, rng, n = today.world, today.rng, len(today.time)
    shift = today.size(ShiftKind.STEP) + today.size(ShiftKind.SLOW)
    today.z_length = rng.normal(shift, 1, n) + world.daily * (2 * _office(today.hour) - 1)
    today.z_visits = rng.normal(shift, 1, n)
    length: Floats = np.clip(np.round(np.exp(LENGTH_MU + LENGTH_SIGMA * today.z_length)), 1, MAX_LENGTH)
    visits: Floats = np.floor(np.exp(VISITS_MU + VISITS_SIGMA * today.z_visits))
    staff: Floats = np.ceil(np.exp(rng.normal(STAFF_MU, STAFF_SIGMA, n)))
    length[today.some(world.missing / 2)] = np.nan
    staff[today.some(2 * world.missing)] = np.nan
    return length, visits, staff


def _outcomes(
    today: _Day, categories: tuple[Codes, Codes, Codes], numbers: tuple[Floats, Floats, Floats]
) -> Leads:
    """Draw who converts and when, likely leads sooner; a missing value adds nothing to the chance."""
    world, rng, n = today.world, today.rng, len(today.time)
    source, country, industry = categories
    length, visits, staff = numbers
    heat = 0.5 * np.where(np.isnan(length), 0.0, today.z_length) + 0.45 * today.z_visits
    heat += 0.35 * np.where(np.isnan(staff), 0.0, (np.log(np.maximum(staff, 1)) - STAFF_MU) / STAFF_SIGMA)
    heat += np.where(source < 0, 0.0, _SOURCE_EFFECT[source]) + _COUNTRY_EFFECT[country]
    heat += 0.4 * np.cos(2.4 * industry)  # some industries buy more, for no reason that the fields show
    wish, effect = _wishes(today, length)
    heat += effect
    heat *= world.signal * (1 - min(1.0, today.size(ShiftKind.CONCEPT)))
    ever = 1 / (1 + np.exp(-(INTERCEPT + heat)))
    days = 10.0 * np.exp(-0.5 * heat)
    delay = np.where(rng.random(n) < ever, rng.exponential(days), np.inf)
    chance = ever * -np.expm1(-world.horizon_days / days)
    no = np.zeros(n, dtype=bool)
    unknown = np.full(n, np.nan)
    y = delay <= world.horizon_days
    return Leads(
        today.time,
        length,
        visits,
        staff,
        source,
        country,
        industry,
        wish,
        unknown,
        chance,
        y,
        delay,
        no,
        no.copy(),
    )


def _wishes(today: _Day, length: Floats) -> tuple[Codes, Floats]:
    """What each text says, and how much more, in log odds, its lead converts; nothing is drawn where texts are filler."""
    odds, n = today.world.text_odds, len(today.time)
    if odds is None:
        return np.full(n, -1, dtype=np.int64), np.zeros(n)
    wish = today.rng.integers(len(NAMES), size=n)
    effect = np.where(wish < BUYING, 0.5, -0.5) * np.log(odds)
    return wish, np.where(np.isnan(length), 0.0, effect)


def _spoil(today: _Day, leads: Leads) -> Leads:
    """Apply the shifts that change some rows after the outcome is drawn: the values written change, not who buys."""
    new = today.some(today.size(ShiftKind.APPEARS) / 100)
    leads.source[new] = NEW
    _write(leads, today.some(today.size(ShiftKind.CORRUPT) / 100), length=0.0, staff=0.0, source=IMPORTED)
    _write(leads, today.some(today.size(ShiftKind.ZEROS) / 100), length=0.0, staff=0.0, visits=0.0)
    bot = today.bot
    _write(leads, bot, length=40.0, visits=1.0, staff=1.0, source=1, y=False, chance=0.0, delay=np.inf)
    leads.shifted[new] = True
    for shift in today.world.shifts:
        if shift.kind is ShiftKind.LEAK:
            counts = today.rng.poisson(np.where(leads.y, 4.0 * shift.size, 0.4))
            leads.follow_ups[:] = 0.0 if today.day >= shift.day else counts
    return leads


def _write(leads: Leads, rows: Flags, **values: float) -> None:
    for name, value in values.items():
        getattr(leads, name)[rows] = value
    leads.shifted[rows] = True


def _repeat(today: _Day, leads: Leads) -> Leads:
    """Add the leads that are sent again, word for word, before the day ends."""
    again = leads.take(today.some(today.world.duplicates))
    end = today.world.start.timestamp() + (today.day + 1) * DAY_S
    later = np.minimum(again.time + np.round(today.rng.uniform(30, 1800, len(again)), 3), end - 0.001)
    again.time[:], again.duplicate[:] = later, True
    every = join([leads, again])
    return every.take(np.argsort(every.time, kind="stable"))
