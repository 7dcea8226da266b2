"""Sending hours by the recipient's clock, also where clocks are put forward or back, against the wall clock itself."""

from datetime import UTC, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from leadmodel_followup.planning.quiet import sending_window
from leadmodel_followup.planning.spec import DAY_MS, SendingHours
from leadmodel_followup.planning.time_zones import number_zones, zones_for

NINE_TO_EIGHT = SendingHours()
ZONES = [
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "Africa/Cairo",
]


def ms(text):
    return round(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1000)


def shown(at_ms, zone):
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))


def is_open(at_ms, hours, zone):
    """What a person in the zone reads from clock and calendar."""
    local = shown(at_ms, zone)
    return local.weekday() in hours.days and hours.opens <= local.time() < hours.closes


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-03-07T21:00-05:00", "2026-03-08T09:00-04:00"),  # the night that is an hour shorter
        ("2026-10-31T21:00-04:00", "2026-11-01T09:00-05:00"),  # the night that is an hour longer
        ("2026-06-01T08:59:59-04:00", "2026-06-01T09:00-04:00"),
        ("2026-06-01T20:00-04:00", "2026-06-02T09:00-04:00"),
    ],
)
def test_what_is_held_back_opens_at_nine(at, opens):
    window = sending_window(ms(at), NINE_TO_EIGHT, ["America/New_York"])
    assert window is not None
    assert window[0] == ms(opens)
    assert shown(window[1], "America/New_York").time() == time(20)


def test_inside_the_hours_the_window_is_open():
    at = ms("2026-06-01T12:00-04:00")
    opens, closes = sending_window(at, NINE_TO_EIGHT, ["America/New_York"])
    assert opens < at < closes == ms("2026-06-01T20:00-04:00")


def test_days_of_the_week_are_the_recipients():
    """Sunday in Berlin is still Saturday in New York, where nothing is sent before Monday."""
    weekdays = SendingHours(days=frozenset(range(5)))
    opens, _ = sending_window(ms("2026-06-07T01:00+02:00"), weekdays, ["America/New_York"])
    assert opens == ms("2026-06-08T09:00-04:00")


@pytest.mark.parametrize("year", [2026, 2027])
@pytest.mark.parametrize("zone", ZONES)
def test_every_window_is_open_on_the_wall_clock(zone, year):
    """Around each change of the clocks too, with hours that begin and end in the hour that is left out or comes twice."""
    chance, checked = Random(f"{zone}{year}"), 0
    starts = ms(f"{year}-01-01T00:00+00:00")
    changes = [
        starts + day * DAY_MS
        for day in range(365)
        if shown(starts + day * DAY_MS, zone).utcoffset()
        != shown(starts + (day + 1) * DAY_MS, zone).utcoffset()
    ]
    for near in [*changes * 20, *[starts + chance.randrange(365) * DAY_MS for _ in range(20)]]:
        first, last = sorted(chance.sample(range(24 * 4), 2))
        hours = SendingHours(time(first // 4, first % 4 * 15), time(last // 4, last % 4 * 15))
        at = near + chance.randrange(DAY_MS)
        opens, closes = sending_window(at, hours, [zone])
        assert max(opens, at) < closes
        inside = [max(opens, at), closes - 1, *(chance.randrange(max(opens, at), closes) for _ in range(8))]
        assert all(is_open(moment, hours, zone) for moment in inside)
        checked += 1
    assert checked >= 20


def test_all_zones_are_inside_at_once():
    zones = ["Australia/Perth", "Australia/Sydney"]
    opens, closes = sending_window(ms("2026-06-01T00:00+00:00"), NINE_TO_EIGHT, zones)
    for zone in zones:
        assert is_open(opens, NINE_TO_EIGHT, zone)
        assert is_open(closes - 1, NINE_TO_EIGHT, zone)
    assert timedelta(milliseconds=closes - opens) == timedelta(hours=9)


def test_zones_without_an_hour_in_common_have_no_window():
    assert sending_window(0, SendingHours(time(9), time(12)), ["Asia/Tokyo", "America/New_York"]) is None


def test_hours_that_never_open_are_refused():
    for opens, closes, days in [(9, 9, {0}), (20, 9, {0}), (9, 20, set()), (9, 20, {7})]:
        with pytest.raises(ValueError, match="sending hours"):
            SendingHours(time(opens), time(closes), frozenset(days))


def test_the_lead_knows_better_than_the_number_and_the_number_better_than_the_tenant():
    new_york, toll_free = number_zones("+12125550123"), number_zones("+18005550123")
    assert new_york == ("America/New_York",)
    assert len(toll_free) > 20
    at = ms("2026-06-01T00:00+00:00")
    assert zones_for(("Europe/Paris", new_york, "UTC"), NINE_TO_EIGHT, at) == ("Europe/Paris",)
    assert zones_for((None, new_york, "UTC"), NINE_TO_EIGHT, at) == new_york
    assert zones_for((None, toll_free, "UTC"), NINE_TO_EIGHT, at) == ("UTC",)
    assert zones_for(("Mars/Olympus", (), "UTC"), NINE_TO_EIGHT, at) == ("UTC",)


@pytest.mark.parametrize("text", ["", "somebody@example.org", "5550123", "+999999999999999"])
def test_what_is_no_number_has_no_zones(text):
    assert number_zones(text) == ()
