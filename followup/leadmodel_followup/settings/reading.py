"""Reads followups.json strictly: an error names the field's path and never the field's value."""

import hashlib
import json
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from leadmodel_artifact.jsonnode import LayoutError, Node
from leadmodel_followup.planning.identity import checked_tenant
from leadmodel_followup.planning.spec import (
    DAY_MS,
    EVERY_DAY,
    Band,
    Cap,
    FollowUpSpec,
    Limit,
    Limits,
    SendingHours,
    Step,
)
from leadmodel_followup.settings.settings import SCHEMA, ChannelSettings, OnUnknown, Provider, Settings
from leadmodel_messages.duration import parse as parse_duration
from leadmodel_messages.followups_report import MAX_ARMS

_T = TypeVar("_T")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_PHONES = ["sms", "whatsapp"]
_CAPS = [{"messages": 1, "window": "24h"}, {"messages": 3, "window": "168h"}]
_MAX_CHANNELS, _MAX_BANDS, _MAX_STEPS, _MAX_ITEMS = 8, 16, 16, 32
_MIN_HORIZON_MS = 7 * DAY_MS


def load(path: Path) -> Settings:
    """Read the settings file.

    Raises:
        OSError: The file cannot be read.
        LayoutError: The file is no settings document.
    """
    return parse(path.read_bytes())


def digest(raw: bytes) -> str:
    """The digest by which operator and pods compare settings documents."""
    return "sha256:" + hashlib.sha256(raw).hexdigest()


def parse(raw: bytes) -> Settings:
    """Read a settings document; an absent field has its default, and a field that nobody here knows is passed over.

    Raises:
        LayoutError: A field is missing, has another type or is out of bounds; the message names its path.
    """
    try:
        root = Node(json.loads(raw), "")
    except (ValueError, RecursionError) as error:
        if isinstance(error, LayoutError):
            raise
        raise LayoutError("the document must be JSON") from None
    if root.text("schema") != SCHEMA:
        raise LayoutError(f"schema must be {SCHEMA}")
    channels = {one.name: one for one in map(_channel, _some(root, "channels", _MAX_CHANNELS))}
    settings = Settings(
        tenant=_checked(root, "tenant", checked_tenant),
        spec=_spec(root, channels),
        channels=channels,
        suspend=root.flag("suspend", default=False),
        public_url=_base(root, "publicUrl"),
        on_unknown=_word(root, "onUnknown", OnUnknown.SKIP),
        reconcile_ms=_duration(root, "reconcileFor", "24h"),
        max_segments=_count(root, "maxSegments", 3),
        footer=root.text("footer", 1000) if root.has("footer") else "",
        links=_links(root),
        concurrency=_count(root.node("worker"), "concurrency", 4) if root.has("worker") else 4,
        digest=digest(raw),
    )
    unknown = {step.channel for band in settings.spec.bands for step in band.steps} - set(channels)
    if unknown:
        raise LayoutError(f"bands name channels that channels does not have: {', '.join(sorted(unknown))}")
    return settings


def _spec(root: Node, channels: dict[str, ChannelSettings]) -> FollowUpSpec:
    bands = tuple(map(_band, _some(root, "bands", _MAX_BANDS)))
    longest = max((step.after_ms for band in bands for step in band.steps), default=0)
    quiet = root.node("quietHours") if root.has("quietHours") else Node({}, "quietHours")
    zone = _checked(quiet, "timeZone", lambda name: ZoneInfo(name).key) if quiet.has("timeZone") else "UTC"
    hours = dict.fromkeys(_names(quiet, "channels", _PHONES), _hours(quiet))
    try:
        return FollowUpSpec(
            plan=root.text("plan"),
            bands=bands,
            generation=_count(root, "generation", 1),
            hours=hours,
            time_zone=zone,
            caps=tuple(map(_cap, _some(root, "caps", _MAX_ITEMS, _CAPS))),
            limits=_limits(root, channels),
            silent_intents=frozenset(_names(root, "silentIntents", [])),
            arms=tuple(dict.fromkeys(_names(root, "arms", [], MAX_ARMS))),
            horizon_ms=max(_MIN_HORIZON_MS, longest),
            retention_ms=_duration(root, "retention", "720h"),
        )
    except ValueError as error:
        raise error if isinstance(error, LayoutError) else LayoutError(f"the plan: {error}") from None


def _channel(node: Node) -> ChannelSettings:
    def text(key: str) -> str | None:
        return node.text(key, 320) if node.has(key) else None

    return ChannelSettings(
        name=node.text("name", 32),
        provider=_provider(node),
        sender=text("from"),
        messaging_service_sid=text("messagingServiceSid"),
        phone_number_id=text("phoneNumberId"),
        api_url=_base(node, "apiUrl"),
        limit=_limit(node, 1, 1),
    )


