"""The last leads, and what they look like beside the references of both slots.

Adding a lead is one append and one count; bins are found when somebody asks. No text of a lead is kept, only raw values of features
(levels, numbers, lengths), for at most 1,000 leads and 7 days.
"""

import math
from collections import deque
from dataclasses import dataclass
from typing import Any

from leadmodel_artifact.artifact import Artifact, FeatureKind, FeatureReference, Reference
from leadmodel_artifact.reference import SCORE, bin_index, expected_hours, expected_shares
from leadmodel_artifact.window import (
    MAX_MONITORED,
    MIN_REFERENCE_ROWS,
    FeatureWindow,
    HoursWindow,
    SlotWindow,
    Window,
)
from leadmodel_predictor.slots import Slot, Slots

SIZE = 1000
MAX_AGE_S = 7 * 86400.0
HOUR_S = 3600.0
_NAN = float("nan")

Entry = tuple[
    float, int, Any, float, Any, float
]  # time, hour, values, score; previous values, score (None: refused)


@dataclass
class _Counter:
    """Counts of one monitored feature while leads are gone through."""

    reference: FeatureReference
    place: int | None  # of the value among the raw values; None: the score

    def __post_init__(self) -> None:
        self.observed = [0] * len(self.reference.counts)
        self.by_hour = [0] * 24
        self.total = self.squares = 0.0
        self.shares = expected_shares(self.reference)

    def add(self, value: Any, hour: int) -> None:
        numeric = self.reference.kind is not FeatureKind.CATEGORICAL
        if numeric and (value is None or not math.isfinite(value)):
            return
        self.observed[bin_index(self.reference, value)] += 1
        self.by_hour[hour] += 1
        if numeric:
            self.total += value
            self.squares += value * value

    def window(self) -> FeatureWindow:
        n = sum(self.observed)
        if len(self.shares) == 1:
            expected = [n * share for share in self.shares[0]]
        else:
            expected = [
                math.fsum(
                    count * shares[b]
                    for count, shares in zip(self.by_hour, self.shares, strict=True)
                    if count
                )
                for b in range(len(self.observed))
            ]
        r = self.reference
        return FeatureWindow(
            r.kind,
            n,
            sum(r.counts),
            r.shrink,
            tuple(self.observed),
            tuple(expected),
            self.total,
            self.squares,
            r.mean,
            r.std,
        )


class Ring:
    """The leads of one process since it started or its models changed."""

    def __init__(self, slots: Slots, boot: str) -> None:
        self.boot = boot
        self.entries: deque[Entry] = deque(maxlen=SIZE)
        self.add = self.entries.append
        self.slots = slots
        self._hours: deque[tuple[int, list[int]]] = deque(maxlen=25)  # (hour number, 24 counts by lead hour)
        self._begun: float | None = None  # when the first lead came

    def count_hour(self, now: float, hour: int, leads: int = 1) -> None:
        """Count leads for the hours of the last 24 hours."""
        number = int(now // HOUR_S)
        if self._begun is None:
            self._begun = now
        if not self._hours or self._hours[-1][0] != number:
            self._hours.append((number, [0] * 24))
        self._hours[-1][1][hour] += leads

    def expire(self, now: float) -> None:
        """Forget leads older than 7 days."""
        while self.entries and now - self.entries[0][0] > MAX_AGE_S:
            self.entries.popleft()

    def window(self, now: float, since: tuple[float, ...] = ()) -> Window:
        """The document; `since`: instants to count newer leads of."""
        self.expire(now)
        previous = self.slots.previous
        return Window(
            boot=self.boot,
            now=now,
            champion=self._slot(self.slots.champion, now, champion=True),
            previous=self._slot(previous, now, champion=False) if previous else None,
            span_s=round(now - self.entries[0][0], 3) if self.entries else 0.0,
            since={f"{t:.3f}": sum(entry[0] > t for entry in self.entries) for t in since},
        )

    def _slot(self, slot: Slot, now: float, *, champion: bool) -> SlotWindow:
        reference = slot.artifact.reference
        counters = _counters(slot.artifact)
        leads = [0] * 24
        bad = unsupported = 0
        for entry in self.entries:
            hour = entry[1]
            values, score = entry[2:4] if champion else entry[4:6]
            if values is None or not math.isfinite(score):
                bad += 1
                continue
            if reference.hours and reference.hours[hour] < MIN_REFERENCE_ROWS:
                unsupported += 1
                continue
            leads[hour] += 1
            for counter in counters:
                counter.add(score if counter.place is None else values[counter.place], hour)
        return SlotWindow(
            digest=slot.digest,
            method=reference.method,
            n=len(self.entries),
            bad=bad,
            unsupported=unsupported,
            leads_by_hour=tuple(leads) if reference.hours else (),
            ref_by_hour=reference.hours,
            features={counter.reference.name: counter.window() for counter in counters},
            hours=self._hours_window(reference, now),
        )

    def _hours_window(self, reference: Reference, now: float) -> HoursWindow | None:
        if not reference.hours:
            return None
        oldest = int(now // HOUR_S) - 23
        observed = [0] * 24
        for number, counts in self._hours:
            if number >= oldest:
                observed = [a + b for a, b in zip(observed, counts, strict=True)]
        n, begun = sum(observed), now if self._begun is None else self._begun
        expected = tuple(n * share for share in expected_hours(reference.hours, begun, now))
        return HoursWindow(n, sum(reference.hours), tuple(observed), expected)


def _counters(artifact: Artifact) -> list[_Counter]:
    places = {feature.name: i for i, feature in enumerate(artifact.features)}
    wanted = [r for r in artifact.reference.features if r.name == SCORE or r.name in places]
    return [_Counter(r, None if r.name == SCORE else places[r.name]) for r in wanted[:MAX_MONITORED]]
