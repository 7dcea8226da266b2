"""Each channel against a stub of its provider over real HTTP: every fault has its outcome, and nothing leaks.

Every request that leaves here is checked against the vendor's own OpenAPI file, where LEADMODEL_DATA has it.
"""

import base64
import json
from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from leadmodel_followup.channels.channel import ProviderTemplate
from leadmodel_followup.channels.outcomes import (
    Accepted,
    OptedOut,
    Rejected,
    Throttled,
    Undecided,
    Unknown,
)
from support import provider_channels as case
from support.checking_stub import Authority
from support.checking_stub import stub as proxy
from support.provider_channels import channel, message
from support.provider_shapes import ACCOUNT
from support.provider_stub import ProviderStub
from support.vendor_specs import VendorSpecs

PROVIDERS = ("Twilio", "SendGrid", "WhatsApp")


@pytest.fixture(scope="session")
def check():
    folder = case.specs_folder()
    return VendorSpecs(folder).breaches if folder else None


@pytest.fixture
def stub(check):
    started = ProviderStub(check=check, delay_s=1.5)
    yield started
    started.close()
    assert started.breaches == []


ANY = {
    "take": (Accepted, 1),
    "take-late": (Unknown, 1),
    "take-drop": (Unknown, 1),
    "take-cut": (Unknown, 1),
    "take-twice": (Accepted, 1),
    "take-500": (Unknown, 1),
    "take-garbage": (Unknown, 1),
    "take-huge": (Unknown, 1),
    "take-trickle": (Unknown, 1),
    "redirect": (Unknown, 0),
    "drop": (Unknown, 0),
    "500": (Unknown, 0),
    "503": (Unknown, 0),
    "408": (Unknown, 0),
    "400": (Rejected, 0),
    "404": (Rejected, 0),
    "429": (Throttled, 0),
    "401": (Throttled, 0),
}
OWN = {
    ("Twilio", "stopped"): (OptedOut(), 0),
    ("WhatsApp", "stopped"): (OptedOut(), 0),
    ("Twilio", "code-20429"): (Throttled(1_000), 0),
    ("Twilio", "code-21611"): (Throttled(60_000), 0),
    ("Twilio", "code-21211"): (Rejected("21211"), 0),
    ("Twilio", "code-20003"): (Throttled(60_000, "account"), 0),
    ("WhatsApp", "code-130429"): (Throttled(1_000), 0),
    ("WhatsApp", "code-131056"): (Throttled(6_000), 0),
    ("WhatsApp", "code-80007"): (Throttled(60_000), 0),
    ("WhatsApp", "code-131049"): (Rejected("131049"), 0),
    ("WhatsApp", "code-131026"): (Rejected("131026"), 0),
    ("WhatsApp", "code-190"): (Throttled(60_000, "account"), 0),
    ("SendGrid", "403"): (Throttled(60_000, "account"), 0),
    ("SendGrid", "413"): (Rejected("413"), 0),
}


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fault", list(ANY))
def test_each_fault_has_its_outcome(stub, tmp_path, provider, fault):
    kind, taken = ANY[fault]
    slow = fault in {"take-late", "take-trickle"}
    stub.script.append(fault)
    outcome = channel(provider, stub.url, tmp_path, 700 if slow else 8000).send(message(provider))
    stub.finish()
    assert isinstance(outcome, kind)
    assert stub.count("f1") == taken
    assert len(stub.seen) == 1  # nothing is sent again, and no redirect is followed


@pytest.mark.parametrize(("provider", "fault"), list(OWN))
def test_each_code_of_a_provider_has_its_outcome(stub, tmp_path, provider, fault):
    stub.script.append(fault)
    outcome = channel(provider, stub.url, tmp_path).send(message(provider))
    assert (outcome, stub.count("f1")) == OWN[provider, fault]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_second_answer_is_not_taken_for_that_of_the_next_message(stub, tmp_path, provider):
    one = channel(provider, stub.url, tmp_path)
    stub.script.extend(["take-twice", "400", "take"])
    first, second, third = (one.send(message(provider, name)) for name in ("f1", "f2", "f3"))
    assert [type(outcome) for outcome in (first, second, third)] == [Accepted, Rejected, Accepted]
    assert [taken.id for taken in stub.taken] == [first.provider_id, third.provider_id]


