"""Shapes of redacted data: letters become `a`, digits `9`, runs are cut to four. A shape lets people judge a finding and names nobody."""

import re
from collections import Counter
from dataclasses import dataclass, field

from leadmodel_privacy.detect import Detector

_MAX_TEXTS = 2_000  # enough texts to rank the most frequent shapes
_LETTERS = re.compile(r"[^\W\d_]")
_RUNS = re.compile(r"(a{4})a+|(9{4})9+")


def shape(text: str) -> str:
    """The shape of a text, at most 40 characters: `jane.doe@example.org` → `aaaa.aaa@aaaa.aaa`."""
    masked = re.sub(r"\d", "9", _LETTERS.sub("a", text))
    return _RUNS.sub(lambda m: m[1] or m[2], masked)[:40]


@dataclass
class ShapeCounter:
    """Counts the shapes of personal data in the first texts that hold any."""

    shapes: Counter[str] = field(default_factory=Counter)
    _texts: int = 0

    def record(self, detector: Detector, text: str, key: str) -> None:
        """Count the shapes in a text that holds personal data; `key` is the name of its field."""
        if self._texts < _MAX_TEXTS:
            self._texts += 1
            for start, end, entity in detector.detect(text, key=key):
                self.shapes[f"{entity} {shape(text[start:end])}"] += 1
