"""Requests as providers sign them, secrets in files, and the routes of webhooks in an app of their own."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections import Counter
from pathlib import Path
from typing import Self
from urllib.parse import urlencode

import httpx
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.applications import Starlette
from twilio.request_validator import RequestValidator

from leadmodel_followup.ledger.ledger import Ledger
from leadmodel_followup.planning.identity import ContactHasher
from leadmodel_followup.planning.spec import FollowUpSpec
from leadmodel_followup.settings.settings import ChannelSettings, Provider, Settings
from leadmodel_followup.webhooks.inbox import Inbox
from leadmodel_followup.webhooks.routes import WebhookDeps, routes

PUBLIC = "https://hooks.example.com/acme"
NUMBER_ID = "106540352242922"
KEY = b"0123456789abcdef"
TOKENS = {"authToken": "twilio-token", "webhookSharedKey": "shared-key"}
META = {"appSecret": "app-secret", "verifyToken": "verify-token"}
SENDGRID_KEY = ec.generate_private_key(ec.SECP256R1())
CHANNELS = {
    "sms": ChannelSettings("sms", Provider.TWILIO, sender="+15550100"),
    "email": ChannelSettings("email", Provider.SENDGRID, sender="a@example.com"),
    "whatsapp": ChannelSettings("whatsapp", Provider.WHATSAPP, phone_number_id=NUMBER_ID),
    "console": ChannelSettings("console"),
}


def public_key(key=SENDGRID_KEY) -> str:
    """The public key as SendGrid shows it: base64 of DER."""
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    return base64.b64encode(key.public_key().public_bytes(serialization.Encoding.DER, spki)).decode()


def write_secrets(folder: Path) -> Path:
    """All secrets of all channels, as files."""
    secrets = {"sms": TOKENS, "email": {"webhookPublicKey": public_key()}, "whatsapp": META}
    for channel, values in secrets.items():
        (folder / channel).mkdir(parents=True)
        for name, value in values.items():
            (folder / channel / name).write_text(f"{value}\n")
    return folder


def twilio(path: str, form: dict[str, str], token: str = TOKENS["authToken"]) -> tuple[str, bytes, dict]:
    """Path, body and headers of a request of Twilio."""
    signature = RequestValidator(token).compute_signature(PUBLIC + path, form)
    headers = {"X-Twilio-Signature": signature, "Content-Type": "application/x-www-form-urlencoded"}
    return path, urlencode(form).encode(), headers


def sendgrid(events: list, at_s: int, path: str = "/webhooks/email") -> tuple[str, bytes, dict]:
    """Path, body and headers of a batch of SendGrid."""
    body = json.dumps(events).encode()
    signature = SENDGRID_KEY.sign(str(at_s).encode() + body, ec.ECDSA(hashes.SHA256()))
    headers = {
        "X-Twilio-Email-Event-Webhook-Signature": base64.b64encode(signature).decode(),
        "X-Twilio-Email-Event-Webhook-Timestamp": str(at_s),
        "Content-Type": "application/json",
    }
    return path, body, headers


def meta_signature(body: bytes) -> str:
    """What Meta puts into X-Hub-Signature-256."""
    return "sha256=" + hmac.new(META["appSecret"].encode(), body, hashlib.sha256).hexdigest()


def whatsapp(value: dict, field: str = "messages") -> tuple[str, bytes, dict]:
    """Path, body and headers of a request of Meta for the channel's number."""
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550100", "phone_number_id": NUMBER_ID},
        **value,
    }
    entry = {"id": "1", "changes": [{"field": field, "value": value}]}
    body = json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()
    return "/webhooks/whatsapp", body, {"X-Hub-Signature-256": meta_signature(body)}


class Webhooks:
    """The routes over a ledger, with what they counted."""

    def __init__(self, ledger: Ledger, inbox: Inbox, secrets: Path, now, public_url: str | None = PUBLIC):
        self.rejected: Counter = Counter()
        self.skipped: Counter = Counter()
        self.news: list = []
        self.hasher = ContactHasher(ledger.tenant, KEY)
        self.deps = WebhookDeps(
            settings=Settings(ledger.tenant, FollowUpSpec("plan", ()), CHANNELS, public_url=public_url),
            secrets=secrets,
            hasher=lambda: self.hasher,
            inbox=inbox,
            ledger=ledger,
            rejected=lambda channel, reason: self.rejected.update([(channel, reason)]),
            skipped=lambda channel, reason: self.skipped.update([(channel, reason)]),
            news=self.news.extend,
            now=now,
        )
        self.app = Starlette(routes=routes(self.deps))


class AppClient:
    """Calls an app in this process, one request after the other on one loop."""

    def __init__(self, app: Starlette) -> None:
        self.runner = asyncio.Runner()
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://pod")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.runner.run(self.http.aclose())
        self.runner.close()

    def request(self, method: str, path: str, **more) -> httpx.Response:
        return self.runner.run(self.http.request(method, path, **more))

    def get(self, path: str, **more) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more) -> httpx.Response:
        return self.request("POST", path, **more)
