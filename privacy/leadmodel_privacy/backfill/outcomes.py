"""The errors of a backfill, each with its exit code. No message here ever holds a value, a key or a credential."""

from leadmodel_messages.exits import BackfillExit


class BackfillError(Exception):
    """A run cannot go on; the message says what to do."""

    code = BackfillExit.CONFIGURATION


class Refused(BackfillError):  # noqa: N818  # an outcome
    """The configuration or the server's answer makes the run pointless."""


class ServerUnavailable(BackfillError):  # noqa: N818  # an outcome
    """The server cannot be reached or cannot serve now."""

    code = BackfillExit.TRY_AGAIN


class LeaseLost(BackfillError):  # noqa: N818  # an outcome
    """Another run holds the lease."""

    code = BackfillExit.TRY_AGAIN


class Stopped(BackfillError):  # noqa: N818  # an outcome
    """A signal asked the run to stop; what was done is kept."""

    code = BackfillExit.STOPPED
