"""Reports how far a run is: one line that renews itself on a terminal, JSON lines elsewhere. Counts only."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TextIO

from leadmodel_privacy.backfill.tally import Tally

EVERY_S = {True: 0.5, False: 10.0}  # seconds between reports, by whether a terminal shows them


@dataclass
class ScanProgress:
    """Progress of one pass, written to `out`; `total` is the number of keys that the servers report."""

    out: TextIO
    clock: Callable[[], float]
    total: int = 0
    seen: int = 0
    phase: str = "scan"
    _began: float = -1
    _next: float = 0

    def begin(self, phase: str, total: int) -> None:
        """Begin a pass over `total` keys."""
        self.phase, self.total, self.seen = phase, total, 0
        self._began = self.clock()
        self._next = self._began + EVERY_S[self.out.isatty()]

    def step(self, keys: int, tally: Tally) -> None:
        """Count `keys` more keys, and report if a report is due."""
        self.seen += keys
        now = self.clock()
        if now < self._next:
            return
        terminal = self.out.isatty()
        self._next = now + EVERY_S[terminal]
        speed = self.seen / max(now - self._began, 1e-9)
        share = min(1.0, self.seen / self.total) if self.total else 0.0
        left_s = (self.total - self.seen) / speed if speed > 0 and self.total > self.seen else 0.0
        report = self._line if terminal else self._json
        self.out.write(report(speed, share, left_s, tally))
        self.out.flush()

    def end(self) -> None:
        """End the line on a terminal."""
        if self.out.isatty() and self._began >= 0:
            self.out.write("\n")

    def _line(self, speed: float, share: float, left_s: float, tally: Tally) -> str:
        eta = f"{left_s // 60:.0f}m{left_s % 60:02.0f}s"
        text = f"{self.phase} {share:5.1%}  {speed:,.0f} keys/s  {tally.found:,} to redact  ETA {eta}"
        return f"\r{text:<78}"

    def _json(self, speed: float, share: float, left_s: float, tally: Tally) -> str:
        event = {
            "event": "progress",
            "phase": self.phase,
            "share": round(share, 4),
            "keysPerSecond": round(speed, 1),
            "etaSeconds": round(left_s),
            "found": tally.found,
            "changed": tally.changed,
        }
        return json.dumps(event, separators=(",", ":")) + "\n"
