"""Requests of WhatsApp's Cloud API: reports of status, messages of people, and what they choose for marketing."""

import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any

from leadmodel_followup.channels.secrets import SecretFolder
from leadmodel_followup.ledger.events import Event, Kind
from leadmodel_followup.planning.identity import ContactHasher
from leadmodel_followup.webhooks.incoming import Incoming, Posted, Refused, code, hashed, reference
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
_NOBODY_WROTE = frozenset({"system", "request_welcome"})


def verify(incoming: Incoming, secrets: SecretFolder) -> None:
    """Check the HMAC-SHA256 of the body by the app's secret.

    Raises:
        Refused: The signature is not by the secret.
        MissingSecret: There is no secret to compare with.
    """
    digest = hmac.new(secrets.read("appSecret").encode(), incoming.body, "sha256").hexdigest()
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


def events(incoming: Incoming, hasher: ContactHasher, phone_number_id: str | None) -> list[Posted]:
    """The events of a verified request that concern the channel's own number."""
    try:
        document = json.loads(incoming.body)
        values = [(c["field"], c["value"]) for entry in document["entry"] for c in entry["changes"]]
        return [
            Posted(event)
            for name, value in values
            if _own(value, phone_number_id)
            for event in _of(incoming, hasher, name, value)
        ]
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        raise Refused(400, "malformed") from None


def _own(value: Mapping[str, Any], phone_number_id: str | None) -> bool:
    number = value.get("metadata", {}).get("phone_number_id")
    return phone_number_id is None or number is None or number == phone_number_id


def _of(incoming: Incoming, hasher: ContactHasher, name: str, value: Mapping[str, Any]) -> Iterator[Event]:
    if name == "messages":
        for status in value.get("statuses", ()):
            yield from _status(incoming, status, _person(hasher, status.get("recipient_id")))
        for message in value.get("messages", ()):
            person = _person(hasher, message.get("from"))
            if person and message["type"] not in _NOBODY_WROTE:
                for kind in kinds(_text(message)):
                    yield Event(incoming.channel, kind, incoming.at(message["timestamp"]), address=person)
    elif name == "user_preferences":
        for preference in value.get("user_preferences", ()):
            person, chosen = _person(hasher, preference.get("wa_id")), _PREFERENCES.get(preference["value"])
            if person and chosen is not None:
                yield Event(incoming.channel, chosen, incoming.at(preference["timestamp"]), address=person)


def _person(hasher: ContactHasher, wa_id: object) -> str:
    """The hash of a number; empty where Meta keeps the number of a person to itself."""
    return hashed(hasher, f"+{str(wa_id).lstrip('+')}") if wa_id else ""


def _status(incoming: Incoming, status: Mapping[str, Any], address: str) -> Iterator[Event]:
    kind = _STATUSES.get(status["status"])
    if kind is None:
        return
    at_ms, about = incoming.at(status["timestamp"]), reference(status.get("biz_opaque_callback_data"))
    failures = [error.get("code") for error in status.get("errors", ())] if kind is Kind.FAILED else []
    why, pid = code(failures[0]) if failures else "", code(status["id"])
    if about:
        yield Event(incoming.channel, kind, at_ms, about, address, code=why, provider_id=pid)
    if _OPTED_OUT in failures:
        yield Event(incoming.channel, Kind.OPTED_OUT, at_ms, about, address)


def _text(message: Mapping[str, Any]) -> str:
    """What a person wrote or pressed, for its kind alone."""
    match message:
        case {"text": {"body": str(text)}} | {"button": {"text": str(text)}}:
            return text
        case {"interactive": {"button_reply": {"title": str(text)}}}:
            return text
    return ""
