"""The ledger where people share addresses or give them up, and where plans with other retentions write to the same people."""

import re

import pytest

from leadmodel_followup.ledger.events import Event, Kind
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import ALWAYS, Conditions, FollowUp, Go, Later
from leadmodel_followup.ledger.scripts import load
from leadmodel_followup.planning.identity import follow_up_id
from leadmodel_followup.planning.spec import DAY_MS, Cap

CONTACT, PHONE, MAILBOX = "contact", "phone", "mailbox"
WEEKLY = Conditions(PHONE, ALWAYS, 5000, caps=(Cap(1, 7 * DAY_MS),))
LONG_AGO_MS = 367 * DAY_MS


def without(name, pattern):
    """The scripts without what a pattern matches in one of them."""
    scripts = load()
    scripts[name], removed = re.subn(pattern, "", scripts[name])
    assert removed == 1
    return scripts


def careless(ledger, clock, client, name, pattern):
    """A ledger of the same plan without one protection."""
    return Ledger(client, ledger.tenant, clock=clock, scripts=without(name, pattern))


def add(ledger, clock, plan="plan", number=1, channel="sms", contact=CONTACT):
    """A follow-up that waits, by its id."""
    name = follow_up_id(ledger.tenant, f"lead-{number}", plan, 1, "step-1")
    made = FollowUp(name, f"lead-{number}", contact, channel, "step-1", clock.now)
    assert ledger.create(made, clock.now) == "created"
    return made


def sent(ledger, made):
    """Have a follow-up sent."""
    ledger.consent(made.contact, "sms", PHONE, 1, "form")
    ledger.sent(made.id, ledger.begin(made.id, Conditions(PHONE, ALWAYS, 5000)).attempt, "p1")


def expire(ledger, client, made):
    """End the retention of a record."""
    assert client.delete(f"fu:{{{ledger.tenant}}}:f:{made.id}") == 1


def second_person(ledger, clock):
    """A person with the phone of somebody else and a mailbox of their own, to which one follow-up waits."""
    for channel, address in (("sms", PHONE), ("mail", MAILBOX)):
        ledger.consent("second", channel, address, clock.now, "form")
    return add(ledger, clock, channel="mail", contact="second")


TO_MAILBOX = Conditions(MAILBOX, ALWAYS, 5000)
OWN_STOPS = r"(?m)^each_address.*$"


@pytest.mark.parametrize("order", ["stop before", "stop after"])
def test_a_stop_from_a_shared_address_stops_a_second_person_whenever_they_came(ledger, clock, order):
    ledger.consent("first", "sms", PHONE, clock.now, "form")
    if order == "stop before":
        ledger.stop(PHONE)
    made = second_person(ledger, clock)
    if order == "stop after":
        ledger.stop(PHONE)
    ledger.begin(made.id, TO_MAILBOX)
    assert (ledger.read(made.id)["state"], ledger.read(made.id)["why"]) == ("cancelled", "stopped")


def test_control_without_a_look_at_all_their_addresses_a_second_person_is_written_to(ledger, client, clock):
    ledger.stop(PHONE)
    made = second_person(ledger, clock)
    assert careless(ledger, clock, client, "begin", OWN_STOPS).begin(made.id, TO_MAILBOX) == Go(1)


def test_a_start_from_the_shared_address_frees_the_second_person(ledger, clock):
    ledger.stop(PHONE)
    made = second_person(ledger, clock)
    ledger.start(PHONE, clock.now + 1)
    assert ledger.begin(made.id, TO_MAILBOX) == Go(1)


def test_at_equal_times_a_withdrawal_stands_in_either_order(ledger, clock):
    made = add(ledger, clock)
    words = ((PHONE, "recorded"), (None, "recorded"), (None, "recorded"), (PHONE, "later"))
    for address, word in words:
        assert ledger.consent(CONTACT, "sms", address, clock.now, "form") == word
    assert ledger.history(CONTACT).consents == {}
    later = ledger.consent(CONTACT, "sms", PHONE, clock.now + 1, "form")
    assert later == "recorded", "the control: a later consent"
    assert ledger.begin(made.id, WEEKLY) == Go(1)


def keys_after_erasure(ledger, client, then):
    ledger.consent(CONTACT, "sms", PHONE, 1, "form")
    ledger.consent(CONTACT, "sms", then, 2, "form")
    ledger.erase(CONTACT)
    return client.keys(f"fu:{{{ledger.tenant}}}*")


@pytest.mark.parametrize("then", [None, "other"])
def test_erasure_forgets_an_address_whose_consent_was_withdrawn_or_moved(ledger, client, then):
    assert keys_after_erasure(ledger, client, then) == []


@pytest.mark.parametrize("then", [None, "other"])
def test_control_without_a_note_of_the_address_the_erased_person_stays_behind_it(ledger, client, clock, then):
    forgetful = careless(ledger, clock, client, "consent", r".*-- for STOP from there, and erasure\n")
    assert keys_after_erasure(forgetful, client, then) == [f"fu:{{{ledger.tenant}}}:a:{PHONE}".encode()]


def sent_by_a_plan_with_a_short_retention(ledger, client, clock):
    """The id of a follow-up of another plan that was sent and whose record is gone a day later."""
    other = Ledger(client, ledger.tenant, DAY_MS, plan="other", clock=clock)
    made = add(other, clock, "other")
    sent(other, made)
    clock.now += DAY_MS + 1
    expire(ledger, client, made)
    return made


