"""Who may be written to after random histories of consents that move, of STOP and START from anywhere, told in any order: read by a plain model.

The model knows all that happened and nothing of the ledger. It says who must not be written to, and who must be.
"""

from dataclasses import dataclass
from random import Random

import pytest

from followup.conftest import TENANTS, Clock
from leadmodel_followup.ledger.events import Event, Kind
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import ALWAYS, Conditions, FollowUp, Go
from leadmodel_followup.ledger.scripts import load
from leadmodel_followup.planning.identity import plan_tag

NOW = 1_700_000_000_000
PEOPLE, ADDRESSES, CHANNELS = "pqr", "abcde", ("sms", "mail")
TAG = plan_tag("plan")


@dataclass(frozen=True)
class Said:
    """What was said at a time: a consent of a person for an address on a channel (or None), or STOP or START from an address or person."""

    what: str
    at: int
    who: str
    channel: str = ""
    address: str | None = None


def histories(count):
    """So many histories: what was said, and the order in which it is told, with doubles."""
    for seed in range(count):
        chance = Random(seed)
        said = [one(chance, at) for at in range(chance.randrange(3, 12))]
        told = said + chance.choices(said, k=3) if chance.random() < 0.7 else list(said)
        if chance.random() < 0.7:
            chance.shuffle(told)
        yield said, told


def one(chance, at):
    what = chance.choices(
        ("consent", "stop", "start", "operator-stop", "operator-start"), (6, 3, 3, 0.3, 0.3)
    )[0]
    if what == "consent":
        address = chance.choice(ADDRESSES) if chance.random() < 0.85 else None
        return Said(what, at, chance.choice(PEOPLE), chance.choice(CHANNELS), address)
    return Said(what, at, chance.choice(PEOPLE if what.startswith("operator") else ADDRESSES))


class Model:
    """What follows from all that was said."""

    def __init__(self, said, told):
        self.said, self.told = said, told
        consents = [one for one in said if one.what == "consent" and one.address]
        self.linked = {who: {one.address for one in consents if one.who == who} for who in PEOPLE}

    def consented(self, who, channel):
        """The address of the latest consent on a channel."""
        records = [one for one in self.said if (one.what, one.who, one.channel) == ("consent", who, channel)]
        return max(records, key=lambda one: one.at).address if records else None

    def stopped(self, who):
        """Whether somebody said STOP from an address or for a person, and no later START lifted it there."""
        stops = [one.at for one in self.said if one.what.endswith("stop") and one.who == who]
        starts = [one.at for one in self.said if one.what.endswith("start") and one.who == who]
        return bool(stops) and max(stops) > max(starts, default=-1)

    def must_not(self, who, address):
        """STOP on any channel stops all, whatever moved; START lifts what came from its own address only."""
        return any(self.stopped(one) for one in {who, address, *self.linked[who]}) or self.kept(who, address)

    def kept(self, who, address):
        """STOP from another address of theirs, told after both consents: a START from there does not free this one."""
        renewed = [
            one.at for one in self.said if (one.what, one.who, one.address) == ("consent", who, address)
        ]
        for i, stop in enumerate(self.told):
            known = [one for one in self.told[:i] if (one.what, one.who) == ("consent", who)]
            current = {self.consented_among(known, channel) for channel in CHANNELS}
            theirs = address in current and stop.who in {one.address for one in known} - {address}
            if stop.what == "stop" and theirs and max(renewed) <= stop.at:
                return True
        return False

    def consented_among(self, known, channel):
        records = [one for one in known if one.channel == channel]
        return max(records, key=lambda one: one.at).address if records else None

    def must(self, who, address):
        """Nobody with a tie to the person or the address ever said STOP, or all who did said START later from this very address."""
        near = {other for other in PEOPLE if other == who or address in self.linked[other]}
        ties = near | {address} | {one for other in near for one in self.linked[other]}
        stops = {one.who for one in self.said if one.what.endswith("stop") and one.who in ties}
        return not stops or (stops == {address} and not self.stopped(address))


def tell(ledger, clock, said):
    clock.now = NOW + 100 + said.at
    if said.what == "consent":
        ledger.consent(said.who, said.channel, said.address, NOW + said.at, "form")
    elif said.what == "operator-stop":
        clock.now = NOW + said.at
        ledger.stop(said.who)
    elif said.what == "operator-start":
        ledger.start(said.who, NOW + said.at)
    else:
        kind = Kind.OPTED_OUT if said.what == "stop" else Kind.OPTED_IN
        ledger.apply(Event("sms", kind, NOW + said.at, address=said.who))


def written_to(ledger, clock, who, channel, address):
    """Whether a message to a person may leave now."""
    clock.now = NOW + 1000
    made = FollowUp(f"{TAG}{who}{channel}", "lead", who, channel, "step", clock.now)
    ledger.create(made, clock.now)
    return isinstance(ledger.begin(made.id, Conditions(address, ALWAYS, 5000)), Go)


def wrong(client, scripts, count):
    """How many people were written to after a STOP, and how many were not though nobody said one; of how many in all."""
    too_many = too_few = free = 0
    for said, told in histories(count):
        clock = Clock(NOW)
        ledger = Ledger(client, f"opt-out-{next(TENANTS)}", clock=clock, scripts=scripts)
        for one in told:
            tell(ledger, clock, one)
        model = Model(said, told)
        for who in PEOPLE:
            for channel in CHANNELS:
                address = model.consented(who, channel)
                if address is not None:
                    there = written_to(ledger, clock, who, channel, address)
                    too_many += there and model.must_not(who, address)
                    too_few += not there and model.must(who, address)
                    free += there
    return too_many, too_few, free


def test_stop_stops_all_and_start_lifts_what_was_asked_in_every_order(client):
    too_many, too_few, free = wrong(client, load(), 800)
    assert (too_many, too_few) == (0, 0)
    assert free > 100


LINKED = {
    "past-addresses": ("begin", "end, true) -- STOP from", "end) -- STOP from"),
    "consents-that-came-late": (
        "consent",
        "if past ~= '' and past ~= '-' then",
        "if past ~= address and past ~= '' and past ~= '-' then",
    ),
    "known-addresses": ("event", "if address ~= origin and since <= at or", "if"),
    "any-stop": ("begin", "if stopped > 0 then return dropped('stopped') end", ""),
}


@pytest.mark.parametrize("name", LINKED)
def test_control_without_a_protection_somebody_is_written_to_after_a_stop(client, name):
    script, whole, part = LINKED[name]
    scripts = load()
    assert scripts[script].count(whole) == 1
    scripts[script] = scripts[script].replace(whole, part)
    assert wrong(client, scripts, 800)[0] > 0
