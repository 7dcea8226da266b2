"""One call looks at all follow-ups of a person and at all people behind an address, so there are at most a thousand of either."""

import re

import pytest

from leadmodel_followup.ledger.events import Event, Kind
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import ALWAYS, Conditions, FollowUp, Go, Submission
from leadmodel_followup.ledger.scripts import load
from leadmodel_followup.planning.identity import follow_up_id, plan_tag
from leadmodel_followup.planning.spec import DAY_MS

CROWD = 1000


def careless(ledger, client, clock, name, check):
    """The ledger without one protection."""
    text, count = re.subn(rf"(?m)^.*-- check: {check}$", "", load()[name])
    assert count == 1
    return Ledger(client, ledger.tenant, clock=clock, scripts=load() | {name: text})


def one_of(ledger, number, clock):
    name = follow_up_id(ledger.tenant, f"lead-{number}", "plan", 1, "step")
    return FollowUp(name, f"lead-{number}", "person", "sms", "step", clock.now)


def agree(ledger, clock, address="mailbox", who="one-more", channel="sms", after_ms=0):
    return ledger.consent(who, channel, address, clock.now + after_ms, "form")


@pytest.fixture
def shared(ledger, clock):
    """An address with as many people as may share it."""
    for number in range(CROWD):
        assert agree(ledger, clock, who=f"person-{number}") == "recorded"


@pytest.fixture
def busy(ledger, clock):
    """A person with as many follow-ups as there may be."""
    for number in range(CROWD):
        assert ledger.create(one_of(ledger, number, clock), clock.now) == "created"


@pytest.mark.usefixtures("shared")
def test_an_address_takes_no_more_people_than_one_call_may_look_at(ledger, client, clock):
    assert agree(ledger, clock) == "crowded"
    assert ledger.history("one-more").consents == {}
    assert client.scard(f"fu:{{{ledger.tenant}}}:a:mailbox") == CROWD
    assert agree(ledger, clock, who="person-7", after_ms=1) == "recorded", "who is there may renew theirs"
    assert agree(ledger, clock, "own", after_ms=1) == "recorded", "and another address is free"
    assert agree(ledger, clock) == "later"
    assert ledger.history("one-more").consents == {"sms": "own"}


@pytest.mark.usefixtures("shared")
def test_control_without_a_limit_the_crowd_grows(ledger, client, clock):
    assert agree(careless(ledger, client, clock, "consent", "crowd"), clock) == "recorded"


@pytest.mark.usefixtures("shared")
def test_an_earlier_consent_for_another_address_ends_and_the_same_call_is_taken_once_there_is_room(
    ledger, clock
):
    assert agree(ledger, clock, "own") == "recorded"
    assert [agree(ledger, clock, after_ms=1) for _ in range(2)] == ["crowded"] * 2
    assert ledger.history("one-more").consents == {}
    ledger.erase("person-7")
    assert agree(ledger, clock, after_ms=1) == "recorded"
    assert agree(ledger, clock, None, after_ms=1) == "recorded"
    assert agree(ledger, clock, after_ms=1) == "later", "what the person withdrew stays so"


# How a STOP may come to the ledger, and whether it needs to know that the address is theirs
STOPS = {
    "from the address": (lambda ledger, clock: ledger.apply(stop_from("mailbox", clock)), True),
    "by an operator, for the address": (lambda ledger, _: ledger.stop("mailbox"), True),
    "by an operator, for the person": (lambda ledger, _: ledger.stop("one-more"), False),
    "by a link": (lambda ledger, clock: ledger.apply(stop_from("mailbox", clock, contact="one-more")), False),
}
ORDERS = ("consent first", "stop first")


def may_be_written_to(ledger, clock, way, order):
    """Whether a message on another channel leaves after a STOP from a full address that the person gave, too."""
    steps = [lambda: agree(ledger, clock, after_ms=-1), lambda: STOPS[way][0](ledger, clock)]
    agree(ledger, clock, "own", channel="email", after_ms=-1)
    for step in steps if order == "consent first" else reversed(steps):
        step()
    made = FollowUp(f"{plan_tag('plan')}written", "lead", "one-more", "email", "step", clock.now)
    ledger.create(made, clock.now + 1)
    return isinstance(ledger.begin(made.id, Conditions("own", ALWAYS, 5000)), Go)


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("way", STOPS)
def test_no_stop_is_lost_because_the_address_is_full(ledger, clock, way, order):
    assert not may_be_written_to(ledger, clock, way, order)


