"""Durations as Go and Kubernetes write them: `1h30m`, `90s`, `250ms`."""

import re
from functools import lru_cache

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_PART = r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)"
_DURATION = re.compile(f"(?:{_PART})+")


@lru_cache(maxsize=256)  # a fleet repeats a few durations on every pass
def parse(text: str) -> float:
    """Read a duration as seconds.

    Raises:
        ValueError: The text is no sequence of numbers with a unit of h, m, s or ms.
    """
    if not _DURATION.fullmatch(text):
        raise ValueError(f"{text!r} is no duration such as 30s or 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in re.findall(_PART, text))


def show(seconds: int) -> str:
    """Write whole seconds as a duration in the largest unit that needs no fraction: 3600 is `1h`, 0 is `0s`."""
    for unit, size in (("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
