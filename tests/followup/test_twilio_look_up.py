"""The look-up of Twilio: Absent is an order to send again, so it is answered only where every message to the number was read."""

import time
from dataclasses import replace

import pytest

from leadmodel_followup.channels.outcomes import Absent, NoLookUp, Present, Undecided
from support import provider_channels as case
from support.provider_channels import channel, message
from support.provider_shapes import Taken
from support.provider_stub import ProviderStub


@pytest.fixture
def stub():
    started = ProviderStub(page=2)
    yield started
    started.close()


@pytest.fixture
def twilio(stub, tmp_path):
    return channel("Twilio", stub.url, tmp_path)


def began_ms():
    return time.time_ns() // 1_000_000


def taken(text, *, ago_s=0, address=case.NUMBER, name="SM" + "a" * 32):
    return Taken("Twilio", name, "f1", address, text, at_s=time.time() - ago_s)


@pytest.mark.parametrize(
    "text",
    [
        case.TEXT,
        f"Sent from your trial account - {case.TEXT}",
        case.TEXT.replace(",", " -").replace(".", "…"),
        case.TEXT.upper() + "\nReply STOP to end",
    ],
)
def test_a_message_with_the_text_is_present_also_where_twilio_changed_punctuation(stub, twilio, text):
    stub.take(taken(text))
    assert twilio.look_up(message("Twilio"), began_ms()) == Present("SM" + "a" * 32)


def test_other_texts_older_messages_and_other_numbers_are_absent(stub, twilio):
    stub.take(taken(case.TEXT, ago_s=600))
    stub.take(taken("Another message"))
    stub.take(taken(case.TEXT, address="+12125550199"))
    assert twilio.look_up(message("Twilio"), began_ms()) == Absent()


def test_a_message_that_clocks_put_before_the_attempt_is_present(stub, twilio):
    stub.take(taken(case.TEXT, ago_s=30))
    assert twilio.look_up(message("Twilio"), began_ms()) == Present("SM" + "a" * 32)


def test_all_pages_are_read(stub, twilio):
    stub.take(taken(case.TEXT))
    for number in range(5):
        stub.take(taken(f"Another message {number}"))
    assert twilio.look_up(message("Twilio"), began_ms()) == Present("SM" + "a" * 32)
    assert [seen.query.rpartition("&")[2] for seen in stub.seen] == ["PageSize=100", "Page=1", "Page=2"]


def test_more_pages_than_are_read_decide_nothing(stub, twilio):
    for number in range(30):
        stub.take(taken(f"Another message {number}"))
    assert twilio.look_up(message("Twilio"), began_ms()) == Undecided()
    assert len(stub.seen) == 10


@pytest.mark.parametrize("change", [{"text": ""}, {"id": "quill feather"}])
def test_an_account_that_keeps_no_texts_decides_nothing(stub, twilio, change):
    stub.take(replace(taken(case.TEXT), **change))
    assert twilio.look_up(message("Twilio"), began_ms()) == Undecided()


@pytest.mark.parametrize("status", [401, 404, 429, 500])
def test_an_answer_other_than_a_list_decides_nothing(stub, twilio, status):
    stub.look_fault = status
    assert twilio.look_up(message("Twilio"), began_ms()) == Undecided()


def test_no_connection_and_no_secret_decide_nothing(tmp_path):
    one = channel("Twilio", "http://127.0.0.1:1", tmp_path)
    assert one.look_up(message("Twilio"), began_ms()) == Undecided()
    (tmp_path / "authToken").unlink()
    assert one.look_up(message("Twilio"), began_ms()) == Undecided()


@pytest.mark.parametrize("elsewhere", ["@evil.example/x", "/2010-04-01/Accounts/other", "//evil.example/"])
def test_the_login_goes_to_no_other_address(stub, twilio, elsewhere):
    stub.following = elsewhere
    assert twilio.look_up(message("Twilio"), began_ms()) == Undecided()
    assert len(stub.seen) == 1


@pytest.mark.parametrize("provider", ["SendGrid", "WhatsApp"])
def test_providers_that_cannot_be_asked_decide_nothing(stub, tmp_path, provider):
    assert channel(provider, stub.url, tmp_path).look_up(message(provider), began_ms()) == NoLookUp()
    assert stub.seen == []
