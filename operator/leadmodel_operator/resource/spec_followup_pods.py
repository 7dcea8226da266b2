"""What the pods of follow-ups need: ledger, keys, templates, links and resources."""

from dataclasses import dataclass

from leadmodel_operator.resource.fields import doc
from leadmodel_operator.resource.formats import IMAGE, KEY, LINK, LINK_NAME, NAME, QUANTITY


@dataclass(frozen=True, kw_only=True)
class SecretKey:
    """One key of a Secret."""

    secret_name: str = doc("Name of the Secret.", pattern=NAME, max_length=253)
    key: str = doc("Key in the Secret.", default="key", pattern=KEY, max_length=253)


@dataclass(frozen=True, kw_only=True)
class IntakeToken:
    """The token that callers of the intake send."""

    secret_name: str = doc("Name of the Secret with the token.", pattern=NAME, max_length=253)
    key: str = doc(
        "Key in the Secret whose value is the token.", default="token", pattern=KEY, max_length=253
    )


@dataclass(frozen=True, kw_only=True)
class FollowUpRedis:
    """The Redis or Valkey with the ledger of follow-ups: append-only file, no eviction."""

    secret_name: str = doc("Name of the Secret with the URL of the Redis.", pattern=NAME, max_length=253)
    key: str = doc("Key in the Secret whose value is the URL.", default="url", pattern=KEY, max_length=253)
    port: int = doc(
        "Port in the URL, which the network policy opens.", default=6379, minimum=1, maximum=65_535
    )


@dataclass(frozen=True, kw_only=True)
class TemplatesSource:
    """The texts of the messages."""

    config_map_name: str = doc(
        "Name of the ConfigMap with the files of the templates.", pattern=NAME, max_length=253
    )


@dataclass(frozen=True, kw_only=True)
class FollowUpLink:
    """A link that templates may use."""

    name: str = doc("Name of the link.", pattern=LINK_NAME, max_length=32)
    url: str = doc("Address of the link.", pattern=LINK, max_length=100)


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """Amounts of CPU and memory."""

    cpu: str | None = doc("Amount of CPU, such as 100m.", pattern=QUANTITY, max_length=32, default=None)
    memory: str | None = doc(
        "Amount of memory, such as 128Mi.", pattern=QUANTITY, max_length=32, default=None
    )


@dataclass(frozen=True, kw_only=True)
class WorkerResources:
    """What the container of a pod asks for, and the most it gets."""

    requests: Amounts | None = doc("Resources reserved for the container.", default=None)
    limits: Amounts | None = doc("Resources the container may use at most.", default=None)


@dataclass(frozen=True, kw_only=True)
class FollowUpWorker:
    """The pods that send."""

    replicas: int = doc("Number of pods.", default=2, minimum=1, maximum=20)
    concurrency: int = doc("Messages that one pod sends at once.", default=4, minimum=1, maximum=32)
    image: str | None = doc(
        "Image of the pods. Replaces the default image of the operator.",
        pattern=IMAGE,
        max_length=256,
        default=None,
    )
    resources: WorkerResources | None = doc(
        "Resource requests and limits of the container. If absent, requests of 50m CPU and 96Mi and a limit of 384Mi.",
        default=None,
    )
