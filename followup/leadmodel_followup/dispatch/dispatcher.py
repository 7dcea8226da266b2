"""Due, claim, record, send, outcome. Any number of dispatchers may work at once, and each may be killed anywhere."""

import logging
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from leadmodel_followup.channels.channel import Channel, Message
from leadmodel_followup.channels.outcomes import Accepted, OptedOut, Outcome, Rejected, Throttled, Unknown
from leadmodel_followup.dispatch.settings import DispatchSettings
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import (
    ALWAYS,
    Begun,
    Conditions,
    Dropped,
    FollowUp,
    Go,
    Later,
    Rate,
    Settled,
    State,
)
from leadmodel_followup.planning.identity import ContactHasher
from leadmodel_followup.planning.quiet import Window, sending_window
from leadmodel_followup.planning.spec import FollowUpSpec, Limit
from leadmodel_followup.planning.time_zones import number_zones, zones_for

_LOG = logging.getLogger(__name__)
Compose = Callable[[FollowUp], Message | None]


def wall_ms() -> int:
    """Return the present time in milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Milliseconds of a clock that is never put back."""
    return time.monotonic_ns() // 1_000_000


@dataclass
class Dispatcher:
    """Sends what is due for one tenant.

    Attributes:
        ledger: The tenant's ledger.
        channels: Channels by name.
        compose: Returns the message of a follow-up, with the address read now; None where the lead is gone.
        hasher: Hashes addresses as they were hashed for consents.
        spec: Sending hours, caps and rates.
        settings: Times.
        now: Milliseconds UTC.
        since: Milliseconds of a monotonic clock.
    """

    ledger: Ledger
    channels: Mapping[str, Channel]
    compose: Compose
    hasher: ContactHasher
    spec: FollowUpSpec
    settings: DispatchSettings = field(default_factory=DispatchSettings)
    now: Callable[[], int] = wall_ms
    since: Callable[[], int] = monotonic_ms

    def tick(self) -> Counter[str]:
        """Deliver one batch of due follow-ups. Returns what became of them, by words.

        Raises:
            LedgerUnavailable: The ledger cannot be reached; all that was recorded holds.
        """
        claims = self.ledger.claim(self.settings.batch, self.settings.claim_ms)
        return Counter(self.deliver(claim) for claim in claims)

    def send(self, follow_up_id: str) -> tuple[FollowUp | None, str]:
        """Deliver one follow-up by its id. Returns the follow-up and what became of it.

        The follow-up is None where none of this plan waits under the id.

        Raises:
            LedgerUnavailable: The ledger cannot be reached; all that was recorded holds.
        """
        record = self.ledger.read(follow_up_id) if self.ledger.owns(follow_up_id) else {}
        if record.get("state") != State.WAITING:
            return None, "gone"
        lead, contact, channel, step = (record[name] for name in ("lead", "contact", "channel", "step"))
        follow_up = FollowUp(follow_up_id, lead, contact, channel, step, int(record["due"]))
        return follow_up, self.deliver(follow_up)

    def deliver(self, follow_up: FollowUp) -> str:
        """Record an attempt, send, record the outcome. Returns what became of the follow-up, in one word."""
        if self._is_too_late(follow_up, self.now()):
            return "too-late" if self.ledger.cancel(follow_up.id, "too-late") else "gone"
        channel = self.channels.get(follow_up.channel)
        if channel is None:
            return self._give_up(follow_up, "no-channel")
        try:
            message = self.compose(follow_up)
        except Exception as error:  # noqa: BLE001  # one follow-up must not hold up the others
            _LOG.warning("follow-up %s: no message (%s)", follow_up.id, type(error).__name__)
            return "not-composed"
        if message is None:
            return self._give_up(follow_up, "no-message")
        return self._attempt(follow_up, message, channel)

    def _give_up(self, follow_up: FollowUp, why: str) -> str:
        """End what this pod cannot send, unless the plan of a pod that read newer settings may have made it."""
        if self.now() < follow_up.due_ms + self.settings.reload_ms:
            return "not-composed"
        self.ledger.cancel(follow_up.id, why)
        return why

    def _attempt(self, follow_up: FollowUp, message: Message, channel: Channel) -> str:
        began_ms = self.since()
        begun = self._begin(follow_up, message, channel)
        if not isinstance(begun, Go):
            return begun.why if isinstance(begun, Later | Dropped) else "gone"
        if self.since() - began_ms > self.settings.start_ms:
            self.ledger.again(follow_up.id, begun.attempt, "slow-start", self.now())
            return "slow-start"
        outcome = _send(channel, message)
        settled = self._settle(follow_up, begun.attempt, outcome)
        again_ms = self.now() + outcome.retry_after_ms if isinstance(outcome, Throttled) else 0
        if self._is_too_late(follow_up, again_ms) and self.ledger.cancel(follow_up.id, "too-late"):
            return "too-late"
        told_before = isinstance(outcome, Accepted) and settled is Settled.SAME  # a webhook was faster
        return type(outcome).__name__.lower() if settled is Settled.SETTLED or told_before else str(settled)

    def _is_too_late(self, follow_up: FollowUp, at_ms: int) -> bool:
        """Whether an attempt at a time would be later than the plan's horizon."""
        return at_ms > follow_up.due_ms + self.spec.horizon_ms

    def _begin(self, follow_up: FollowUp, message: Message, channel: Channel) -> Begun:
        address = self.hasher.address(message.address)
        limits, look_ms = self.spec.limits, self.settings.look_ms(channel.timeout_ms)
        rates = (
            _rate("tenant", limits.tenant),
            _rate(f"from:{channel.sender}", limits.of(follow_up.channel)),
            _rate(f"to:{address}", limits.recipient),
        )
        window = self._window(follow_up.channel, message)
        hashed = self.hasher.message(message.address, message.body)
        conditions = Conditions(address, window, look_ms, self.spec.caps, rates, hashed, message.source)
        return self.ledger.begin(follow_up.id, conditions)

    def _window(self, channel: str, message: Message) -> Window:
        """The sending hours from now on, by the recipient's clock."""
        hours = self.spec.hours.get(channel)
        if hours is None:
            return ALWAYS
        now_ms = self.now()
        candidates = (message.zone, number_zones(message.address), self.spec.time_zone)
        window = sending_window(now_ms, hours, zones_for(candidates, hours, now_ms))
        if window is None:
            raise ValueError("one zone always has sending hours")
        return window

    def _settle(self, follow_up: FollowUp, attempt: int, outcome: Outcome) -> Settled:
        match outcome:
            case Accepted(provider_id):
                return self.ledger.sent(follow_up.id, attempt, provider_id)
            case Rejected(code):
                return self.ledger.failed(follow_up.id, attempt, code)
            case OptedOut():
                return self.ledger.failed(follow_up.id, attempt, "opted-out")
            case Throttled(retry_after_ms, why):
                return self.ledger.again(follow_up.id, attempt, why, self.now() + retry_after_ms)
            case Unknown(why):
                return self.ledger.unknown(follow_up.id, attempt, why, self.now() + self.settings.quiet_ms)


def _send(channel: Channel, message: Message) -> Outcome:
    """The channel's outcome; an exception may have come after the provider took the message."""
    try:
        return channel.send(message)
    except Exception as error:  # noqa: BLE001  # whatever it is, the message may have left
        _LOG.warning("follow-up %s: the channel raised %s", message.reference, type(error).__name__)
        return Unknown(type(error).__name__)


def _rate(name: str, limit: Limit) -> Rate:
    return Rate(name, round(1_000_000 / limit.per_second), limit.burst)
