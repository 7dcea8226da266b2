"""The dispatcher and the reconciler: every outcome, every reason to wait, and no address or text outside."""

import logging
from collections import Counter
from dataclasses import replace

import pytest

from leadmodel_followup.channels.channel import Message, ProviderTemplate
from leadmodel_followup.channels.console import Console
from leadmodel_followup.channels.outcomes import (
    Absent,
    Accepted,
    NoLookUp,
    Present,
    Throttled,
    Undecided,
    Unknown,
)
from leadmodel_followup.dispatch.dispatcher import Dispatcher
from leadmodel_followup.dispatch.reconciler import Reconciler
from leadmodel_followup.dispatch.settings import DispatchSettings
from leadmodel_followup.ledger.events import Event, Kind
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import FollowUp
from leadmodel_followup.planning.identity import plan_tag
from leadmodel_followup.planning.spec import DAY_MS, Band, FollowUpSpec, Step
from support.followup_provider import HttpChannel, Provider

NUMBER, TEXT = "+12125550123", "quillfeather, your quote is ready"
TAG = plan_tag("plan")
SPEC = FollowUpSpec("plan", (Band("all", 0, (Step("step-1", 0, "sms"),)),))
NOON = 1_700_000_000_000 - 1_700_000_000_000 % DAY_MS + 17 * 3_600_000  # in New York


class Desk:
    """A dispatcher and a reconciler over one ledger and one channel."""

    def __init__(self, ledger, clock, hasher, channel) -> None:
        clock.now = NOON
        self.ledger, self.clock, self.hasher = ledger, clock, hasher
        self.text = {"message": lambda follow_up: Message(follow_up.id, NUMBER, TEXT)}
        parts = (ledger, {"sms": channel})
        self.elapsed = iter(lambda: 0, 1)
        self.dispatcher = Dispatcher(
            *parts, self.compose, hasher, SPEC, now=clock, since=lambda: next(self.elapsed)
        )
        self.reconciler = Reconciler(*parts, self.compose, hasher, now=clock)

    def compose(self, follow_up):
        return self.text["message"](follow_up)

    def add(self, number=1, channel="sms"):
        contact = self.hasher.contact(f"person-{number}")
        self.ledger.consent(contact, "sms", self.hasher.address(NUMBER), self.clock.now, "form")
        made = FollowUp(f"{TAG}{number}", f"lead-{number}", contact, channel, "step-1", self.clock.now)
        self.ledger.create(made, self.clock.now)
        return made

    def word(self):
        """What became of the one follow-up that is due."""
        (word,) = self.dispatcher.tick().elements()
        return word

    def state(self, number=1):
        return self.ledger.read(f"{TAG}{number}")["state"]


@pytest.fixture
def provider(request):
    mood = getattr(request, "param", "take")
    started = Provider({mood: 1.0})
    yield started
    started.close()


@pytest.fixture
def desk(ledger, clock, hasher, provider):
    made = Desk(ledger, clock, hasher, HttpChannel(provider.port))
    made.add()
    return made


@pytest.mark.parametrize(
    ("provider", "word", "state", "taken"),
    [
        ("take", "accepted", "sent", 1),
        ("take-twice", "accepted", "sent", 1),
        ("400", "rejected", "failed", 0),
        ("429", "throttled", "waiting", 0),
        ("stopped", "optedout", "failed", 0),
        ("500", "unknown", "unknown", 0),
        ("take-500", "unknown", "unknown", 1),
        ("take-drop", "unknown", "unknown", 1),
        ("take-late", "unknown", "unknown", 1),
        ("drop", "unknown", "unknown", 0),
    ],
    indirect=["provider"],
)
def test_each_outcome_has_its_state_and_is_sent_once_in_the_end(desk, provider, word, state, taken):
    assert (desk.word(), desk.state()) == (word, state)
    assert desk.dispatcher.tick() == Counter()
    provider.faults = {}
    provider.finish()
    for _ in range(3):
        desk.clock.now += 60_000
        desk.reconciler.tick()
        desk.dispatcher.tick()
    never = word in {"rejected", "optedout"}
    assert desk.state() == ("failed" if never else "sent")
    assert provider.taken[f"{TAG}1"] == (0 if never else 1) >= taken


