"""What a run does with each message that it reads; connection, scan, checkpoint, lease and report are the same for every task."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

from leadmodel_messages.backfill import Outcome
from leadmodel_privacy.backfill.capabilities import Capabilities
from leadmodel_privacy.backfill.limits import Limits
from leadmodel_privacy.backfill.message_redactor import Reader, Redactor
from leadmodel_privacy.backfill.nodes import Node
from leadmodel_privacy.backfill.redis_types import RedisType, readable_types
from leadmodel_privacy.backfill.shapes import ShapeCounter
from leadmodel_privacy.backfill.state import PREFIX
from leadmodel_privacy.configuration import Config
from leadmodel_privacy.detect import Detector


class Task(ABC):
    """What a run does with messages.

    Attributes:
        prefix: Of the keys that runs of this task keep in Redis.
        outcome: How an apply that wrote something ended.
        rebuilds: Whether an apply rebuilds streams, which not every server lets.
    """

    prefix: ClassVar[str]
    outcome: ClassVar[Outcome]
    rebuilds: ClassVar[bool]

    @property
    @abstractmethod
    def version(self) -> str:
        """What reads the messages: a message that one version has read need not be read by it again."""

    @property
    @abstractmethod
    def meaning(self) -> dict[str, str]:
        """What the digest of a run's settings holds of the task."""

    @abstractmethod
    def reader(self, limits: Limits, shapes: ShapeCounter) -> Reader:
        """What reads each message; it may count shapes of what it finds."""

    @abstractmethod
    def types(self, limits: Limits, capabilities: Capabilities) -> dict[str, RedisType]:
        """The types of Redis that are read, by the server's name, and how each is written."""

    def check_room(self, node: Node) -> None:  # noqa: B027  # most tasks write no more than they read
        """Refuse to write where the server has no room. Raises ServerUnavailable."""


@dataclass(frozen=True)
class Redact(Task):
    """Replaces personal data in place."""

    config: Config = field(default_factory=Config)
    prefix: ClassVar[str] = PREFIX
    outcome: ClassVar[Outcome] = Outcome.REDACTED
    rebuilds: ClassVar[bool] = True

    @cached_property
    def version(self) -> str:
        """The detector's version."""
        return Detector(self.config).version

    @property
    def meaning(self) -> dict[str, str]:
        """The digest of the detector's configuration."""
        return {"detector": self.config.digest}

    def reader(self, limits: Limits, shapes: ShapeCounter) -> Reader:
        """The redactor of messages."""
        return Redactor(self.config, limits.message_chars, shapes)

    def types(self, limits: Limits, capabilities: Capabilities) -> dict[str, RedisType]:
        """All types, each rewritten in place."""
        return readable_types(
            limits, fields_expire=capabilities.fields_expire, documents=capabilities.documents
        )
