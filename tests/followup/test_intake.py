"""The intake on a real server: which addresses of a lead it keeps, and bodies that are no text."""

import json
from dataclasses import replace
from threading import Barrier, Thread

import prometheus_client as prometheus
import pytest
from starlette.applications import Starlette

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_followup.contacts.book import ContactBook
from leadmodel_followup.http.intake_routes import IntakeRoutes
from leadmodel_followup.http.token import Token
from leadmodel_followup.intake.intake import Intake
from leadmodel_followup.intake.requests import Word, read_consent, read_lead
from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.ledger.records import ALWAYS, Conditions
from leadmodel_followup.ledger.scripts import load
from leadmodel_followup.metrics import Metrics
from leadmodel_followup.planning.spec import Band, FollowUpSpec, Step
from support.followup_pod import TOKEN, lead
from support.followup_webhooks import AppClient

SPEC = FollowUpSpec("plan", (Band("all", 0, (Step("hello", 0, "sms"),)),), hours={}, caps=())
AT, AT_MS = "2023-11-14T22:13:20Z", 1_700_000_000_000
OLD, NEW = "+4915100000001", "+4915100000002"


@pytest.fixture
def intake(client, ledger, hasher, clock):
    return Intake(ledger, ContactBook(client, ledger.tenant), hasher, SPEC, clock)


def hand_in(intake, number, address, **changes):
    """What became of the one step of another lead of the same person."""
    document = lead(number, AT, person="person", addresses={"sms": address}, **changes)
    (step,) = intake.submit(read_lead(document, AT_MS))
    return step


def kept(intake):
    return intake.book.read(intake.hasher.contact("person")).addresses


def test_an_address_without_consent_of_its_own_does_not_replace_the_one_that_has_it(intake):
    assert hand_in(intake, 1, OLD).skipped is None
    assert hand_in(intake, 2, NEW, consents={}).skipped == "no-consent"
    assert kept(intake) == {"sms": OLD}


def test_an_earlier_lead_that_is_handed_in_again_does_not_bring_its_address_back(intake):
    before = {"sms": {"at": "2023-11-14T22:00:00Z", "source": "form"}}
    hand_in(intake, 1, OLD, consents=before)
    hand_in(intake, 2, NEW)
    hand_in(intake, 1, OLD, consents=before)
    assert kept(intake) == {"sms": NEW}


def test_control_an_address_with_a_later_consent_replaces_the_one_before(intake):
    hand_in(intake, 1, OLD, consents={"sms": {"at": "2023-11-14T22:00:00Z", "source": "form"}})
    assert hand_in(intake, 2, NEW).skipped is None
    assert kept(intake) == {"sms": NEW}


@pytest.fixture
def full_mailbox(client, hasher):
    """As many people behind an address as may share it."""
    people = f"fu:{{{hasher.tenant}}}:a:{hasher.address(NEW)}"
    client.sadd(people, *(f"person-{number}" for number in range(1000)))


@pytest.mark.usefixtures("full_mailbox")
def test_an_address_that_too_many_share_is_answered_with_a_word_of_its_own(intake, tmp_path):
    (tmp_path / "token").write_text(TOKEN)
    app = Starlette(routes=IntakeRoutes(intake, Token(tmp_path / "token")).routes())
    change = {"person": "person", "channel": "sms", "at": AT, "source": "form"}
    with AppClient(app) as http:

        def answer(**more):
            body, headers = json.dumps(change | more).encode(), {"Authorization": f"Bearer {TOKEN}"}
            return http.post("/consents", content=body, headers=headers).json()

        assert answer(address=OLD) == {"recorded": True}
        assert answer(address=NEW) == {"recorded": False, "why": "crowded"}
        assert answer(address=OLD, at="2023-11-14T22:13:19Z") == {"recorded": False, "why": "later"}
    assert hand_in(intake, 1, NEW).skipped == "crowded"
    assert hand_in(intake, 2, OLD, consents={}).skipped == "no-consent", "the control: no consent was given"