def test_an_opt_out_at_the_provider_stops_the_number(desk, provider):
    provider.faults = {"stopped": 1.0}
    desk.word()
    desk.add(2)
    assert desk.dispatcher.tick() == Counter({"stopped": 1})


def test_no_connection_is_no_attempt_that_may_have_been_taken(ledger, clock, hasher):
    desk = Desk(ledger, clock, hasher, HttpChannel(1))
    desk.add()
    assert (desk.word(), desk.state()) == ("throttled", "waiting")


def test_at_night_it_waits_for_the_morning_of_the_number(desk, clock, provider):
    clock.now = NOON + 12 * 3_600_000
    assert desk.word() == "hours"
    clock.now = NOON - 3 * 3_600_000 + DAY_MS - 1
    assert desk.dispatcher.tick() == Counter()
    clock.now += 1
    assert desk.word() == "accepted"


class Busy(Console):
    """Takes nothing for an hour, and says why in a word of its own."""

    def send(self, message):
        return Throttled(3_600_000, "account")


def test_the_reason_of_a_provider_that_is_busy_is_kept_and_the_attempt_ends_at_the_horizon(
    ledger, clock, hasher
):
    desk = Desk(ledger, clock, hasher, Busy())
    desk.dispatcher.spec = replace(SPEC, hours={})
    desk.add()
    assert (desk.word(), ledger.read(f"{TAG}1")["why"]) == ("throttled", "account")
    clock.now = NOON + SPEC.horizon_ms - 3_600_000
    assert (desk.word(), desk.state()) == ("throttled", "waiting"), "the last that is in time"
    clock.now += 3_600_000
    assert (desk.word(), desk.state(), ledger.read(f"{TAG}1")["why"]) == ("too-late", "cancelled", "too-late")


class Faster(Console):
    """Has its webhook applied before it answers."""

    def __init__(self, ledger):
        self.ledger = ledger

    def send(self, message):
        self.ledger.apply(Event("sms", Kind.SENT, NOON, message.reference, provider_id="p"))
        return Accepted("p")


def test_a_message_whose_webhook_came_before_its_answer_counts_as_sent(ledger, clock, hasher):
    desk = Desk(ledger, clock, hasher, Faster(ledger))
    desk.add()
    assert (desk.word(), desk.state()) == ("accepted", "sent")


def test_a_second_message_to_a_number_waits_for_the_rate(desk, provider):
    desk.add(2)
    assert desk.dispatcher.tick() == Counter({"accepted": 1, "rate": 1})


def test_a_lead_that_is_gone_and_a_channel_that_is_gone_end_the_follow_up(desk):
    desk.text["message"] = lambda _: None
    desk.add(2, channel="fax")
    desk.clock.now += DispatchSettings().reload_ms
    assert desk.dispatcher.tick() == Counter({"no-message": 1, "no-channel": 1})
    assert (desk.state(), desk.state(2)) == ("cancelled", "cancelled")


def test_what_a_pod_with_earlier_settings_does_not_know_waits_for_the_others(desk, provider):
    known, desk.text["message"] = desk.text["message"], lambda _: None
    desk.add(2, channel="fax")
    desk.clock.now += DispatchSettings().reload_ms - 1
    assert desk.dispatcher.tick() == Counter({"not-composed": 2})
    desk.dispatcher.channels["fax"] = desk.dispatcher.channels["sms"]
    desk.text["message"] = known
    desk.clock.now += DispatchSettings().claim_ms
    assert desk.dispatcher.tick() == Counter({"accepted": 1, "no-consent": 1})
    assert (desk.state(), desk.state(2)) == ("sent", "cancelled")


