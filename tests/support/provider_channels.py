"""Channels to a stub of their providers, with secrets in files and a message for each."""

import os
from dataclasses import replace
from pathlib import Path

from leadmodel_followup.channels.channel import Message, ProviderTemplate
from leadmodel_followup.channels.http_channel import HttpChannel
from leadmodel_followup.channels.secrets import SecretFolder
from leadmodel_followup.channels.sendgrid import SendGrid
from leadmodel_followup.channels.twilio import Twilio
from leadmodel_followup.channels.whatsapp import WhatsApp
from leadmodel_followup.settings.settings import ChannelSettings, Provider
from support.provider_shapes import ACCOUNT

KINDS: dict[str, type[HttpChannel]] = {"Twilio": Twilio, "SendGrid": SendGrid, "WhatsApp": WhatsApp}
PUBLIC = "https://follow.example"
NUMBER, EMAIL, NAME = "+12125550123", "quillfeather@example.org", "Quillfeather"
TEXT, HTML = "Dear Quillfeather, your quote is ready.", "<p>Dear Quillfeather, your quote is ready.</p>"
SUBJECT, UNSUBSCRIBE = "Your quote, Quillfeather", "https://follow.example/u/quillfeather-token"
KEYS = {
    "accountSid": ACCOUNT,
    "authToken": "quillfeather-auth",
    "apiKey": "SG.quillfeather-key",
    "accessToken": "EAAquillfeather",
}


def message(provider: str, reference: str = "f1", address: str | None = None) -> Message:
    """A message that the provider takes."""
    if provider == "SendGrid":
        return Message(reference, address or EMAIL, TEXT, SUBJECT, HTML, UNSUBSCRIBE)
    one = Message(reference, address or NUMBER, TEXT)
    return (
        replace(one, template=ProviderTemplate("welcome", "en_US", (NAME,)))
        if provider == "WhatsApp"
        else one
    )


def write_keys(folder: Path, keys: dict[str, str]) -> SecretFolder:
    """Write secrets, each in one step as Kubernetes does."""
    folder.mkdir(exist_ok=True)
    for key, value in keys.items():
        (folder / "..next").write_text(value)
        (folder / "..next").replace(folder / key)
    return SecretFolder(folder)


def settings(provider: str, url: str) -> ChannelSettings:
    """Settings of a channel that has the name of its provider."""
    sender = "Acme Sales <sales@acme.example>" if provider == "SendGrid" else "+12025550100"
    name = provider.lower()
    return ChannelSettings(name, Provider(provider), sender, phone_number_id="10203", api_url=url)


def channel(provider: str, url: str, folder: Path, timeout_ms: int = 8000) -> HttpChannel:
    """A channel to a stub, patient with a busy machine."""
    kind = type(provider, (KINDS[provider],), {"timeout_ms": timeout_ms})
    return kind(settings(provider, url), write_keys(folder, KEYS), PUBLIC)


def specs_folder() -> Path | None:
    """The folder of the vendors' OpenAPI files, None where LEADMODEL_DATA is not set."""
    return Path(os.environ["LEADMODEL_DATA"]) if "LEADMODEL_DATA" in os.environ else None
