"""An event that the ledger refuses: it is tried some times and set aside, and no other is lost, also while the server takes no writes."""

from collections import Counter

import pytest

from followup.conftest import TENANTS
from leadmodel_followup.ledger.errors import LedgerUnavailable
from leadmodel_followup.ledger.events import Event, Kind
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import ALWAYS, Conditions, FollowUp
from leadmodel_followup.ledger.scripts import load
from leadmodel_followup.planning.identity import plan_tag
from leadmodel_followup.planning.spec import DAY_MS
from leadmodel_followup.webhooks import consumer
from leadmodel_followup.webhooks.consumer import Events

TAG, TRIES = plan_tag("plan"), 3
GOOD, BROKEN = f"{TAG}goodgoodgood", f"{TAG}brokenbroken"
SERVER = "if not applied and OF_SERVER[text:match('^-?(%u+)') or ''] then return redis.error_reply(text) end"


class Plan:
    """A plan with one message that was sent, one record that is none, and its consumer, which takes again at once."""

    def __init__(self, client, clock, scripts=None, tries=TRIES):
        self.client, self.skipped, self.news, self.now = client, Counter(), [], clock.now
        self.ledger = Ledger(client, f"refused-{next(TENANTS)}", clock=clock, scripts=scripts)
        self.ledger.consent("contact", "sms", "phone", clock.now, "form")
        self.ledger.create(FollowUp(GOOD, "lead", "contact", "sms", "step", clock.now), clock.now)
        self.ledger.begin(GOOD, Conditions("phone", ALWAYS, 5000))
        client.set(f"fu:{{{self.ledger.tenant}}}:f:{BROKEN}", "no hash")
        self.events = Events(
            client, self.ledger, self.news.extend, lease_ms=0, skipped=self.skip, tries=tries
        )

    def skip(self, channel, reason):
        self.skipped[channel, reason] += 1

    def post(self, *references, kind=Kind.DELIVERED, **more):
        for one in references:
            event = Event("sms", kind, self.now + 1, one, **more)
            self.client.xadd(self.events.stream, {"e": event.dump(), "at": ""})

    def ticks(self, count):
        return [self.events.tick() for _ in range(count)]


def test_an_event_that_is_refused_again_and_again_is_set_aside_and_the_others_are_applied(client, clock):
    plan = Plan(client, clock)
    plan.post(BROKEN, GOOD)
    assert plan.ticks(TRIES + 1) == [1, 0, 1, 0]
    assert plan.ledger.read(GOOD)["reach"] == "delivered"
    assert [one.kind for one in plan.news] == [Kind.DELIVERED]
    assert plan.skipped == {("sms", "refused"): 1}
    assert client.xlen(plan.events.stream) == 0
    ((_, fields),) = client.xrange(plan.events.aside)
    assert Event.load(fields[b"e"].decode()).reference == BROKEN
    assert client.pttl(plan.events.aside) > 0


def test_control_without_a_bound_it_comes_up_for_ever(client, clock):
    plan = Plan(client, clock, tries=10**9)
    plan.post(BROKEN, GOOD)
    assert plan.ticks(20) == [1] + [0] * 19
    assert (client.xlen(plan.events.stream), client.exists(plan.events.aside)) == (1, 0)


@pytest.mark.parametrize("kind", [Kind.OPTED_OUT, Kind.REPLIED])
def test_what_stops_messages_is_tried_until_it_is_applied(client, clock, kind):
    plan = Plan(client, clock)
    plan.post(BROKEN, kind=kind, address="phone")
    plan.post(GOOD)
    assert plan.ticks(5 * TRIES) == [1] + [0] * (5 * TRIES - 1), "the others do not wait"
    assert plan.skipped == {("sms", "stop-refused"): 5 * TRIES}
    assert (client.xlen(plan.events.stream), client.exists(plan.events.aside)) == (1, 0)
    client.delete(f"fu:{{{plan.ledger.tenant}}}:f:{BROKEN}")  # what was wrong is mended
    assert plan.ticks(2) == [1, 0]
    history = plan.ledger.history("contact")
    assert (history.stopped, history.replied_ms) == (
        (True, -1) if kind == "opted-out" else (False, plan.now + 1)
    )
    assert client.exists(plan.events.refusals) == 0


def test_control_as_any_other_event_a_stop_is_forgotten(client, clock, monkeypatch):
    monkeypatch.setattr(consumer, "STOPS", frozenset())
    plan = Plan(client, clock)
    plan.post(BROKEN, kind=Kind.OPTED_OUT, address="phone")
    plan.ticks(TRIES)
    client.delete(f"fu:{{{plan.ledger.tenant}}}:f:{BROKEN}")
    assert plan.ticks(3) == [0, 0, 0]
    assert not plan.ledger.history("contact").stopped