class Sought(Console):
    """Takes each message without an answer, and finds those with the text that is looked for."""

    def __init__(self):
        self.taken = []

    def send(self, message):
        self.taken.append(message.body)
        return Unknown("timeout")

    def look_up(self, message, since_ms):
        return Present("p") if message.body in self.taken else Absent()


def looked_up(ledger, clock, hasher, then):
    """What a look-up says of a message that was sent, after something happened."""
    desk = Desk(ledger, clock, hasher, Sought())
    desk.add()
    desk.word()
    then(desk)
    clock.now += 60_000
    (word,) = desk.reconciler.tick().elements()
    return word, desk.state()


def change(desk):
    """The template changed after the message was sent."""
    desk.text["message"] = lambda follow_up: Message(follow_up.id, NUMBER, "another text")


def lose(desk):
    """The provider never had the message."""
    desk.dispatcher.channels["sms"].taken.clear()


def test_a_look_up_of_a_text_that_changed_since_proves_nothing(ledger, clock, hasher):
    assert looked_up(ledger, clock, hasher, change) == ("undecided", "unknown")


def test_control_a_look_up_of_the_text_that_was_sent_proves_its_absence(ledger, clock, hasher):
    assert looked_up(ledger, clock, hasher, lose) == ("absent", "waiting")


class Careless(Ledger):
    """Takes every id for one of its plan."""

    def owns(self, follow_up_id):
        return True


def taken_by_another_plan(desk, client, kind):
    """What a dispatcher of another plan, without the channel, makes of a job of this one, and the state then."""
    desk.clock.now += 3_600_000
    other = kind(client, desk.ledger.tenant, plan="other", clock=desk.clock)
    desk.dispatcher.ledger, desk.dispatcher.channels = other, {}
    return desk.dispatcher.send(f"{TAG}1")[1], desk.state()


def test_a_job_of_another_plan_changes_nothing(desk, client):
    assert taken_by_another_plan(desk, client, Ledger) == ("gone", "waiting")


def test_control_a_dispatcher_that_takes_every_id_ends_the_follow_up_of_another_plan(desk, client):
    assert taken_by_another_plan(desk, client, Careless) == ("no-channel", "cancelled")


def test_what_was_suspended_beyond_the_horizon_ends_and_is_not_sent(desk, clock, provider):
    desk.dispatcher.spec = replace(SPEC, hours={})
    clock.now = NOON + SPEC.horizon_ms + 1
    assert (desk.word(), desk.state(), provider.taken) == ("too-late", "cancelled", {})


def test_control_what_waited_until_the_horizon_is_sent(desk, clock, provider):
    desk.dispatcher.spec = replace(SPEC, hours={})
    clock.now = NOON + SPEC.horizon_ms
    assert (desk.word(), desk.state()) == ("accepted", "sent")


def test_one_that_cannot_be_composed_does_not_hold_up_the_others(desk, provider, caplog):
    def compose(follow_up):
        if follow_up.lead == "lead-1":
            raise KeyError(NUMBER)
        return Message(follow_up.id, NUMBER, TEXT)

    desk.text["message"] = compose
    desk.add(2)
    assert desk.dispatcher.tick() == Counter({"not-composed": 1, "accepted": 1})
    assert NUMBER not in caplog.text


class Raising:
    """A channel with a fault of its own after the message has left."""

    sender, timeout_ms = "raising", 100

    def send(self, message):
        raise RuntimeError(message.address)

    def look_up(self, message, since_ms):
        raise RuntimeError(message.body)


def test_a_channel_that_raises_is_unknown_and_no_address_is_logged(ledger, clock, hasher, caplog):
    desk = Desk(ledger, clock, hasher, Raising())
    desk.add()
    assert (desk.word(), desk.state()) == ("unknown", "unknown")
    clock.now += 60_000
    assert desk.reconciler.tick() == Counter({"undecided": 1})
    clock.now += DAY_MS
    assert desk.reconciler.tick() == Counter({"lost": 1})
    assert desk.state() == "unknown"
    assert caplog.text.count("RuntimeError") >= 2
    assert not any(part in caplog.text for part in (NUMBER, TEXT))


