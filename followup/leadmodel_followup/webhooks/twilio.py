"""Requests of Twilio: reports of a message's status, and messages that people write."""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit, urlunsplit

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
    hashed,
    hashed_or_empty,
)
from leadmodel_followup.webhooks.words import kinds

_SHA1, _SHA256 = "HMAC_SHA1", "HMAC_SHA256"
_ALGORITHMS = {_SHA1: "sha1", _SHA256: "sha256"}
_OPTED_OUT = "21610"
_OPT_OUT_TYPES = {"STOP": (Kind.OPTED_OUT,), "START": (Kind.REPLIED, Kind.OPTED_IN)}  # in any language
_STATUSES = {
    "accepted": Kind.QUEUED,
    "scheduled": Kind.QUEUED,
    "queued": Kind.QUEUED,
    "sending": Kind.SENDING,
    "sent": Kind.SENT,
    "delivered": Kind.DELIVERED,
    "read": Kind.READ,
    "undelivered": Kind.FAILED,
    "failed": Kind.FAILED,
    "canceled": Kind.FAILED,
}


def verify(incoming: Incoming, secrets: SecretFolder) -> None:
    """Check the signature over the public URL and the fields of the form, with and without a port, as Twilio's own SDK does.

    A request that was signed with a shared key names the key and the algorithm in a header; its secret is `webhookSharedKey`.

    Raises:
        Refused: The signature is not by the secret.
        MissingSecret: There is no secret to compare with.
    """
    settings = incoming.headers.get("x-twilio-webhooks-signature-settings", "")
    parts: dict[str, str] = {}
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if value.strip():
            parts.setdefault(name.strip(), value.strip())
    algorithm = _ALGORITHMS.get(parts.get("algorithm", "").upper() or _SHA1)
    secret = secrets.read("webhookSharedKey" if parts.get("key") else "authToken")
    given = incoming.headers.get("x-twilio-signature", "").encode()
    if algorithm is None or not signed(incoming.url, incoming.form, secret, given, algorithm):
        raise Refused(403, "signature")


def signed(
    url: str, form: Sequence[tuple[str, str]], secret: str, given: bytes, algorithm: str = "sha1"
) -> bool:
    """Whether a signature is the HMAC of the URL, in one of its two forms, with each name and value of the form in order."""
    fields = "".join(name + value for name, value in sorted(set(form)))
    digests = (
        hmac.digest(secret.encode(), (form_of_url + fields).encode(), algorithm)
        for form_of_url in _with_and_without_port(url)
    )
    return any(hmac.compare_digest(b64encode(digest), given) for digest in digests)


def _with_and_without_port(url: str) -> Iterator[str]:
    yield url
    parts = urlsplit(url)
    if parts.port:
        yield urlunsplit(parts._replace(netloc=parts.netloc.rpartition(":")[0]))
    else:
        port = 443 if parts.scheme == "https" else 80
        yield urlunsplit(parts._replace(netloc=f"{parts.netloc}:{port}"))


def events(incoming: Incoming, hasher: ContactHasher) -> Batch:
    """The events of a verified request. A message of a person is dropped as soon as its kind is known. Raises Refused."""
    return each([dict(incoming.form)], lambda form: _of(incoming, hasher, form))


def _of(incoming: Incoming, hasher: ContactHasher, form: dict[str, str]) -> list[Posted]:
    number = form.get("MessageSid", form.get("SmsSid", ""))
    kind = _STATUSES.get(form.get("MessageStatus", ""))
    if kind is not None:
        return _status(incoming, hasher, form, kind)
    if "Body" not in form:
        return []
    once = hashlib.sha256(number.encode()).hexdigest()[:24]
    address = hashed(hasher, _number(form.get("From", "")))
    meant = _OPT_OUT_TYPES.get(form.get("OptOutType", "")) or kinds(form["Body"])
    return [
        Posted(Event(incoming.channel, kind, incoming.received_ms, address=address), once) for kind in meant
    ]


def _status(incoming: Incoming, hasher: ContactHasher, form: dict[str, str], kind: Kind) -> list[Posted]:
    """A report of status has no time: of its copies, the earliest that came stands."""
    failure = code(form.get("ErrorCode", "") or form["MessageStatus"]) if kind is Kind.FAILED else ""
    pid = code(form.get("MessageSid", ""))
    base = Event(incoming.channel, kind, incoming.received_ms, incoming.reference, "", "", failure, pid)
    if failure != _OPTED_OUT:
        return [Posted(base)]
    address = hashed_or_empty(hasher, _number(form.get("To", "")), incoming.reference)
    stop = Event(
        incoming.channel, Kind.OPTED_OUT, incoming.received_ms, incoming.reference, address, code=failure
    )
    return [Posted(base), Posted(stop, code(form.get("MessageSid", "")))]


def _number(address: str) -> str:
    """The number of `whatsapp:+1…` and the like."""
    return address.rpartition(":")[2]
