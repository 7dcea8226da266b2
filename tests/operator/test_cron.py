"""One grammar of schedules and time zones for the CRD's rules, the operator and one machine, and it is that of Kubernetes.

The model of the grammar below is written from the documentation of Kubernetes' CronJob and of its parser: fields of lists, of ranges
with steps, of numbers or names. It shares no line with the product.
"""

import random
import re
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import available_timezones

import pytest
from cronsim import CronSim

from leadmodel_cli.kubectl.manifest import holds, object_schema
from leadmodel_operator.resource import schedules
from leadmodel_operator.resource.runs import next_run

DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
BOUNDS: list[tuple[int, int, dict[str, int]]] = [
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, {name: i for i, name in enumerate(MONTHS, 1)}),
    (0, 6, {name: i for i, name in enumerate(DAYS)}),
]


def refusals(name: str, value: str) -> list[str]:
    """The sentences of the CRD's rules, evaluated as CEL, that a value of a setting of the retraining breaks."""
    spec = object_schema()["properties"]["spec"]["properties"]
    rules = spec["retraining"]["properties"][name]["x-kubernetes-validations"]
    return [rule["message"] for rule in rules if not holds(rule["rule"], value)]


def read(schedule: str) -> str | None:
    """The schedule as five fields of numbers; None where the product refuses the schedule."""
    try:
        return schedules.numbers(schedule)
    except ValueError:
        return None


# --- schedules -----------------------------------------------------------------------------------------------------------------

TABLE = {
    "0 1 * * *": "0 1 * * *",
    "*/15 0-2,18 1,15 JAN-mar Mon": "0,15,30,45 0,1,2,18 1,15 1,2,3 1",
    "0 0 ? * ?": "0 0 * * *",
    "50/5 * * * MON-5": "50,55 * * * 1,2,3,4,5",
    "007 01 */1 */12 *": "7 1 * 1 *",
    " 0\t1 *  * *\n": "0 1 * * *",
    "0 1 */100 * *": "0 1 1 * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@annually": "0 0 1 1 *",
    "0 1 * * 5-SUN": None,
    "0 1 * * SUN-5": "0 1 * * 0,1,2,3,4,5",
    "0 1 * DEC-1 *": None,
    "0 1 * * FRI-MON": None,
    "0 1 * * *,6-5": None,
    "8-6 * * * *": None,
    "60 1 * * *": None,
    "0 24 * * *": None,
    "0 0 0 * *": None,
    "0 0 * 13 *": None,
    "0 0 * * 7": None,
    "0 0 * MON *": None,
    "0 0 * * JAN": None,
    "MON 0 * * *": None,
    "0 0 * * \u017fun": None,
    "0 0 L * *": None,
    "0 0 * * 5#2": None,
    "*/0 0 * * *": None,
    "*/-1 0 * * *": None,
    "1-2-3 0 * * *": None,
    "1/2/3 0 * * *": None,
    "+5 0 * * *": None,
    "*-5 0 * * *": None,
    "1,,2 0 * * *": None,
    "0 1 * *": None,
    "0 0 1 * * *": None,
    "": None,
    "@every 1h": None,
    "@Daily": None,
    "@daily ": None,
    "@reboot": None,
    "TZ=UTC 0 1 * * *": None,
    "CRON_TZ=UTC 0 1 * * *": None,
    "0\u00a01 * * *": None,
    "0 1 * * *\x00": None,
}


@pytest.mark.parametrize("schedule", TABLE)
def test_a_schedule_is_read_as_kubernetes_reads_it(schedule):
    assert read(schedule) == TABLE[schedule]
    assert (refusals("schedule", schedule) == []) == (TABLE[schedule] is not None)


def modelled(schedule: str) -> str | None:
    """The meaning of a schedule after the documentation; None where the schedule is outside the grammar."""
    fields = schedule.split()
    if len(fields) != 5 or not schedule.isascii():
        return None
    meanings = [_field(*pair) for pair in zip(fields, BOUNDS, strict=True)]
    return None if None in meanings else " ".join(map(str, meanings))


def _field(field: str, bounds: tuple[int, int, dict[str, int]]) -> str | None:
    low, high, names = bounds
    times: set[int] = set()
    star = False
    for member in field.split(","):
        span, slash, step = member.partition("/")
        if slash and not (step.isdecimal() and int(step)):
            return None
        ends = [low, high] if span in {"*", "?"} else [_number(end, names) for end in span.split("-")]
        star |= span in {"*", "?"} and int(step or 1) == 1
        if slash and len(ends) == 1:
            ends.append(high)
        begin, end = ends[0], ends[-1]
        if len(ends) > 2 or begin is None or end is None or not low <= begin <= end <= high:
            return None
        times |= {
            time
            for time in range(low, high + 1)
            if begin <= time <= end and not (time - begin) % int(step or 1)
        }
    return "*" if star else ",".join(str(time) for time in sorted(times))


def _number(text: str, names: dict[str, int]) -> int | None:
    return names.get(text.lower(), int(text) if text.isdecimal() else None)


