"""Arms of experiments: each lead counts once per arm and happening, whatever comes twice, late or in another order."""

import json
import re
from dataclasses import replace
from random import Random

import pytest
from prometheus_client.core import CollectorRegistry
from starlette.applications import Starlette

from followup.conftest import TENANTS
from leadmodel_followup.contacts.book import ContactBook
from leadmodel_followup.http.intake_routes import IntakeRoutes
from leadmodel_followup.http.ops import LedgerCollector, Ops
from leadmodel_followup.http.token import Token
from leadmodel_followup.intake.intake import Intake
from leadmodel_followup.intake.requests import Word, read_lead
from leadmodel_followup.ledger.events import Event, Kind
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import ALWAYS, Conditions
from leadmodel_followup.ledger.scripts import load
from leadmodel_followup.planning.identity import ContactHasher
from leadmodel_followup.planning.spec import DAY_MS, HOUR_MS, Band, FollowUpSpec, Step
from leadmodel_messages.followups_report import ArmCounts, parse
from support.followup_pod import TOKEN, lead
from support.followup_webhooks import AppClient

ARMS = ("control", "early")
STEPS = (Step("first", 0, "sms"), Step("second", HOUR_MS, "sms"))
SPEC = FollowUpSpec("plan", (Band("warm", 0.5, STEPS),), hours={}, caps=(), arms=ARMS)
WARM, COLD = 0.9, 0.1
ONCE = "or counted:find(LETTERS[what], 1, true)"


class Desk:
    """An intake with a ledger of its own; each lead has a person with a number of their own."""

    def __init__(self, client, clock, scripts=None):
        self.client, self.clock = client, clock
        self.ledger = Ledger(client, f"arms-{next(TENANTS)}", clock=clock, scripts=scripts)
        self.hasher = ContactHasher(self.ledger.tenant, b"0123456789abcdef")
        book = ContactBook(client, self.ledger.tenant)
        self.intake = Intake(self.ledger, book, self.hasher, SPEC, clock)

    def hand_in(self, number, arm=None, score=WARM, **more):
        given = {} if arm is None else {"arm": arm}
        document = lead(number, "2023-11-14T22:13:20Z", score=score, **given, **more)
        return self.intake.submit(read_lead(document, self.clock.now))

    def send(self, number, arm, score=WARM):
        """Hand in a lead and have its first message sent. Returns the follow-up's id."""
        first = self.hand_in(number, arm, score)[0]
        address = self.hasher.address(f"+4915{number:08}")
        attempt = self.ledger.begin(first.id, Conditions(address, ALWAYS, 5000)).attempt
        self.ledger.sent(first.id, attempt, f"p{number}")
        return first.id

    def hear(self, kind, reference, after_ms=1000):
        self.ledger.apply(Event("sms", kind, self.clock.now + after_ms, reference))

    def counts(self, arm):
        (counted,) = self.ledger.arms([arm])
        return {word: count for word, count in counted.counts.items() if count}


@pytest.fixture
def desk(client, clock):
    return Desk(client, clock)


def test_each_happening_counts_once_per_lead_in_its_arm(desk):
    name = desk.send(1, "early")
    for after_ms, kind in ((1000, Kind.DELIVERED), (9000, Kind.CLICKED), (9500, Kind.REPLIED)) * 2:
        desk.hear(kind, name, after_ms)
    for _ in range(2):
        desk.hand_in(1, "early")
        desk.ledger.sent(name, 1, "p1")
        desk.intake.converted(Word("person-1", desk.clock.now + 6000))
    desk.ledger.stop(desk.hasher.contact("person-1"))
    everything = ("leads", "scheduled", "sent", "delivered", "clicked", "replied", "converted", "opted-out")
    assert desk.counts("early") == dict.fromkeys(everything, 1)
    assert desk.counts("control") == {}


