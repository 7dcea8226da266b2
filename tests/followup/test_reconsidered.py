"""A lead that is handed in again: another band, a silent intent, calls in any order, and what is under way meanwhile."""

from dataclasses import replace
from random import Random

import pytest

from followup.conftest import KEY, TENANTS, Clock
from leadmodel_followup.contacts.book import ContactBook
from leadmodel_followup.intake.intake import Intake
from leadmodel_followup.intake.requests import read_lead
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import ALWAYS, Conditions, FollowUp, Go, Submission
from leadmodel_followup.ledger.scripts import load
from leadmodel_followup.planning.identity import ContactHasher
from leadmodel_followup.planning.spec import DAY_MS, HOUR_MS, Band, Cap, FollowUpSpec, Step
from support.followup_pod import lead

ADDRESS = "+4915100000001"
BANDS = (
    Band("warm", 0.5, (Step("warm-1", 0, "sms"), Step("warm-2", HOUR_MS, "sms"))),
    Band("hot", 0.8, (Step("hot-1", 0, "sms"), Step("hot-2", HOUR_MS, "sms"))),
)
SPEC = FollowUpSpec("plan", BANDS, hours={}, caps=(), silent_intents=frozenset({"complaint"}))
WARM, HOT, COLD = 0.6, 0.9, 0.1


class Desk:
    """An intake for one person, with the minutes of its clock as the times of leads."""

    def __init__(self, client, ledger, hasher, clock, spec=SPEC):
        self.ledger, self.clock, self.start = ledger, clock, clock.now
        self.hasher = hasher
        self.intake = Intake(ledger, ContactBook(client, ledger.tenant), hasher, spec, clock)
        self.address = hasher.address(ADDRESS)
        clock.now += HOUR_MS

    def hand_in(self, score, minute, number=1, **more):
        """What became of each step, by its name; of a lead without steps, by None."""
        at = f"2023-11-14T22:{13 + minute:02}:20Z"
        document = lead(number, at, person="person", score=score, addresses={"sms": ADDRESS}, **more)
        return {one.step: one for one in self.intake.submit(read_lead(document, self.clock.now))}

    def why(self, made):
        record = self.ledger.read(made.id)
        return record["state"] if record["state"] != "cancelled" else record["why"]

    def waiting(self):
        return self.ledger.overview().waiting

    def begin(self, made):
        return self.ledger.begin(made.id, Conditions(self.address, ALWAYS, 5000))


@pytest.fixture
def desk(client, ledger, hasher, clock):
    return Desk(client, ledger, hasher, clock)


def test_another_band_withdraws_what_waits_of_the_band_before(desk):
    warm, hot = desk.hand_in(WARM, 0), desk.hand_in(HOT, 1)
    assert [desk.why(one) for one in warm.values()] == ["superseded", "superseded"]
    assert [desk.why(one) for one in hot.values()] == ["waiting", "waiting"]
    assert desk.hand_in(HOT, 1) == hot
    assert desk.waiting() == 2


def test_no_band_withdraws_what_waits_and_no_score_leaves_it(desk):
    warm = desk.hand_in(WARM, 0)
    assert desk.hand_in(None, 1)[None].skipped == "no-score"
    assert desk.why(warm["warm-1"]) == "waiting"
    assert desk.hand_in(COLD, 2)[None].skipped == "no-band"
    assert desk.why(warm["warm-1"]) == "superseded"


def test_the_same_band_again_changes_nothing(desk):
    warm = desk.hand_in(WARM, 0)
    assert desk.hand_in(0.7, 1) == warm
    assert desk.waiting() == 2


def test_other_leads_of_the_person_keep_what_waits(desk):
    other = desk.hand_in(WARM, 0, number=2)
    desk.hand_in(WARM, 0)
    desk.hand_in(HOT, 1)
    assert [desk.why(one) for one in other.values()] == ["waiting", "waiting"]


def test_a_call_from_before_changes_nothing(desk):
    hot = desk.hand_in(HOT, 1)
    late = desk.hand_in(WARM, 0)
    assert [one.skipped for one in late.values()] == ["superseded", "superseded"]
    assert [desk.why(one) for one in hot.values()] == ["waiting", "waiting"]
    assert desk.hand_in(COLD, 0)[None].skipped == "superseded"
    assert desk.waiting() == 2


