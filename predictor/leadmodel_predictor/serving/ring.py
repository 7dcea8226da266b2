"""The last leads, scored by all slots, beside the references of the models.

Adding a lead is one append and one count; everything else is computed on request, from a snapshot, so that a thread can do the work. No text of a lead is kept, only values of features (codes, numbers, lengths), for at most 1,000 leads and 7 days.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from leadmodel_artifact.model import Reference
from leadmodel_messages.window import HoursWindow, SlotWindow, Window
from leadmodel_predictor.serving.paired import paired
from leadmodel_predictor.serving.slots import Slot, Slots
from leadmodel_statistics.hours import HOUR_S, expected_hours
from leadmodel_statistics.stability import MIN_REFERENCE_ROWS

SIZE = 1000
MAX_AGE_S = 7 * 86400.0
HOURS_KEPT = 25

# time, hour, values, score; previous values, score (values None: refused); where a challenger was loaded its values and score
# (score None: it could not be given the lead)
Entry = tuple[Any, ...]
OF_SERVING = 6  # parts of an entry that are not the challenger's


def given(entry: Entry, slots: Slots) -> Entry:
    """An entry of the same champion and previous model as the challenger of these slots reads it, if there is one."""
    if slots.challenger is None:
        return entry[:OF_SERVING]
    score, values = slots.challenger.of_past(entry[2])
    return *entry[:OF_SERVING], values, score


@dataclass(frozen=True)
class Snapshot:
    """An immutable copy of a ring at an instant."""

    boot: str
    slots: Slots
    entries: tuple[Entry, ...]
    hours: Mapping[int, Sequence[int]]  # hour number → 24 counts by the hour of the lead
    begun: float | None
    now: float

    def window(self, since: tuple[float, ...] = ()) -> Window:
        """The drift window of the snapshot; `since` are instants in Unix seconds whose newer leads are counted."""
        entries, previous = self.entries, self.slots.previous
        good = [(e[1], e[2], e[3]) for e in entries]
        return Window(
            boot=self.boot,
            now=self.now,
            champion=self._slot(self.slots.champion, good),
            previous=self._slot(previous, [(e[1], e[4], e[5]) for e in entries]) if previous else None,
            span_s=max(0.0, round(self.now - entries[0][0], 3)) if entries else 0.0,  # a clock may step back
            since={f"{t:.3f}": sum(entry[0] > t for entry in entries) for t in since},
            challenger=self._challenger(self.slots.challenger.slot) if self.slots.challenger else None,
        )

    def _challenger(self, slot: Slot) -> SlotWindow:
        """The challenger's window; a lead that came while it was being loaded is read now."""
        entries = [e if len(e) > OF_SERVING else given(e, self.slots) for e in self.entries]
        read = [e for e in entries if e[7] is not None]
        unread = len(entries) - len(read)
        both = [(e[3], e[7]) for e in read if math.isfinite(e[3]) and math.isfinite(e[7])]
        window = self._slot(slot, [(e[1], e[6], e[7]) for e in read])
        return replace(window, n=window.n + unread, unread=unread, paired=paired(self.slots.champion, both))

    def _slot(self, slot: Slot, rows: Sequence[tuple[int, Any, float]]) -> SlotWindow:
        reference = slot.reference
        known = reference.hours
        good = [row for row in rows if row[1] is not None and math.isfinite(row[2])]
        kept = [row for row in good if known[row[0]] >= MIN_REFERENCE_ROWS] if known else good
        hours: tuple[Any, ...]
        hours, values, scores = zip(*kept, strict=True) if kept else ((), (), ())
        columns = list(zip(*values, strict=True)) or [()] * len(slot.artifact.features)
        return SlotWindow(
            digest=slot.digest,
            method=reference.method,
            n=len(rows),
            bad=len(rows) - len(good),
            unsupported=len(good) - len(kept),
            leads_by_hour=tuple(map(hours.count, range(24))) if known else (),
            ref_by_hour=known,
            features={
                m.reference.name: m.window(scores if m.place is None else columns[m.place], hours)
                for m in slot.monitors
            },
            hours=self._hours(reference),
        )

    def _hours(self, reference: Reference) -> HoursWindow | None:
        if not reference.hours:
            return None
        newest = int(self.now // HOUR_S)
        rows = [row for number, row in self.hours.items() if newest - 24 < number <= newest]
        observed = tuple(map(sum, zip(*rows, strict=True))) if rows else (0,) * 24
        n, begun = sum(observed), self.now if self.begun is None else self.begun
        expected = tuple(n * share for share in expected_hours(reference.hours, begun, self.now))
        return HoursWindow(n, sum(reference.hours), observed, expected)


class Ring:
    """The leads of one process since it started or its champion changed."""

    def __init__(self, slots: Slots, boot: str) -> None:
        self.boot = boot
        self.entries: deque[Entry] = deque(maxlen=SIZE)
        self.add = self.entries.append
        self.slots = slots
        self.hours: dict[int, list[int]] = {}
        self._begun: float | None = None  # when the first lead came
        self.begins = self.ends = 0.0  # of the clock's hour
        self.clock_hour = 0
        self.row = [0] * 24  # leads of the clock's hour by their own hour

    def turn(self, now: float) -> None:
        """Count leads for the clock's hour; to be called when `now` is outside [begins, ends)."""
        number = int(now // HOUR_S)
        self.begins, self.ends = number * HOUR_S, (number + 1) * HOUR_S
        self.clock_hour = number % 24
        if self._begun is None:
            self._begun = now
        self.row = self.hours.setdefault(number, [0] * 24)
        for old in sorted(self.hours)[:-HOURS_KEPT]:
            del self.hours[old]

    def count_hour(self, now: float, hour: int, leads: int = 1) -> None:
        """Count leads for the hours of the last 24 hours."""
        if not self.begins <= now < self.ends:
            self.turn(now)
        self.row[hour] += leads

    def challenge(self, slots: Slots, entries: Sequence[Entry], after: Entry | None) -> None:
        """Go on with another challenger beside the same models.

        Args:
            slots: the slots from now on.
            entries: what `given` made of a snapshot of the ring.
            after: the last entry of that snapshot; those behind it came meanwhile, and are read in the window.
        """
        came = takewhile(lambda entry: entry is not after, reversed(self.entries))
        late = [entry[:OF_SERVING] for entry in came]
        self.entries = deque([*entries, *reversed(late)], maxlen=SIZE)
        self.add, self.slots = self.entries.append, slots

    def snapshot(self, now: float) -> Snapshot:
        """The ring as it is, without leads older than 7 days."""
        while self.entries and now - self.entries[0][0] > MAX_AGE_S:
            self.entries.popleft()
        hours = {number: tuple(row) for number, row in self.hours.items()}
        return Snapshot(self.boot, self.slots, tuple(self.entries), hours, self._begun, now)

    def window(self, now: float, since: tuple[float, ...] = ()) -> Window:
        """The drift window at `now`, in Unix seconds."""
        return self.snapshot(now).window(since)
