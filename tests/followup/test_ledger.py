"""The ledger on real servers: each transition, fences, opt-outs, consents in any order, erasure, and the check of the server."""

import pytest
import redis

from followup.conftest import KEY
from leadmodel_followup.ledger.errors import LedgerUnavailable, UnsafeServer
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import (
    ALWAYS,
    Conditions,
    Dropped,
    FollowUp,
    Go,
    Gone,
    Later,
    Rate,
    Settled,
    Submission,
)
from leadmodel_followup.ledger.server_check import check_server
from leadmodel_followup.planning.identity import ContactHasher, checked_lead, follow_up_id
from leadmodel_followup.planning.spec import DAY_MS, Cap
from support.redis_servers import Server

ADDRESS, CONTACT, LOOK = "address", "contact", 5000
OPEN = Conditions(ADDRESS, ALWAYS, LOOK)


def follow_up(ledger, number=1, contact=CONTACT, channel="sms", due_ms=None):
    name = follow_up_id(ledger.tenant, f"lead-{number}", "plan", 1, "step-1")
    return FollowUp(name, f"lead-{number}", contact, channel, "step-1", due_ms or 1_700_000_000_000)


@pytest.fixture
def waiting(ledger, clock):
    """A follow-up that is due, with consent."""
    ledger.consent(CONTACT, "sms", ADDRESS, clock.now, "form")
    made = follow_up(ledger)
    assert ledger.create(made, clock.now) == "created"
    return made


def state(ledger, follow_up):
    return ledger.read(follow_up.id).get("state", "")


def test_a_repeated_request_makes_no_second_follow_up(ledger, clock, waiting):
    assert ledger.create(waiting, clock.now) == "exists"
    assert ledger.overview().waiting == 1
    ledger.sent(waiting.id, ledger.begin(waiting.id, OPEN).attempt, "p1")
    assert ledger.create(waiting, clock.now) == "exists"
    assert ledger.overview().waiting == 0


def test_what_is_due_is_claimed_by_one_until_the_lease_ends(ledger, clock, waiting):
    clock.now -= 1
    assert ledger.claim(10, 1000) == []
    clock.now += 1
    assert ledger.claim(10, 1000) == [waiting]
    assert ledger.claim(10, 1000) == []
    clock.now += 1000
    assert ledger.claim(10, 1000) == [waiting]


def test_of_two_that_begin_one_goes(ledger, waiting):
    assert ledger.begin(waiting.id, OPEN) == Go(1)
    assert ledger.begin(waiting.id, OPEN) == Gone("sending")
    assert ledger.sent(waiting.id, 1, "p1") is Settled.SETTLED
    assert ledger.sent(waiting.id, 1, "p1") is Settled.SAME
    assert ledger.begin(waiting.id, OPEN) == Gone("sent")
    assert ledger.read(waiting.id)["pid"] == "p1"


def test_an_attempt_without_outcome_is_unknown_and_waits_for_a_look_up(ledger, clock, waiting):
    ledger.begin(waiting.id, OPEN)
    clock.now += LOOK - 1
    assert ledger.overdue(10, 1000) == []
    clock.now += 1
    (attempt,) = ledger.overdue(10, 1000)
    assert (attempt.follow_up, attempt.attempt, attempt.began_ms) == (waiting, 1, clock.now - LOOK)
    assert state(ledger, waiting) == "unknown"
    assert ledger.overdue(10, 1000) == []
    assert ledger.claim(10, 1000) == []
    assert ledger.again(waiting.id, 1, "no-trace", clock.now) is Settled.SETTLED
    assert ledger.claim(10, 1000) == [waiting]
    assert (ledger.overview().unknown, ledger.overview().open) == (0, 0)


def test_an_outcome_of_an_earlier_attempt_changes_nothing(ledger, clock, waiting):
    ledger.begin(waiting.id, OPEN)
    ledger.again(waiting.id, 1, "throttled", clock.now)
    assert ledger.begin(waiting.id, OPEN) == Go(2)
    assert ledger.sent(waiting.id, 1, "old") is Settled.STALE
    assert ledger.failed(waiting.id, 1, "bad-number") is Settled.STALE
    assert state(ledger, waiting) == "sending"