def _provider(node: Node) -> str:
    """The provider's name, which may also be one that another package brings."""
    name = node.text("provider", 64) if node.has("provider") else Provider.CONSOLE.value
    return Provider(name) if name in {*Provider} else name


def _band(node: Node) -> Band:
    steps = tuple(map(_step, node.nodes("steps", _MAX_STEPS)))
    score = node.number("minScore")
    return Band(node.text("name", 64), score, steps, frozenset(_names(node, "intents", [])))


def _step(node: Node) -> Step:
    template = node.text("template", 64) if node.has("template") else node.text("name", 32)
    return Step(node.text("name", 32), _duration(node, "after", "0s"), node.text("channel", 32), template)


def _cap(node: Node) -> Cap:
    return Cap(node.integer("messages", 1), _duration(node, "window", "24h"))


def _limits(root: Node, channels: dict[str, ChannelSettings]) -> Limits:
    node = root.node("limits") if root.has("limits") else Node({}, "limits")
    seconds = node.number("recipientSeconds") if node.has("recipientSeconds") else 6
    if seconds <= 0:
        raise LayoutError(f"{node.at('recipientSeconds')} must be above 0")
    senders = {channel.name: channel.limit for channel in channels.values()}
    return Limits(_limit(node, 50, 50), recipient=Limit(1 / seconds), senders=senders)


def _limit(node: Node, per_second: float, burst: int) -> Limit:
    rate = node.number("perSecond") if node.has("perSecond") else per_second
    if rate <= 0:
        raise LayoutError(f"{node.at('perSecond')} must be above 0")
    return Limit(rate, _count(node, "burst", burst))


def _hours(node: Node) -> SendingHours:
    days = _names(node, "days", list(_DAYS))
    if not set(days) <= set(_DAYS):
        raise LayoutError(f"{node.at('days')} must be of {', '.join(_DAYS)}")
    opens, closes = (_time(node, key, default) for key, default in (("opens", "09:00"), ("closes", "20:00")))
    try:
        return SendingHours(opens, closes, frozenset(map(_DAYS.index, days)) & EVERY_DAY)
    except ValueError as error:
        raise LayoutError(f"{node.path}: {error}") from None


def _time(node: Node, key: str, default: str) -> time:
    return _checked(node, key, time.fromisoformat) if node.has(key) else time.fromisoformat(default)


def _links(root: Node) -> dict[str, str]:
    if not root.has("links"):
        return {}
    node = root.node("links")
    return {name: _url(node, name) or "" for name in list(node.value)[:_MAX_ITEMS]}


def _url(node: Node, key: str) -> str | None:
    if not node.has(key):
        return None
    url = node.text(key)
    if not url.startswith(("https://", "http://")):
        raise LayoutError(f"{node.at(key)} must be an http or https URL")
    return url


def _base(node: Node, key: str) -> str | None:
    """A URL that paths are appended to."""
    url = _url(node, key)
    return None if url is None else url.rstrip("/")


def _some(node: Node, key: str, limit: int, default: list[Any] | None = None) -> list[Node]:
    if not node.has(key):
        return [Node(item, key) for item in default or []]
    return node.nodes(key, limit)


def _names(node: Node, key: str, default: list[str], limit: int = _MAX_ITEMS) -> list[str]:
    names = node.items(key, limit) if node.has(key) else default
    if not all(isinstance(name, str) and len(name) <= 64 for name in names):
        raise LayoutError(f"{node.at(key)} must be a list of names")
    return names


def _count(node: Node, key: str, default: int) -> int:
    return node.integer(key, 1) if node.has(key) else default


def _duration(node: Node, key: str, default: str) -> int:
    text = node.text(key, 32) if node.has(key) else default
    try:
        return round(parse_duration(text) * 1000)
    except ValueError:
        raise LayoutError(f"{node.at(key)} must be a duration such as 30s or 1h30m") from None


def _word(node: Node, key: str, default: OnUnknown) -> OnUnknown:
    if not node.has(key):
        return default
    try:
        return type(default)(node.text(key, 32))
    except LayoutError:
        raise
    except ValueError:
        raise LayoutError(f"{node.at(key)} must be one of {', '.join(type(default))}") from None


def _checked(node: Node, key: str, read: Callable[[str], _T]) -> _T:
    try:
        return read(node.text(key))
    except LayoutError:
        raise
    except (ValueError, KeyError, OSError):
        raise LayoutError(f"{node.at(key)} cannot be used") from None
