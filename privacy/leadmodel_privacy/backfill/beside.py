"""Types of Redis whose messages are answered beside them, in a hash: field `model`, and an answer under the SHA-1 of each message."""

# ruff: noqa: D102  # the base class documents each method
import re
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from leadmodel_messages.backfill import Outcome
from leadmodel_privacy.backfill.capabilities import Capabilities
from leadmodel_privacy.backfill.errors import ServerUnavailable
from leadmodel_privacy.backfill.key_parts import Change, Part, grouped, packed
from leadmodel_privacy.backfill.limits import Limits
from leadmodel_privacy.backfill.message_redactor import Reader, Redaction
from leadmodel_privacy.backfill.nodes import Node
from leadmodel_privacy.backfill.redis_types import (
    SLACK,
    Call,
    Document,
    Hash,
    List,
    RedisType,
    SortedSet,
    Stream,
    String,
)
from leadmodel_privacy.backfill.side_keys import side_key
from leadmodel_privacy.backfill.state import BESIDE_PREFIX
from leadmodel_privacy.backfill.task import Task

FULL = 0.9  # share of its memory from which a server that evicts keys gets no more of them
_FIGURE = re.compile(rb"^(used_memory|maxmemory|maxmemory_policy):(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class Answers:
    """What answers, and for how long: `model` names it, `ttl_ms` are milliseconds; keys of up to `most` elements are compared as a whole."""

    model: str
    ttl_ms: int
    most: int


class Beside(RedisType):
    """Mixin of a type whose messages stay as they are; answers go into the side key."""

    script: ClassVar[str] = "beside"
    answers: Answers

    def keys(self, key: bytes) -> list[bytes]:
        return [key, side_key(key) or key]

    def is_writable(self, key: bytes) -> bool:
        return side_key(key) is not None

    def answered(self, key: bytes, changes: Sequence[Change]) -> Call | None:
        return ("HMGET", self.keys(key)[1], "model", *(change.old for change in changes)) if changes else None

    def still_open(self, changes: Sequence[Change], reply: Any) -> list[Change]:
        if not isinstance(reply, list) or reply[0] != self.answers.model.encode():
            return list(changes)
        return [change for change, answer in zip(changes, reply[1:], strict=True) if answer is None]

    def calls(self, changes: Sequence[Change], size: int, *, everywhere: bool = False) -> list[Call]:
        head = (self.answers.model, self.answers.ttl_ms, self.answers.most)
        return [
            (
                *head,
                *_window(group, everywhere=everywhere),
                *(item for c in group for item in (c.place, c.old, c.new)),
            )
            for group in grouped(changes, size)
        ]

    def put(self, reply: Any, changes: Sequence[Change]) -> Any:  # noqa: ARG002  # the messages stay
        return reply


def _window(group: Sequence[Change], *, everywhere: bool) -> tuple[int, int]:
    """First and last place where messages of a list or sorted set may stand by now."""
    if everywhere or not isinstance(group[0].place, int):
        return 0, -1
    return max(0, group[0].place - SLACK), group[-1].place + SLACK


class _String(Beside, String):
    pass


class _Document(Beside, Document):
    pass


class _List(Beside, List):
    pass


class _SortedSet(Beside, SortedSet):
    pass


class _Hash(Beside, Hash):
    pass


class _Stream(Beside, Stream):
    """A stream; the first field of an entry that has a text answers for the entry."""

    def _entry(self, reader: Reader, ident: bytes, items: list[bytes]) -> Part:
        answers = (reader.named(n, v) for n, v in zip(items[::2], items[1::2], strict=True))
        return Part(
            ident, packed(items), next((answer for answer in answers if answer.new is not None), Redaction())
        )


class Answer(Task):
    """Answers messages beside them; what answers is a subclass's."""

    prefix: ClassVar[str] = BESIDE_PREFIX
    outcome: ClassVar[Outcome] = Outcome.ANSWERED
    rebuilds: ClassVar[bool] = False

    @property
    @abstractmethod
    def ttl_ms(self) -> int:
        """Milliseconds that answers live."""

    def types(self, limits: Limits, capabilities: Capabilities) -> dict[str, RedisType]:
        """All types, each answered beside it."""
        types: dict[str, Beside] = {
            "string": _String(),
            "list": _List(),
            "hash": _Hash(),
            "zset": _SortedSet(),
            "stream": _Stream(limits.stream_entries),
        }
        types |= {"ReJSON-RL": _Document()} if capabilities.documents else {}
        for each in types.values():
            each.answers = Answers(self.version, self.ttl_ms, limits.small_items)
        return dict(types)

    def check_room(self, node: Node) -> None:
        """Write nothing into a server that would evict somebody's keys for it. Raises ServerUnavailable."""
        figures = dict(_FIGURE.findall(node.one("INFO", "memory")))
        most, used = int(figures.get(b"maxmemory", 0)), int(figures.get(b"used_memory", 0))
        if most and used > FULL * most and figures.get(b"maxmemory_policy", b"noeviction") != b"noeviction":
            raise ServerUnavailable(
                f"{used / most:.0%} of the server's memory is used, and it evicts keys when it is full; give it more"
            )