@pytest.mark.parametrize("provider", PROVIDERS)
def test_no_connection_is_no_message(tmp_path, provider):
    assert channel(provider, "http://127.0.0.1:1", tmp_path).send(message(provider)) == Throttled(
        5_000, "no-connection"
    )


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_certificate_is_verified_before_the_message_leaves(tmp_path, monkeypatch, provider):
    authority = Authority(tmp_path)
    stub = ProviderStub(certificate=authority.sign())
    try:
        sent = channel(provider, stub.url, tmp_path).send(message(provider))
        assert (sent, stub.seen) == (Throttled(5_000, "no-connection"), [])
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        assert isinstance(channel(provider, stub.url, tmp_path).send(message(provider)), Accepted)
    finally:
        stub.close()


def test_a_proxy_of_the_environment_takes_the_requests(tmp_path, monkeypatch):
    sid = "SM" + "0" * 32
    with proxy(lambda request: request.answer(201, json.dumps({"sid": sid}).encode())) as through:
        monkeypatch.setenv("http_proxy", through.address)
        one = channel("Twilio", "http://provider.invalid", tmp_path)
        assert one.send(message("Twilio")) == Accepted(sid)
        assert through.requests[0].path.startswith("http://provider.invalid/2010-04-01/")
        monkeypatch.setenv("no_proxy", "provider.invalid")
        assert one.send(message("Twilio")) == Throttled(5_000, "no-connection")
        assert len(through.requests) == 1


def test_a_proxy_that_refuses_a_tunnel_is_no_message(tmp_path, monkeypatch):
    with proxy(lambda _: None) as through:  # answers CONNECT with 501
        monkeypatch.setenv("https_proxy", through.address)
        one = channel("Twilio", "https://provider.invalid", tmp_path)
        assert one.send(message("Twilio")) == Throttled(5_000, "no-connection")


def test_a_wait_that_the_provider_names_is_kept_within_an_hour(stub, tmp_path):
    one = channel("SendGrid", stub.url, tmp_path)
    for named, wait_ms in (
        ("7", 7_000),
        ("0", 1_000),
        ("9999999999", 3_600_000),
        ("soon", 1_000),
        ("٣", 1_000),
    ):
        stub.retry_after = named.encode()
        stub.script.append("429")
        assert one.send(message("SendGrid")) == Throttled(wait_ms)


def test_twilio_gets_a_form_that_names_the_follow_up(stub, tmp_path):
    channel("Twilio", stub.url, tmp_path).send(message("Twilio"))
    (seen,) = stub.seen
    assert parse_qs(seen.body.decode()) == {
        "To": ["+12125550123"],
        "From": ["+12025550100"],
        "Body": [case.TEXT],
        "StatusCallback": ["https://follow.example/webhooks/twilio/f1"],
    }
    login = base64.b64encode(f"{ACCOUNT}:quillfeather-auth".encode()).decode()
    assert seen.headers["authorization"] == f"Basic {login}"


def test_twilio_takes_a_key_in_place_of_the_token_and_a_service_in_place_of_a_number(stub, tmp_path):
    one = channel("Twilio", stub.url, tmp_path)
    case.write_keys(tmp_path, {"apiKeySid": "SK1", "apiKeySecret": "quillfeather-secret"})
    one.settings = replace(one.settings, messaging_service_sid="MG" + "0" * 32)
    one.public_url = None
    one.send(message("Twilio"))
    form = parse_qs(stub.seen[0].body.decode())
    assert sorted(form) == ["Body", "MessagingServiceSid", "To"]
    login = base64.b64decode(stub.seen[0].headers["authorization"].removeprefix("Basic "))
    assert login == b"SK1:quillfeather-secret"


