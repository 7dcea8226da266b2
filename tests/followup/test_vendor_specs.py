"""The vendors' OpenAPI files, tightened, as an oracle: each tightening refuses a request that nothing else refuses."""

import json
from urllib.parse import urlencode

import pytest

from support import provider_channels as case
from support.provider_shapes import ACCOUNT, Seen
from support.vendor_specs import TIGHTENINGS, VendorSpecs

NEEDS = pytest.mark.skipif(case.specs_folder() is None, reason="LEADMODEL_DATA is not set: no OpenAPI files")
SERVICE = "MG" + "0" * 32


@pytest.fixture(scope="module")
def specs():
    made = {}

    def load(*without):
        if without not in made:
            made[without] = VendorSpecs(case.specs_folder(), without)
        return made[without]

    return load


def sms(**change):
    form = {"To": "+12125550123", "From": "+12025550100", "Body": "text", **change}
    body = urlencode({name: value for name, value in form.items() if value is not None}).encode()
    headers = {"authorization": "Basic YTpi", "content-type": "application/x-www-form-urlencoded"}
    path = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    return Seen("Twilio", "POST", path, "", headers, body)


def mail(*, person=None, login="Bearer k", drop=(), **change):
    to = person or {"to": [{"email": "a@example.org"}], "custom_args": {"reference": "f1"}}
    content = [{"type": "text/plain", "value": "text"}]
    value = {"personalizations": [to], "from": {"email": "b@example.org"}, "subject": "s", "content": content}
    value = {name: part for name, part in (value | change).items() if name not in drop}
    headers = {"content-type": "application/json", **({"authorization": login} if login else {})}
    return Seen("SendGrid", "POST", "/v3/mail/send", "", headers, json.dumps(value).encode())


def whatsapp(*, language=None, parameters=None, **change):
    body = {"type": "body", "parameters": parameters or [{"type": "text", "text": "Ann"}]}
    template = {"name": "welcome", "language": language or {"code": "en"}, "components": [body]}
    fixed = {"messaging_product": "whatsapp", "recipient_type": "individual", "type": "template"}
    value = {**fixed, "to": "+12125550123", "template": template, "biz_opaque_callback_data": "f1", **change}
    headers = {"content-type": "application/json", "authorization": "Bearer k"}
    return Seen("WhatsApp", "POST", "/v23.0/1/messages", "", headers, json.dumps(value).encode())


ONLY = {
    "twilio_closed": sms(StatusCalback="https://a.example/"),
    "twilio_to": sms(To="abc"),
    "twilio_from": sms(From="+1 (202) 555-0100"),
    "twilio_callback": sms(StatusCallback="ftp://a.example/x"),
    "twilio_body": sms(Body="x" * 1601),
    "twilio_sender": sms(From=None),
    "twilio_content": sms(Body=None),
    "sendgrid_closed": mail(person={"to": [{"email": "a@example.org"}], "custom_arg": {}}),
    "sendgrid_email": mail(person={"to": [{"email": "a@b"}]}),
    "sendgrid_content": mail(drop=("content",)),
    "sendgrid_people": mail(personalizations=[]),
    "whatsapp_closed": whatsapp(biz_opaque_callback="f1"),
    "whatsapp_to": whatsapp(to="abc"),
    "whatsapp_product": whatsapp(messaging_product="sms"),
    "whatsapp_parameters": whatsapp(parameters=[{"type": "text", "txt": "Ann"}]),
}


@NEEDS
@pytest.mark.parametrize("good", [sms(), sms(From=None, MessagingServiceSid=SERVICE), mail(), whatsapp()])
def test_a_good_request_has_no_breach(specs, good):
    assert specs().breaches(good) == []


@NEEDS
@pytest.mark.parametrize("name", list(ONLY))
def test_each_tightening_refuses_a_request_that_nothing_else_refuses(specs, name):
    assert specs().breaches(ONLY[name]) != []
    assert specs(name).breaches(ONLY[name]) == []


@NEEDS
def test_without_its_loosening_the_file_of_whatsapp_wants_a_field_of_an_old_api(specs):
    old = {"code": "en", "policy": "deterministic"}
    assert specs().breaches(whatsapp(language=old)) != []
    assert specs("whatsapp_policy").breaches(whatsapp()) != []
    assert specs("whatsapp_policy").breaches(whatsapp(language=old)) == []


@NEEDS
@pytest.mark.parametrize(
    "bad",
    [
        sms(To=None),
        sms(MessagingServiceSid="MG1"),
        mail(drop=("from",)),
        mail(asm={}),
        mail(login=None),
        whatsapp(to=5),
    ],
)
def test_the_files_refuse_by_themselves(specs, bad):
    assert specs().breaches(bad) != []


def test_each_tightening_has_its_request():
    names = [tighten.__name__ for tightenings in TIGHTENINGS.values() for tighten in tightenings]
    assert sorted(names) == sorted([*ONLY, "whatsapp_policy"])
