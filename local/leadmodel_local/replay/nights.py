"""Which nights of a replay can train at all, what days and nights will cost, and how much time is left."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate

from leadmodel_local.replay.leads import PastLeads
from leadmodel_messages.table_values import outcome
from leadmodel_messages.training import MIN_OUTCOMES
from leadmodel_operator.resource.spec_schedules import Retraining

NIGHT_S, DAY_S = (
    4.0,
    1.0,
)  # seconds of a training with its validation, and of the looks of a day, whatever the leads
LEAD_S = {
    "linear": 2e-5,
    "trees": 2.5e-5,
    "auto": 3.5e-5,
}  # seconds per lead of a training, as docs/training.md measures
LIVE_S = 1e-4  # seconds to score a live lead and to count it
QUIET_S = 10.0  # between two lines of progress


@dataclass(frozen=True)
class Outcomes:
    """The outcomes of past leads, to know without a training that there are too few."""

    past: PastLeads
    retraining: Retraining

    @cached_property
    def _converted(self) -> Sequence[int]:
        """Conversions among the first i leads, for each i from 0 on."""
        labels = (outcome(row[self.past.label], self.retraining.positive) for row in self.past.rows)
        return list(accumulate(map(bool, labels), initial=0))

    def why_hopeless(self, now: float) -> str | None:
        """Why no training can succeed on the leads before a time in Unix seconds; None where one may.

        A training part and a holdout need `MIN_OUTCOMES` leads of either outcome each, so fewer than twice as many are too few however
        the leads are split.
        """
        count = self.past.before(now)
        if self.retraining.horizon is not None and count:
            newest = self.past.times[count - 1] - self.retraining.horizon.seconds
            count = self.past.before(math.nextafter(newest, math.inf))
        positives = self._converted[count]
        if min(positives, count - positives) >= 2 * MIN_OUTCOMES:
            return None
        return (
            f"the leads so far have {positives} positive and {count - positives} negative outcomes; {MIN_OUTCOMES} of either are needed "
            "to learn from and as many to judge by, so nights are skipped until they are there: begin later with --warm-up, or give "
            "more leads"
        )


def duration(seconds: float) -> str:
    """A time in words that promise no more than an estimate can: seconds, minutes or hours."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@dataclass
class Progress:
    """How far a replay is. `costs` are expected seconds per day, nights included; `clock` gives seconds, `tell` shows a line."""

    costs: Sequence[float]
    clock: Callable[[], float]
    tell: Callable[[str], None]
    done: int = 0
    _begun: float = field(init=False)
    _told: float = field(init=False)

    def __post_init__(self) -> None:
        """Begin to measure how long the nights of a replay take."""
        self._begun = self._told = self.clock()

    def expected(self) -> float:
        """Seconds that are left: those expected, scaled by how long the days so far took beside what they were expected to."""
        known, left = sum(self.costs[: self.done]), sum(self.costs[self.done :])
        return left * ((self.clock() - self._begun) / known if known else 1.0)

    def next_day(self) -> None:
        """Note that a day was played; show a line where the last one is some seconds old."""
        self.done += 1
        if self.clock() - self._told >= QUIET_S and self.done < len(self.costs):
            self._told = self.clock()
            self.tell(
                f"{self.done} of {len(self.costs)} days are played; about {duration(self.expected())} left"
            )