def drawn(chance: random.Random) -> str:
    """A schedule near the grammar: most fields are right, some have a wrong end, name, step or letter."""
    fields = []
    for i, (low, high, names) in enumerate(BOUNDS):
        known = list(names) if chance.random() < 0.97 else [*DAYS, *MONTHS]

        def value(low: int = low, high: int = high, known: list[str] = known) -> str:
            if known and chance.random() < 0.3:
                return chance.choice([str.lower, str.upper, str.title])(chance.choice(known))
            return f"{chance.choice(['', '', '0'])}{chance.randint(low, high + (chance.random() < 0.05))}"

        def member(value: Any = value) -> str:
            span = chance.choice(["*", "?", value(), f"{value()}-{value()}"])
            return span + chance.choice(["", "", "/1", "/5", "/07", "/60"])

        members = [member() for _ in range(chance.choice([1, 1, 2]))]
        fields.append(",".join(members if i else members[:1]))
    text = chance.choice([" ", " ", "  ", "\t"]).join(fields)
    if chance.random() < 0.1:
        at = chance.randrange(len(text))
        text = text[:at] + chance.choice(list("09*/-?#L ")) + text[at + 1 :]
    return text


def drawings(count: int) -> list[str]:
    """Schedules that fit into the field; the same for every run."""
    chance = random.Random(20261130)  # a draw of test data
    return [text for text in (drawn(chance) for _ in range(count)) if len(text) <= 64]


def test_drawn_schedules_are_read_as_the_model_of_the_grammar_reads_them():
    texts = drawings(5_000)
    differing = [text for text in texts if read(text) != modelled(text)]
    assert differing == []
    assert 0.2 < sum(modelled(text) is not None for text in texts) / len(texts) < 0.8


def test_the_rules_of_the_crd_take_the_drawn_schedules_that_the_operator_reads():
    texts = drawings(400)
    assert [text for text in texts if (refusals("schedule", text) == []) != (read(text) is not None)] == []


def test_control_without_the_rule_on_ranges_falling_ones_pass():
    def shape_only(schedule: str) -> bool:
        return re.fullmatch(schedules.CRON, schedule) is not None

    assert shape_only("0 1 * * 5-SUN")
    assert any(shape_only(text) and modelled(text) is None for text in drawings(400))


def test_day_and_weekday_are_both_required_only_beside_a_star_without_a_step():
    """Kubernetes starts `0 0 */10 * MON` on days 1, 11, 21, 31 and on every Monday; a plain reader of cron requires both."""
    since = datetime(2026, 3, 1, tzinfo=UTC)
    assert next_run("0 0 */10 * MON", since, schedules.zone("UTC")).day == 2
    assert next(CronSim("0 0 */10 * MON", since)).day != 2, "control"


# --- time zones ----------------------------------------------------------------------------------------------------------------

NO_IANA_NAMES = {"localtime"}  # a machine's own zone, which some machines list
ZONES = sorted(available_timezones() - NO_IANA_NAMES)
HOSTILE = [
    "", "Local", "local", "LOCAL", "localtime", "posixrules", "posix/UTC", "right/UTC", "europe/berlin", "Europe/Berln", "Europe",
    "Europe/", "Europe//Berlin", "/Europe/Berlin", "Europe/Berlin/", "Europe/../UTC", "../UTC", "/etc/localtime", "./UTC", "CET ", " CET",
    "CET\n", "CET\x00", "\uff23\uff25\uff34", "+02:00", "02:00", "-02:00", "UTC+2", "EST5EDT4", "Etc/-UTC", "-UTC", "zone.tab",
    "tzdata.zi", "$(ZONE)", "UTC,UTC", "A" * 15, "Etc/" + "A" * 15, "Europe\\Berlin", "C:UTC",
]  # fmt: skip


def takes(name: str) -> bool:
    """Whether the operator and one machine take the zone."""
    try:
        return schedules.zone(name).key == name
    except ValueError:
        return False


def test_every_time_zone_of_the_database_is_taken():
    assert len(ZONES) > 400
    assert {"CET", "EST5EDT", "UTC", "Japan", "GMT+0", "NZ-CHAT", "Etc/GMT+5"} <= set(ZONES)
    assert [name for name in ZONES if not takes(name)] == []
    assert [name for name in ZONES if refusals("timeZone", name)] == []


@pytest.mark.parametrize("name", HOSTILE)
def test_what_names_no_time_zone_is_refused_by_a_true_sentence(name):
    assert not takes(name)
    told = refusals("timeZone", name)
    assert told
    assert all(
        "time zone" in line and "IANA" in line and "such as Europe/Berlin, CET or UTC" in line
        for line in told
    )


@cache
def _former() -> re.Pattern[str]:
    return re.compile(r"^([A-Z][A-Za-z0-9_+-]*/[A-Za-z0-9_+/-]+|UTC|GMT|[A-Z]{3}[0-9][A-Z]{3})$")


def test_control_a_pattern_that_wants_a_slash_refuses_zones_that_exist():
    refused = [name for name in ZONES if not _former().fullmatch(name)]
    assert {"CET", "Japan", "W-SU"} <= set(refused)
