"""Takes leads and what people decide. Every call may be repeated: equal requests have equal effects.

Names and addresses are kept once a step of the person is to be scheduled, also where the ledger then has no place for it (`too-many`), and
only in the contact book.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from leadmodel_followup.contacts.book import Contact, ContactBook
from leadmodel_followup.intake.requests import ConsentChange, Lead, Word
from leadmodel_followup.ledger.events import Event, Kind
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import (
    SUPERSEDED,
    WITHDRAWN,
    FollowUp,
    History,
    Recorded,
    State,
    Submission,
)
from leadmodel_followup.metrics import Metrics
from leadmodel_followup.planning import plan as planning
from leadmodel_followup.planning.identity import ContactHasher, follow_up_id
from leadmodel_followup.planning.plan import ContactHistory, Facts, Scheduled, Skipped, SkipReason, plan
from leadmodel_followup.planning.spec import FollowUpSpec, Step
from leadmodel_followup.planning.time_zones import number_zones


@dataclass(frozen=True)
class Planned:
    """What became of one step, or with step None of the whole lead: waits under an id until it is due, or the reason why nothing is sent."""

    step: str | None
    id: str | None = None
    due_ms: int | None = None
    skipped: str | None = None


@dataclass(frozen=True)
class Intake:
    """The intake of one plan.

    Attributes:
        ledger: The tenant's ledger.
        book: The tenant's contact book.
        hasher: Hashes of people and addresses.
        spec: The plan.
        now: Milliseconds UTC.
        metrics: Where scheduled follow-ups are counted; None: nowhere.
    """

    ledger: Ledger
    book: ContactBook
    hasher: ContactHasher
    spec: FollowUpSpec
    now: Callable[[], int]
    metrics: Metrics | None = None

    def submit(self, lead: Lead) -> tuple[Planned, ...]:
        """Record the consents of a lead and schedule the steps of its band; what of them is scheduled already stays as it is.

        What waits of the lead from another band ends, and after a silent intent what waits of the person from leads up to then. A call whose
        time is before that of another for the lead changes nothing but consents. An arm that the plan does not name counts as none.

        Raises:
            LedgerUnavailable: The ledger cannot be reached. Either all is recorded or nothing but consents; the same call completes it.
        """
        contact = self.hasher.contact(lead.person)
        crowded = self._consents(lead, contact)
        steps = self._steps(lead)
        stays = [self._id(lead, step) for step in steps]
        apart = [self._id(lead, step) for band in self.spec.bands for step in band.steps]
        history = self.ledger.history(contact, lead.lead, sorted(set(apart) - set(stays)))
        recorded = self._recorded(lead, steps)
        if lead.at_ms < history.newest_ms and not self._silent(lead):
            return self._superseded(steps, recorded)
        agreed = self._agreed(lead, history)
        facts = self._facts(lead, contact, history, agreed, self._without(recorded))
        planned = plan(facts) if len(recorded) < len(steps) or not recorded else ()
        scheduled = [one for one in planned if isinstance(one, Scheduled)]
        if scheduled or recorded:
            latest = max((one.due_ms for one in scheduled), default=self.now())
            entry = replace(lead.contact, addresses=agreed)
            self.book.write(contact, entry, latest - self.now() + self.spec.retention_ms)
        became = (*recorded.values(), *self._submit(lead, contact, stays, planned))
        alone = {step.name for step in steps if step.channel in crowded}
        return tuple(_crowded(one) if one.step in alone else one for one in became)

    def replied(self, word: Word) -> int:
        """Record that a person answered: what waits ends. Returns how many follow-ups ended. Raises LedgerUnavailable.

        The reply counts once for the last message before it. Where a webhook tells of it too, that is the last one on its channel: where a
        message of another channel went out between, each of the two counts one.
        """
        contact = self.hasher.contact(word.person)
        ended, _ = self.ledger.end_sequence(contact, "replied", word.at_ms)
        for one in self.ledger.apply(Event("", Kind.REPLIED, word.at_ms, contact=contact)):
            if self.metrics is not None:
                self.metrics.happened(one.channel, one.step, one.kind)
        return ended

    def converted(self, word: Word) -> int:
        """Record that a person became a customer: what waits ends. Returns how many follow-ups ended. Raises LedgerUnavailable."""
        ended, first = self.ledger.end_sequence(self.hasher.contact(word.person), "converted", word.at_ms)
        if first and self.metrics is not None:
            self.metrics.converted.inc()
        return ended

    def consent(self, change: ConsentChange) -> Recorded:
        """Record a consent or its end. Returns what became of it. Raises LedgerUnavailable."""
        contact, given = self.hasher.contact(change.person), change.consent
        address = None if change.address is None else self.hasher.address(change.address)
        became = self.ledger.consent(contact, change.channel, address, given.at_ms, given.source)
        if became is Recorded.RECORDED and change.address is not None and self.book.read(contact) is not None:
            entry = Contact(addresses={change.channel: change.address})
            self.book.write(contact, entry, self.spec.retention_ms)
        return became

    def erase(self, person: str) -> int:
        """Delete all of a person but the opt-out. Returns how many follow-ups there were. Raises LedgerUnavailable."""
        contact = self.hasher.contact(person)
        deleted = self.ledger.erase(contact)
        self.book.erase(contact)
        return deleted

    def arm(self, lead: Lead) -> str | None:
        """The arm of a lead if the plan names it: callers add no names to metrics."""
        return lead.arm if lead.arm in self.spec.arms else None

    def _consents(self, lead: Lead, contact: str) -> frozenset[str]:
        """Record the consents of a lead. Returns the channels whose address too many people share."""
        crowded = set()
        for channel, consent in lead.consents.items():
            address = self.hasher.address(lead.contact.addresses[channel])
            if (
                self.ledger.consent(contact, channel, address, consent.at_ms, consent.source)
                is Recorded.CROWDED
            ):
                crowded.add(channel)
        return frozenset(crowded)

    def _steps(self, lead: Lead) -> Sequence[Step]:
        """The steps of the lead's band; none after a silent intent."""
        none = lead.score is None or self._silent(lead)
        band = None if none else self.spec.band(lead.score or 0.0, lead.intent)
        return band.steps if band else ()

    def _silent(self, lead: Lead) -> bool:
        return lead.intent in self.spec.silent_intents

    def _recorded(self, lead: Lead, steps: Sequence[Step]) -> Mapping[str, Planned]:
        """The steps of the lead's band that an earlier call scheduled and no later one has withdrawn, by name."""
        recorded = {}
        for step in steps:
            name = self._id(lead, step)
            record = self.ledger.read(name)
            withdrawn = record.get("state") == State.CANCELLED and record.get("why") in WITHDRAWN
            if record and not withdrawn:
                recorded[step.name] = Planned(step.name, name, int(record["due"]))
        return recorded

    def _superseded(self, steps: Sequence[Step], recorded: Mapping[str, Planned]) -> tuple[Planned, ...]:
        """The answer to a call that comes after a later one for the lead."""
        late = [recorded.get(step.name, Planned(step.name, skipped=SUPERSEDED)) for step in steps]
        return tuple(late) or (Planned(None, skipped=SUPERSEDED),)

    def _without(self, recorded: Mapping[str, Planned]) -> FollowUpSpec:
        """The plan without the steps that were scheduled before."""
        bands = tuple(
            replace(band, steps=tuple(step for step in band.steps if step.name not in recorded))
            for band in self.spec.bands
        )
        return replace(self.spec, bands=bands)

    def _id(self, lead: Lead, step: Step) -> str:
        return follow_up_id(self.ledger.tenant, lead.lead, self.spec.plan, self.spec.generation, step.name)

    def _agreed(self, lead: Lead, history: History) -> Mapping[str, str]:
        """The addresses of a lead to which consent was given, by channel; no other takes the place of one in the book."""
        given, consents = lead.contact.addresses, history.consents
        return {name: one for name, one in given.items() if consents.get(name) == self.hasher.address(one)}

    def _facts(
        self, lead: Lead, contact: str, history: History, agreed: Mapping[str, str], spec: FollowUpSpec
    ) -> Facts:
        addresses = lead.contact.addresses
        consents = frozenset(history.consents.keys() - (addresses.keys() - agreed.keys()))
        zones = {name: number_zones(addresses[name]) for name in spec.hours if name in addresses}
        known = planning.Lead(self.ledger.tenant, lead.lead, contact, lead.at_ms, lead.contact.zone, zones)
        happened = ContactHistory(
            stopped=history.stopped,
            replied=history.replied_ms > lead.at_ms,
            converted=history.converted_ms >= 0,
            sends_ms=history.sends_ms,
        )
        return Facts(known, lead.score, lead.intent, consents, happened, spec, self.now())

    def _submit(
        self, lead: Lead, contact: str, stays: Sequence[str], planned: Sequence[Scheduled | Skipped]
    ) -> Iterator[Planned]:
        """Record what is scheduled and end what does not stay, in one step; a lead without a score leaves what waits as it is."""
        silent = self._silent(lead)
        scored = lead.score is not None and not math.isnan(lead.score)
        kept = tuple(stays) if scored or silent else None
        scheduled = [one for one in planned if isinstance(one, Scheduled)]
        follow_ups = [
            FollowUp(one.id, lead.lead, contact, one.step.channel, one.step.name, one.due_ms)
            for one in scheduled
        ]
        submission = Submission(contact, lead.lead, lead.at_ms, kept, silent, self.arm(lead) or "")
        words = dict(
            zip((one.id for one in scheduled), self.ledger.submit(submission, follow_ups), strict=True)
        )
        for one in planned:
            yield self._skipped(one) if isinstance(one, Skipped) else self._made(one, words[one.id])

    def _skipped(self, one: Skipped) -> Planned:
        return Planned(one.step.name if one.step else None, skipped=one.reason)

    def _made(self, one: Scheduled, word: str) -> Planned:
        step = one.step
        if word not in {"created", "exists"}:
            return Planned(step.name, skipped=word)
        if word == "created" and self.metrics is not None:
            self.metrics.scheduled.labels(step.channel, step.name).inc()
        return Planned(step.name, one.id, one.due_ms)


def _crowded(one: Planned) -> Planned:
    """A step without consent because too many people share the address."""
    return replace(one, skipped=Recorded.CROWDED) if one.skipped == SkipReason.NO_CONSENT else one
