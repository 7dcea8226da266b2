"""The settings of follow-ups: bands of scores with their steps, sending hours, caps and rates. All times are milliseconds."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from zoneinfo import ZoneInfo

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
EVERY_DAY = frozenset(range(7))  # Monday is 0
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")


@dataclass(frozen=True)
class Step:
    """One message of a sequence.

    Attributes:
        name: Unique within the settings; part of a follow-up's id.
        after_ms: Milliseconds between the lead and the message.
        channel: Name of the channel.
        template: Name of the template.
    """

    name: str
    after_ms: int
    channel: str
    template: str = ""


@dataclass(frozen=True)
class Band:
    """Leads with a score of at least `min_score` and below the next band, with their steps.

    Attributes:
        name: Name of the band.
        min_score: Lowest score, 0 to 1.
        steps: The messages, in order.
        intents: Intents that the band is for; empty for every lead, also for one without intent.
    """

    name: str
    min_score: float
    steps: tuple[Step, ...]
    intents: frozenset[str] = frozenset()


@dataclass(frozen=True)
class SendingHours:
    """The hours outside quiet hours, by the recipient's clock: from `opens` up to but not including `closes`."""

    opens: time = time(9)
    closes: time = time(20)
    days: frozenset[int] = EVERY_DAY

    def __post_init__(self) -> None:
        if not self.opens < self.closes or not self.days or not self.days <= EVERY_DAY:
            raise ValueError("sending hours open before they close, on one day of the week or more")


@dataclass(frozen=True)
class Cap:
    """At most `count` messages to one contact within any `window_ms`, over all channels."""

    count: int
    window_ms: int


@dataclass(frozen=True)
class Limit:
    """A rate of sends per second, and how many may leave at once."""

    per_second: float
    burst: int = 1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.per_second) and self.per_second > 0 and self.burst >= 1):
            raise ValueError("a limit has a rate above 0 and a burst of 1 or more")


@dataclass(frozen=True)
class Limits:
    """Rates of a tenant, of one sender and toward one recipient; `senders` has rates by channel, `sender` holds for all other channels."""

    tenant: Limit = Limit(50, 50)
    sender: Limit = Limit(1, 1)
    recipient: Limit = Limit(1 / 6, 1)
    senders: Mapping[str, Limit] = field(default_factory=dict)

    def of(self, channel: str) -> Limit:
        """The rate of the sender of a channel."""
        return self.senders.get(channel, self.sender)


def phone_hours() -> Mapping[str, SendingHours]:
    """Sending hours of the channels that ring a phone."""
    return {"sms": SendingHours(), "whatsapp": SendingHours()}


@dataclass(frozen=True)
class FollowUpSpec:
    """All settings of one plan.

    Attributes:
        plan: Name of the plan; part of a follow-up's id.
        bands: Bands of scores, in any order.
        generation: Counts the changes of the plan after which its steps are sent anew.
        hours: Sending hours by channel; a channel without any sends at all hours.
        time_zone: Zone of the tenant, for recipients whose zones have no hour in common.
        caps: Caps over all channels.
        limits: Rates of sending.
        silent_intents: Intents after which nothing is sent, such as a complaint.
        arms: Arms of experiments that leads may belong to.
        horizon_ms: A step that would be this much later than wanted is not sent.
        retention_ms: Time for which the record of an ended follow-up is kept; at least as long as each cap's window.
    """

    plan: str
    bands: tuple[Band, ...]
    generation: int = 1
    hours: Mapping[str, SendingHours] = field(default_factory=phone_hours)
    time_zone: str = "UTC"
    caps: tuple[Cap, ...] = (Cap(1, DAY_MS), Cap(3, 7 * DAY_MS))
    limits: Limits = field(default_factory=Limits)
    silent_intents: frozenset[str] = frozenset()
    arms: tuple[str, ...] = ()
    horizon_ms: int = 7 * DAY_MS
    retention_ms: int = 30 * DAY_MS

    def __post_init__(self) -> None:
        steps = [step for band in self.bands for step in band.steps]
        names = [self.plan, *(step.name for step in steps), *{step.channel for step in steps}, *self.arms]
        if not all(_NAME.fullmatch(name) for name in names):
            raise ValueError(
                "plans, steps, channels and arms have names of 1 to 32 characters: a-z, 0-9 and -"
            )
        if len({step.name for step in steps}) < len(steps):
            raise ValueError("each step has a name of its own")
        if any(not 0 <= step.after_ms <= self.horizon_ms for step in steps):
            raise ValueError("a step is due between the lead and the horizon")
        if any(cap.count < 1 or not 0 < cap.window_ms <= self.retention_ms for cap in self.caps):
            raise ValueError("a cap counts 1 or more within a window no longer than the retention")
        ZoneInfo(self.time_zone)

    def band(self, score: float, intent: str | None) -> Band | None:
        """The band with the highest `min_score` not above the score, among those for the intent; None where there is none."""
        fitting = [
            band
            for band in self.bands
            if band.min_score <= score and (not band.intents or intent in band.intents)
        ]
        return max(fitting, key=lambda band: band.min_score, default=None)
