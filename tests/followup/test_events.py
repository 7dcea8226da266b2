"""What comes back, in the ledger: any order and number of events reach one end, opt-outs and their end, and what an event proves."""

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from followup.conftest import Clock
from leadmodel_followup.ledger.events import Event, Kind, News
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import ALWAYS, Conditions, Dropped, FollowUp, Go, Gone, Settled
from leadmodel_followup.ledger.scripts import load
from leadmodel_followup.planning.identity import ContactHasher, plan_tag

NOW = 1_700_000_000_000
CONTACT = "contact"
A, B, C, D, E = (plan_tag("plan") + letter for letter in "abcde")
ADDRESSES = {"sms": "phone", "email": "mailbox"}


def made(name, channel="sms", contact=CONTACT):
    return FollowUp(name, f"lead-{name[-1]}", contact, channel, f"step-{name[-1]}", NOW)


def begun(ledger, name, channel="sms"):
    """A follow-up whose attempt is under way."""
    assert ledger.create(made(name, channel), NOW) == "created"
    assert ledger.begin(name, Conditions(ADDRESSES[channel], ALWAYS, 5000)) == Go(1)


@pytest.fixture
def asked(ledger, clock):
    """A contact with consent on two channels."""
    consents(ledger)
    return ledger


def consents(ledger):
    for channel, address in ADDRESSES.items():
        ledger.consent(CONTACT, channel, address, NOW, "form")


def sms(kind, reference="", at=NOW + 1000, **more):
    return Event("sms", kind, at, reference, **more)


def stopped(ledger, channel, name):
    """Whether the contact is written to over a channel in this moment."""
    contact = f"{plan_tag('plan')}{name}-{channel}"
    ledger.consent(contact, channel, ADDRESSES[channel], NOW, "form")
    ledger.create(made(contact, channel, contact), NOW * 2)
    return ledger.begin(contact, Conditions(ADDRESSES[channel], ALWAYS, 5000)) == Dropped("stopped")


def test_each_kind_counts_once_and_the_highest_stays(asked):
    begun(asked, A)
    assert asked.apply(sms(Kind.READ, A, NOW + 9000)) == (News("sms", "step-a", Kind.READ),)
    assert asked.apply(sms(Kind.READ, A, NOW + 9500)) == ()
    assert asked.apply(sms(Kind.DELIVERED, A, NOW + 5000)) == (News("sms", "step-a", Kind.DELIVERED),)
    assert asked.read(A)["reach"] == "read"


def test_an_event_before_our_own_outcome_settles_the_attempt(asked, clock):
    begun(asked, A)
    asked.apply(sms(Kind.DELIVERED, A, provider_id="SM1"))
    clock.now += 10_000
    assert asked.overdue(10, 1000) == []
    assert asked.sent(A, 1, "SM1") is Settled.SAME
    assert (asked.read(A)["state"], asked.read(A)["pid"]) == ("sent", "SM1")


def test_an_event_of_an_attempt_that_was_given_up_prevents_the_next(asked, clock):
    begun(asked, A)
    asked.again(A, 1, "no-trace", clock.now)
    asked.apply(sms(Kind.FAILED, A, code="30005"))
    assert asked.claim(10, 1000) == []
    assert asked.begin(A, Conditions("phone", ALWAYS, 5000)) == Gone("sent")
    assert asked.history(CONTACT).sends_ms == (NOW,)


def test_an_event_of_another_channel_or_of_nothing_sent_changes_nothing(asked):
    asked.create(made(A), NOW)
    before = asked.read(A)
    assert asked.apply(sms(Kind.DELIVERED, A)) == ()
    assert asked.apply(Event("email", Kind.DELIVERED, NOW, A)) == ()
    assert asked.apply(sms(Kind.DELIVERED, "unknown")) == ()
    assert asked.read(A) == before


def test_clicks_within_two_seconds_of_the_delivery_are_of_scanners(asked):
    begun(asked, A, "email")
    click, delivered = NOW + 5000, NOW + 4000
    assert asked.apply(Event("email", Kind.CLICKED, click, A)) == ()
    both = asked.apply(Event("email", Kind.DELIVERED, delivered, A))
    assert [news.kind for news in both] == [Kind.DELIVERED, Kind.SCANNED]
    assert [news.kind for news in asked.apply(Event("email", Kind.CLICKED, delivered + 1999, A))] == []
    assert [news.kind for news in asked.apply(Event("email", Kind.CLICKED, delivered + 2000, A))] == [
        Kind.CLICKED
    ]


def test_machine_opens_are_kept_apart(asked):
    begun(asked, A, "email")
    assert [news.kind for news in asked.apply(Event("email", Kind.MACHINE_OPENED, NOW + 1, A))] == [
        Kind.MACHINE_OPENED
    ]
    assert "reach" not in asked.read(A)
    assert [news.kind for news in asked.apply(Event("email", Kind.OPENED, NOW + 2, A))] == [Kind.OPENED]