def test_sendgrid_gets_text_and_html_with_one_click_to_unsubscribe(stub, tmp_path):
    channel("SendGrid", stub.url, tmp_path).send(message("SendGrid"))
    value = json.loads(stub.seen[0].body)
    assert value["personalizations"] == [{"to": [{"email": case.EMAIL}], "custom_args": {"reference": "f1"}}]
    assert value["from"] == {"email": "sales@acme.example", "name": "Acme Sales"}
    assert [part["type"] for part in value["content"]] == ["text/plain", "text/html"]
    assert value["headers"] == {
        "List-Unsubscribe": f"<{case.UNSUBSCRIBE}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert stub.seen[0].headers["authorization"] == "Bearer SG.quillfeather-key"


def test_whatsapp_gets_a_template_that_names_the_follow_up(stub, tmp_path):
    one = message("WhatsApp")
    spaced = replace(one, template=ProviderTemplate("welcome", "de", ("two\nlines   and\tmore",)))
    channel("WhatsApp", stub.url, tmp_path).send(spaced)
    value = json.loads(stub.seen[0].body)
    assert stub.seen[0].path == "/v23.0/10203/messages"
    assert value["biz_opaque_callback_data"] == "f1"
    parameters = [{"type": "text", "text": "two lines and more"}]
    assert value["template"] == {
        "name": "welcome",
        "language": {"code": "de"},
        "components": [{"type": "body", "parameters": parameters}],
    }


LINE = "quillfeather\r\nBcc: other@example.org"
UNSENDABLE = [
    ("Twilio", {"address": "2125550123"}, "bad-number"),
    ("Twilio", {"address": "+1 (212) 555-0123\r\nX: y"}, "bad-number"),
    ("Twilio", {"address": "+١٢١٢٥٥٥٠١٢٣"}, "bad-number"),
    ("Twilio", {"body": ""}, "bad-body"),
    ("Twilio", {"body": "x" * 1601}, "bad-body"),
    ("Twilio", {"body": "half a pair \ud800"}, "bad-body"),
    ("SendGrid", {"address": "quillfeather"}, "bad-email"),
    ("SendGrid", {"address": LINE}, "bad-email"),
    ("SendGrid", {"address": "a@example.org,b@example.org"}, "bad-email"),
    ("SendGrid", {"address": "quillfeather <a@example.org>"}, "bad-email"),
    ("SendGrid", {"subject": LINE}, "bad-subject"),
    ("SendGrid", {"subject": "quillfeather\u2028Bcc"}, "bad-subject"),
    ("SendGrid", {"subject": ""}, "bad-subject"),
    ("SendGrid", {"html": "\ud800"}, "bad-html"),
    ("SendGrid", {"unsubscribe": "https://a.example/>, <https://b.example/"}, "bad-unsubscribe"),
    ("SendGrid", {"unsubscribe": "https://a.example/\r\nBcc: b"}, "bad-unsubscribe"),
    ("SendGrid", {"unsubscribe": "javascript:alert(1)"}, "bad-unsubscribe"),
    ("WhatsApp", {"address": "quillfeather"}, "bad-number"),
    ("WhatsApp", {"template": None}, "no-template"),
    ("WhatsApp", {"template": ProviderTemplate("../other", "en")}, "bad-template"),
    ("WhatsApp", {"template": ProviderTemplate("welcome", "en\r\n")}, "bad-template"),
    ("WhatsApp", {"template": ProviderTemplate("welcome", "en", (" ",))}, "bad-parameter"),
    ("WhatsApp", {"template": ProviderTemplate("welcome", "en", ("x" * 1025,))}, "bad-parameter"),
]


@pytest.mark.parametrize(("provider", "change", "code"), UNSENDABLE)
def test_what_no_provider_may_get_does_not_leave(stub, tmp_path, provider, change, code):
    bad = replace(message(provider), **change)
    assert channel(provider, stub.url, tmp_path).send(bad) == Rejected(code)
    assert stub.seen == []


def test_a_number_leaves_without_spaces_and_punctuation(stub, tmp_path):
    channel("Twilio", stub.url, tmp_path).send(message("Twilio", address="+1 (212) 555-01.23"))
    assert stub.taken[0].address == "+12125550123"


@pytest.mark.parametrize(
    ("provider", "key"), [("Twilio", "authToken"), ("SendGrid", "apiKey"), ("WhatsApp", "accessToken")]
)
def test_a_rotated_secret_holds_from_the_next_message_on(stub, tmp_path, provider, key):
    one = channel(provider, stub.url, tmp_path)
    one.send(message(provider, "f1"))
    old = stub.seen[0].headers["authorization"]
    case.write_keys(tmp_path, {key: "rotated"})
    one.send(message(provider, "f2"))
    stub.logins[provider] = new = stub.seen[1].headers["authorization"]
    assert old != new
    case.write_keys(tmp_path, {key: case.KEYS[key]})
    assert one.send(message(provider, "f3")) == Throttled(60_000, "account")  # waits, and nothing is lost
    (tmp_path / key).unlink()
    assert one.send(message(provider, "f3")) == Throttled(60_000, "no-secret")
    case.write_keys(tmp_path, {key: "rotated"})
    assert isinstance(one.send(message(provider, "f3")), Accepted)


@pytest.mark.parametrize("account", ["AC0", "../../v3", "AC" + "0" * 31 + "?"])
def test_an_account_that_is_none_makes_no_other_address(stub, tmp_path, account):
    one = channel("Twilio", stub.url, tmp_path)
    case.write_keys(tmp_path, {"accountSid": account})
    assert one.send(message("Twilio")) == Throttled(60_000, "no-secret")
    assert (one.look_up(message("Twilio"), 0), stub.seen) == (Undecided(), [])
