"""The errors that end a backfill, each with its exit code. No message holds a value, a key or a credential."""

from leadmodel_messages.exits import BackfillExit


class BackfillError(Exception):
    """The run cannot go on; the message says what to do."""

    code = BackfillExit.CONFIGURATION


class Refused(BackfillError):  # noqa: N818  # an outcome
    """The configuration or an answer of the server makes the run pointless; trying again does not help."""


class ServerUnavailable(BackfillError):  # noqa: N818  # an outcome
    """The server cannot be reached or cannot serve now; the run tries again."""

    code = BackfillExit.TRY_AGAIN


class LeaseLost(BackfillError):  # noqa: N818  # an outcome
    """Another run holds the lease."""

    code = BackfillExit.TRY_AGAIN


class Stopped(BackfillError):  # noqa: N818  # an outcome
    """A signal asked the run to stop; the work done so far is kept."""

    code = BackfillExit.STOPPED