def test_that_it_was_sent_is_true_whenever_it_comes(ledger, clock, waiting):
    """An answer after the look-up found nothing, but before another attempt began."""
    ledger.begin(waiting.id, OPEN)
    ledger.again(waiting.id, 1, "no-trace", clock.now)
    assert ledger.sent(waiting.id, 1, "late") is Settled.SETTLED
    assert ledger.begin(waiting.id, OPEN) == Gone("sent")
    assert ledger.claim(10, 1000) == []


def test_an_attempt_given_up_stays_unknown_and_is_counted(ledger, clock, waiting):
    ledger.begin(waiting.id, OPEN)
    ledger.unknown(waiting.id, 1, "timeout", clock.now + 1000)
    assert ledger.lost(waiting.id, 1) is Settled.SETTLED
    clock.now += DAY_MS
    assert ledger.overdue(10, 1000) == []
    assert state(ledger, waiting) == "unknown"
    assert ledger.overview().unknown == 1
    assert ledger.begin(waiting.id, OPEN) == Gone("unknown")


def test_records_of_ended_follow_ups_live_for_the_retention(ledger, client, waiting):
    ledger.sent(waiting.id, ledger.begin(waiting.id, OPEN).attempt, "p1")
    left = client.pttl(f"fu:{{{ledger.tenant}}}:f:{waiting.id}")
    assert 0 < left <= ledger.keep_ms


def test_a_lead_older_than_the_retention_gets_no_follow_up(ledger, clock):
    """The record that would say `exists` may be gone."""
    made = follow_up(ledger)
    assert ledger.create(made, clock.now - ledger.keep_ms - 1) == "too-old"
    assert ledger.create(made, clock.now - ledger.keep_ms) == "created"


def test_a_stop_on_one_channel_stops_all(ledger, clock, waiting):
    ledger.consent(CONTACT, "email", "mail", clock.now, "form")
    mail = follow_up(ledger, 2, channel="email")
    ledger.create(mail, clock.now)
    assert ledger.stop(ADDRESS) == 2
    assert [state(ledger, each) for each in (waiting, mail)] == ["cancelled", "cancelled"]
    assert ledger.create(follow_up(ledger, 3, channel="email"), clock.now) == "stopped"
    assert ledger.stop(ADDRESS) == 0


def test_a_stop_of_a_contact_reaches_others_at_the_same_address(ledger, clock, waiting):
    ledger.consent("sibling", "sms", ADDRESS, clock.now, "form")
    other = follow_up(ledger, 2, contact="sibling")
    ledger.create(other, clock.now)
    ledger.stop(CONTACT)
    assert ledger.begin(other.id, OPEN) == Dropped("stopped")


def test_a_stop_lets_an_attempt_pass_once_and_then_none(ledger, clock, waiting):
    ledger.begin(waiting.id, OPEN)
    assert ledger.stop(CONTACT) == 0
    ledger.again(waiting.id, 1, "no-trace", clock.now)
    assert state(ledger, waiting) == "cancelled"
    assert ledger.claim(10, 1000) == []


def test_consent_does_not_lift_a_stop(ledger, clock, waiting):
    ledger.stop(CONTACT)
    ledger.consent(CONTACT, "sms", ADDRESS, clock.now + 1, "form")
    assert ledger.create(follow_up(ledger, 2), clock.now) == "stopped"


def test_an_opt_out_at_the_provider_stops_all_in_the_step_that_records_it(ledger, clock, waiting):
    other = follow_up(ledger, 2, channel="email")
    ledger.create(other, clock.now)
    ledger.begin(waiting.id, OPEN)
    ledger.failed(waiting.id, 1, "opted-out")
    assert [state(ledger, each) for each in (waiting, other)] == ["failed", "cancelled"]


def test_a_reply_ends_what_waits_and_what_would_be_tried_again(ledger, clock, waiting):
    other = follow_up(ledger, 2)
    ledger.create(other, clock.now)
    ledger.begin(waiting.id, OPEN)
    assert ledger.cancel_contact(CONTACT, "replied") == 1
    ledger.again(waiting.id, 1, "throttled", clock.now)
    assert ledger.read(waiting.id)["why"] == ledger.read(other.id)["why"] == "replied"
    assert ledger.create(follow_up(ledger, 3), clock.now) == "created"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0), (2, 0, 1)])
def test_of_consents_in_any_order_the_latest_stands(ledger, clock, waiting, order):
    said = [(ADDRESS, 1), ("other", 2), (None, 3)]
    for i in order:
        address, later = said[i]
        ledger.consent(CONTACT, "sms", address, clock.now + later, "form")
    assert ledger.begin(waiting.id, OPEN) == Dropped("no-consent")


