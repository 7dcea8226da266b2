"""Which steps a lead gets when, or why none: every rule of a follow-up's schedule. Pure, so that rules are tested by millions.

The dispatcher checks consent, opt-outs, hours, caps and rates again in the moment of sending, because they may change in between.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from zlib import crc32

from leadmodel_followup.planning.identity import follow_up_id
from leadmodel_followup.planning.quiet import sending_window
from leadmodel_followup.planning.spec import Band, FollowUpSpec, Step
from leadmodel_followup.planning.time_zones import zones_for

_JITTER_MS = 600_000  # what quiet hours hold back leaves over ten minutes, not in one second


class SkipReason(StrEnum):
    """Why a lead or one of its steps gets no message."""

    STOPPED = "stopped"
    REPLIED = "replied"
    CONVERTED = "converted"
    TOO_OLD = "too-old"
    NO_SCORE = "no-score"
    SILENT_INTENT = "silent-intent"
    NO_BAND = "no-band"
    NO_CONSENT = "no-consent"
    TOO_LATE = "too-late"


@dataclass(frozen=True)
class Lead:
    """A lead without its text and addresses.

    Attributes:
        tenant: Whose lead.
        id: The caller's id of the lead, no address.
        contact: Hash of the person.
        at_ms: When the lead came in.
        zone: Time zone of the person, None if not known.
        number_zones: Time zones of the person's number, by channel.
    """

    tenant: str
    id: str
    contact: str
    at_ms: int
    zone: str | None = None
    number_zones: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class ContactHistory:
    """What happened with a contact so far.

    Attributes:
        stopped: Opted out, on whichever channel.
        replied: Answered after the lead came in.
        converted: Became a customer.
        sends_ms: Times of messages sent and of messages waiting, over all plans and channels.
    """

    stopped: bool = False
    replied: bool = False
    converted: bool = False
    sends_ms: tuple[int, ...] = ()


@dataclass(frozen=True)
class Scheduled:
    """A step that will be sent. `zones` are those whose sending hours hold; empty for a channel that sends at all hours."""

    id: str
    step: Step
    due_ms: int
    zones: tuple[str, ...]


@dataclass(frozen=True)
class Skipped:
    """A step, or with step None the whole lead, that gets no message."""

    reason: SkipReason
    step: Step | None = None


@dataclass(frozen=True)
class Facts:
    """All that the rules decide by."""

    lead: Lead
    score: float | None
    intent: str | None
    consent: frozenset[str]
    history: ContactHistory
    spec: FollowUpSpec
    now_ms: int

    @property
    def band(self) -> Band | None:
        """The band of the lead's score."""
        return None if self.score is None else self.spec.band(self.score, self.intent)


LeadRule = tuple[SkipReason, Callable[[Facts], bool]]
StepRule = tuple[SkipReason, Callable[[Facts, Step], bool]]
Move = Callable[
    [Facts, Step, int, Sequence[int]], int
]  # a time and the other sends to the same or a later time


def _in_hours(facts: Facts, step: Step, at_ms: int, _: Sequence[int]) -> int:
    hours = facts.spec.hours.get(step.channel)
    if hours is None:
        return at_ms
    window = sending_window(at_ms, hours, hour_zones(facts, step, at_ms))
    opens, closes = window or (at_ms, at_ms + 1)
    if opens <= at_ms:
        return at_ms
    jitter = crc32(_id(facts, step).encode()) % min(_JITTER_MS, closes - opens)
    return opens + jitter


def _under_caps(facts: Facts, _: Step, at_ms: int, sends: Sequence[int]) -> int:
    for cap in facts.spec.caps:
        near = [time for time in sends if abs(time - at_ms) < cap.window_ms]
        if len(near) >= cap.count:
            return min(near) + cap.window_ms
    return at_ms


LEAD_RULES: tuple[LeadRule, ...] = (
    (SkipReason.STOPPED, lambda facts: facts.history.stopped),
    (SkipReason.CONVERTED, lambda facts: facts.history.converted),
    (SkipReason.REPLIED, lambda facts: facts.history.replied),
    (SkipReason.TOO_OLD, lambda facts: facts.now_ms - facts.lead.at_ms > facts.spec.horizon_ms),
    (SkipReason.NO_SCORE, lambda facts: facts.score is None or math.isnan(facts.score)),
    (SkipReason.SILENT_INTENT, lambda facts: facts.intent in facts.spec.silent_intents),
    (SkipReason.NO_BAND, lambda facts: facts.band is None),
)
STEP_RULES: tuple[StepRule, ...] = (
    (SkipReason.NO_CONSENT, lambda facts, step: step.channel not in facts.consent),
)
MOVES: tuple[Move, ...] = (_in_hours, _under_caps)


@dataclass(frozen=True)
class Rules:
    """The rules of a plan: what skips a lead, what skips a step, and what moves a step to a later time."""

    lead: tuple[LeadRule, ...] = LEAD_RULES
    step: tuple[StepRule, ...] = STEP_RULES
    moves: tuple[Move, ...] = MOVES


def plan(facts: Facts, rules: Rules = Rules()) -> tuple[Scheduled | Skipped, ...]:
    """What becomes of each step of the lead's band, or one Skipped for the lead; the first rule that applies answers."""
    for reason, applies in rules.lead:
        if applies(facts):
            return (Skipped(reason),)
    band = facts.band
    return () if band is None else tuple(_steps(facts, band, rules))


def _steps(facts: Facts, band: Band, rules: Rules) -> Iterator[Scheduled | Skipped]:
    sends = list(facts.history.sends_ms)
    for step in band.steps:
        reason = next((reason for reason, applies in rules.step if applies(facts, step)), None)
        if reason is not None:
            yield Skipped(reason, step)
            continue
        due_ms = _due(facts, step, sends, rules.moves)
        if due_ms is None:
            yield Skipped(SkipReason.TOO_LATE, step)
            continue
        sends.append(due_ms)
        zones = hour_zones(facts, step, due_ms) if step.channel in facts.spec.hours else ()
        yield Scheduled(_id(facts, step), step, due_ms, zones)


def _due(facts: Facts, step: Step, sends: Sequence[int], moves: Sequence[Move]) -> int | None:
    """The first time that no move moves any more; None beyond the horizon."""
    wanted = max(facts.lead.at_ms + step.after_ms, facts.now_ms)
    at_ms, settled = wanted, False
    while not settled:
        before = at_ms
        for move in moves:
            at_ms = move(facts, step, at_ms, sends)
        settled = at_ms == before
        if at_ms - wanted > facts.spec.horizon_ms:
            return None
    return at_ms


def hour_zones(facts: Facts, step: Step, at_ms: int) -> tuple[str, ...]:
    """The zones whose sending hours hold for a step that is wanted at a time."""
    numbers = facts.lead.number_zones.get(step.channel, ())
    hours = facts.spec.hours.get(step.channel)
    return zones_for((facts.lead.zone, numbers, facts.spec.time_zone), hours, at_ms)


def _id(facts: Facts, step: Step) -> str:
    lead, spec = facts.lead, facts.spec
    return follow_up_id(lead.tenant, lead.id, spec.plan, spec.generation, step.name)
