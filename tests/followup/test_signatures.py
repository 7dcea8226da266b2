"""Our verdict on signed requests against the vendors' SDKs, over random requests and random changes of them."""

import base64
import subprocess
import sys
from random import Random
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from sendgrid.helpers.eventwebhook import EventWebhook
from starlette.datastructures import Headers
from twilio.request_validator import RequestValidator, get_signature_algorithm

from leadmodel_followup.channels.secrets import MissingSecret, SecretFolder
from leadmodel_followup.webhooks import sendgrid, twilio, whatsapp
from leadmodel_followup.webhooks.incoming import Incoming, Refused
from support import followup_webhooks as signed

NOW_S = 1_700_000_000
SETTINGS = "X-Twilio-Webhooks-Signature-Settings"
HEADERS = (
    None,
    "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256",
    "algorithm=hmac_sha1",
    " algorithm = HMAC_SHA256 ,key=k",
)
UNKNOWN = "key=k,algorithm=HMAC_MD5"
LETTERS = "aB1 +&=%ä€🙂\n.:/"
HOSTS = (
    "https://a.example",
    "https://a.example:8443",
    "http://a.example:80",
    "https://a.example:443",
    "http://a.example",
)


class Multi(dict):
    """Fields with all values of a name, as web frameworks hand them to the SDK."""

    def getlist(self, name):
        return self[name]


@pytest.fixture(scope="module")
def secrets(tmp_path_factory):
    return signed.write_secrets(tmp_path_factory.mktemp("secrets"))


def text(chance, longest=12):
    return "".join(chance.choices(LETTERS, k=chance.randint(0, longest)))


def incoming(url="https://a.example/", headers=(), body=b"", received_s=NOW_S):
    return Incoming("sms", url, Headers(dict(headers)), body, "", received_s * 1000)


def verdict(verify, request, folder):
    try:
        verify(request, folder)
    except Refused as refused:
        return {403: False}[refused.status]
    return True


def multi(form):
    fields = Multi()
    for name, value in form:
        fields.setdefault(name, []).append(value)
    return fields


def twilio_request(chance):
    """URL, form, header of settings, and the signature: as Twilio makes it, or with one thing changed."""
    url = f"{chance.choice(HOSTS)}/webhooks/sms/{chance.randint(0, 9)}?q={chance.randint(0, 9)}"
    form = [(f"F{chance.randint(0, 4)}", text(chance)) for _ in range(chance.randint(0, 8))]
    settings = chance.choice(HEADERS)
    token = signed.TOKENS["webhookSharedKey" if settings and "key" in settings else "authToken"]
    other = chance.choice(("", "", "token", "url", "value", "field", "algorithm", "signature", "port"))
    signer = RequestValidator(token + "x" * (other == "token"))
    signature = signer.compute_signature(url, multi(form), get_signature_algorithm(settings))
    if other == "url":
        url = url.replace("webhooks", "webhook")
    elif other == "port":
        url = url.replace("a.example/", "a.example:8443/")
    elif other == "value" and form:
        form[0] = (form[0][0], form[0][1] + "x")
    elif other == "field":
        form.append(("Extra", ""))
    elif other == "algorithm":
        settings = chance.choice([UNKNOWN, *HEADERS])
        token = signed.TOKENS["webhookSharedKey" if settings and "key" in settings else "authToken"]
    elif other == "signature":
        signature = chance.choice(("", "x", signature[:-2] + "A=", signature.lower()))
    return url, form, settings, signature, token


def test_twilio_requests_are_judged_as_the_sdk_judges(secrets):
    folder, chance, seen = SecretFolder(secrets / "sms"), Random(1), [0, 0]
    for _ in range(4000):
        url, form, settings, signature, token = twilio_request(chance)
        wanted = RequestValidator(token).validate(
            url, multi(form), signature, get_signature_algorithm(settings)
        )
        headers = {"X-Twilio-Signature": signature, **({SETTINGS: settings} if settings else {})}
        request = incoming(url, headers, urlencode(form).encode())
        assert verdict(twilio.verify, request, folder) is wanted
        seen[wanted] += 1
    assert min(seen) > 1000


def test_control_a_verifier_that_sorts_no_values_differs_from_the_sdk():
    form = [("A", "2"), ("A", "1"), ("A", "2")]
    url, token = "https://a.example/", "token"
    signature = RequestValidator(token).compute_signature(url, multi(form)).encode()
    assert twilio.signed(url, form, token, signature)
    first = RequestValidator(token).compute_signature(url, dict(form)).encode()
    assert not twilio.signed(url, form, token, first)