@pytest.fixture
def posted(intake, tmp_path):
    """Hand in a lead with changes over HTTP; its characters are escaped, as JSON allows."""
    (tmp_path / "token").write_text(TOKEN)
    app = Starlette(routes=IntakeRoutes(intake, Token(tmp_path / "token")).routes())
    with AppClient(app) as http:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        yield lambda **more: http.post(
            "/followups", content=json.dumps(lead(1, AT, **more)).encode(), headers=headers
        )


@pytest.mark.parametrize("field", ["name", "company", "person", "intent"])
def test_half_a_surrogate_pair_is_refused_as_no_text(posted, field):
    refused = posted(**{field: "Ada \ud83d"})
    assert (refused.status_code, refused.json()["error"]) == (422, "BadRequest")


def test_control_a_whole_pair_is_taken(posted):
    assert posted(name="Ada \ud83d\ude00").status_code == 200


@pytest.mark.parametrize("name", ["ada@example.org", "+4915100000001", "SMS", "", "a" * 33])
@pytest.mark.parametrize("part", ["addresses", "consents"])
def test_an_address_is_no_name_of_a_channel_and_is_not_shown(part, name):
    """The name of a channel stands in keys of the ledger."""
    with pytest.raises(LayoutError, match=rf"^{part} has names of channels") as refused:
        read_lead(lead(1, AT) | {part: {name: {}}}, AT_MS)
    assert len(name) < 3 or name not in str(refused.value)


@pytest.mark.parametrize("name", ["ada@example.org", "SMS"])
def test_consent_is_for_a_channel_by_its_name(name):
    document = {"person": "person", "channel": name, "address": OLD, "at": AT, "source": "form"}
    with pytest.raises(LayoutError, match=r"^channel must be the name") as refused:
        read_consent(document, AT_MS)
    assert name not in str(refused.value)
    assert read_consent(document | {"channel": "sms"}, AT_MS).channel == "sms", "the control"


@pytest.fixture
def registry():
    return prometheus.CollectorRegistry()


@pytest.fixture
def counting(intake, registry):
    """The intake with metrics, and a message to the person that was sent."""
    own = replace(intake, metrics=Metrics(registry))
    send(own)
    return own


def send(intake):
    name = hand_in(intake, 1, OLD).id
    attempt = intake.ledger.begin(name, Conditions(intake.hasher.address(OLD), ALWAYS, 5000)).attempt
    intake.ledger.sent(name, attempt, "p1")


def converted(registry):
    return registry.get_sample_value("leadmodel_followup_converted_total")


def replied(registry):
    return registry.get_sample_value("leadmodel_followup_replied_total", {"channel": "sms", "step": "hello"})


def tell_at_once(intake, callers=8):
    """So many tell of one customer at once."""
    together = Barrier(callers)

    def tell():
        together.wait()
        intake.converted(Word("person", AT_MS))

    threads = [Thread(target=tell) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_customer_counts_once_however_many_tell_of_them_at_once(counting, registry):
    tell_at_once(counting)
    assert converted(registry) == 1
    counting.converted(Word("person", AT_MS + 1))
    assert converted(registry) == 1


def test_control_without_a_look_in_the_script_each_teller_counts(counting, registry, client, clock):
    scripts = load()
    first = "if redis.call('HEXISTS', person(contact), why) == 1 then return 0 end -- check: first"
    assert scripts["cancel"].count(first) == 1
    scripts["cancel"] = scripts["cancel"].replace(first, "")
    careless = Ledger(client, counting.ledger.tenant, clock=clock, scripts=scripts)
    tell_at_once(replace(counting, ledger=careless))
    assert converted(registry) == 8


def test_who_was_sent_nothing_is_no_customer_of_a_message(intake, registry):
    own = replace(intake, metrics=Metrics(registry))
    hand_in(own, 1, OLD)
    assert own.converted(Word("person", AT_MS)) == 1
    assert converted(registry) == 0


def test_a_reply_that_the_intake_is_told_of_counts_once_for_the_message_before_it(counting, registry):
    for at_ms in (AT_MS, AT_MS, AT_MS + 1):
        counting.replied(Word("person", at_ms))
    assert replied(registry) == 1


def test_control_a_reply_before_any_message_counts_for_none(counting, registry):
    counting.replied(Word("person", AT_MS - 1))
    assert replied(registry) is None
