"""Tells measures, prices and points in time, which are no numbers of a person."""

import re

_UNIT = re.compile(
    r"\s?(?:[€$£¥₹%°]|(?:eur|euros?|usd|gbp|chf|inr|dollars?|pounds?|kg|g|mg|km|cm|mm|m|mi|ml|l|kb|mb|gb|tb|ms|sec|secs|seconds?|min|"
    r"mins|minutes?|hours?|hrs?|days?|weeks?|months?|years?|items?|pcs|pieces?|units?|users?|rows?|records?|steps?|points?|people|"
    r"customers?|leads?|orders?|views?|clicks?|stück|stk|percent|prozent|requests?|lines?|times|x|bytes?|px|rpm|kwh|mw|watts?)(?![^\W_]))"
)
_MONEY = re.compile(r"(?:[€$£¥₹]|(?<![^\W_])(?:eur|usd|gbp|chf|rs\.?|inr|us\$|a\$|c\$))\s?\Z")
_TIME = re.compile(
    r"(?<!\d)(?<!\d[-/.])(?:(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:(?:19|20)\d\d|\d\d))(?![-/.]?\d)"
)
_CLOCK = re.compile(r"[:T]\d\d")
_DECIMAL = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d{1,2}|\d{1,3}(?:\.\d{3})+,\d{2}")


def has_unit(low: str, start: int, end: int) -> bool:
    """True if a unit or a currency stands beside the number."""
    return _UNIT.match(low, end) is not None or _MONEY.search(low, max(0, start - 5), start) is not None


def has_date(text: str, start: int, end: int) -> bool:
    """True if the number contains a date or runs into a time of day."""
    return _TIME.search(text, start, end) is not None or _CLOCK.match(text, end) is not None


def is_amount(token: str) -> bool:
    """True if the token reads as an amount, such as `1,299.00`."""
    return _DECIMAL.fullmatch(token) is not None
