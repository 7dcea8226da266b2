"""Exceptions of the ledger. No message holds a key, a value or a credential."""


class LedgerUnavailable(Exception):  # noqa: N818  # an outcome
    """The server cannot be reached or refused a call; nothing is known of the call's effect."""


class UnsafeServer(Exception):  # noqa: N818  # an outcome
    """The server may forget what it acknowledged; the message says which setting to change."""
