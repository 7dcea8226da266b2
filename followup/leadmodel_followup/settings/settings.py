"""What followups.json says: the plan's rules for the planner, and beside them channels, workers and what templates may use."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from leadmodel_followup.planning.spec import HOUR_MS, FollowUpSpec, Limit

SCHEMA = "leadmodel.followups/v1"


class Provider(StrEnum):
    """Who takes the messages of a channel, among those that come with the program."""

    CONSOLE = "Console"
    TWILIO = "Twilio"
    SENDGRID = "SendGrid"
    WHATSAPP = "WhatsApp"


class OnUnknown(StrEnum):
    """What becomes of a message of which nobody could tell whether the provider took it."""

    SKIP = "Skip"
    RESEND = "Resend"


@dataclass(frozen=True)
class ChannelSettings:
    """One channel of the settings; which of the sender's fields count depends on the provider.

    Attributes:
        name: Name of the channel, as steps name it.
        provider: Who takes the messages.
        sender: Number or e-mail address that the messages come from (`from`).
        messaging_service_sid: Twilio's pool of senders, in place of a number.
        phone_number_id: WhatsApp's id of the sending number.
        api_url: Another address of the provider's API; None for the provider's own.
        limit: Rate of the sender.
    """

    name: str
    provider: str = Provider.CONSOLE
    sender: str | None = None
    messaging_service_sid: str | None = None
    phone_number_id: str | None = None
    api_url: str | None = None
    limit: Limit = field(default_factory=lambda: Limit(1, 1))


@dataclass(frozen=True)
class Settings:
    """One plan of one tenant.

    Attributes:
        tenant: Whose plan; the namespace of the LeadModel.
        spec: Bands, hours, caps, rates and times, for the planner.
        channels: Channels by name.
        suspend: Nothing is sent; intake and webhooks go on.
        public_url: Where providers and people reach the webhooks and the page to unsubscribe; None where they cannot.
        on_unknown: What becomes of a message that nobody could tell of for `reconcile_ms`.
        reconcile_ms: How long the provider is asked about a message without an outcome.
        max_segments: Segments that an SMS may have.
        footer: Last lines of each e-mail: who writes, with a postal address.
        links: Links that templates may use, by name without `link_`.
        concurrency: Workers of a pod, which is also how many messages are under way at most.
        digest: `sha256:` and the digest of the document.
    """

    tenant: str
    spec: FollowUpSpec
    channels: Mapping[str, ChannelSettings]
    suspend: bool = False
    public_url: str | None = None
    on_unknown: OnUnknown = OnUnknown.SKIP
    reconcile_ms: int = 24 * HOUR_MS
    max_segments: int = 3
    footer: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    concurrency: int = 4
    digest: str = ""
