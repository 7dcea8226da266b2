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

    def post(self, *references):
        for one in references:
            event = Event("sms", Kind.DELIVERED, self.now + 1, one)
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