def test_control_without_a_mark_per_lead_a_second_message_counts_again(client, clock):
    scripts = load()
    assert all(scripts[name].count(ONCE) == 1 for name in ("create", "settle"))
    bare = {name: text.replace(ONCE, "") for name, text in scripts.items()}
    assert Desk(client, clock, bare).hand_in(1, "early")[1].step == "second"
    careless, careful = Desk(client, clock, bare), Desk(client, clock)
    for desk in (careless, careful):
        desk.hand_in(1, "early")
    assert (careful.counts("early")["scheduled"], careless.counts("early")["scheduled"]) == (1, 2)


def test_an_arm_without_messages_counts_leads_and_customers(desk):
    desk.hand_in(1, "control", score=COLD)
    desk.hand_in(2, "control", score=None)
    desk.intake.converted(Word("person-1", desk.clock.now))
    assert desk.counts("control") == {"leads": 2, "converted": 1}


def test_opens_and_scanners_decide_nothing(desk):
    name = desk.send(1, "early")
    desk.hear(Kind.DELIVERED, name)
    before = desk.counts("early")
    for kind in (Kind.OPENED, Kind.READ, Kind.MACHINE_OPENED, Kind.CLICKED):
        desk.hear(kind, name, after_ms=2000)
    assert desk.counts("early") == before == {"leads": 1, "scheduled": 1, "sent": 1, "delivered": 1}
    desk.hear(Kind.CLICKED, name, after_ms=3000)
    assert desk.counts("early")["clicked"] == 1, "the control: a click of a person"


def test_the_first_arm_of_a_lead_stands_and_a_lead_without_one_counts_nowhere(desk):
    desk.hand_in(1, "early")
    desk.hand_in(1, "control")
    desk.hand_in(2)
    assert (desk.counts("early"), desk.counts("control")) == ({"leads": 1, "scheduled": 1}, {})


def test_what_a_person_did_before_the_lead_came_in_is_not_its_effect(desk):
    desk.hand_in(1, "early")
    came = desk.clock.now
    desk.intake.replied(Word("person-1", came - 1))
    assert "replied" not in desk.counts("early")
    desk.intake.replied(Word("person-1", came))
    assert desk.counts("early")["replied"] == 1


@pytest.mark.parametrize("seed", range(4))
def test_any_order_and_number_of_events_has_the_same_counts(client, clock, seed):
    desk, chance = Desk(client, clock), Random(seed)
    names = {number: desk.send(number, ARMS[number % 2]) for number in range(6)}
    calls = [
        lambda one=name, kind=kind, at=at: desk.hear(kind, one, at * 5000)
        for number, name in names.items()
        for at, kind in enumerate((Kind.DELIVERED, Kind.CLICKED, Kind.REPLIED, Kind.OPTED_OUT)[: number % 5])
    ] * 3
    chance.shuffle(calls)
    for call in calls:
        call()
    sent = {"leads": 3, "scheduled": 3, "sent": 3}
    assert desk.counts("control") == {**sent, "delivered": 2, "clicked": 2, "replied": 1, "opted-out": 1}
    assert desk.counts("early") == {**sent, "delivered": 2, "clicked": 1, "replied": 1}


def test_erasure_takes_the_arm_and_counts_stay(desk):
    desk.hand_in(1, "early", score=COLD)
    desk.intake.erase("person-1")
    assert desk.client.keys(f"fu:{{{desk.ledger.tenant}}}:c:*") == []
    assert desk.counts("early") == {"leads": 1}


def test_a_lead_of_more_than_a_year_ago_is_forgotten(desk):
    desk.hand_in(1, "early", score=COLD)
    desk.clock.now += 367 * DAY_MS
    contact = f"fu:{{{desk.ledger.tenant}}}:c:{desk.hasher.contact('person-1')}"
    desk.hand_in(1, score=COLD, lead="other")
    assert not [field for field in desk.client.hkeys(contact) if field.startswith(b"v:")]


def without(name, check):
    """The scripts without one protection."""
    text, count = re.subn(rf"(?m)^.*-- check: {check}$", "", load()[name])
    assert count == 1
    return load() | {name: text}


