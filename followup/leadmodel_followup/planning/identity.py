"""Names for people without their addresses, and ids that make creation idempotent."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

OTHER_KEY = (
    "is another than the one with which the plan began, so that nobody would have opted out: "
    "put the earlier one back, or raise generation after the change"
)
_LENGTH = 16  # characters of base64: 96 bits
_TAG = 4
_LEAD = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_TENANT = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def follow_up_id(tenant: str, lead: str, plan: str, generation: int, step: str) -> str:
    """The id of one step for one lead: equal arguments give an equal id, so that a repeated request makes no second message.

    The id begins with the tag of its plan.
    """
    text = "\0".join((checked_tenant(tenant), checked_lead(lead), plan, str(generation), step))
    return (plan_tag(plan) + _short(hashlib.sha256(text.encode()).digest()))[:_LENGTH]


def plan_tag(plan: str) -> str:
    """The first 4 characters of the ids of all follow-ups of a plan, by which the ledger knows the lists of each."""
    return _short(hashlib.sha256(plan.encode()).digest())[:_TAG]


def checked_lead(lead: str) -> str:
    """The lead's id.

    Raises:
        ValueError: The id has other characters than letters, digits and `._:-`, so that it could be an address.
    """
    if not _LEAD.fullmatch(lead):
        raise ValueError("a lead's id has 1 to 64 letters, digits and ._:- and is no address")
    return lead


def checked_tenant(tenant: str) -> str:
    """The tenant's name.

    Raises:
        ValueError: The name is no DNS label, so that it could leave its key-space.
    """
    if not _TENANT.fullmatch(tenant):
        raise ValueError("a tenant's name is a DNS label: a-z, 0-9 and -, at most 63 characters")
    return tenant


@dataclass(frozen=True)
class ContactHasher:
    """Keyed hashes of contacts and addresses: numbers are too few for a hash without a key.

    A changed key makes strangers of all contacts, also of those that opted out; the ledger refuses one but for a later generation.

    Attributes:
        tenant: Equal people of two tenants have different hashes.
        key: 16 secret bytes or more.
    """

    tenant: str
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        checked_tenant(self.tenant)
        if len(self.key) < 16:
            raise ValueError("the key of contact hashes has 16 bytes or more")

    @property
    def fingerprint(self) -> str:
        """The hash by which one key is told from another."""
        return self._hash("key", "")

    def contact(self, person: str) -> str:
        """The hash of the caller's id of a person."""
        return self._hash("contact", person)

    def address(self, address: str) -> str:
        """The hash of a number or e-mail address, without regard to spaces, punctuation of numbers and case."""
        plain = address.strip().casefold()
        return self._hash("address", plain if "@" in plain else re.sub(r"[^\d+]", "", plain))

    def message(self, address: str, body: str) -> str:
        """The hash of a message, by which a look-up knows whether it asks for the one that was sent."""
        return self._hash("message", f"{address}\x00{body}")

    def unsubscribe_token(self, follow_up: str, contact: str, address: str) -> str:
        """The token of an unsubscribe link: hashes and an id, with a signature of 128 bits. Outlives every record."""
        named = follow_up + contact + address
        return named + self._signature(named)

    def unsubscribed(self, token: str) -> tuple[str, str, str] | None:
        """The follow-up, contact and address of a token; None for one that was not made with this key and tenant."""
        named, signature = token[: 3 * _LENGTH], token[3 * _LENGTH :]
        if not hmac.compare_digest(self._signature(named).encode(), signature.encode()):
            return None
        return named[:_LENGTH], named[_LENGTH : 2 * _LENGTH], named[2 * _LENGTH :]

    def _signature(self, named: str) -> str:
        whole = f"{self.tenant}\x00unsubscribe\x00{named}".encode()
        return urlsafe_b64encode(hmac.digest(self.key, whole, "sha256")[:16]).decode().rstrip("=")

    def _hash(self, kind: str, text: str) -> str:
        whole = f"{self.tenant}\x00{kind}\x00{text}".encode()
        return _short(hmac.digest(self.key, whole, "sha256"))


def _short(digest: bytes) -> str:
    return urlsafe_b64encode(digest).decode()[:_LENGTH]
