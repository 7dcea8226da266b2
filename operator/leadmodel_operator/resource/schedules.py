"""When a CronJob runs: the grammar of schedules and of time zones, for the resource, the operator and one machine alike. Pure.

The grammar is that of Kubernetes' documentation, as its parser (robfig/cron 3) reads it: five fields or a macro. What that parser takes
by accident is refused: a sign before a number, an empty member of a list, a range that begins with a star. So is `@every`, which names
no time of day, and `TZ=`, for which there is `timeZone`.
"""

import re
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from leadmodel_operator.resource.formats import Form


@dataclass(frozen=True)
class _Field:
    """One of the five fields: the numbers it takes, and the names of some of them from the lowest on."""

    digits: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """The expression of a list of ranges; letters in both cases, one by one, for ignoring case lets `ſ` pass as an `s`."""
        names = ("".join(f"[{letter}{letter.lower()}]" for letter in name) for name in self.names)
        value = f"({'|'.join([f'0*({self.digits})', *names])})"
        part = rf"([*?]|{value}(-{value})?)(/0*[1-9][0-9]{{0,8}})?"
        return f"{part}(,{part})*"

    def number(self, text: str) -> int:
        """The number that a number or a name stands for."""
        return self.low + self.names.index(text.upper()) if text.upper() in self.names else int(text)


_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_FIELDS = (
    _Field("[1-5]?[0-9]", 0, 59),
    _Field("1?[0-9]|2[0-3]", 0, 23),
    _Field("[1-9]|[12][0-9]|3[01]", 1, 31),
    _Field("[1-9]|1[0-2]", 1, 12, _MONTHS),
    _Field("[0-6]", 0, 6, _DAYS),
)
_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_BLANK = r"[ \t\r\n]"
CRON = Form(
    rf"^({'|'.join(_MACROS)}|{_BLANK}*{f'{_BLANK}+'.join(f.pattern for f in _FIELDS)}{_BLANK}*)$",
    "must be five cron fields with values in range, such as 0 1 * * * (minute hour day month weekday), or @hourly, @daily, @weekly, "
    "@monthly or @yearly",
)
_NUMBERED = "self.lowerAscii()" + "".join(
    f".replace('{name.lower()}', '{number}')"
    for field in _FIELDS
    for number, name in enumerate(field.names, start=field.low)
)
RISING_RULE = (
    f"{_NUMBERED}.findAll('[0-9]+-[0-9]+').all(r, int(r.split('-')[0]) <= int(r.split('-')[1]))"  # CEL
)
RISING_SENTENCE = "must have ranges of cron fields that rise, such as 8-18 or MON-FRI; SUN is 0"


def numbers(schedule: str) -> str:
    """Rewrite a schedule as five fields that hold `*` or a rising list of numbers, of one meaning for every reader of cron.

    Kubernetes requires both a day of the month and a weekday where one of the fields has a star without a step, else one of both.

    Raises:
        ValueError: The schedule is outside the grammar; the message is the sentence for its writer.
    """
    if not re.fullmatch(CRON, schedule):
        raise ValueError(CRON.sentence)
    texts = _MACROS.get(schedule, schedule).split()
    return " ".join(_listed(text, field) for text, field in zip(texts, _FIELDS, strict=True))


def _listed(text: str, field: _Field) -> str:
    listed: set[int] = set()
    every_time = False
    for part in text.split(","):
        span, _, every = part.partition("/")
        step = int(every or 1)
        every_time |= span in {"*", "?"} and step == 1
        listed.update(range(*_span(span, field, open_ended=bool(every)), step))
    return "*" if every_time else ",".join(map(str, sorted(listed)))


def _span(span: str, field: _Field, *, open_ended: bool) -> tuple[int, int]:
    """The first number and the one after the last; `N/STEP` runs from N to the highest number of the field."""
    if span in {"*", "?"}:
        return field.low, field.high + 1
    ends = [field.number(end) for end in span.split("-")]
    if ends[-1] < ends[0]:
        raise ValueError(RISING_SENTENCE)
    return ends[0], (field.high if open_ended and len(ends) == 1 else ends[-1]) + 1


_ZONE = "must be the name of a time zone in the IANA database, such as Europe/Berlin, CET or UTC"
TIME_ZONE = Form(r"^[A-Z][A-Za-z0-9_+-]{0,13}(/[A-Za-z0-9_+][A-Za-z0-9_+-]{0,13})*$", _ZONE)
# The API server looks the zone up where it would look up that of the CronJob; an unknown zone is an error, and refused. `Local` would
# be the zone of the machine that the API server runs on, which a CronJob may not have.
ZONE_RULE = "self != 'Local' && timestamp('2000-01-01T00:00:00Z').getHours(self) >= 0"  # CEL
ZONE_SENTENCE = "must be a time zone that exists in the IANA database, such as Europe/Berlin, CET or UTC"


def zone(name: str) -> ZoneInfo:
    """Return the time zone of a name.

    Raises:
        ValueError: There is no such zone, or the text is no name of one; the message is the sentence for its writer.
    """
    if not re.fullmatch(TIME_ZONE, name):
        raise ValueError(TIME_ZONE.sentence)
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ValueError(ZONE_SENTENCE) from None