def old_lead_twice(client, clock, scripts=None):
    """What a lead of more than a year ago counts that is handed in twice."""
    desk = Desk(client, clock, scripts)
    desk.clock.now += 367 * DAY_MS
    for _ in range(2):
        desk.hand_in(1, "early", score=COLD)
    return desk.counts("early")


def test_a_lead_of_more_than_a_year_ago_is_not_counted(client, clock):
    assert old_lead_twice(client, clock) == {}


def test_control_without_a_look_at_its_time_it_counts_at_each_call(client, clock):
    assert old_lead_twice(client, clock, without("create", "year")) == {"leads": 2}


def told_before_the_lead(client, clock, after_ms, scripts=None):
    """What a lead counts whose person answered, became a customer and opted out before the call that hands it in."""
    desk = Desk(client, clock, scripts)
    word = Word("person-1", desk.clock.now + after_ms)
    desk.hand_in(1, lead="other", score=COLD)
    desk.intake.replied(word)
    desk.intake.converted(word)
    contact = desk.hasher.contact("person-1")
    desk.ledger.apply(Event("sms", Kind.OPTED_OUT, word.at_ms, contact=contact))
    for _ in range(2):
        desk.hand_in(1, "early", score=COLD)
    return desk.counts("early")


def test_what_a_person_did_since_the_lead_counts_also_where_it_is_told_first(client, clock):
    since = {"leads": 1, "replied": 1, "converted": 1, "opted-out": 1}
    assert told_before_the_lead(client, clock, 0) == told_before_the_lead(client, clock, 5000) == since
    assert told_before_the_lead(client, clock, -1000) == {"leads": 1}


def test_control_without_a_look_back_the_order_decides(client, clock):
    assert told_before_the_lead(client, clock, 5000, without("create", "before")) == {"leads": 1}


def test_a_lead_in_an_arm_that_the_plan_does_not_name_is_taken_without_one(desk, tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    complaint = FollowUpSpec(
        "plan", SPEC.bands, hours={}, caps=(), arms=ARMS, silent_intents=frozenset({"complaint"})
    )
    intake = replace(desk.intake, spec=complaint)
    with AppClient(Starlette(routes=IntakeRoutes(intake, Token(tmp_path / "token")).routes())) as http:

        def post(**more):
            body = json.dumps(lead(1, "2023-11-14T22:13:20Z", score=WARM, **more)).encode()
            return http.post("/followups", content=body, headers={"Authorization": f"Bearer {TOKEN}"})

        taken = post(arm="Quill").json()
        assert taken["arm"] == "unknown"
        assert desk.ledger.read(taken["steps"][0]["id"])["state"] == "waiting", "its consent counts"
        assert post(arm="early ", intent="complaint").json()["arm"] == "unknown"
        assert desk.ledger.read(taken["steps"][0]["id"])["why"] == "silent-intent"
        assert desk.client.hgetall(f"{desk.ledger.plan_key}:arms") == {}
        assert "arm" not in post(arm="early").json(), "the control: an arm of the plan"
        assert desk.counts("early")["leads"] == 1
        for arm in ("a" * 33, 3):
            refused = post(arm=arm)
            assert (refused.status_code, refused.json()["message"][:4]) == (422, "arm "), arm


def test_report_and_metrics_have_the_arms_of_the_settings_alone(desk):
    desk.hand_in(1, "early")
    registry = CollectorRegistry()
    registry.register(LedgerCollector(desk.ledger, desk.clock, ARMS))
    ops = Ops(desk.ledger, "sha256:" + "0" * 64, ARMS[1:], lambda: (None, ()), registry, desk.clock)
    with AppClient(Starlette(routes=ops.routes())) as http:
        report = parse(http.get("/ops/followups").json())
        metrics = http.get("/metrics").text.splitlines()
    assert report.arms == (ArmCounts("early", leads=1, scheduled=1),)
    lines = [line for line in metrics if line.startswith("leadmodel_followup_arm_leads{")]
    assert len(lines) == 16
    assert 'leadmodel_followup_arm_leads{arm="early",reached="scheduled"} 1.0' in lines
