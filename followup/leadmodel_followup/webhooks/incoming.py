"""One request of a provider before it is believed, and why it is refused."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar
from urllib.parse import parse_qsl

from leadmodel_followup.ledger.events import Event
from leadmodel_followup.planning.identity import ContactHasher

_REFERENCE = re.compile(r"[A-Za-z0-9_-]{16}")
_CODE = re.compile(r"[^A-Za-z0-9._-]+")
_ADDRESS = re.compile(r"\+?[0-9]{3,20}|[^@\s]{1,64}@[^@\s]{1,255}")
_FIELDS = 1000
_T = TypeVar("_T")


class Refused(Exception):  # noqa: N818  # an outcome
    """A request that is not taken; the reason is one word and goes to the sender and the metrics."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Odd(Exception):  # noqa: N818  # an outcome
    """One event of a request that is not what the provider documents; the reason is `shape`, `time` or `address`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Incoming:
    """A request as it came.

    Attributes:
        channel: Name of the channel in the path.
        url: The public address that the provider called, with its query.
        headers: Headers, by names in small letters.
        body: The body, unchanged.
        reference: Id of the follow-up in the path, empty for none.
        received_ms: When it came, milliseconds UTC.
    """

    channel: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    reference: str
    received_ms: int

    @cached_property
    def form(self) -> list[tuple[str, str]]:
        """The fields of a form, in their order; read once. Raises Refused."""
        try:
            text = self.body.decode("ascii")
            return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_FIELDS)
        except ValueError:
            raise Refused(400, "malformed") from None

    def at(self, seconds: object) -> int:
        """Milliseconds of a time in whole seconds, as text or number; never later than the request. Raises Odd."""
        if not isinstance(seconds, int | str) or not re.fullmatch(r"[0-9]{1,12}", str(seconds)):
            raise Odd("time")
        return min(int(seconds) * 1000, self.received_ms)


@dataclass(frozen=True)
class Posted:
    """An event for the stream. With `once`, the name of a message without a time, the first of all copies sets the time."""

    event: Event
    once: str = ""


@dataclass(frozen=True)
class Batch:
    """The events of one request, and why each event that cannot be read was left out."""

    posted: tuple[Posted, ...] = ()
    skipped: tuple[str, ...] = ()


def each(parts: Iterable[_T], read: Callable[[_T], Iterable[Posted]]) -> Batch:
    """Read the parts of a request one by one: an odd one is left out, so that the provider does not repeat the others for ever."""
    posted: list[Posted] = []
    skipped: list[str] = []
    for part in parts:
        try:
            posted += list(read(part))
        except Odd as odd:
            skipped.append(odd.reason)
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            skipped.append("shape")
    return Batch(tuple(posted), tuple(skipped))


def hashed(hasher: ContactHasher, address: str) -> str:
    """The hash of a number or e-mail address. Raises Odd for what is neither."""
    if not _ADDRESS.fullmatch(address):
        raise Odd("address")
    return hasher.address(address)


def hashed_or_empty(hasher: ContactHasher, address: str, named: str) -> str:
    """The hash of an address; empty where it is odd and the event names its follow-up, whose person the ledger knows. Raises Odd."""
    try:
        return hashed(hasher, address)
    except Odd:
        if not named:
            raise
        return ""


def reference(value: object) -> str:
    """The id of a follow-up, empty for what is none."""
    return value if isinstance(value, str) and _REFERENCE.fullmatch(value) else ""


def code(value: object) -> str:
    """A provider's word or number for a failure, without anything else that it may have written there."""
    return _CODE.sub("-", str(value))[:40].strip("-") if isinstance(value, int | str) else ""