class FromTheFirst:
    """A client that always looks from the first entry on for what was not applied."""

    def __init__(self, client):
        self.client = client

    def __getattr__(self, name):
        return getattr(self.client, name)

    def xautoclaim(self, *arguments, **more):
        return self.client.xautoclaim(*arguments, **more | {"start_id": "0-0"})


def behind_many_stops(client, clock):
    """Whether new events, and one of a killed consumer, are applied behind stops that are refused."""
    plan = Plan(client, clock)
    plan.post(*[BROKEN] * 40, kind=Kind.OPTED_OUT)
    plan.events.batch = 8
    plan.ticks(20)
    plan.post(GOOD)
    taken = client.xreadgroup("apply", "apply", {plan.events.stream: ">"}, count=1)
    plan.post(GOOD, kind=Kind.READ)
    left = plan.ticks(20)
    return bool(taken), sum(left), plan.ledger.read(GOOD).get("reach"), client.xlen(plan.events.stream)


def test_stops_that_are_refused_are_in_the_way_of_no_other_event(client, clock):
    assert behind_many_stops(client, clock) == (True, 2, "read", 40)


def test_control_from_the_first_on_the_event_of_a_killed_consumer_waits_for_ever(client, clock):
    assert behind_many_stops(FromTheFirst(client), clock) == (True, 1, "read", 41)


def test_tries_while_the_server_is_away_do_not_count(client, clock):
    plan = Plan(client, clock)
    plan.post(BROKEN)
    assert full(plan) == TRIES + 2
    (pending,) = client.xpending_range(plan.events.stream, "apply", "-", "+", 1)
    assert pending["times_delivered"] > TRIES, "the control: it was taken often enough"
    assert plan.ticks(TRIES - 1) == [1, 1], (
        "the good one; then the broken one, refused once before the server was full"
    )


def test_what_is_aside_goes_after_eight_days_though_others_come(client, clock):
    plan = Plan(client, clock)
    now_ms = int(client.time()[0]) * 1000
    for days in (9, 7):
        client.xadd(plan.events.aside, {"e": str(days)}, id=f"{now_ms - days * DAY_MS}-0")
    plan.post(BROKEN)
    plan.ticks(TRIES)
    kept = [fields[b"e"] for _, fields in client.xrange(plan.events.aside)]
    assert (len(kept), kept[0]) == (2, b"7")


def test_what_is_aside_is_brought_back_as_the_runbook_says(client, clock):
    plan = Plan(client, clock)
    plan.post(BROKEN)
    plan.ticks(TRIES)
    client.delete(f"fu:{{{plan.ledger.tenant}}}:f:{BROKEN}")
    ((_, fields),) = client.xrange(plan.events.aside)
    client.execute_command("XADD", plan.events.stream, "*", "e", fields[b"e"])
    assert plan.ticks(2) == [1, 0]


def full(plan):
    """Whether the consumer fails as a whole while the server has no memory to write, for more ticks than an event has tries."""
    plan.ticks(1)  # which makes the group and loads the script
    plan.post(GOOD)
    failed = 0
    plan.client.config_set("maxmemory", 1)
    try:
        for _ in range(TRIES + 2):
            try:
                plan.events.tick()
            except LedgerUnavailable:
                failed += 1
    finally:
        plan.client.config_set("maxmemory", 0)
    return failed


def test_while_the_server_takes_no_writes_no_event_is_set_aside(client, clock):
    plan = Plan(client, clock)
    assert full(plan) == TRIES + 2
    plan.ticks(1)
    assert plan.ledger.read(GOOD)["reach"] == "delivered"
    assert plan.skipped == {}


def trouble_once(word):
    """The script with the first write to the record in trouble of the server."""
    text = load()["event"]
    start = "local function apply()\n"
    assert text.count(start) == text.count(SERVER) == 1
    return text.replace(start, f"{start}  error({{err = '{word}'}})\n")


@pytest.mark.parametrize("word", ["OOM command not allowed", "-MISCONF no snapshots", "READONLY a replica"])
def test_trouble_of_the_server_in_the_middle_of_a_script_blames_no_event(client, clock, word):
    plan = Plan(client, clock, load() | {"event": trouble_once(word)})
    plan.post(GOOD)
    for _ in range(TRIES + 2):
        with pytest.raises(LedgerUnavailable):
            plan.events.tick()
    assert (client.xlen(plan.events.stream), plan.skipped) == (1, {})


def test_control_without_a_look_at_the_word_the_event_is_lost_to_the_ledger(client, clock):
    careless = trouble_once("OOM command not allowed").replace(SERVER, "")
    plan = Plan(client, clock, load() | {"event": careless})
    plan.post(GOOD)
    plan.ticks(TRIES)
    assert (client.xlen(plan.events.stream), plan.skipped) == (0, {("sms", "refused"): 1})
