"""Names and addresses of contacts in Redis or Valkey, one hash per contact: `fu:{tenant}:p:<hash of the contact>`.

Nothing else that follow-ups keep holds a name, a number or an address. An entry lives as long as the latest follow-up of the contact.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import redis

from leadmodel_followup.ledger.errors import LedgerUnavailable
from leadmodel_followup.planning.identity import checked_tenant

_ADDRESS = "address:"


@dataclass(frozen=True)
class Contact:
    """A person as the lead named them; all of it stays out of logs and exceptions.

    Attributes:
        name: Name, empty if not known.
        company: Company, empty if not known.
        language: Language tag such as `de` or `pt-BR`, empty if not known.
        zone: Time zone, None if not known.
        addresses: Number or e-mail address by channel.
    """

    name: str = field(default="", repr=False)
    company: str = field(default="", repr=False)
    language: str = ""
    zone: str | None = None
    addresses: Mapping[str, str] = field(default_factory=dict, repr=False)


class ContactBook:
    """The contacts of one tenant."""

    def __init__(self, client: "redis.Redis", tenant: str) -> None:
        """Take a client; the tenant is a DNS label."""
        self._client = client
        self._root = f"fu:{{{checked_tenant(tenant)}}}:p:"

    def write(self, contact: str, entry: Contact, keep_ms: int) -> None:
        """Keep an entry under the hash of a contact for a time; later values replace earlier ones, absent ones do not.

        Raises:
            LedgerUnavailable: The server cannot be reached.
        """
        fields = {"name": entry.name, "company": entry.company, "language": entry.language}
        values = {name: value for name, value in fields.items() if value}
        if entry.zone:
            values["zone"] = entry.zone
        values |= {_ADDRESS + channel: address for channel, address in entry.addresses.items()}
        key = self._root + contact
        try:
            with self._client.pipeline(transaction=True) as pipe:
                if values:
                    pipe.hset(key, mapping=values)  # type: ignore[arg-type]  # redis-py asks for a mapping of unions
                pipe.pexpire(key, keep_ms, gt=True)
                pipe.pexpire(key, keep_ms, nx=True)
                pipe.execute()
        except redis.RedisError as error:
            raise LedgerUnavailable(f"contact book: {type(error).__name__}") from None

    def read(self, contact: str) -> Contact | None:
        """The entry of a contact; None where there is none.

        Raises:
            LedgerUnavailable: The server cannot be reached.
        """
        try:
            raw: Any = self._client.hgetall(self._root + contact)
        except redis.RedisError as error:
            raise LedgerUnavailable(f"contact book: {type(error).__name__}") from None
        values = {_text(name): _text(value) for name, value in raw.items()}
        if not values:
            return None
        return Contact(
            name=values.get("name", ""),
            company=values.get("company", ""),
            language=values.get("language", ""),
            zone=values.get("zone"),
            addresses={
                name.removeprefix(_ADDRESS): value
                for name, value in values.items()
                if name.startswith(_ADDRESS)
            },
        )

    def erase(self, contact: str) -> bool:
        """Delete the entry of a contact. Returns whether there was one.

        Raises:
            LedgerUnavailable: The server cannot be reached.
        """
        try:
            return bool(self._client.delete(self._root + contact))
        except redis.RedisError as error:
            raise LedgerUnavailable(f"contact book: {type(error).__name__}") from None


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
