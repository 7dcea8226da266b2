"""Drift windows of simulated pods: what the predictor's ring would ship, counted with numpy.

Tests hold it against the real ring, lead by lead.
"""

from dataclasses import dataclass, field

import numpy as np
from simulation.models import Model, hours, table

from leadmodel_messages.window import FeatureWindow, HoursWindow, SlotWindow, Window
from leadmodel_statistics.hours import expected_hours
from leadmodel_statistics.stability import MIN_REFERENCE_ROWS
from leadmodel_training.world import HOUR_S, Leads, World

SIZE, MAX_AGE_S = 1000, 7 * 86400.0  # of the ring


@dataclass(frozen=True)
class _Coded:
    """All leads as one model sees them."""

    bins: np.ndarray
    values: dict[str, np.ndarray]
    partial: tuple[int, ...]  # features with missing numbers


@dataclass
class Traffic:
    """Leads in time order, dealt to the pods in turn."""

    world: World
    leads: Leads
    pods: int = 2
    _coded: dict[str, _Coded] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hour = hours(self.leads)

    def forget(self) -> None:
        """Drop what was coded for models that are gone."""
        self._coded.clear()

    def coded(self, model: Model) -> _Coded:
        if model.digest not in self._coded:
            rows = table(self.leads, self.world, leak=model.leak)
            scores = model.score(rows)
            bins = model.bins(rows, scores)
            partial = tuple(np.flatnonzero((bins < 0).any(0)).tolist())
            self._coded[model.digest] = _Coded(bins, {"score": scores, **rows.numbers}, partial)
        return self._coded[model.digest]

    def scores(self, model: Model) -> np.ndarray:
        return self.coded(model).values["score"]

    def window(
        self,
        pod: int,
        begun: float,
        now: float,
        champion: Model,
        previous: Model | None,
        since: float | None,
    ) -> Window:
        """What pod number `pod`, begun at `begun`, ships now."""
        low, high = np.searchsorted(self.leads.time, [max(begun, now - MAX_AGE_S), now])
        places = np.arange(low + (pod - low) % self.pods, high, self.pods)
        last = places[-SIZE:]
        asked = {}
        if since is not None:
            asked[f"{since:.3f}"] = int((self.leads.time[last] > since).sum())
        return Window(
            boot=f"pod-{pod}",
            now=now,
            champion=self._slot(champion, last, places, begun, now),
            previous=self._slot(previous, last, places, begun, now) if previous else None,
            span_s=now - float(self.leads.time[last[0]]) if len(last) else 0.0,
            since=asked,
        )

    def _slot(
        self, model: Model, last: np.ndarray, places: np.ndarray, begun: float, now: float
    ) -> SlotWindow:
        reference, coded = model.reference, self.coded(model)
        hour = self.hour[last]
        known = np.asarray(reference.hours)[hour] >= MIN_REFERENCE_ROWS
        kept, hour = (last, hour) if known.all() else (last[known], hour[known])
        bins = coded.bins[kept]
        size = model.offsets[-1]
        flat = bins.ravel() if not coded.partial else bins[bins >= 0]
        observed = np.bincount(flat, minlength=size).tolist()
        leads = np.bincount(hour, minlength=24)
        expected = leads @ model.shares
        for place in coded.partial:
            a, b = model.offsets[place : place + 2]
            expected[a:b] = np.bincount(hour[bins[:, place] >= 0], minlength=24) @ model.shares[:, a:b]
        return SlotWindow(
            digest=model.digest,
            method=reference.method,
            n=len(last),
            bad=0,
            unsupported=len(last) - len(kept),
            leads_by_hour=tuple(leads.tolist()),
            ref_by_hour=reference.hours,
            features=self._features(model, coded, kept, observed, expected.tolist()),
            hours=self._hours(model, places, begun, now),
        )

    def _features(self, model: Model, coded: _Coded, kept, observed, expected) -> dict[str, FeatureWindow]:
        found = {}
        for place, r in enumerate(model.reference.features):
            a, b = int(model.offsets[place]), int(model.offsets[place + 1])
            n, total, squares = sum(observed[a:b]), 0.0, 0.0
            if r.name in coded.values:
                values = coded.values[r.name][kept]
                values = values[~np.isnan(values)] if place in coded.partial else values
                total, squares = float(values.sum()), float(values @ values)
            found[r.name] = FeatureWindow(
                r.kind,
                n,
                sum(r.counts),
                r.shrink,
                tuple(observed[a:b]),
                tuple(expected[a:b]),
                total,
                squares,
                r.mean,
                r.std,
            )
        return found

    def _hours(self, model: Model, places: np.ndarray, begun: float, now: float) -> HoursWindow:
        oldest = max(begun, (now // HOUR_S - 23) * HOUR_S)
        first = np.searchsorted(self.leads.time, oldest)
        seen = places[np.searchsorted(places, first) :]
        observed = np.bincount(self.hour[seen], minlength=24).tolist()
        n = len(seen)
        start = float(self.leads.time[places[0]]) if len(places) else now
        shares = expected_hours(model.reference.hours, start, now)
        return HoursWindow(n, sum(model.reference.hours), tuple(observed), tuple(n * s for s in shares))
