"""Which keys a channel of each provider needs in its Secret."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from leadmodel_followup.channels.secrets import MissingSecret, SecretFolder
from leadmodel_followup.settings.settings import ChannelSettings, Provider

NEEDS: Mapping[str, tuple[str, ...]] = {
    Provider.TWILIO: ("accountSid", "authToken"),
    Provider.SENDGRID: ("apiKey", "webhookPublicKey"),
    Provider.WHATSAPP: ("accessToken", "appSecret", "verifyToken"),
}


def missing(channels: Mapping[str, ChannelSettings], secrets: Path) -> Iterator[tuple[str, str]]:
    """Each channel with each key that it needs and does not have now; `secrets` has a folder per channel."""
    for name, channel in channels.items():
        for key in NEEDS.get(channel.provider, ()):
            try:
                SecretFolder(secrets / name).read(key)
            except MissingSecret:
                yield name, key
