"""Two plans of one tenant share a stream: whichever applies an event, the plan whose message it was counts it, once."""

from collections import Counter
from random import Random

import pytest

from followup.conftest import TENANTS, Clock
from leadmodel_followup.ledger.events import Event, Kind
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import ALWAYS, Conditions, FollowUp, Go
from leadmodel_followup.ledger.scripts import load
from leadmodel_followup.planning.identity import plan_tag
from leadmodel_followup.webhooks.consumer import Events

NOW = 1_700_000_000_000
PLANS = ("warm-up", "win-back")
KINDS = (Kind.SENT, Kind.DELIVERED, Kind.READ, Kind.FAILED)


class Plan:
    """A plan with its consumer, and what its metrics counted."""

    def __init__(self, client, tenant, name, scripts):
        self.counted = Counter()
        self.ledger = Ledger(client, tenant, plan=name, clock=Clock(NOW), scripts=scripts)
        self.events = Events(client, self.ledger, self.count, batch=3)
        self.sent = [f"{plan_tag(name)}{number:012}" for number in range(5)]
        for number, one in enumerate(self.sent):
            contact = f"{name}-{number}"
            self.ledger.consent(contact, "sms", f"phone-{number}", NOW, "form")
            self.ledger.create(FollowUp(one, f"lead-{number}", contact, "sms", f"{name}-{number}", NOW), NOW)
            assert self.ledger.begin(one, Conditions(f"phone-{number}", ALWAYS, 5000)) == Go(1)

    def count(self, news):
        self.counted.update((one.step, one.kind) for one in news)


def play(client, scripts, seed):
    """Each report twice, applied by whoever takes it. Returns what each plan counted, and what it should have."""
    tenant, chance = f"news-{next(TENANTS)}", Random(seed)
    plans = [Plan(client, tenant, name, scripts) for name in PLANS]
    events = [Event("sms", kind, NOW + 1, one) for plan in plans for one in plan.sent for kind in KINDS] * 2
    events += [Event("sms", Kind.REPLIED, NOW + 2, address=f"phone-{number}") for number in range(5)]
    chance.shuffle(events)
    for event in events:
        client.xadd(plans[0].events.stream, {"e": event.dump(), "at": ""})
    while client.xlen(plans[0].events.stream):
        chance.choice(plans).events.tick()
    for plan in plans:
        plan.events.tick()
    wanted = [
        Counter({(f"{name}-{number}", kind): 1 for number in range(5) for kind in (*KINDS, Kind.REPLIED)})
        for name in PLANS
    ]
    return [plan.counted for plan in plans], wanted


@pytest.mark.parametrize("seed", range(5))
def test_each_plan_counts_its_own_messages_once(client, seed):
    counted, wanted = play(client, load(), seed)
    assert counted == wanted


def test_control_who_applies_an_event_counts_it_for_another_plan(client):
    scripts = load()
    whole = "if one:sub(1, 4) == TAG then"
    assert scripts["event"].count(whole) == 1
    counted, wanted = play(client, scripts | {"event": scripts["event"].replace(whole, "if true then")}, 0)
    assert counted != wanted
    assert sum(counted, Counter()) == sum(wanted, Counter())