def test_a_cap_counts_what_a_plan_with_a_shorter_retention_sent(ledger, client, clock):
    began = clock.now
    sent_by_a_plan_with_a_short_retention(ledger, client, clock)
    made = add(ledger, clock)
    assert ledger.begin(made.id, WEEKLY) == Later(began + 7 * DAY_MS, "cap")
    clock.now = began + 7 * DAY_MS
    assert ledger.begin(made.id, WEEKLY) == Go(1)


def test_control_a_cap_that_counts_records_alone_is_broken(ledger, client, clock):
    sent_by_a_plan_with_a_short_retention(ledger, client, clock)
    made = add(ledger, clock)
    by_record = careless(ledger, clock, client, "begin", r" and \(not began or now - began > LONGEST\)")
    assert by_record.begin(made.id, WEEKLY) == Go(1)


def test_what_no_cap_can_count_any_more_is_forgotten(ledger, client, clock):
    before = sent_by_a_plan_with_a_short_retention(ledger, client, clock)
    person = f"fu:{{{ledger.tenant}}}:c:{CONTACT}"
    assert client.hexists(person, f"f:{before.id}")
    clock.now += LONG_AGO_MS
    assert ledger.begin(add(ledger, clock).id, WEEKLY) == Go(1)
    assert not client.hexists(person, f"f:{before.id}")


def test_a_lead_whose_follow_up_was_sent_and_is_forgotten_gets_no_second_one(ledger, client, clock):
    made = add(ledger, clock)
    sent(ledger, made)
    expire(ledger, client, made)
    assert ledger.create(made, clock.now) == "too-old"


def test_control_without_the_time_of_the_attempt_the_lead_gets_a_second_one(ledger, client, clock):
    made = add(ledger, clock)
    sent(ledger, made)
    expire(ledger, client, made)
    by_age = careless(ledger, clock, client, "create", r"if not again and tonumber\(redis.*\n")
    assert by_age.create(made, clock.now) == "created"


# --- a provider that refuses for an opt-out, told after the consent moved ---------------------------------------------------------

NEW = "new-phone"
TO_NEW = Conditions(NEW, ALWAYS, 5000)


def settled(ledger, made):
    ledger.failed(made.id, 1, "opted-out")


def told_later(ledger, made):
    """As a webhook tells it, with the time at which it came."""
    ledger.apply(Event("sms", Kind.OPTED_OUT, made.due_ms + 1100, made.id, PHONE, code="21610"))


def refused_after_a_move(ledger, clock, tell):
    """A contact who moved to another phone, which somebody else has too, between a message to the old one and its refusal."""
    ledger.consent(CONTACT, "sms", PHONE, clock.now - 10, "form")
    made = add(ledger, clock)
    assert ledger.begin(made.id, Conditions(PHONE, ALWAYS, 5000)) == Go(1)
    clock.now += 100
    for contact, address in ((CONTACT, NEW), ("at-new", NEW), ("at-old", PHONE)):
        ledger.consent(contact, "sms", address, clock.now, "form")
    clock.now += 1000
    tell(ledger, made)


def reached(ledger, clock, contact, conditions, number):
    made = follow_up_id(ledger.tenant, f"lead-{number}", "plan", 1, "step-1")
    ledger.create(FollowUp(made, f"lead-{number}", contact, "sms", "step-1", clock.now), clock.now + 5000)
    return ledger.begin(made, conditions) == Go(1)


@pytest.mark.parametrize("tell", [settled, told_later])
def test_a_refusal_for_an_opt_out_is_of_the_address_that_was_written_to(ledger, clock, tell):
    refused_after_a_move(ledger, clock, tell)
    to_old = Conditions(PHONE, ALWAYS, 5000)
    assert not reached(ledger, clock, "at-old", to_old, 2)
    assert not reached(ledger, clock, CONTACT, TO_NEW, 3), "who opted out gets nothing anywhere"
    assert reached(ledger, clock, "at-new", TO_NEW, 4), "others at the new address did not opt out"
    ledger.start(NEW, clock.now + 1)
    assert not reached(ledger, clock, CONTACT, TO_NEW, 5), "the opt-out did not come from the new address"
    ledger.start(PHONE, clock.now + 2)
    assert reached(ledger, clock, CONTACT, TO_NEW, 6)
    assert reached(ledger, clock, "at-old", to_old, 7)


def test_control_without_the_address_of_the_attempt_the_old_one_is_written_to(ledger, client, clock):
    forgetful = careless(ledger, clock, client, "begin", ", 'to', address")
    refused_after_a_move(forgetful, clock, settled)
    assert reached(ledger, clock, "at-old", Conditions(PHONE, ALWAYS, 5000), 2)


def freed_by_start(ledger, clock, *, known):
    """Whether a START from their address frees a person who unsubscribed by a link, with and without a consent that is on record."""
    if known:
        ledger.consent("person", "sms", PHONE, clock.now - 1, "form")
    ledger.apply(Event("mail", Kind.OPTED_OUT, clock.now, address=PHONE, contact="person"))
    assert ledger.history("person").stopped
    ledger.start(PHONE, clock.now + 1)
    return not ledger.history("person").stopped


def test_who_is_known_by_an_unsubscribe_link_alone_stays_opted_out_after_a_start(ledger, clock):
    """Nothing says any more that the address is theirs: after erasure a link holds hashes, and START an address."""
    assert not freed_by_start(ledger, clock, known=False)
    ledger.consent("person", "sms", PHONE, clock.now + 2, "form")
    assert ledger.history("person").stopped, "consent lifts no opt-out"
    ledger.start(PHONE, clock.now + 3)
    assert not ledger.history("person").stopped, "with consent on record, START from the address does"


def test_control_with_a_consent_on_record_a_start_frees(ledger, clock):
    assert freed_by_start(ledger, clock, known=True)
