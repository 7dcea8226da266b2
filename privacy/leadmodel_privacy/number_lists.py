"""Tells a list of whole numbers, such as `4111111111111111,4242424242424242`, from one number with a point, comma or dash inside."""

import re

_RUN = re.compile(r"\d(?:[ .\-/()]{0,2}\d)*\Z")
_REACH = 28  # characters before a separator; the longest number that a finder knows is shorter
_WHOLE = (
    7  # digits from which a number before a separator is whole: no group of an amount or a date is as long
)
_FRACTION = re.compile(r",\d{1,2}(?!\d)")
_AMOUNT = re.compile(r"[1-9]\d*|[1-9]\d{0,2}(?:[ .]\d{3})+")


def begins_number(text: str, start: int) -> bool:
    """True if the digit at `start` begins a number: the digits before its separator, if any, are a whole number."""
    if start < 2 or text[start - 1] not in ".,:/-" or not text[start - 2].isdigit():
        return True
    return text[start - 1] in ",/:" and _digits_before(text, start - 1) >= _WHOLE


def has_fraction(text: str, start: int, end: int) -> bool:
    """True if the number reads as an amount whose decimals follow a comma, such as `1234567,50`."""
    return _FRACTION.match(text, end) is not None and _AMOUNT.fullmatch(text, start, end) is not None


def _digits_before(text: str, end: int) -> int:
    run = _RUN.search(text, max(0, end - _REACH), end)
    return sum(c.isdigit() for c in run.group()) if run else 0
