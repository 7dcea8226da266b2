"""Personal data that no follow-up holds: numbers of cards, accounts and documents, as the detector of `leadmodel-privacy` knows them."""

import re
from functools import cache

from leadmodel_privacy.detect import Detector

_ENTITIES = frozenset({"CREDIT_CARD", "IBAN", "SSN", "PASSPORT", "DRIVER_LICENSE", "HEALTH_PLAN", "MRN"})
_NUMBER = re.compile(r"\d(?:[ ./-]?\d){6,}")
_AROUND = 60  # characters beside a number, for the words that label it
_MOST = 3_000  # characters that the detector reads
TOO_MANY = "TOO_MANY_NUMBERS"


def personal(text: str) -> tuple[str, ...]:
    """The kinds of such data in a text, each once, or TOO_MANY; a text without a number of seven digits has none and costs nothing."""
    near = [text[max(0, match.start() - _AROUND) : match.end() + _AROUND] for match in _NUMBER.finditer(text)]
    if not near:
        return ()
    if sum(map(len, near)) > _MOST:
        return (TOO_MANY,)
    return tuple(sorted({entity for _, _, entity in _detector().detect("\n".join(near))} & _ENTITIES))


@cache
def _detector() -> Detector:
    return Detector()
