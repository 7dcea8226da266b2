"""The ledger of one tenant: the only truth of its follow-ups. Each method is one script, so one atomic step.

An attempt is recorded before its message leaves and its outcome after. A crash in between leaves an open attempt; nobody sends again
before `overdue` and the provider's look-up have told what became of it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import redis

from leadmodel_followup.ledger.errors import LedgerUnavailable, reached
from leadmodel_followup.ledger.events import Event, News, news
from leadmodel_followup.ledger.records import (
    Begun,
    Conditions,
    Dropped,
    FollowUp,
    Go,
    Gone,
    History,
    Later,
    OpenAttempt,
    Overview,
    Recorded,
    Settled,
    Submission,
)
from leadmodel_followup.ledger.scripts import decoded, load
from leadmodel_followup.planning.identity import checked_lead, checked_tenant, plan_tag
from leadmodel_followup.planning.spec import DAY_MS
from leadmodel_messages.followups_report import ARM_COUNTS, ArmCounts


class Ledger:
    """The follow-ups of one tenant in a Redis or Valkey.

    Attributes:
        tenant: A DNS label; its key-space is `fu:{tenant}`.
        keep_ms: How long the record of an ended follow-up is kept; a lead older than that gets no new one.
        plan_key: Root of the keys of this plan alone.
    """

    def __init__(
        self,
        client: "redis.Redis",
        tenant: str,
        keep_ms: int = 30 * DAY_MS,
        *,
        plan: str = "plan",
        clock: Callable[[], int] | None = None,
        scripts: dict[str, str] | None = None,
    ) -> None:
        """Take a client and the plan whose follow-ups wait here; opt-outs, consents, caps and rates hold over all plans of the tenant.

        `clock` gives milliseconds UTC in place of the server's clock, which is exact between many workers.
        """
        self.tenant = checked_tenant(tenant)
        self.keep_ms = keep_ms
        self._client = client
        self._tag = plan_tag(plan)
        self._root = f"fu:{{{tenant}}}"
        self.plan_key = f"{self._root}:q:{self._tag}"
        self._keys = [self._root, self.plan_key]
        self._clock = clock
        self._scripts: dict[str, Any] = {
            name: client.register_script(text) for name, text in (scripts or load()).items()
        }

    def _call(self, name: str, *arguments: Any) -> Any:
        now = "" if self._clock is None else self._clock()
        given = [now, self.keep_ms, *arguments]
        return decoded(reached(name, lambda: self._scripts[name](keys=self._keys, args=given)))

    def create(self, follow_up: FollowUp, lead_at_ms: int) -> str:
        """Record a follow-up that waits and leave all others as they are; as `submit`."""
        (word,) = self.submit(Submission(follow_up.contact, follow_up.lead, lead_at_ms), [follow_up])
        return word

    def submit(self, lead: Submission, follow_ups: Sequence[FollowUp]) -> list[str]:
        """Record follow-ups of a lead that wait, and end what waits of the lead from before and does not stay.

        Returns:
            For each: `created`; `exists` for an id that is there, unless a later call had withdrawn it; `superseded` where a later call for the lead
            came before; `stopped` after an opt-out; `replied` or `silent-intent` where the contact answered or had a silent intent after the
            lead came in; `converted` for a customer; `too-old` for a lead older than `keep_ms`; `too-many` of one person.

        Raises:
            ValueError: An id is none of this plan, so that no list of the plan would ever lose it.
        """
        if not all(self.owns(one.id) for one in follow_ups):
            raise ValueError("the id of a follow-up begins with the tag of its plan")
        stays: tuple[str | int, ...] = ("",) if lead.stays is None else (len(lead.stays), *lead.stays)
        fields = [value for f in follow_ups for value in (f.id, f.due_ms, f.channel, f.step)]
        silent = "1" if lead.silent else ""
        words = self._call(
            "create", lead.contact, checked_lead(lead.lead), lead.at_ms, silent, lead.arm, *stays, *fields
        )
        return [str(word) for word in words]

    def owns(self, follow_up_id: str) -> bool:
        """Whether an id is one of this plan, by its tag."""
        return follow_up_id.startswith(self._tag)

    def fits_key(self, fingerprint: str, generation: int, *, keep: bool) -> bool:
        """Whether a contact key is the one with which the plan began, or a later generation brings it; `keep` notes it."""
        return bool(self._call("key", fingerprint, generation, "1" if keep else ""))

    def claim(self, count: int, lease_ms: int) -> list[FollowUp]:
        """Take at most `count` due follow-ups; they come up again when the lease ends and nobody began. Doubles are harmless."""
        return [_follow_up(fields) for fields in self._call("claim", count, lease_ms)]

    def next_due_ms(self) -> int | None:
        """When the first that waits is due, None where none waits; costs less than a `claim` that finds nothing."""
        first = reached("due", lambda: self._client.zrange(f"{self.plan_key}:due", 0, 0, withscores=True))
        return int(first[0][1]) if first else None

    def begin(self, follow_up_id: str, conditions: Conditions) -> Begun:
        """Record an attempt if nothing speaks against it in this moment."""
        c = conditions
        caps = [value for cap in c.caps for value in (cap.count, cap.window_ms)]
        rates = [value for rate in c.rates for value in (rate.name, rate.every_us, rate.burst)]
        kind, *answer = self._call(
            "begin", follow_up_id, c.address, *c.window, c.look_ms, c.message, c.template, *caps, "", *rates
        )
        if kind == "go":
            return Go(int(answer[0]))
        if kind == "later":
            return Later(int(answer[0]), answer[1])
        return Dropped(answer[0]) if kind == "dropped" else Gone(answer[0])

    def sent(self, follow_up_id: str, attempt: int, provider_id: str) -> Settled:
        """Record that the provider took the message; true whenever it comes."""
        return self._settle(follow_up_id, attempt, "sent", "accepted", provider_id, 0)

    def failed(self, follow_up_id: str, attempt: int, why: str) -> Settled:
        """Record that the message will never leave; `opted-out` stops the contact on all channels in the same step."""
        return self._settle(follow_up_id, attempt, "failed", why)

    def again(self, follow_up_id: str, attempt: int, why: str, at_ms: int) -> Settled:
        """Record that the provider certainly has no message of this attempt, so that another attempt may begin at a time."""
        return self._settle(follow_up_id, attempt, "waiting", why, "", at_ms)

    def unknown(self, follow_up_id: str, attempt: int, why: str, look_at_ms: int) -> Settled:
        """Record that nobody knows whether the provider took the message; `overdue` answers the attempt at a time."""
        return self._settle(follow_up_id, attempt, "unknown", why, "", look_at_ms)

    def lost(self, follow_up_id: str, attempt: int) -> Settled:
        """Record that nobody will look any more: the follow-up stays unknown and is not sent again."""
        return self._settle(follow_up_id, attempt, "lost", "no-trace-in-time")

    def resend(self, follow_up_id: str, attempt: int, at_ms: int) -> Settled:
        """Have a follow-up sent again although nobody knows of its attempt; the second time it is lost."""
        return self._settle(follow_up_id, attempt, "resend", "no-trace-in-time", "", at_ms)

    def _settle(self, follow_up_id: str, attempt: int, outcome: str, why: str, *more: str | int) -> Settled:
        return Settled(self._call("settle", follow_up_id, attempt, outcome, why, *(more or ("", 0))))

    def overdue(self, count: int, again_ms: int) -> list[OpenAttempt]:
        """Take at most `count` attempts whose outcome is not known in time; they come up again after `again_ms`."""
        attempts = self._call("overdue", count, again_ms)
        return [OpenAttempt(_follow_up(one), int(one[6]), int(one[7]), one[8] or "") for one in attempts]

    def consent(self, contact: str, channel: str, address: str | None, at_ms: int, source: str) -> Recorded:
        """Record consent for an address (its hash), or with None that there is none; the later record stands, in whichever order they come.

        Consent does not lift an opt-out. Where a thousand others share the address, there is no consent on the channel from then on.
        """
        return Recorded(self._call("consent", contact, channel, address or "", at_ms, source))

    def stop(self, hashed: str) -> int:
        """Record an opt-out of a contact or an address: every waiting follow-up of the contacts behind it ends, on all channels."""
        return int(self._call("stop", hashed))

    def start(self, hashed: str, at_ms: int) -> int:
        """Lift the opt-out that came before a time from an address, for this address and the contacts behind it, or that of a contact.

        Opt-outs that came from elsewhere stay. Returns how many hashes are free of opt-outs now.
        """
        return int(self._call("start", hashed, at_ms))

    def apply(self, event: Event) -> tuple[News, ...]:
        """Apply an event, in any order and any number of times; it proves that a message went out. Returns what was new."""
        (new,) = self.apply_all([event])
        if new is None:
            raise LedgerUnavailable("event: refused")
        return new

    def apply_all(self, events: Sequence[Event]) -> list[tuple[News, ...] | None]:
        """Apply events in one round trip, each by itself; None for one that the server refused.

        Raises:
            LedgerUnavailable: The server cannot be reached; any of the events may have been applied.
        """
        values = [value for event in events for value in event.arguments]
        return [None if new is None else news(new) for new in self._call("event", *values)]

    def cancel_contact(self, contact: str, why: str) -> int:
        """End the waiting follow-ups of a contact; an attempt under way is not repeated."""
        return int(self._call("cancel", contact, "", why, ""))

    def end_sequence(self, contact: str, why: str, at_ms: int) -> tuple[int, bool]:
        """Record that a contact `replied` or `converted` at a time: what waits ends, and no lead from before gets a follow-up any more.

        Returns how many ended, and whether this is the first such word of a contact who was sent a message.
        """
        ended, first = self._call("cancel", contact, "", why, at_ms)
        return int(ended), bool(first)

    def cancel(self, follow_up_id: str, why: str) -> bool:
        """End one follow-up, if it waits."""
        return bool(self._call("cancel", "", follow_up_id, why, ""))

    def history(self, contact: str, lead: str = "", apart: Sequence[str] = ()) -> History:
        """What happened with a contact so far, for the planner; follow-ups of `apart` do not count while they wait."""
        stopped, replied, converted, flat, sends, newest = self._call("history", contact, lead, *apart)
        consents = dict(zip(flat[::2], flat[1::2], strict=True))
        times = tuple(sorted(int(time) for time in sends))
        return History(bool(stopped), int(replied), int(converted), consents, times, int(newest))

    def erase(self, contact: str) -> int:
        """Delete follow-ups, consents and rates of a contact; hashes of opt-outs stay, so that nobody writes to the contact again."""
        return int(self._call("erase", contact))

    def read(self, follow_up_id: str) -> dict[str, str]:
        """The record of a follow-up, empty where there is none."""
        fields = reached("read", lambda: self._client.hgetall(f"{self._root}:f:{follow_up_id}"))
        return {decoded(name): decoded(value) for name, value in fields.items()}

    def arms(self, names: Sequence[str]) -> tuple[ArmCounts, ...]:
        """Leads of the plan in each of these arms of experiments, by what became of them."""
        if not names:
            return ()
        fields = [f"{name} {what}" for name in names for what in ARM_COUNTS]
        counts = iter(reached("arms", lambda: self._client.hmget(f"{self.plan_key}:arms", fields)))
        return tuple(ArmCounts(name, *(int(next(counts) or 0) for _ in ARM_COUNTS)) for name in names)

    def overview(self) -> Overview:
        """Counts of the plan for status and metrics."""
        waiting, open_, unknown, sent, failed, oldest = self._call("overview")
        return Overview(waiting, open_, unknown, int(float(oldest)) if oldest else None, sent, failed)


def _follow_up(fields: Sequence[str]) -> FollowUp:
    name, lead, contact, channel, step, due_ms = fields[:6]
    return FollowUp(name, lead, contact, channel, step, int(due_ms))
