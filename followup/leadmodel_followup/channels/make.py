"""Makes the channels of the settings. Providers beyond those named here come from the entry points of installed packages."""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

from leadmodel_followup.channels.channel import LONGEST_MS, Channel, Message
from leadmodel_followup.channels.console import Console
from leadmodel_followup.channels.outcomes import Outcome, Throttled, Trace, Undecided
from leadmodel_followup.channels.secrets import SecretFolder
from leadmodel_followup.channels.sendgrid import SendGrid
from leadmodel_followup.channels.twilio import Twilio
from leadmodel_followup.channels.whatsapp import WhatsApp
from leadmodel_followup.settings.settings import ChannelSettings

_LOG = logging.getLogger(__name__)
GROUP = "leadmodel.channels"
_WAIT_MS = 60_000
Factory = Callable[[ChannelSettings, SecretFolder, str | None], Channel]


class UnknownProvider(Exception):  # noqa: N818  # an outcome
    """No installed package has a provider of this name that can be used; the message names those that are installed, or what is wrong."""


@dataclass(frozen=True)
class NoProvider:
    """The channel of a provider that is not installed: nothing leaves, and messages wait until it is."""

    sender: str
    timeout_ms: int = 0

    def send(self, _: Message) -> Outcome:
        """Leave the message unsent: it waits for a minute and comes up again."""
        return Throttled(_WAIT_MS, "no-provider")

    def look_up(self, _: Message, __: int) -> Trace:
        """Say that nobody can be asked now."""
        return Undecided()


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
        UnknownProvider: There is none of this name, or more than one, or it is too slow.
    """
    factory = PROVIDERS.get(settings.provider) or _installed(settings.provider)
    channel = factory(settings, secrets, public_url)
    _refuse_slow(settings.provider, channel)
    return channel


def _installed(provider: str) -> Factory:
    """The provider of a package. Raises UnknownProvider."""
    installed = entry_points(group=GROUP)
    matching = [entry for entry in installed if entry.name == provider]
    if len(matching) != 1:
        names = ", ".join(sorted({*PROVIDERS, *(entry.name for entry in installed)}))
        raise UnknownProvider(f"{len(matching)} packages have a provider {provider}; installed are {names}")
    try:
        factory: Factory = matching[0].load()
    except Exception as error:  # noqa: BLE001  # whatever a package of somebody else does when it is imported
        raise UnknownProvider(f"the provider {provider} cannot be loaded ({type(error).__name__})") from None
    _refuse_slow(provider, factory)  # a class as a rule says how long its channels take
    return factory


def _refuse_slow(provider: str, maker: object) -> None:
    """Raise UnknownProvider where the channel, or the class that makes it, allows more than LONGEST_MS for a message."""
    timeout_ms = getattr(maker, "timeout_ms", 0)
    if isinstance(timeout_ms, int | float) and timeout_ms > LONGEST_MS:
        raise UnknownProvider(
            f"the provider {provider} has a timeout_ms of {timeout_ms}; at most {LONGEST_MS}, so that a pod that ends waits for its messages"
        )


def unknown_providers(channels: Mapping[str, ChannelSettings]) -> Iterator[tuple[str, str]]:
    """Each channel whose provider cannot be used, and why."""
    for name, settings in channels.items():
        try:
            PROVIDERS.get(settings.provider) or _installed(settings.provider)
        except UnknownProvider as error:
            yield name, str(error)


def make_channels(
    channels: Mapping[str, ChannelSettings], secrets: Path, public_url: str | None
) -> dict[str, Channel]:
    """Make all channels by name; the secrets of each are the files of the folder of its name in `secrets`.

    Messages of a provider that cannot be used wait.
    """
    return {
        name: _made_or_waiting(settings, SecretFolder(secrets / name), public_url)
        for name, settings in channels.items()
    }


def _made_or_waiting(settings: ChannelSettings, secrets: SecretFolder, public_url: str | None) -> Channel:
    try:
        return make_channel(settings, secrets, public_url)
    except UnknownProvider as error:
        _LOG.warning("messages of channel %s wait: %s", settings.name, error)
        return NoProvider(settings.name)
