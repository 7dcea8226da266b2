"""The five outcomes of a request to send, and what a look-up of an earlier request can tell."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Accepted:
    """The provider took the message, under an id of its own."""

    provider_id: str


@dataclass(frozen=True)
class Rejected:
    """The provider will never take this message; `code` is the provider's word or number for the reason, never its text."""

    code: str


@dataclass(frozen=True)
class OptedOut:
    """The provider does not write to this recipient any more, because the recipient said so."""


@dataclass(frozen=True)
class Throttled:
    """The provider certainly did not take the message: too many requests, no connection, an account to be mended. Send again after a time.

    Attributes:
        retry_after_ms: Milliseconds until then.
        why: The reason in one word, for the ledger.
    """

    retry_after_ms: int
    why: str = "throttled"


@dataclass(frozen=True)
class Unknown:
    """The request may have been taken: no answer, a broken connection after the request, or an error of the server."""

    why: str


Outcome = Accepted | Rejected | OptedOut | Throttled | Unknown


@dataclass(frozen=True)
class Present:
    """The provider has the message, under this id."""

    provider_id: str


@dataclass(frozen=True)
class Absent:
    """The provider certainly does not have the message and will not come to have it."""


@dataclass(frozen=True)
class Undecided:
    """The provider cannot be asked now, or its answer decides nothing."""


@dataclass(frozen=True)
class NoLookUp:
    """The provider can never be asked for a message; only its webhooks tell."""


Trace = Present | Absent | Undecided | NoLookUp