def test_consent_is_for_one_address_on_one_channel(ledger, clock, waiting):
    other = follow_up(ledger, 2, channel="email")
    ledger.create(other, clock.now)
    assert ledger.begin(other.id, OPEN) == Dropped("no-consent")
    assert ledger.begin(waiting.id, Conditions("new-number", ALWAYS, LOOK)) == Dropped("no-consent")


def test_outside_the_hours_it_waits_until_they_open(ledger, clock, waiting):
    opens = clock.now + 1000
    conditions = Conditions(ADDRESS, (opens, opens + 1000), LOOK)
    assert ledger.begin(waiting.id, conditions) == Later(opens, "hours")
    clock.now = opens + 1000  # the dispatcher read its clock before the hours closed
    assert isinstance(ledger.begin(waiting.id, conditions), Later)
    clock.now -= 1
    assert isinstance(ledger.begin(waiting.id, conditions), Go)


def test_over_the_cap_it_waits_until_there_is_room(ledger, clock, waiting):
    capped = Conditions(ADDRESS, ALWAYS, LOOK, caps=(Cap(1, DAY_MS),))
    other = follow_up(ledger, 2)
    ledger.create(other, clock.now)
    assert isinstance(ledger.begin(waiting.id, capped), Go)
    assert ledger.begin(other.id, capped) == Later(clock.now + DAY_MS, "cap")
    clock.now += DAY_MS
    assert isinstance(ledger.begin(other.id, capped), Go)


def test_what_was_not_taken_leaves_room_under_the_cap(ledger, clock, waiting):
    capped = Conditions(ADDRESS, ALWAYS, LOOK, caps=(Cap(1, DAY_MS),))
    other = follow_up(ledger, 2)
    ledger.create(other, clock.now)
    ledger.begin(waiting.id, capped)
    ledger.again(waiting.id, 1, "throttled", clock.now)
    assert isinstance(ledger.begin(other.id, capped), Go)


def test_each_that_waits_for_a_rate_gets_a_turn_of_its_own(ledger, clock):
    ledger.consent(CONTACT, "sms", ADDRESS, clock.now, "form")
    limited = Conditions(
        ADDRESS, ALWAYS, LOOK, rates=(Rate("tenant", 1_000_000, 2), Rate("from:a", 1000, 1000))
    )
    made = [follow_up(ledger, i) for i in range(5)]
    for each in made:
        ledger.create(each, clock.now)
    answers = [ledger.begin(each.id, limited) for each in made]
    assert answers[:2] == [Go(1), Go(1)]
    assert [answer.at_ms - clock.now for answer in answers[2:]] == [1000, 2000, 3000]
    for answer, each in zip(answers[2:], made[2:], strict=True):
        clock.now = answer.at_ms
        assert isinstance(ledger.begin(each.id, limited), Go)


def test_one_full_rate_charges_none(ledger, clock, waiting):
    full, free = Rate("from:a", 1_000_000, 1), Rate("to:b", 1_000_000, 1)
    other = follow_up(ledger, 2)
    ledger.create(other, clock.now)
    ledger.begin(waiting.id, Conditions(ADDRESS, ALWAYS, LOOK, rates=(full,)))
    assert isinstance(ledger.begin(other.id, Conditions(ADDRESS, ALWAYS, LOOK, rates=(free, full))), Later)
    assert isinstance(ledger.begin(other.id, Conditions(ADDRESS, ALWAYS, LOOK, rates=(free,))), Go)


def test_erasure_leaves_nothing_of_a_contact_but_the_opt_out(ledger, client, clock, waiting):
    other = follow_up(ledger, 2)
    ledger.create(other, clock.now)
    ledger.begin(waiting.id, Conditions(ADDRESS, ALWAYS, LOOK, rates=(Rate(f"to:{ADDRESS}", 1_000_000, 1),)))
    ledger.stop(CONTACT)
    assert ledger.erase(CONTACT) == 2
    root = f"fu:{{{ledger.tenant}}}"
    assert sorted(client.keys(f"{root}*")) == sorted(f"{root}:stop:{h}".encode() for h in (ADDRESS, CONTACT))
    assert ledger.sent(waiting.id, 1, "p1") is Settled.STALE
    assert ledger.read(waiting.id) == {}
    assert ledger.create(other, clock.now) == "stopped"


