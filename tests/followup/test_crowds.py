"""One call looks at all follow-ups of a person and at all people behind an address, so there are at most a thousand of either."""

import re

import pytest

from leadmodel_followup.ledger.events import Event, Kind
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import FollowUp, Submission
from leadmodel_followup.ledger.scripts import load
from leadmodel_followup.planning.identity import follow_up_id
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


@pytest.fixture
def shared(ledger, clock):
    """An address with as many people as may share it."""
    for number in range(CROWD):
        assert ledger.consent(f"person-{number}", "sms", "mailbox", clock.now, "form")


@pytest.fixture
def busy(ledger, clock):
    """A person with as many follow-ups as there may be."""
    for number in range(CROWD):
        assert ledger.create(one_of(ledger, number, clock), clock.now) == "created"


@pytest.mark.usefixtures("shared")
def test_an_address_takes_no_more_people_than_one_call_may_look_at(ledger, client, clock):
    assert not ledger.consent("one-more", "sms", "mailbox", clock.now, "form")
    assert ledger.history("one-more").consents == {}
    assert client.scard(f"fu:{{{ledger.tenant}}}:a:mailbox") == CROWD
    assert ledger.consent("person-7", "sms", "mailbox", clock.now + 1, "form"), (
        "who is there may renew theirs"
    )
    assert ledger.consent("one-more", "sms", "own", clock.now, "form"), "and another address is free"


@pytest.mark.usefixtures("shared")
def test_control_without_a_limit_the_crowd_grows(ledger, client, clock):
    assert careless(ledger, client, clock, "consent", "crowd").consent(
        "one-more", "sms", "mailbox", clock.now, "form"
    )


@pytest.mark.usefixtures("shared")
def test_a_stop_from_a_crowded_address_holds_for_all_who_are_there(ledger, clock):
    ledger.apply(stop_from("mailbox", clock))
    assert all(ledger.history(f"person-{number}").stopped for number in range(CROWD))


def stop_from(address, clock):
    return Event("sms", Kind.OPTED_OUT, clock.now, address=address)


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