@pytest.mark.usefixtures("shared")
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("way", STOPS)
def test_control_without_a_note_of_the_full_address_its_stops_are_lost(ledger, client, clock, way, order):
    bare = careless(ledger, client, clock, "consent", "via")
    assert may_be_written_to(bare, clock, way, order) is STOPS[way][1]


@pytest.mark.usefixtures("shared")
def test_who_was_written_to_is_stopped_however_full_the_address_is(ledger, client, clock):
    agree(ledger, clock, "own")
    made = FollowUp(f"{plan_tag('plan')}written", "lead", "one-more", "sms", "step", clock.now)
    ledger.create(made, clock.now)
    ledger.begin(made.id, Conditions("own", ALWAYS, 5000))
    ledger.apply(Event("sms", Kind.DELIVERED, clock.now, made.id, "mailbox"))
    assert client.scard(f"fu:{{{ledger.tenant}}}:a:mailbox") == CROWD + 1
    ledger.apply(stop_from("mailbox", clock))
    assert ledger.history("one-more").stopped


@pytest.mark.usefixtures("busy")
def test_a_stop_of_a_person_with_as_many_follow_ups_as_there_may_be(ledger, clock):
    agree(ledger, clock, who="person")
    ledger.apply(stop_from("mailbox", clock))
    assert ledger.create(one_of(ledger, CROWD, clock), clock.now + 1) == "stopped"
    assert {ledger.read(one_of(ledger, number, clock).id)["why"] for number in range(CROWD)} == {"stopped"}


@pytest.mark.usefixtures("shared")
def test_a_stop_from_a_crowded_address_holds_for_all_who_are_there(ledger, clock):
    ledger.apply(stop_from("mailbox", clock))
    assert all(ledger.history(f"person-{number}").stopped for number in range(CROWD))


def stop_from(address, clock, **more):
    return Event("sms", Kind.OPTED_OUT, clock.now, address=address, **more)


def commands(ledger, client, clock, people):
    """How many commands the server runs for a STOP from an address of so many people."""
    for number in range(people):
        ledger.consent(f"one-of-{people}-{number}", "sms", f"of-{people}", clock.now, "form")
    ledger.apply(stop_from("nobody", clock))  # which loads the script
    client.config_resetstat()
    ledger.apply(stop_from(f"of-{people}", clock))
    assert ledger.history(f"one-of-{people}-{people - 1}").stopped
    return sum(one["calls"] for one in client.info("commandstats").values())


def test_a_stop_looks_once_at_each_who_is_behind_the_address(ledger, client, clock):
    assert commands(ledger, client, clock, 100) < 2 * commands(ledger, client, clock, 50)


def test_control_a_look_at_all_for_each_of_them_grows_with_the_square(ledger, client, clock):
    once, text = "      stop_all(address, at, contact)\n", load()["event"]
    assert text.count(once) == 1
    each = text.replace(once, "      for one in pairs(people) do stop_all(address, at, one) end\n")
    careless = Ledger(client, ledger.tenant, clock=clock, scripts=load() | {"event": each})
    assert commands(careless, client, clock, 100) > 3 * commands(careless, client, clock, 50)


@pytest.mark.usefixtures("busy")
def test_a_person_gets_no_more_follow_ups_than_one_call_may_look_at(ledger, clock):
    assert ledger.create(one_of(ledger, CROWD, clock), clock.now) == "too-many"
    assert ledger.read(one_of(ledger, CROWD, clock).id) == {}
    assert ledger.create(one_of(ledger, 7, clock), clock.now) == "exists"


@pytest.mark.usefixtures("busy")
def test_control_without_a_limit_to_follow_ups_there_is_one_more(ledger, client, clock):
    own = careless(ledger, client, clock, "create", "many")
    assert own.create(one_of(ledger, CROWD, clock), clock.now) == "created"


@pytest.mark.usefixtures("busy")
def test_what_was_withdrawn_may_come_back_and_what_is_forgotten_makes_room(ledger, client, clock):
    assert ledger.submit(Submission("person", "lead-3", clock.now, stays=()), []) == []
    assert ledger.read(one_of(ledger, 3, clock).id)["why"] == "superseded"
    assert ledger.create(one_of(ledger, 3, clock), clock.now) == "created"
    for number in range(10):
        client.delete(f"fu:{{{ledger.tenant}}}:f:{one_of(ledger, number, clock).id}")  # the retention ended
    clock.now += DAY_MS
    assert ledger.create(one_of(ledger, CROWD, clock), clock.now) == "created"