def test_a_reply_ends_the_sequence_and_counts_for_the_message_before_it(asked, clock):
    begun(asked, A)
    clock.now += 5000
    begun(asked, B)
    asked.create(made(C, "email"), NOW)
    assert asked.apply(sms(Kind.REPLIED, at=NOW + 4000, address="phone")) == (
        News("sms", "step-a", Kind.REPLIED),
    )
    assert (asked.read(C)["state"], asked.read(C)["why"]) == ("cancelled", "replied")
    assert asked.create(made(D), NOW + 3999) == "replied"
    assert asked.create(made(E), NOW + 4000) == "created"
    assert asked.apply(sms(Kind.REPLIED, at=NOW + 4000, address="phone")) == ()
    assert asked.read(E)["state"] == "waiting"


def test_an_opt_out_stops_all_channels_and_start_frees_one_address(asked):
    asked.apply(sms(Kind.OPTED_OUT, at=NOW + 1000, address="phone"))
    assert stopped(asked, "sms", "x")
    assert stopped(asked, "email", "x")
    asked.apply(sms(Kind.OPTED_IN, at=NOW + 2000, address="phone"))
    assert not stopped(asked, "sms", "y")
    assert stopped(asked, "email", "y")


def test_start_from_elsewhere_lifts_nothing(asked):
    asked.apply(sms(Kind.OPTED_OUT, at=NOW + 1000, address="phone"))
    asked.apply(Event("email", Kind.OPTED_IN, NOW + 2000, address="mailbox"))
    assert stopped(asked, "sms", "x")
    assert stopped(asked, "email", "x")


def test_start_from_before_the_opt_out_lifts_nothing(asked):
    asked.apply(sms(Kind.OPTED_OUT, at=NOW + 2000, address="phone"))
    asked.apply(sms(Kind.OPTED_IN, at=NOW + 1000, address="phone"))
    asked.apply(sms(Kind.OPTED_IN, at=NOW + 2000, address="phone"))
    assert stopped(asked, "sms", "x")


def test_a_provider_that_refuses_for_an_opt_out_stops_the_address_until_start(asked, clock):
    begun(asked, A)
    asked.failed(A, 1, "opted-out")
    assert stopped(asked, "email", "x")
    assert asked.start("phone", clock.now + 1) >= 1
    assert not stopped(asked, "sms", "y")


def test_an_opt_out_is_kept_where_the_record_is_gone(asked):
    asked.erase(CONTACT)
    asked.apply(Event("email", Kind.OPTED_OUT, NOW + 1, "gone", address="mailbox", contact=CONTACT))
    assert stopped(asked, "email", "x")
    assert asked.create(made(B), NOW) == "stopped"


def test_start_for_a_contact_lifts_what_was_stopped_for_the_contact(asked, clock):
    asked.stop(CONTACT)
    assert stopped(asked, "email", "x")
    asked.start(CONTACT, clock.now + 1)
    assert not stopped(asked, "email", "y")
    assert not asked.history(CONTACT).stopped


def test_an_address_as_the_provider_writes_it_leads_to_the_contact(asked, client):
    """Numbers of some countries come back with a digit more or less."""
    begun(asked, A)
    asked.apply(sms(Kind.DELIVERED, A, address="other-form"))
    asked.apply(sms(Kind.OPTED_OUT, at=NOW + 2000, address="other-form"))
    assert stopped(asked, "email", "x")
    asked.erase(CONTACT)
    assert client.keys(f"fu:{{{asked.tenant}}}:a:other-form") == []


def test_what_nobody_knows_is_sent_again_once_if_so_wished(asked, clock):
    begun(asked, A)
    asked.unknown(A, 1, "timeout", clock.now)
    assert asked.resend(A, 1, clock.now) is Settled.SETTLED
    assert asked.begin(A, Conditions("phone", ALWAYS, 5000)) == Go(2)
    asked.unknown(A, 2, "timeout", clock.now)
    asked.resend(A, 2, clock.now)
    assert asked.read(A)["state"] == "unknown"
    assert asked.claim(10, 1000) == []


def test_history_for_the_planner(asked, clock):
    begun(asked, A)
    asked.create(made(B), NOW)
    asked.consent(CONTACT, "email", None, NOW + 1, "form")
    asked.apply(sms(Kind.REPLIED, at=NOW + 7, address="phone"))
    asked.end_sequence(CONTACT, "converted", NOW + 8)
    history = asked.history(CONTACT)
    assert (history.stopped, history.replied_ms, history.converted_ms) == (False, NOW + 7, NOW + 8)
    assert (set(history.consents), history.sends_ms) == ({"sms"}, (NOW,))
    assert asked.create(made(C), NOW * 2) == "converted"


