"""Shapes of what was found: letters become a, digits 9, runs are cut at four. Enough to judge a finding by, nothing about whom."""

import re
from collections import Counter
from dataclasses import dataclass, field

from leadmodel_privacy.detect import Detector

_LOOKED_AT = 2_000  # texts; enough to rank the commonest
_LETTERS = re.compile(r"[^\W\d_]")
_RUNS = re.compile(r"(a{4})a+|(9{4})9+")


def shape(text: str) -> str:
    """`jane.doe@example.org` → `aaaa.aaa@aaaa.aaa`."""
    plain = re.sub(r"\d", "9", _LETTERS.sub("a", text))
    return _RUNS.sub(lambda m: m[1] or m[2], plain)[:40]


@dataclass
class ShapeCounter:
    """Counts the shapes of what is found in the first texts."""

    shapes: Counter[str] = field(default_factory=Counter)
    _seen: int = 0

    def record(self, detector: Detector, text: str, key: str) -> None:
        """A text in which something was found."""
        if self._seen < _LOOKED_AT:
            self._seen += 1
            for start, end, entity in detector.detect(text, key=key):
                self.shapes[f"{entity} {shape(text[start:end])}"] += 1