def test_sendgrid_batches_are_judged_as_the_sdk_judges(secrets):
    folder, chance, seen = SecretFolder(secrets / "email"), Random(2), [0, 0]
    oracle, stranger = EventWebhook(signed.public_key()), ec.generate_private_key(ec.SECP256R1())
    for _ in range(600):
        body = ('[{"event": "' + text(chance, 40) + '"}]').encode()
        stamp = str(NOW_S + chance.randint(-60, 60))
        other = chance.choice(("", "", "key", "body", "stamp", "signature"))
        key = stranger if other == "key" else signed.SENDGRID_KEY
        signature = base64.b64encode(key.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
        if other == "body":
            body += b" "
        elif other == "stamp":
            stamp = str(int(stamp) + 1)
        elif other == "signature":
            signature = base64.b64encode(b"0" * chance.randint(0, 80)).decode()
        wanted = oracle.verify_signature(body.decode(), signature, stamp)
        assert verdict(sendgrid.verify, batch(body, signature, stamp), folder) is wanted
        seen[wanted] += 1
    assert min(seen) > 150


def batch(body, signature, stamp, received_s=NOW_S):
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": signature,
        "X-Twilio-Email-Event-Webhook-Timestamp": stamp,
    }
    return incoming(headers=headers, body=body, received_s=received_s)


@pytest.mark.parametrize(
    ("received_s", "taken"),
    [(NOW_S - 301, False), (NOW_S - 300, True), (NOW_S + 25 * 3600, True), (NOW_S + 25 * 3600 + 1, False)],
)
def test_a_batch_is_taken_for_as_long_as_sendgrid_repeats_it(secrets, received_s, taken):
    _, body, headers = signed.sendgrid([], NOW_S)
    request = incoming(headers=headers, body=body, received_s=received_s)
    assert verdict(sendgrid.verify, request, SecretFolder(secrets / "email")) is taken


def test_a_signed_batch_with_a_time_that_is_no_number_is_refused(secrets):
    for stamp in ("", "soon", "1" * 14, "-5", "²"):
        signature = signed.SENDGRID_KEY.sign(stamp.encode() + b"[]", ec.ECDSA(hashes.SHA256()))
        request = batch(b"[]", base64.b64encode(signature).decode(), stamp)
        assert not verdict(sendgrid.verify, request, SecretFolder(secrets / "email"))


@pytest.mark.parametrize("text_of_key", ["", "no base64", "AAAA", "p384", "rsa"])
def test_what_is_no_key_of_sendgrid_is_a_missing_secret(tmp_path, text_of_key):
    if text_of_key == "p384":
        text_of_key = signed.public_key(ec.generate_private_key(ec.SECP384R1()))
    (tmp_path / "webhookPublicKey").write_text(text_of_key)
    _, body, headers = signed.sendgrid([], NOW_S)
    with pytest.raises(MissingSecret, match="webhookPublicKey"):
        sendgrid.verify(incoming(headers=headers, body=body), SecretFolder(tmp_path))


def test_each_byte_of_a_whatsapp_request_counts(secrets):
    folder = SecretFolder(secrets / "whatsapp")
    _, body, headers = signed.whatsapp({})
    assert verdict(whatsapp.verify, incoming(headers=headers, body=body), folder)
    for i in range(len(body)):
        changed = body[:i] + bytes([body[i] ^ 1]) + body[i + 1 :]
        assert not verdict(whatsapp.verify, incoming(headers=headers, body=changed), folder)
    bare = headers["X-Hub-Signature-256"].removeprefix("sha256=")
    for signature in ("", bare, "sha1=" + bare, "sha256=", "sha256=é"):
        request = incoming(headers={"X-Hub-Signature-256": signature}, body=body)
        assert not verdict(whatsapp.verify, request, folder)


def test_cryptography_is_loaded_for_a_batch_of_sendgrid_only():
    loaded = "any(name.startswith('cryptography.hazmat') for name in sys.modules)"
    program = "import sys, leadmodel_followup.webhooks.routes; before = {0}; {1}"
    program = program.format(loaded, f"import cryptography.hazmat.bindings._rust; print(before, {loaded})")
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["False", "True"]