def test_an_unsubscribe_token_holds_what_it_says_and_no_forged_one_is_taken():
    hasher = ContactHasher("acme", b"0123456789abcdef")
    contact, address = hasher.contact("p"), hasher.address("a@b.c")
    token = hasher.unsubscribe_token("f" * 16, contact, address)
    assert hasher.unsubscribed(token) == ("f" * 16, contact, address)
    for other in (ContactHasher("other", b"0123456789abcdef"), ContactHasher("acme", b"x" * 16)):
        assert other.unsubscribed(token) is None
    forged = [token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :] for i in range(len(token))]
    assert [hasher.unsubscribed(each) for each in [*forged, token[:-1], token + "A", "", "é" * 70]] == [
        None
    ] * (len(token) + 4)


EVENTS = [
    *(sms(kind, A, NOW + 1000 * i) for i, kind in enumerate(list(Kind)[:4])),
    sms(Kind.READ, A, NOW + 20_000, address="other-form"),
    sms(Kind.FAILED, A, NOW + 21_000, code="30003"),
    *(Event("email", kind, NOW + 1000 * i, B) for i, kind in enumerate(list(Kind)[:5])),
    *(Event("email", Kind.CLICKED, NOW + 3000 + more, B) for more in (0, 1000, 5000, 9000)),
    Event("email", Kind.MACHINE_OPENED, NOW + 3100, B),
    sms(Kind.REPLIED, at=NOW + 30_000, address="phone"),
    sms(Kind.REPLIED, at=NOW + 40_000, address="phone"),
    sms(Kind.OPTED_OUT, at=NOW + 50_000, address="phone"),
    sms(Kind.OPTED_IN, at=NOW + 60_000, address="phone"),
    Event("email", Kind.OPTED_OUT, NOW + 55_000, B, address="mailbox"),
    Event("email", Kind.OPTED_OUT, NOW + 45_000, B, address="mailbox", contact=CONTACT),
]


def everything(client, ledger):
    """All that the server keeps of a tenant, without times to live."""
    root = f"fu:{{{ledger.tenant}}}"
    kinds = {b"hash": client.hgetall, b"set": client.smembers, b"string": client.get}
    kept = {}
    for key in client.keys(f"{root}:*"):
        kind = client.type(key)
        kept[key.decode().removeprefix(root)] = (
            client.zrange(key, 0, -1) if kind == b"zset" else kinds[kind](key)
        )
    return kept


def end(client, tenant, events, scripts=None):
    """What is kept, and what was new, after a tenant's events in their order."""
    for key in client.keys(f"fu:{{{tenant}}}:*"):
        client.delete(key)
    clock = Clock(NOW)
    ledger = Ledger(client, tenant, clock=clock, scripts=scripts)
    consents(ledger)
    begun(ledger, A)
    begun(ledger, B, "email")
    ledger.create(made(C), NOW)
    clock.now += 100_000
    news = [each for applied in ledger.apply_all(events) for each in applied or ()]
    ledger.sent(A, 1, "")
    return everything(client, ledger), sorted((n.step, n.kind) for n in news)


def shuffled(events, seed):
    """Each event twenty times, in a random order."""
    doubled = list(events) * 20
    Random(seed).shuffle(doubled)
    return doubled


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sets(st.sampled_from(range(len(EVENTS))), min_size=2), st.integers(0, 2**32))
def test_twenty_of_each_in_any_order_reach_the_same_end(client, chosen, seed):
    events = [EVENTS[i] for i in sorted(chosen)]
    assert end(client, "order", shuffled(events, seed)) == end(client, "order", events)


def test_control_without_ranks_the_order_decides(client):
    unranked = {
        name: text.replace("if (RANK[name] or 0) > (RANK[reach or ''] or 0) then", "do")
        for name, text in load().items()
    }
    assert unranked != load()
    ends = {
        str(end(client, "unranked", shuffled(EVENTS[:5], seed), unranked)[0][f":f:{A}"]) for seed in range(10)
    }
    assert len(ends) > 1


def test_control_without_proof_an_event_leaves_the_attempt_open(client, clock):
    unproven = {
        name: text.replace("if state ~= 'sent' then went_out(id, own_contact, pid) end -- check: proof", "")
        for name, text in load().items()
    }
    ledger = Ledger(client, "unproven", clock=clock, scripts=unproven)
    consents(ledger)
    begun(ledger, A)
    ledger.apply(sms(Kind.DELIVERED, A))
    assert ledger.read(A)["state"] == "sending"


def test_a_hash_of_an_address_may_begin_with_the_sign_of_no_consent(ledger):
    """A hash has 64 characters to begin with, and `-` alone stands for no consent."""
    ledger.consent("dash", "sms", "-atmbrJsTTfclNLt", NOW, "form")
    ledger.consent("none", "sms", None, NOW, "form")
    assert ledger.history("dash").consents.keys() == {"sms"}
    assert ledger.history("none").consents == {}
