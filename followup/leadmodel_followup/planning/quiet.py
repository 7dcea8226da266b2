"""Quiet hours by the recipient's clock: when all zones in which the recipient may be are inside the sending hours."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from leadmodel_followup.planning.spec import DAY_MS, SendingHours

_DAYS = 9  # a week and the day that time zones may add at both ends
Window = tuple[int, int]


def sending_window(at_ms: int, hours: SendingHours, zones: Sequence[str]) -> Window | None:
    """The first window that is open at `at_ms` or later, in which every zone is inside the hours.

    Returns:
        Begin, which may lie before `at_ms`, and end, which is later, in milliseconds UTC; None where the zones have no time in common.
    """
    begin = at_ms
    while begin < at_ms + _DAYS * DAY_MS:
        windows = [_in_zone(begin, hours, ZoneInfo(zone)) for zone in zones]
        opens, closes = max(window[0] for window in windows), min(window[1] for window in windows)
        if max(opens, begin) < closes:
            return opens, closes
        begin = opens
    return None


def _in_zone(at_ms: int, hours: SendingHours, zone: ZoneInfo) -> Window:
    """The first window of one zone that ends after `at_ms`."""
    today = datetime.fromtimestamp(at_ms / 1000, zone).date()
    for days in range(2 * _DAYS):
        date = today + timedelta(days)
        if date.weekday() not in hours.days:
            continue
        opens = max(_instants(datetime.combine(date, hours.opens, zone)))
        closes = min(_instants(datetime.combine(date, hours.closes, zone)))
        if max(opens, at_ms) < closes:
            return opens, closes
    raise ValueError("the sending hours fall on no hour of the zone's clock")


def _instants(wall: datetime) -> tuple[int, int]:
    """Both instants that a time of the wall clock may mean where clocks are put back or forward; else one instant, twice."""
    first, second = (wall.replace(fold=fold).astimezone(UTC).timestamp() for fold in (0, 1))
    return round(first * 1000), round(second * 1000)
