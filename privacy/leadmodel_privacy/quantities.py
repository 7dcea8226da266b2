"""Tells measures, prices and points in time, which are no numbers of a person."""

import re
from itertools import pairwise

_UNIT = re.compile(
    r"\s?(?:[€$£¥₹%°²³]|(?:eur|euros?|usd|gbp|chf|inr|jpy|yen|cny|yuan|rub|rubles?|roubles?|sek|nok|dkk|kr|kč|zł|pln|huf|brl|reais|aud|cad|mxn|"
    r"pesos?|krw|won|dollars?|pounds?|mio|million|millions|millionen|mrd|billions?|lakhs?|crores?|kg|g|mg|km|cm|mm|m|m2|m3|sqm|sqft|ft|feet|"
    r"inch|inches|yards?|mi|miles?|acres?|hectares?|ha|ml|l|lit(?:er|re)s?|gallons?|barrels?|bbl|tons?|tonnes?|tonnen|lbs?|oz|ounces|grams?|kb|mb|gb|tb|"
    r"kib|mib|gib|ms|ns|sec|secs|seconds?|min|mins|minutes?|hours?|hrs?|days?|weeks?|months?|years?|items?|pcs|pieces?|units?|boxes|pallets?|"
    r"bottles?|copies|seats?|rooms?|guests?|employees|users?|rows?|records?|steps?|points?|people|persons|votes?|shares?|words?|tokens?|char|chars|"
    r"characters|pages?|customers?|leads?|orders?|views?|clicks?|impressions|stück|stk|percent|prozent|requests?|lines?|times|x|bytes?|bits?|px|"
    r"pixels?|dpi|rpm|kwh|mwh|wh|kw|mw|watts?|volts?|v|hz|khz|mhz|ghz|psi|mph|km/h|kmh|kcal|calories|degrees|iops|qps|rps)(?![^\W_]))"
)
_MONEY = re.compile(
    r"(?:[€$£¥₹]|(?<![^\W_])(?:eur|usd|gbp|chf|rs\.?|inr|us\$|a\$|c\$|r\$|jpy|cny|rub|sek|nok|dkk|pln|brl|aud|cad|mxn))\s?\Z"
)
_DATE = (
    r"(?:(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-/.](?:0?[1-9]|[12]\d|3[01])[-/.](?:(?:19|20)\d\d|\d\d))"
)
_TIME = re.compile(rf"(?<!\d)(?<!\d[-/.]){_DATE}(?![-/.]?\d)")
_PERIOD = re.compile(rf"(?<!\d){_DATE} ?[-/] ?{_DATE}(?!\d)")
_CLOCK = re.compile(r"[:T]\d\d")
_DECIMAL = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d{1,2}|\d{1,3}(?:\.\d{3})+,\d{2}")
_GAPS = re.compile(r"[ .-]+")


def has_unit(low: str, start: int, end: int) -> bool:
    """True if a unit or a currency stands beside the number."""
    return _UNIT.match(low, end) is not None or _MONEY.search(low, max(0, start - 5), start) is not None


def has_date(text: str, start: int, end: int) -> bool:
    """True if the number contains a date, begins a period of two dates, or runs into a time of day."""
    return (
        _TIME.search(text, start, end) is not None
        or _CLOCK.match(text, end) is not None
        or _PERIOD.match(text, start) is not None
    )


def is_amount(token: str) -> bool:
    """True if the token reads as an amount, such as `1,299.00`."""
    return _DECIMAL.fullmatch(token) is not None


def is_range(token: str) -> bool:
    """True if the token reads as rising numbers: round ones, such as `200-300-4000`, or six and more, such as those of a lottery."""
    parts = [int(part) for part in _GAPS.split(token) if part.isdigit()]
    if len(parts) < 3 or any(low >= high for low, high in pairwise(parts)):
        return False
    return (len(parts) == 3 and not any(part % 50 for part in parts)) or (len(parts) > 5 and parts[-1] < 100)
