"""Requests of WhatsApp's Cloud API: reports of status, messages of people, and what they choose for marketing."""

import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any

from leadmodel_followup.channels.secrets import SecretFolder
from leadmodel_followup.ledger.events import Event, Kind
from leadmodel_followup.planning.identity import ContactHasher
from leadmodel_followup.webhooks.incoming import (
    Batch,
    Incoming,
    Posted,
    Refused,
    code,
    each,
    hashed_or_empty,
    reference,
)
from leadmodel_followup.webhooks.words import kinds

_OPTED_OUT = 131050
_STATUSES = {
    "accepted": Kind.QUEUED,
    "sent": Kind.SENT,
    "delivered": Kind.DELIVERED,
    "read": Kind.READ,
    "failed": Kind.FAILED,
}
_PREFERENCES = {"stop": Kind.OPTED_OUT, "resume": Kind.OPTED_IN}
_LISTS = {"messages": ("statuses", "messages"), "user_preferences": ("user_preferences",)}
_NOBODY_WROTE = frozenset({"system", "request_welcome"})


def verify(incoming: Incoming, secrets: SecretFolder) -> None:
    """Check the HMAC-SHA256 of the body by the app's secret.

    Raises:
        Refused: The signature is not by the secret.
        MissingSecret: There is no secret to compare with.
    """
    digest = hmac.digest(secrets.read("appSecret").encode(), incoming.body, "sha256").hex()
    given = incoming.headers.get("x-hub-signature-256", "")
    if not hmac.compare_digest(f"sha256={digest}".encode(), given.encode()):
        raise Refused(403, "signature")


def challenge(query: Mapping[str, str], secrets: SecretFolder) -> str:
    """The answer to the question by which Meta checks that an address is ours. Raises Refused, MissingSecret."""
    token = secrets.read("verifyToken").encode()
    fits = hmac.compare_digest(query.get("hub.verify_token", "").encode(), token)
    answer = query.get("hub.challenge", "")
    if not fits or query.get("hub.mode") != "subscribe" or not answer.isalnum() or len(answer) > 128:
        raise Refused(403, "challenge")
    return answer


def events(incoming: Incoming, hasher: ContactHasher, phone_number_id: str | None) -> Batch:
    """The events of a verified request that concern the channel's own number.

    Raises:
        Refused: The body has no list of entries.
    """
    try:
        document = json.loads(incoming.body)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict) or not isinstance(document.get("entry"), list):
        raise Refused(400, "malformed")
    readers = {"statuses": _status, "messages": _message, "user_preferences": _preference}

    def read(part: tuple[str, Any]) -> Iterator[Posted]:
        name, item = part
        return map(Posted, readers[name](incoming, hasher, item))

    return each(_parts(document["entry"], phone_number_id), read)


def _parts(entries: list[Any], phone_number_id: str | None) -> Iterator[tuple[str, Any]]:
    """Each status, message and preference with its kind; None for what is odd on the way to it."""
    for change in (change for entry in entries for change in _items(entry, "changes")):
        name, value = (change.get("field"), change.get("value")) if isinstance(change, dict) else (None, None)
        if not isinstance(name, str) or (name in _LISTS and not isinstance(value, dict)):
            yield "", None
        elif name in _LISTS and isinstance(value, dict) and _own(value, phone_number_id):
            for kind in _LISTS[name]:
                yield from ((kind, item) for item in _items(value, kind))


def _items(owner: Any, key: str) -> list[Any]:
    """The list under a key, empty where there is none, and one None for what is no such list."""
    items = owner.get(key, []) if isinstance(owner, dict) else None
    return items if isinstance(items, list) else [None]


def _own(value: Mapping[str, Any], phone_number_id: str | None) -> bool:
    metadata = value.get("metadata")
    number = metadata.get("phone_number_id") if isinstance(metadata, dict) else None
    return phone_number_id is None or number is None or number == phone_number_id


def _message(incoming: Incoming, hasher: ContactHasher, message: Mapping[str, Any]) -> Iterator[Event]:
    person = _person(hasher, message.get("from"))
    if person and message["type"] not in _NOBODY_WROTE:
        for kind in kinds(_text(message)):
            yield Event(incoming.channel, kind, incoming.at(message["timestamp"]), address=person)


def _preference(incoming: Incoming, hasher: ContactHasher, preference: Mapping[str, Any]) -> Iterator[Event]:
    person, chosen = _person(hasher, preference.get("wa_id")), _PREFERENCES.get(preference["value"])
    if person and chosen is not None:
        yield Event(incoming.channel, chosen, incoming.at(preference["timestamp"]), address=person)


def _person(hasher: ContactHasher, wa_id: object, named: str = "") -> str:
    """The hash of a number; empty where Meta keeps the number of a person to itself."""
    return hashed_or_empty(hasher, f"+{str(wa_id).lstrip('+')}", named) if wa_id else ""


def _status(incoming: Incoming, hasher: ContactHasher, status: Mapping[str, Any]) -> Iterator[Event]:
    kind = _STATUSES.get(status["status"])
    if kind is None:
        return
    at_ms, about = incoming.at(status["timestamp"]), reference(status.get("biz_opaque_callback_data"))
    address = _person(hasher, status.get("recipient_id"), about)
    failures = [error.get("code") for error in status.get("errors", ())] if kind is Kind.FAILED else []
    why, pid = code(failures[0]) if failures else "", code(status["id"])
    if about:
        yield Event(incoming.channel, kind, at_ms, about, address, code=why, provider_id=pid)
    if _OPTED_OUT in failures:
        yield Event(incoming.channel, Kind.OPTED_OUT, at_ms, about, address, code=why)


def _text(message: Mapping[str, Any]) -> str:
    """What a person wrote or pressed, for its kind alone."""
    match message:
        case {"text": {"body": str(text)}} | {"button": {"text": str(text)}}:
            return text
        case {"interactive": {"button_reply": {"title": str(text)}}}:
            return text
    return ""
