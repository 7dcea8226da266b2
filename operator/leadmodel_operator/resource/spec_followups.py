"""The follow-ups in the spec: channels, bands of scores with their steps, sending hours, caps, rates, and the pods that send."""

from dataclasses import dataclass
from typing import Literal

from leadmodel_operator.resource.fields import Duration, doc
from leadmodel_operator.resource.formats import (
    CLOCK,
    FOLLOW_UP_NAME,
    HTTP_URL,
    HTTPS_URL,
    NAME,
    PROVIDER,
)
from leadmodel_operator.resource.schedules import TIME_ZONE
from leadmodel_operator.resource.spec_followup_pods import (
    FollowUpLink,
    FollowUpRedis,
    FollowUpWorker,
    IntakeToken,
    SecretKey,
    TemplatesSource,
)

Day = Literal["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
EVERY_DAY: tuple[Day, ...] = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One way to people, with the account that sends."""

    name: str = doc("Name of the channel, by which steps choose it.", pattern=FOLLOW_UP_NAME, max_length=32)
    provider: str = doc(
        "Provider that sends: Twilio, SendGrid, WhatsApp, or a package of yours in the image. Console writes the id of each message to the "
        "log and sends nothing.",
        default="Console",
        pattern=PROVIDER,
        max_length=12,
    )
    secret_name: str | None = doc(
        "Name of the Secret with the keys of the provider. Twilio: accountSid, authToken. SendGrid: apiKey, webhookPublicKey. WhatsApp: "
        "accessToken, appSecret, verifyToken. Console needs none; a provider of yours reads what it needs.",
        pattern=NAME,
        max_length=253,
        default=None,
    )
    from_: str | None = doc(
        "Sender. Twilio: a number such as +4930123456, a short code or a sender name. SendGrid: an e-mail address.",
        min_length=1,
        max_length=100,
        default=None,
    )
    messaging_service_sid: str | None = doc(
        "Messaging service of Twilio that chooses the sender, in place of from.", max_length=34, default=None
    )
    phone_number_id: str | None = doc(
        "Id of the WhatsApp number that sends, as digits.", max_length=20, default=None
    )
    api_url: str | None = doc(
        "Address in place of the provider's own, such as that of a proxy.",
        pattern=HTTP_URL,
        max_length=128,
        default=None,
    )
    per_second: float = doc("Messages of this sender per second.", default=1.0, minimum=0.001, maximum=1000)
    burst: int = doc("Messages of this sender that may leave at once.", default=1, minimum=1, maximum=1000)


@dataclass(frozen=True, kw_only=True)
class FollowUpStep:
    """One message of a sequence."""

    name: str = doc(
        "Name of the step, one of its kind within the plan. A renamed step is sent anew.",
        pattern=FOLLOW_UP_NAME,
        max_length=32,
    )
    after: Duration = doc(
        "Time between the lead and the message.", default=Duration("1h"), minimum_s=0, maximum_s=604_800
    )
    channel: str = doc("Name of the channel.", pattern=FOLLOW_UP_NAME, max_length=32)
    template: str = doc(
        "Name of the template: its files are TEMPLATE.LANGUAGE.PART in the ConfigMap of templates.",
        pattern=FOLLOW_UP_NAME,
        max_length=32,
    )


@dataclass(frozen=True, kw_only=True)
class Band:
    """Leads with a score from minScore up to the next band, with their messages."""

    name: str = doc("Name of the band.", pattern=FOLLOW_UP_NAME, max_length=32)
    min_score: float = doc("Lowest score of the band.", default=0.0, minimum=0.0, maximum=1.0)
    intents: tuple[str, ...] = doc(
        "Intents that the band is for. If empty, for every lead.",
        default=(),
        max_items=4,
        min_length=1,
        max_length=30,
    )
    steps: tuple[FollowUpStep, ...] = doc(
        "Messages, in order.", min_items=1, max_items=6, list_map_key="name"
    )


@dataclass(frozen=True, kw_only=True)
class QuietHours:
    """The hours in which messages may be sent, by the recipient's clock; all others are quiet."""

    opens: str = doc(
        "First time of day at which messages are sent.", default="09:00", pattern=CLOCK, max_length=5
    )
    closes: str = doc(
        "Time of day from which on no message is sent.", default="20:00", pattern=CLOCK, max_length=5
    )
    days: tuple[Day, ...] = doc(
        "Days on which messages are sent.", default=EVERY_DAY, min_items=1, max_items=7
    )
    time_zone: str = doc(
        "Time zone of people whose own is not known, as named in the IANA database.",
        default="UTC",
        pattern=TIME_ZONE,
        max_length=64,
    )
    channels: tuple[str, ...] = doc(
        "Names of the channels that keep these hours: at least all of Twilio and WhatsApp.",
        default=("sms", "whatsapp"),
        pattern=FOLLOW_UP_NAME,
        max_items=4,
        max_length=32,
    )


@dataclass(frozen=True, kw_only=True)
class SendLimits:
    """Rates of sending, besides that of each channel."""

    per_second: float = doc(
        "Messages of the namespace per second.", default=50.0, minimum=0.001, maximum=10_000
    )
    burst: int = doc(
        "Messages of the namespace that may leave at once.", default=50, minimum=1, maximum=10_000
    )
    recipient_seconds: float = doc(
        "Least seconds between two messages to one person.", default=6.0, minimum=0.1, maximum=86_400
    )


@dataclass(frozen=True, kw_only=True)
class FollowUpCap:
    """The most messages that one person gets within a time, over all channels."""

    messages: int = doc("Number of messages.", minimum=1, maximum=1000)
    window: Duration = doc("Time, no longer than retention.", minimum_s=60, maximum_s=31_536_000)


@dataclass(frozen=True, kw_only=True)
class FollowUps:
    """Messages to leads by score and intent: with consent, once, and at a decent hour."""

    redis: FollowUpRedis = doc("Redis or Valkey with the ledger of follow-ups.")
    contact_key: SecretKey = doc(
        "Key with which addresses become hashes. Without the same key opt-outs are lost."
    )
    intake: IntakeToken = doc("Token that callers of the intake send as bearer token.")
    templates: TemplatesSource = doc("Source of the texts.")
    channels: tuple[Channel, ...] = doc("Ways to people.", min_items=1, max_items=4, list_map_key="name")
    bands: tuple[Band, ...] = doc(
        "Bands of scores with their messages.", min_items=1, max_items=4, list_map_key="name"
    )
    silent_intents: tuple[str, ...] = doc(
        "Intents after which nothing is sent, such as a complaint.",
        default=(),
        max_items=4,
        min_length=1,
        max_length=30,
    )
    arms: tuple[str, ...] = doc(
        "Arms of experiments that leads may belong to, as callers of the intake name them. Counts of an arm never start anew.",
        default=(),
        max_items=8,
        pattern=FOLLOW_UP_NAME,
        max_length=32,
    )
    suspend: bool = doc("If true, the ledger is kept and nothing is sent.", default=False)
    public_url: str | None = doc(
        "Address under which providers and recipients reach the Service NAME-followups: webhooks and unsubscribing. Needed with every "
        "provider but Console.",
        pattern=HTTPS_URL,
        max_length=128,
        default=None,
    )
    quiet_hours: QuietHours = doc("Hours in which messages may be sent.", default=QuietHours())
    limits: SendLimits = doc("Rates of sending.", default=SendLimits())
    caps: tuple[FollowUpCap, ...] = doc(
        "Most messages to one person.",
        default=(
            FollowUpCap(messages=1, window=Duration("24h")),
            FollowUpCap(messages=3, window=Duration("168h")),
        ),
        max_items=3,
    )
    on_unknown: Literal["Skip", "Resend"] = doc(
        "What becomes of a message of which nobody knows whether it was sent, after reconcileFor. Resend may send it twice.",
        default="Skip",
    )
    reconcile_for: Duration = doc(
        "Time for which the provider is asked about a message without an outcome.",
        default=Duration("24h"),
        minimum_s=60,
        maximum_s=2_592_000,
    )
    retention: Duration = doc(
        "Time for which records and addresses are kept.",
        default=Duration("720h"),
        minimum_s=3600,
        maximum_s=31_536_000,
    )
    generation: int = doc(
        "Raise it to send the steps of the plan anew to leads that come again.",
        default=1,
        minimum=1,
        maximum=1_000_000,
    )
    max_segments: int = doc("Most segments of one SMS.", default=3, minimum=1, maximum=10)
    footer: str | None = doc(
        "Last lines of each e-mail: who writes, with a postal address.",
        min_length=1,
        max_length=320,
        default=None,
    )
    links: tuple[FollowUpLink, ...] = doc(
        "Links that templates may use, each as link_NAME.", default=(), max_items=4, list_map_key="name"
    )
    worker: FollowUpWorker = doc("Pods that send.", default=FollowUpWorker())