def test_two_tenants_share_nothing(ledger, client, clock, waiting):
    other = Ledger(client, f"{ledger.tenant}-b", clock=clock)
    assert other.claim(10, 1000) == []
    other.stop(CONTACT)
    assert isinstance(ledger.begin(waiting.id, OPEN), Go)
    hashed = [ContactHasher(name, KEY).address("+4915550100") for name in ("a", "b")]
    assert len(set(hashed)) == 2


def test_a_name_that_leaves_the_key_space_is_refused(client):
    for tenant in ("a}b", "a:b", "", "A", "x" * 64):
        with pytest.raises(ValueError, match="DNS label"):
            Ledger(client, tenant)


def test_an_address_is_no_id_of_a_lead():
    for lead in ("a@example.org", "+49 155", ""):
        with pytest.raises(ValueError, match="no address"):
            checked_lead(lead)


def test_addresses_written_differently_have_one_hash(hasher):
    assert (
        hasher.address("+49 155 (501) 00") == hasher.address("+4915550100") != hasher.address("+4915550101")
    )
    assert hasher.address("Ann@Example.org ") == hasher.address("ann@example.org")
    with pytest.raises(ValueError, match="16 bytes"):
        ContactHasher("acme", b"short")


def test_a_server_that_is_away_is_named_without_keys_or_values(ledger, clock):
    away = Ledger(redis.Redis(port=1, retry=None), "acme", clock=clock)
    for call in (lambda: away.create(follow_up(ledger), clock.now), lambda: away.read("x"), away.overview):
        with pytest.raises(LedgerUnavailable) as caught:
            call()
        assert str(caught.value).endswith("ConnectionError")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--appendonly", "no"), "appendonly"),
        (("--appendonly", "yes", "--maxmemory-policy", "allkeys-lru"), "noeviction"),
        (("--appendonly", "yes", "--maxmemory-policy", "volatile-ttl"), "noeviction"),
    ],
)
def test_a_server_that_may_forget_is_refused(server, tmp_path, options, word):
    other = Server(server.flavour, tmp_path, options).start()
    try:
        with pytest.raises(UnsafeServer, match=word):
            check_server(other.client())
    finally:
        other.stop(kill=True)


def test_a_server_that_remembers_is_taken(client):
    assert check_server(client) is None


@pytest.mark.parametrize(("append_only", "kept"), [("yes", 200), ("no", 0)])
def test_what_was_acknowledged_outlives_the_server(server, tmp_path, append_only, kept):
    """Without the append-only file, which the control shows, a crash forgets. `everysec` may write late where a disk is slow."""
    other = Server(server.flavour, tmp_path, ("--appendonly", append_only, "--appendfsync", "always")).start()
    try:
        ledger = Ledger(other.client(), "acme", clock=lambda: 1_700_000_000_000)
        for i in range(200):
            ledger.create(follow_up(ledger, i), 1_700_000_000_000)
        other.stop(kill=True)
        other.start()
        assert Ledger(other.client(), "acme").overview().waiting == kept
    finally:
        other.stop(kill=True)


def test_an_id_of_another_plan_is_refused_because_its_lists_would_keep_it(ledger, client, clock):
    other = Ledger(client, ledger.tenant, plan="other", clock=clock)
    with pytest.raises(ValueError, match="tag of its plan"):
        other.create(follow_up(ledger), clock.now)
    assert client.keys(f"fu:{{{ledger.tenant}}}*") == []


def hand_in(ledger, number, hasher):
    """A lead of a contact of its own with one follow-up."""
    made = follow_up(ledger, number, hasher.contact(str(number)))
    assert ledger.submit(Submission(made.contact, made.lead, 1_700_000_000_000, (made.id,)), [made]) == [
        "created"
    ]


def test_memory_of_a_waiting_follow_up(server, tmp_path):
    """At most 500 bytes, with its share of the lists and with the record of a contact of its own, as the intake records it."""
    other = Server(server.flavour, tmp_path).start()
    try:
        client = other.client()
        ledger = Ledger(client, "acme", clock=lambda: 1_700_000_000_000)
        hasher = ContactHasher("acme", KEY)
        hand_in(ledger, 5000, hasher)  # loads the script
        before = client.info("memory")["used_memory"]
        for i in range(5000):
            hand_in(ledger, i, hasher)
        each = (client.info("memory")["used_memory"] - before) / 5000
    finally:
        other.stop(kill=True)
    assert 200 < each <= 500
