"""A model that gets a little worse every night, so little that each night alone looks like noise: when does the planner stop it?

The real planner, gate and memory of the best champion, night after night; only the scores on each night's holdout are drawn.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from simulation.auc import Placed, compare, place, report
from simulation.cluster import Cluster
from simulation.gate import PREVALENCE, distance

from leadmodel_training.world import DAY_S

STEP, NIGHTS, FIRST_AUC, CALM = -0.008, 12, 0.75, 3
SHARED = 0.9  # correlation of two models' scores of a lead


@dataclass(frozen=True)
class Slid:
    """A slide: the last night on which a worse model was promoted, and how far what serves ever fell below the first model."""

    last: int
    lost: float


def slide(seed: int, positives: int, step: float = STEP) -> Slid:
    """Nights of a slide after a few calm ones; night 1 is the first that is worse."""
    return _Slide(seed, positives, step).run()


class _Slide:
    def __init__(self, seed: int, positives: int, step: float) -> None:
        self.rng = np.random.default_rng([seed, positives])
        self.y = np.arange(round(positives / PREVALENCE)) < positives
        self.step = step
        self.areas: dict[str, float] = {}
        self.placed: dict[str, Placed] = {}
        self.cluster = Cluster(self._measure)

    def run(self) -> Slid:
        last, lost = 0, 0.0
        for night in range(-CALM, NIGHTS + 1):
            digest = "sha256:" + hashlib.sha256(f"{night}".encode()).hexdigest()
            self.areas[digest] = FIRST_AUC + min(0.0, self.step * max(0, night))
            self._holdout()
            self.cluster.now = (night + CALM + 1) * DAY_S
            self.cluster.retrained(digest)
            status = self.cluster.status
            assert status is not None
            assert status.champion is not None
            if night > 0 and status.champion.digest == digest:
                last = night
            lost = max(lost, FIRST_AUC - self.areas[status.champion.digest])
        return Slid(last, lost)

    def _holdout(self) -> None:
        """Every model's scores of tonight's labelled leads."""
        common = self.rng.normal(0, SHARED**0.5, len(self.y))
        own = (1 - SHARED) ** 0.5
        self.placed = {
            digest: place(self.y * distance(area) + common + self.rng.normal(0, own, len(self.y)), self.y)
            for digest, area in self.areas.items()
        }

    def _measure(self, asked):
        new = self.placed[asked.digest]
        others = [d and compare(d, new, self.placed[d]) for d in (asked.champion, asked.best)]
        return report(
            asked.digest,
            new,
            holdout=f"sha256:{len(self.areas):064x}",
            version=len(self.areas),
            champion=others[0],
            best=others[1],
        )
