"""The live gate on real leads: candidates of sound and of broken retrainings, on the last 1,000 leads that the champion answered.

Leads and times are those of `real.py`. On the first of each month a champion is trained; on four days of the month a candidate is trained
on the leads of the last twelve months, as they are or as a broken export would hand them over. The predictor's own ring, its challenger
and the operator's own rules judge; whether a candidate would pass on its holdout is not asked. What a verdict was worth is told by the outcomes
of the leads to come: the AUC of the candidate minus that of the champion, on the same leads.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from simulation.auc import place
from simulation.real import EXCLUDED, MONTHS, NAME, NUMERIC, TRAIN_MONTHS, spread

from leadmodel_artifact.artifact import dump
from leadmodel_artifact.lead import coded, lead_values
from leadmodel_messages.table_values import number
from leadmodel_operator.planning.challenger_reading import ask_pods
from leadmodel_operator.planning.live_response import LiveVerdict
from leadmodel_operator.planning.observed import PodSeen
from leadmodel_operator.resource.spec_policies import DriftPolicy, LiveGate
from leadmodel_operator.resource.vocabulary import Evidence
from leadmodel_predictor.serving.challengers import beside
from leadmodel_predictor.serving.ring import SIZE, Ring
from leadmodel_predictor.serving.slots import Slot, load_slot, pair
from leadmodel_training.columns import Rows
from leadmodel_training.pipeline import train_model
from leadmodel_training.request import TrainingRequest
from leadmodel_training.rows import labels, read
from leadmodel_training.split import TrainingRefused
from leadmodel_training.step_timer import StepTimer

NIGHTS = 4  # a month
BROKEN = (0.0, 0.4, 0.1)  # share of the rows that a broken export spoils
SEED = 31


@dataclass
class Candidates:
    """What live leads said of candidates whose training had this share of broken rows."""

    broken: float
    verdicts: list[LiveVerdict] = field(default_factory=list)
    gains: list[float] = field(default_factory=list)  # AUC on the leads to come, minus the champion's

    @property
    def refused(self) -> list[bool]:
        """Which candidates live leads refused."""
        return [verdict.evidence is Evidence.FAIL for verdict in self.verdicts]


def nights(folder: Path, every: int = 1) -> list[Candidates]:
    """Judge the candidates of all months, or of one month in `every`."""
    rows, times = spread(read((folder / NAME).read_bytes()))
    y = np.array(labels(rows.columns["y"], "y"))
    rng, kinds = np.random.default_rng(SEED), [Candidates(share) for share in BROKEN]
    for begin, end in list(pairwise(MONTHS[1:]))[::every]:
        first, last = np.searchsorted(times, [begin.timestamp(), end.timestamp()])
        champion = _trained(rows, times, int(first))
        if champion is None:
            continue
        for at in np.linspace(first, last, NIGHTS + 2, dtype=int)[1:-1].tolist():
            for kind in kinds:
                candidate = _trained(rows, times, at, broken=kind.broken, rng=rng)
                if candidate is None:
                    continue
                kind.verdicts.append(_verdict(champion, candidate, rows, times, at))
                to_come = np.arange(at, min(at + SIZE, len(y)))
                own, other = (
                    place(_scores(slot, rows, to_come), y[to_come]).area for slot in (candidate, champion)
                )
                kind.gains.append(own - other)
    return kinds


def _trained(
    rows: Rows,
    times: np.ndarray,
    until: int,
    *,
    broken: float = 0.0,
    rng: np.random.Generator | None = None,
) -> Slot | None:
    """A model of the last twelve months; None where there were too few outcomes."""
    now = datetime.fromtimestamp(float(times[until]), UTC)
    first = int(np.searchsorted(times, now.timestamp() - TRAIN_MONTHS * 30.4 * 86400))
    given = rows.take(np.arange(first, until))
    if rng is not None and broken:
        given = _spoilt(given, rng.random(until - first) < broken)
    try:
        made = train_model(
            given, TrainingRequest(exclude=EXCLUDED, time_column="created_at", name="bank"), now, StepTimer()
        )
    except TrainingRefused:
        return None
    return load_slot(dump(made.artifact), None)


def _spoilt(rows: Rows, hit: np.ndarray) -> Rows:
    """The rows with two numbers lost and an unknown job where an export broke."""
    columns = dict(rows.columns)
    for name, value in (("balance", "0"), ("age", "0"), ("job", "imported")):
        columns[name] = np.where(hit, value, columns[name])
    return Rows(columns)


def _verdict(champion: Slot, candidate: Slot, rows: Rows, times: np.ndarray, at: int) -> LiveVerdict:
    ring = Ring(pair(champion, None), "pod-0")
    places = np.arange(max(0, at - SIZE), at)
    for time, values in zip(times[places].tolist(), _values(champion, rows, places), strict=True):
        hour = int(time // 3600 % 24)
        ring.add((time, hour, values, champion.scorer(*values), None, math.nan))
        ring.count_hour(time, hour)
    now = float(times[at])
    slots, entries = beside(ring.slots, candidate, ring.snapshot(now).entries)
    ring.challenge(slots, entries, after=None)
    pod = PodSeen(
        name="pod-0",
        template_champion=champion.digest,
        image="predictor:1",
        ready=True,
        champion=champion.digest,
        previous=None,
        window=replace(ring.window(now), takes_challenger=True),
        fault=None,
    )
    verdict, _ = ask_pods(
        [pod],
        champion=champion.digest,
        challenger=candidate.digest,
        ready=1,
        policy=LiveGate(),
        drift=DriftPolicy(),
    )
    return verdict


def _values(slot: Slot, rows: Rows, places: np.ndarray) -> Iterator[tuple[Any, ...]]:
    """The coded values of these leads as a model reads them."""
    for lead in rows.take(places).leads():
        sent = {name: number(value) if name in NUMERIC else value for name, value in lead.items()}
        yield coded(slot.artifact.features, lead_values(slot.artifact, sent))


def _scores(slot: Slot, rows: Rows, places: np.ndarray) -> np.ndarray:
    return np.array([slot.scorer(*values) for values in _values(slot, rows, places)])


def lines(kinds: list[Candidates]) -> Iterator[list[object]]:
    """The rows of the table."""
    for kind in kinds:
        psis = [verdict.psi for verdict in kind.verdicts if verdict.psi is not None]
        name = f"{kind.broken:.0%} of the rows broken" if kind.broken else "sound"
        refused, others = (
            [g for g, r in zip(kind.gains, kind.refused, strict=True) if r is which]
            for which in (True, False)
        )
        yield [
            name,
            len(kind.verdicts),
            len(refused),
            f"{min(psis):.2f} to {max(psis):.2f}",
            _mean(refused),
            _mean(others),
        ]


def _mean(gains: list[float]) -> str:
    return f"{sum(gains) / len(gains):+.3f}" if gains else "–"
