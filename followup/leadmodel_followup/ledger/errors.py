"""Exceptions of the ledger. No message holds a key, a value or a credential."""

from collections.abc import Callable
from typing import Any

import redis


class LedgerUnavailable(Exception):  # noqa: N818  # an outcome
    """The server cannot be reached or refused a call; nothing is known of the call's effect."""


class UnsafeServer(Exception):  # noqa: N818  # an outcome
    """The server may forget what it acknowledged; the message says which setting to change."""


def reached(name: str, ask: Callable[[], Any]) -> Any:
    """The server's answer to a call. Raises LedgerUnavailable, with the name of the call."""
    try:
        return ask()
    except redis.RedisError as error:
        raise LedgerUnavailable(f"{name}: {type(error).__name__}") from None
