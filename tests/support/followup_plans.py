"""Random leads with histories for the planner, and an independent reading of what must not happen."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from random import Random
from zoneinfo import ZoneInfo

from leadmodel_followup.planning.plan import ContactHistory, Facts, Lead, Scheduled, Skipped
from leadmodel_followup.planning.spec import DAY_MS, HOUR_MS, Band, Cap, FollowUpSpec, SendingHours, Step

CHANNELS = ("sms", "whatsapp", "email")
ZONES = (
    ("America/New_York",),
    ("Europe/Berlin",),
    ("Asia/Kathmandu",),
    ("Australia/Perth", "Australia/Sydney"),
    ("Pacific/Honolulu", "Asia/Tokyo"),
    (),
)
START = round(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)


def spec(chance: Random) -> FollowUpSpec:
    """Bands, hours and caps of a tenant."""
    opens, closes = chance.choice(((9, 20), (8, 21), (10, 12)))
    days = chance.choice((frozenset(range(7)), frozenset(range(5))))
    hours = SendingHours(time(opens), time(closes), days)
    low = tuple(Step(f"low-{i}", i * 9 * HOUR_MS, chance.choice(CHANNELS)) for i in range(2))
    high = tuple(Step(f"high-{i}", i * 5 * HOUR_MS, chance.choice(CHANNELS)) for i in range(3))
    return FollowUpSpec(
        "plan",
        (Band("low", 0.2, low), Band("high", 0.7, high)),
        hours={"sms": hours, "whatsapp": hours},
        time_zone="Europe/London",
        caps=(Cap(chance.choice((1, 2)), DAY_MS), Cap(3, 7 * DAY_MS)),
        silent_intents=frozenset({"complaint"}),
    )


def facts(chance: Random, settings: FollowUpSpec) -> Facts:
    """One lead with consents and history at a random time of two years."""
    now = START + chance.randrange(730 * DAY_MS)
    lead = Lead(
        "tenant",
        f"lead-{chance.randrange(10**9)}",
        "contact",
        now - chance.choice((0, HOUR_MS, DAY_MS, 9 * DAY_MS)),
        zone=chance.choice((None, None, "America/Chicago")),
        number_zones={"sms": (zones := chance.choice(ZONES)), "whatsapp": zones},
    )
    sends = tuple(now + chance.randrange(-8 * DAY_MS, 3 * DAY_MS) for _ in range(chance.choice((0, 0, 1, 2))))
    flags = [chance.random() < 0.1 for _ in range(3)]
    return Facts(
        lead,
        chance.choice((None, 0.1, 0.2, 0.5, 0.7, 0.95)),
        chance.choice((None, "buy", "complaint")),
        frozenset(name for name in CHANNELS if chance.random() < 0.6),
        ContactHistory(*flags, sends_ms=sends),
        settings,
        now,
    )


def histories(count: int, seed: int = 0) -> Iterator[Facts]:
    """So many leads; a hundred share one tenant's settings."""
    chance = Random(seed)
    for i in range(count):
        if i % 100 == 0:
            settings = spec(chance)
        yield facts(chance, settings)


def breaches(facts: Facts, planned: tuple[Scheduled | Skipped, ...]) -> set[str]:
    """What is wrong with a plan, by words, read from the facts alone."""
    scheduled = [item for item in planned if isinstance(item, Scheduled)]
    history = facts.history
    silent = {
        "stopped": history.stopped,
        "replied": history.replied,
        "converted": history.converted,
        "silent-intent": facts.intent in facts.spec.silent_intents,
        "too-old": facts.now_ms - facts.lead.at_ms > facts.spec.horizon_ms,
        "cap": over_cap(facts, [item.due_ms for item in scheduled]),
    }
    wrong = {word for word, applies in silent.items() if applies and scheduled}
    for item in scheduled:
        if item.step.channel not in facts.consent:
            wrong.add("no-consent")
        if item.due_ms < max(facts.now_ms, facts.lead.at_ms + item.step.after_ms):
            wrong.add("early")
        if item.step.channel in facts.spec.hours and not awake(item, facts):
            wrong.add("hours")
    if not scheduled and sendable(facts):
        wrong.add("silent")
    return wrong


def awake(item: Scheduled, facts: Facts) -> bool:
    """Whether the recipient's clocks show a time inside the hours: the lead's own, else each of the number's, else the tenant's."""
    hours, lead = facts.spec.hours[item.step.channel], facts.lead
    zones = [lead.zone] if lead.zone else list(lead.number_zones[item.step.channel])
    apart = len(zones) > 1 and hours.closes.hour - hours.opens.hour == 2  # too short for two zones
    for zone in ["Europe/London"] if apart or not zones else zones:
        local = datetime.fromtimestamp(item.due_ms / 1000, ZoneInfo(zone))
        if local.weekday() not in hours.days or not hours.opens <= local.time() < hours.closes:
            return False
    return True


def over_cap(facts: Facts, new: list[int]) -> bool:
    """Whether a window that holds a new message holds more messages than a cap allows."""
    every = sorted([*facts.history.sends_ms, *new])
    for cap in facts.spec.caps:
        for first in every:
            inside = [at for at in every if first <= at < first + cap.window_ms]
            if len(inside) > cap.count and set(inside) & set(new):
                return True
    return False


def sendable(facts: Facts) -> bool:
    """Whether nothing at all speaks against a message: a planner that plans nothing would pass all else."""
    history = facts.history
    free = not (history.stopped or history.replied or history.converted or history.sends_ms)
    fresh = facts.now_ms - facts.lead.at_ms <= DAY_MS
    scored = facts.score is not None and facts.score >= 0.2
    return free and fresh and scored and facts.intent != "complaint" and len(facts.consent) == len(CHANNELS)
