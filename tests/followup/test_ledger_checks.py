"""Random histories against the checks in the script that records an attempt: none is ever broken, and without a check it is."""

import re
from random import Random

import pytest

from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import Conditions, FollowUp, Go, Rate
from leadmodel_followup.ledger.scripts import load
from leadmodel_followup.planning.identity import plan_tag
from leadmodel_followup.planning.spec import Cap

HOUR, DAY = 3_600_000, 86_400_000
CAP, RATE = Cap(2, DAY), Rate("tenant", 1_800_000_000, 2)  # one in half an hour
CHECKS = ("stop", "consent", "hours", "cap", "rate")


class History:
    """Six contacts who share an address, and what an outsider writes down of them."""

    def __init__(self, client, tenant, clock, scripts, chance):
        self.ledger = Ledger(client, tenant, clock=clock, scripts=scripts)
        self.clock, self.chance = clock, chance
        self.consents, self.stopped, self.sends, self.begun = {}, set(), [], 0
        self.broken = set()

    def step(self):
        self.clock.now += self.chance.choice((0, 60_000, 300_000, HOUR, 6 * HOUR))
        contact, address = self.chance.choice("abcdef"), self.chance.choice(("shared", "own"))
        what = self.chance.random()
        if what < 0.25:
            given = self.chance.random() < 0.8
            self.ledger.consent(contact, "sms", address if given else None, self.clock.now, "form")
            self.consents[contact] = address if given else None
        elif what < 0.27:
            self.ledger.stop(contact)
            self.stopped.add(contact)
        else:
            self.attempt(contact, address)

    def attempt(self, contact, address):
        self.begun += 1
        made = FollowUp(f"{plan_tag('plan')}{self.begun}", "lead", contact, "sms", "step", self.clock.now)
        self.ledger.create(made, self.clock.now)
        day = self.clock.now - self.clock.now % DAY
        window = (day + 9 * HOUR, day + 20 * HOUR)
        begun = self.ledger.begin(made.id, Conditions(address, window, 5000, (CAP,), (RATE,)))
        if isinstance(begun, Go):
            self.judge(contact, address)
            self.sends.append((self.clock.now, contact))

    def judge(self, contact, address):
        now = self.clock.now
        recent = [at for at, to in self.sends if to == contact and at > now - CAP.window_ms]
        fast = [at for at, _ in self.sends if at > now - 1_800_000]
        wrong = {
            "stop": contact in self.stopped,
            "consent": self.consents.get(contact) != address,
            "hours": not 9 * HOUR <= now % DAY < 20 * HOUR,
            "cap": len(recent) >= CAP.count,
            "rate": len(fast) >= RATE.burst,
        }
        self.broken |= {check for check, is_wrong in wrong.items() if is_wrong}


def play(client, clock, name, scripts, histories=30):
    """What was broken in so many histories, and how many messages left."""
    chance, broken, sends = Random(7), set(), 0
    for i in range(histories):
        history = History(client, f"{name}-{i}", clock, scripts, chance)
        for _ in range(60):
            history.step()
        broken |= history.broken
        sends += len(history.sends)
    return broken, sends


def without(check):
    """The scripts without one check in `begin`; for `stop` also without the check of `create`."""
    scripts = load()
    scripts["begin"], removed = re.subn(rf"^.*-- check: {check}$", "", scripts["begin"], flags=re.MULTILINE)
    assert removed == 1
    if check == "stop":
        scripts["create"] = scripts["create"].replace("then return 'stopped' end", "then end")
        scripts["stop"] = scripts["stop"].replace("return cancelled", "return 0")
    return scripts


def test_no_history_breaks_a_check(client, clock):
    broken, sends = play(client, clock, "whole", load())
    assert broken == set()
    assert sends > 60


@pytest.mark.parametrize("check", CHECKS)
def test_control_without_a_check_the_histories_break_it(client, clock, check):
    broken, _ = play(client, clock, f"no-{check}", without(check))
    assert check in broken
