"""How often the real gate lets a model pass, by what is true of it: drawn holdouts, DeLong's figures, `judge`.

Scores are normal, one standard deviation in either class; the distance of the means makes the AUC. Two models share what they see
of a lead (correlation .9). The artifact package's DeLong is replaced by an equal one in numpy (tests hold the two together).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from simulation.auc import compare, place, report

from leadmodel_operator.planning.gate import judge
from leadmodel_operator.resource.spec_policies import Gate
from leadmodel_operator.resource.vocabulary import Evidence

MIN_AUC, PREVALENCE, CORRELATION = 0.65, 0.1, 0.9
AREAS = (0.60, 0.63, 0.65, 0.68, 0.70, 0.75)
SIZES = (200, 500, 1000, 2000, 5000)
POSITIVES = (100, 200, 500, 1000)
DELTAS = (-0.06, -0.05, -0.04, -0.03, -0.02, -0.01, -0.005, 0.0, 0.01, 0.02)
CHAMPION_AUC = 0.75
EXPECTED = {  # notes of the design: P(AUC ≥ .65) by n and true AUC, prevalence 10 %
    200: (0.22, 0.40, 0.51, 0.64, 0.81, 0.97),
    500: (0.12, 0.30, 0.52, 0.80, 0.90, 1.0),
    1000: (0.05, 0.25, 0.47, 0.89, 0.97, 1.0),
    2000: (0.01, 0.16, 0.50, 0.91, 0.99, 1.0),
}


@dataclass(frozen=True)
class Passed:
    """How many of how many."""

    yes: int
    of: int

    @property
    def share(self) -> float:
        return self.yes / self.of


def distance(area: float) -> float:
    """Of the means that give this AUC."""
    return math.sqrt(2) * NormalDist().inv_cdf(area)


def _lowered(least: int) -> Gate:
    """The gate with floors this low, so that small holdouts are judged at all."""
    return Gate(min_positives=least, min_negatives=least)


def alone(seed: int, draws: int) -> Iterator[tuple[int, float, Passed, Passed]]:
    """For each size and AUC: AUC ≥ minAuc alone, and the whole gate with its floor of positives taken out."""
    for size in SIZES:
        positives = round(size * PREVALENCE)
        y = np.arange(size) < positives
        for area in AREAS:
            rng = np.random.default_rng([seed, size, round(1000 * area)])
            plain = whole = 0
            for _ in range(draws):
                found = report("sha256:" + "1" * 64, place(rng.normal(y * distance(area), 1), y))
                plain += bool(found.auc is not None and found.auc >= MIN_AUC)
                verdict = judge(found, min_auc=MIN_AUC, gate=_lowered(1), compare=True)
                whole += verdict.evidence is Evidence.PASS
            yield size, area, Passed(plain, draws), Passed(whole, draws)


def paired(seed: int, draws: int) -> Iterator[tuple[int, float, Passed]]:
    """For each number of positives and true difference to the champion: how often the candidate is stopped."""
    for positives in POSITIVES:
        size = round(positives / PREVALENCE)
        y = np.arange(size) < positives
        for delta in DELTAS:
            rng = np.random.default_rng([seed, positives, round(10_000 * (1 + delta))])
            stopped = sum(_stopped(rng, y, delta) for _ in range(draws))
            yield positives, delta, Passed(stopped, draws)


def _stopped(rng: np.random.Generator, y: np.ndarray, delta: float) -> bool:
    new, old = pair(rng, y, CHAMPION_AUC + delta, CHAMPION_AUC)
    found = report("sha256:" + "1" * 64, new, champion=compare("sha256:" + "2" * 64, new, old))
    verdict = judge(found, min_auc=0.5, gate=_lowered(100), compare=True)
    return verdict.evidence is not Evidence.PASS


def pair(rng: np.random.Generator, y: np.ndarray, first: float, second: float):
    """Placements of two models on the same rows."""
    shared, own = math.sqrt(CORRELATION), math.sqrt(1 - CORRELATION)
    common = rng.normal(0, shared, len(y))
    return tuple(
        place(y * distance(area) + common + rng.normal(0, own, len(y)), y) for area in (first, second)
    )