class Silent(Console):
    """Takes each message, answers nothing and cannot be asked."""

    def __init__(self, trace):
        self.trace, self.taken = trace, 0

    def send(self, message):
        self.taken += 1
        return Unknown("timeout")

    def look_up(self, message, since_ms):
        return self.trace


def taken_over_days(ledger, clock, hasher, trace, *, resend):
    """How often the provider took a message of which nobody ever heard, and the state in the end."""
    desk = Desk(ledger, clock, hasher, Silent(trace))
    for worker in (desk.dispatcher, desk.reconciler):
        worker.settings = replace(worker.settings, resend=resend)
    desk.add()
    for _ in range(4):
        desk.dispatcher.tick()
        clock.now += DAY_MS + 1
        desk.reconciler.tick()
    return desk.dispatcher.channels["sms"].taken, desk.state()


def test_what_nobody_can_look_up_is_sent_again_once_where_the_settings_say_so(ledger, clock, hasher):
    assert taken_over_days(ledger, clock, hasher, NoLookUp(), resend=True) == (2, "unknown")


def test_control_by_default_nothing_unknown_is_sent_again(ledger, clock, hasher):
    assert taken_over_days(ledger, clock, hasher, NoLookUp(), resend=False) == (1, "unknown")


def test_a_provider_that_can_be_asked_is_asked_and_not_sent_to_again(ledger, clock, hasher):
    assert taken_over_days(ledger, clock, hasher, Undecided(), resend=True) == (1, "unknown")


def stall(desk, provider):
    """A dispatcher stalls after the record of its attempt; others look, find nothing and send. Then the first one wakes."""
    begin = desk.ledger.begin

    def begin_and_stall(*arguments):
        begun = begin(*arguments)
        desk.ledger.begin = begin
        desk.elapsed = iter([60_000, *[0] * 9])
        awake = desk.elapsed
        desk.clock.now += 60_000
        desk.elapsed = iter(lambda: 0, 1)
        desk.reconciler.tick()
        desk.dispatcher.tick()
        desk.elapsed = awake
        return begun

    desk.ledger.begin = begin_and_stall
    word = desk.word()
    return word, provider.taken[f"{TAG}1"]


def test_a_dispatcher_that_stalled_does_not_send(desk, provider):
    assert stall(desk, provider) == ("slow-start", 1)
    assert desk.state() == "sent"


def test_control_without_a_limit_to_the_start_the_stalled_one_sends_again(desk, provider):
    settings = desk.dispatcher.settings
    desk.dispatcher.settings = replace(settings, start_ms=10**9, quiet_ms=1000 - 10**9)
    assert stall(desk, provider) == ("stale", 2)


def test_the_console_sends_nothing_and_logs_neither_number_nor_text(ledger, clock, hasher, caplog):
    caplog.set_level(logging.DEBUG)
    desk = Desk(ledger, clock, hasher, Console())
    desk.add()
    assert (desk.word(), desk.state()) == ("accepted", "sent")
    assert f"{TAG}1 would leave with {len(TEXT)} characters" in caplog.text
    assert not any(part in caplog.text for part in (NUMBER, "quillfeather"))


def test_a_message_shows_neither_address_nor_text():
    template = ProviderTemplate("welcome", "en", (TEXT,))
    more = {"html": TEXT, "unsubscribe": f"https://example.org/u/{NUMBER}", "template": template}
    shown = repr(Message("f1", NUMBER, TEXT, "quillfeather", **more))
    assert all(part in shown for part in ("f1", "welcome"))
    assert not any(part in shown for part in (NUMBER, "quillfeather"))


def test_nothing_in_the_server_holds_a_number_or_a_text(desk, client, provider):
    desk.word()
    kept = b"".join((client.dump(key) or b"") + key for key in client.keys(f"fu:{{{desk.ledger.tenant}}}*"))
    assert f"{TAG}1".encode() in kept
    assert not any(part in kept for part in (NUMBER.encode(), NUMBER[1:].encode(), b"quillfeather"))