def test_a_band_that_comes_back_is_taken_up_again(desk):
    warm = desk.hand_in(WARM, 0)
    desk.hand_in(HOT, 1)
    again = desk.hand_in(WARM, 2)
    assert [one.id for one in again.values()] == [one.id for one in warm.values()]
    assert [desk.why(one) for one in warm.values()] == ["waiting", "waiting"]
    assert desk.waiting() == 2
    assert desk.begin(warm["warm-1"]) == Go(1)


def test_what_was_sent_stays_sent_and_counts_for_the_cap(client, ledger, hasher, clock):
    desk = Desk(client, ledger, hasher, clock, replace(SPEC, caps=(Cap(1, DAY_MS),)))
    warm = desk.hand_in(WARM, 0)
    assert desk.begin(warm["warm-1"]) == Go(1)
    ledger.sent(warm["warm-1"].id, 1, "p1")
    hot = desk.hand_in(HOT, 1)
    assert [desk.why(one) for one in warm.values()] == ["sent", "superseded"]
    assert hot["hot-1"].due_ms == clock.now + DAY_MS


def test_what_is_withdrawn_does_not_count_for_the_cap(client, ledger, hasher, clock):
    desk = Desk(client, ledger, hasher, clock, replace(SPEC, caps=(Cap(1, DAY_MS),)))
    desk.hand_in(WARM, 0)
    assert desk.hand_in(HOT, 1)["hot-1"].due_ms == clock.now


def test_an_attempt_under_way_is_not_repeated_for_a_band_that_is_left(desk, clock):
    warm = desk.hand_in(WARM, 0)
    assert desk.begin(warm["warm-1"]) == Go(1)
    desk.hand_in(HOT, 1)
    desk.ledger.again(warm["warm-1"].id, 1, "throttled", clock.now)
    assert desk.why(warm["warm-1"]) == "superseded"


def test_an_attempt_under_way_goes_on_when_the_band_comes_back(desk, clock):
    warm = desk.hand_in(WARM, 0)
    assert desk.begin(warm["warm-1"]) == Go(1)
    desk.hand_in(HOT, 1)
    desk.hand_in(WARM, 2)
    desk.ledger.again(warm["warm-1"].id, 1, "throttled", clock.now)
    assert desk.why(warm["warm-1"]) == "waiting"


def test_a_silent_intent_ends_what_waits_of_all_leads_up_to_it(desk):
    warm, other, later = desk.hand_in(WARM, 0), desk.hand_in(WARM, 2, 2), desk.hand_in(WARM, 4, 3)
    assert desk.hand_in(HOT, 3, intent="complaint")[None].skipped == "silent-intent"
    ended = [desk.why(one) for made in (warm, other) for one in made.values()]
    assert ended == ["silent-intent"] * 4
    assert [desk.why(one) for one in later.values()] == ["waiting", "waiting"]
    assert desk.hand_in(WARM, 2, number=4)["warm-1"].skipped == "silent-intent"
    assert desk.hand_in(WARM, 5, number=5)["warm-1"].skipped is None


def test_a_silent_intent_without_a_score_ends_what_waits(desk):
    warm = desk.hand_in(WARM, 0)
    desk.hand_in(None, 1, intent="complaint")
    assert desk.why(warm["warm-1"]) == "silent-intent"


def test_a_silent_intent_from_before_the_newest_call_changes_nothing(desk):
    hot = desk.hand_in(HOT, 2)
    desk.hand_in(WARM, 1, intent="complaint")
    assert [desk.why(one) for one in hot.values()] == ["waiting", "waiting"]


def test_a_later_call_takes_up_what_a_silent_intent_ended(desk):
    warm = desk.hand_in(WARM, 0)
    desk.hand_in(WARM, 1, intent="complaint")
    assert desk.hand_in(WARM, 0)["warm-1"].skipped == "superseded"
    assert desk.hand_in(WARM, 2)["warm-1"].id == warm["warm-1"].id
    assert [desk.why(one) for one in warm.values()] == ["waiting", "waiting"]


def test_another_plan_keeps_what_waits_of_the_lead_for_its_own_bands(client, ledger, hasher, clock, desk):
    plan = replace(SPEC, plan="other")
    other = Desk(client, Ledger(client, ledger.tenant, plan="other", clock=clock), hasher, clock, plan)
    kept = other.hand_in(WARM, 0)
    desk.hand_in(WARM, 0)
    desk.hand_in(HOT, 1)
    assert [other.why(one) for one in kept.values()] == ["waiting", "waiting"]
    desk.hand_in(HOT, 2, intent="complaint")
    assert [other.why(one) for one in kept.values()] == ["silent-intent", "silent-intent"]


