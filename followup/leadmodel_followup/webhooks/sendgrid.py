"""Events of SendGrid: one request has a batch of them, signed with ECDSA over a time and the body."""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from leadmodel_followup.channels.secrets import MissingSecret, SecretFolder
from leadmodel_followup.ledger.events import Event, Kind
from leadmodel_followup.planning.identity import ContactHasher
from leadmodel_followup.planning.spec import HOUR_MS
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

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

OLDEST_MS = 25 * HOUR_MS  # SendGrid repeats what was not taken for 24 hours
AHEAD_MS = 5 * 60_000
_KINDS = {
    "processed": Kind.QUEUED,
    "deferred": Kind.SENDING,
    "delivered": Kind.DELIVERED,
    "open": Kind.OPENED,
    "click": Kind.CLICKED,
    "bounce": Kind.FAILED,
    "dropped": Kind.FAILED,
    "unsubscribe": Kind.OPTED_OUT,
    "group_unsubscribe": Kind.OPTED_OUT,
    "spamreport": Kind.OPTED_OUT,
    "group_resubscribe": Kind.OPTED_IN,
}
_SAME = ("sg_message_id", "event", "timestamp", "url", "email")
_OPTED_OUT_DROPS = ("unsubscribed", "spam report")


def verify(incoming: Incoming, secrets: SecretFolder) -> None:
    """Check the signature over the time in a header and the body, and that the time is neither old nor in the future.

    Raises:
        Refused: The signature is not by the key, or its time is out of the window.
        MissingSecret: There is no key, or what is there is no public key of a P-256 curve.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA

    key = _public_key(secrets.read("webhookPublicKey"))
    stamp = incoming.headers.get("x-twilio-email-event-webhook-timestamp", "")
    given = incoming.headers.get("x-twilio-email-event-webhook-signature", "")
    try:
        signature = b64decode(given, validate=True)
        key.verify(signature, stamp.encode() + incoming.body, ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        raise Refused(403, "signature") from None
    age_ms = incoming.received_ms - int(stamp) * 1000 if stamp.isdecimal() and len(stamp) < 13 else None
    if age_ms is None or not -AHEAD_MS <= age_ms <= OLDEST_MS:
        raise Refused(403, "stale")


@lru_cache(4)
def _public_key(text: str) -> "EllipticCurvePublicKey":
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
    from cryptography.hazmat.primitives.serialization import load_der_public_key

    try:
        key = load_der_public_key(b64decode(text, validate=True))
    except (ValueError, UnsupportedAlgorithm):
        raise MissingSecret("webhookPublicKey") from None
    if not isinstance(key, EllipticCurvePublicKey) or not isinstance(key.curve, SECP256R1):
        raise MissingSecret("webhookPublicKey")
    return key


def events(incoming: Incoming, hasher: ContactHasher) -> Batch:
    """The events of a verified batch, each once: a repeated event has another `sg_event_id`, so message, kind, time and link tell.

    Raises:
        Refused: The body is no list.
    """
    try:
        batch = json.loads(incoming.body)
    except (ValueError, RecursionError):
        batch = None
    if not isinstance(batch, list):
        raise Refused(400, "malformed")
    seen: set[tuple[str, ...]] = set()

    def read(one: Mapping[str, Any]) -> list[Posted]:
        same = tuple(str(one.get(name, "")) for name in _SAME)
        posted = [] if same in seen else [Posted(event) for event in _of(incoming, hasher, one)]
        seen.add(same)
        return posted

    return each(batch, read)


def _of(incoming: Incoming, hasher: ContactHasher, one: Mapping[str, Any]) -> Iterator[Event]:
    kind = _KINDS.get(str(one.get("event")))
    if kind is None:
        return
    if kind is Kind.OPENED and one.get("sg_machine_open"):
        kind = Kind.MACHINE_OPENED
    at_ms, pid = incoming.at(one.get("timestamp")), code(str(one.get("sg_message_id", "")).partition(".")[0])
    about, address = reference(one.get("reference")), ""
    if kind in {Kind.OPTED_OUT, Kind.OPTED_IN} or _dropped_for_opt_out(one):
        address = hashed_or_empty(hasher, str(one.get("email", "")), about)
    if kind is Kind.FAILED:
        yield Event(incoming.channel, kind, at_ms, about, code=_failure(one), provider_id=pid)
        kind = Kind.OPTED_OUT
        if not _dropped_for_opt_out(one):
            return
    if about or address:
        why = _failure(one) if _dropped_for_opt_out(one) else ""
        yield Event(incoming.channel, kind, at_ms, about, address, code=why, provider_id=pid)


def _dropped_for_opt_out(one: Mapping[str, Any]) -> bool:
    return one.get("event") == "dropped" and str(one.get("reason", "")).casefold().startswith(
        _OPTED_OUT_DROPS
    )


def _failure(one: Mapping[str, Any]) -> str:
    """SendGrid's class or type of a failure; its `reason` is a text of the recipient's server and is left alone."""
    kind = one.get("bounce_classification") or one.get("type") or one.get("event")
    return code(kind).casefold()
