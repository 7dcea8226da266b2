"""Makes the channels of the settings. Providers beyond those named here come from the entry points of installed packages."""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from pathlib import Path

from leadmodel_followup.channels.channel import Channel
from leadmodel_followup.channels.console import Console
from leadmodel_followup.channels.secrets import SecretFolder
from leadmodel_followup.channels.sendgrid import SendGrid
from leadmodel_followup.channels.twilio import Twilio
from leadmodel_followup.channels.whatsapp import WhatsApp
from leadmodel_followup.settings.settings import ChannelSettings

GROUP = "leadmodel.channels"
Factory = Callable[[ChannelSettings, SecretFolder, str | None], Channel]


class UnknownProvider(Exception):  # noqa: N818  # an outcome
    """No installed package has a provider of this name."""


def _console(settings: ChannelSettings, secrets: SecretFolder, public_url: str | None) -> Channel:
    _ = settings, secrets, public_url
    return Console()


PROVIDERS: Mapping[str, Factory] = {
    "Console": _console,
    "Twilio": Twilio,
    "SendGrid": SendGrid,
    "WhatsApp": WhatsApp,
}


def make_channel(settings: ChannelSettings, secrets: SecretFolder, public_url: str | None) -> Channel:
    """Make a channel by its provider: one of PROVIDERS, which nobody can put another in place of, or an entry point of the group.

    Raises:
        UnknownProvider: There is none of this name, or more than one.
    """
    factory = PROVIDERS.get(settings.provider)
    if factory is None:
        installed = entry_points(group=GROUP, name=settings.provider)
        if len(installed) != 1:
            raise UnknownProvider(f"{len(installed)} packages have a provider {settings.provider}")
        (entry,) = installed
        factory = entry.load()
    return factory(settings, secrets, public_url)


def make_channels(
    channels: Mapping[str, ChannelSettings], secrets: Path, public_url: str | None
) -> dict[str, Channel]:
    """Make all channels by name; the secrets of each are the files of the folder of its name in `secrets`."""
    return {
        name: make_channel(settings, SecretFolder(secrets / name), public_url)
        for name, settings in channels.items()
    }
