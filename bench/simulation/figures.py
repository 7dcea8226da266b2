"""Outcomes → figures: counts with intervals, delays, runs above a limit. No layout."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta
from simulation.cases import BAD_NIGHT, TURN_DAY, TURN_HOUR, Case
from simulation.nights import TRAIN_AT
from simulation.play import Day, Outcome

from leadmodel_training.world import DAY_S, HOUR_S

HOLD_S = 3600.0
LIMITS = tuple(round(0.02 * i, 2) for i in range(1, 16))
WITHIN_H = 4.0  # sustainedFor and three hours


@dataclass(frozen=True)
class Share:
    """yes of `of`, with the exact 95 % interval (Clopper and Pearson)."""

    yes: int
    of: int

    @property
    def value(self) -> float:
        return self.yes / self.of if self.of else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        low = float(beta.ppf(0.025, self.yes, self.of - self.yes + 1)) if self.yes else 0.0
        high = float(beta.ppf(0.975, self.yes + 1, self.of - self.yes)) if self.yes < self.of else 1.0
        return low, high

    @property
    def at_most(self) -> float:
        """One-sided 95 % upper bound; 1 − .05^(1/n) ≈ 3/n where there was none."""
        return float(beta.ppf(0.95, self.yes + 1, self.of - self.yes)) if self.yes < self.of else 1.0


def days(outcomes: Iterable[Outcome]) -> list[Day]:
    return [day for outcome in outcomes for day in outcome.days if day.looks > 2]


def rolled_back(outcomes: Sequence[Outcome]) -> Share:
    return Share(sum(bool(o.rollbacks) for o in outcomes), len(outcomes))


def served(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """Plays in which the badly trained model passed the gate."""
    return [o for o in outcomes if o.bad_served]


def delays(outcomes: Sequence[Outcome]) -> list[float]:
    """Hours from when the bad model began to serve to its rollback."""
    return [(o.rollbacks[0] - o.bad_served[0]) / HOUR_S for o in outcomes if o.rollbacks and o.bad_served]


def said(outcomes: Sequence[Outcome], turn: float = TURN_DAY * DAY_S + TURN_HOUR * HOUR_S) -> list[float]:
    """Hours from the turn to the first sustained breach."""
    found = [[at for at, _ in o.sustained if at >= turn] for o in outcomes]
    return [(times[0] - turn) / HOUR_S for times in found if times]


def alarms(outcomes: Sequence[Outcome]) -> int:
    return sum(len(o.sustained) for o in outcomes)


def fired(outcomes: Sequence[Outcome]) -> Share:
    """Days on which the mean-shift score of a pod was over 3 at some look."""
    found = days(outcomes)
    return Share(sum(day.seed_fired > 0 for day in found), len(found))


def highest(outcomes: Sequence[Outcome]) -> float:
    return max((day.seed for day in days(outcomes)), default=0.0)


def lasting(day: Day, limit: float) -> bool:
    """Whether PSI stayed at or over the limit for an hour."""
    begun = None
    for at, psi in day.readings:
        if psi < limit:
            begun = None
        elif begun is None:
            begun = at
        elif at - begun >= HOLD_S:
            return True
    return False


def refused(case: Case, outcomes: Sequence[Outcome]) -> Share:
    """Sound models that the gate stopped, of nights."""
    nights = sum(-(-play.days // play.retrain_every) for play in case.plays)
    return Share(sum(not bad for o in outcomes for _, _, bad in o.refusals), nights)


@dataclass(frozen=True)
class Nights:
    """The same bad retrain night after night."""

    first_h: tuple[float, ...]  # delay of the first rollback
    rollbacks: tuple[int, ...]
    held: bool  # nothing was promoted within 24 hours of the first rollback
    asked: tuple[bool, ...]  # a person is asked after the second
    served_after: int  # nights on which a bad model began to serve after the second rollback


def nights(outcomes: Sequence[Outcome]) -> Nights:
    held = all(
        not any(0 < at - o.rollbacks[0] < DAY_S - 60 for at in o.bad_served) for o in outcomes if o.rollbacks
    )
    return Nights(
        first_h=tuple(
            (o.rollbacks[0] - (BAD_NIGHT * DAY_S + TRAIN_AT)) / HOUR_S for o in outcomes if o.rollbacks
        ),
        rollbacks=tuple(len(o.rollbacks) for o in outcomes),
        held=held,
        asked=tuple(o.asked_a_person for o in outcomes),
        served_after=sum(
            at > o.rollbacks[1] for o in outcomes if len(o.rollbacks) > 1 for at in o.bad_served
        ),
    )


def median_and_most(values: Sequence[float]) -> str:
    return "–" if not values else f"{np.median(values):.1f} / {max(values):.1f}"