def test_a_call_that_was_planned_before_a_later_one_came_schedules_nothing(desk):
    """The intake looks before it records, and the script decides."""
    warm = desk.hand_in(WARM, 0)["warm-1"]
    desk.hand_in(COLD, 2)
    made = FollowUp(warm.id, "lead-1", desk.hasher.contact("person"), "sms", "warm-1", warm.due_ms)
    late = Submission(made.contact, "lead-1", desk.start + 60_000, (made.id,))
    assert desk.ledger.submit(late, [made]) == ["superseded"]
    assert desk.ledger.submit(replace(late, at_ms=desk.start + 180_000), [made]) == ["created"], "the control"


def test_times_of_leads_are_forgotten_after_a_year(desk, client, clock):
    desk.hand_in(COLD, 0)
    key = f"fu:{{{desk.ledger.tenant}}}:c:{desk.hasher.contact('person')}"
    noted = [name for name in client.hkeys(key) if name.startswith(b"l:")]
    assert len(noted) == 1
    clock.now += 367 * DAY_MS
    later = Submission(desk.hasher.contact("person"), "lead-2", clock.now, ())
    desk.ledger.submit(later, [])
    assert noted[0] not in client.hkeys(key)


CALLS = [(WARM, 0), (HOT, 1), (COLD, 2), (WARM, 3), (HOT, 4)]
WAITS = {WARM: ["warm-1", "warm-2"], HOT: ["hot-1", "hot-2"], COLD: []}
UNORDERED = {
    "create": ("local older = at <", "local older = false and at <"),
    "history": ("consents, sends, newest}", "consents, sends, -1}"),
}
UNHUSHED = {"create": ("if hushed and tonumber(hushed) >= at then return 'silent-intent' end", "")}
KEPT = {"create": ("finish(one.id, 'cancelled', why)", "")}


def random_calls(chance):
    """Calls for one lead with a time each, some of them silent, doubled and shuffled; and the steps that have to wait in the end."""
    chosen = sorted(chance.sample(CALLS, chance.randrange(1, 6)), key=lambda call: call[1])
    calls = [(*call, {"intent": "complaint"} if chance.random() < 0.3 else {}) for call in chosen]
    score, _, silent = calls[-1]
    every = calls + chance.choices(calls, k=4)
    chance.shuffle(every)
    return every, [] if silent else WAITS[score]


def waiting_steps(desk, calls):
    """The names of the steps that wait after calls in their order."""
    ids = {}
    for score, minute, more in calls:
        ids |= {name: one.id for name, one in desk.hand_in(score, minute, **more).items() if one.id}
    return sorted(name for name, one in ids.items() if desk.ledger.read(one)["state"] == "waiting")


def wrong_ends(client, scripts, histories=60):
    """How many random histories end otherwise than the newest call wants."""
    wrong = 0
    for seed in range(histories):
        calls, wanted = random_calls(Random(seed))
        clock = Clock(1_700_000_000_000)
        ledger = Ledger(client, f"again-{next(TENANTS)}", clock=clock, scripts=scripts)
        desk = Desk(client, ledger, ContactHasher(ledger.tenant, KEY), clock)
        wrong += waiting_steps(desk, calls) != sorted(wanted)
    return wrong


def test_calls_in_any_order_and_number_end_as_the_newest_wants(client):
    assert wrong_ends(client, load()) == 0


@pytest.mark.parametrize("changes", [UNORDERED, KEPT], ids=["unordered", "kept"])
def test_control_without_a_protection_calls_end_otherwise(client, changes):
    scripts = load()
    for name, (whole, part) in changes.items():
        assert scripts[name].count(whole) == 1
        scripts[name] = scripts[name].replace(whole, part)
    assert wrong_ends(client, scripts) > 10


def test_control_without_its_time_a_silent_intent_holds_no_other_lead_back(client, ledger, clock):
    scripts = load()
    whole, part = UNHUSHED["create"]
    assert scripts["create"].count(whole) == 1
    unhushed = Ledger(
        client,
        ledger.tenant,
        clock=clock,
        scripts=scripts | {"create": scripts["create"].replace(whole, part)},
    )
    desk = Desk(client, unhushed, ContactHasher(ledger.tenant, KEY), clock)
    desk.hand_in(HOT, 3, intent="complaint")
    assert desk.hand_in(WARM, 2, number=4)["warm-1"].skipped is None
