"""The zones in which a recipient may be: the lead's own, else all zones of the number, else the tenant's."""

from collections.abc import Sequence
from zoneinfo import available_timezones

import phonenumbers
from phonenumbers.timezone import time_zones_for_number

from leadmodel_followup.planning.quiet import sending_window
from leadmodel_followup.planning.spec import SendingHours

_KNOWN = available_timezones()


def number_zones(number: str) -> tuple[str, ...]:
    """All time zones of a phone number in international form (`+49…`), none for what is no such number.

    A mobile number of a large country has several zones, a toll-free number of North America has dozens.
    """
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ()
    return _known(time_zones_for_number(parsed))


def zones_for(
    candidates: tuple[str | None, Sequence[str], str], hours: SendingHours | None, at_ms: int
) -> tuple[str, ...]:
    """The recipient's own zone if known; else all zones of the number, if they have an hour in common; else the tenant's zone.

    Args:
        candidates: The recipient's own zone or None, the zones of the number, the tenant's zone.
        hours: The sending hours of the channel, None where it sends at all hours.
        at_ms: The time from which on an hour in common is looked for.
    """
    own, of_number, of_tenant = candidates
    zones = _known([own] if own else ()) or _known(of_number)
    if zones and (hours is None or len(zones) == 1 or sending_window(at_ms, hours, zones)):
        return zones
    return (of_tenant,)


def _known(zones: Sequence[str]) -> tuple[str, ...]:
    """The zones that the database of time zones knows."""
    return tuple(zone for zone in zones if zone in _KNOWN)
