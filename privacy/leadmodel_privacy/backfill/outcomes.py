"""Exit codes, outcomes and errors of a backfill. No message here ever holds a value, a key or a credential."""

from enum import IntEnum, StrEnum


class Exit(IntEnum):
    """What the exit code means."""

    DONE = 0  # finished; an apply was verified
    CONFIGURATION = 2  # arguments, credentials or rights: trying again does not help
    RESIDUE = 3  # finished, but something is left for a person
    TRY_AGAIN = 75  # Redis is away or another run holds the lease
    STOPPED = 143  # asked to stop; the checkpoint is written


class Outcome(StrEnum):
    """How a run ended, in one word for reports."""

    CLEAN = "Clean"  # nothing to redact
    FOUND = "Found"  # a dry run that found something
    REDACTED = "Redacted"  # applied and verified
    RESIDUE = "Residue"  # something is left
    FAILED = "Failed"
    STOPPED = "Stopped"


class BackfillError(Exception):
    """A run cannot go on; the message says what to do."""

    code = Exit.CONFIGURATION


class Refused(BackfillError):  # noqa: N818  # an outcome
    """The configuration or the server's answer makes the run pointless."""


class ServerUnavailable(BackfillError):  # noqa: N818  # an outcome
    """The server cannot be reached or cannot serve now."""

    code = Exit.TRY_AGAIN


class LeaseLost(BackfillError):  # noqa: N818  # an outcome
    """Another run holds the lease."""

    code = Exit.TRY_AGAIN


class Stopped(BackfillError):  # noqa: N818  # an outcome
    """A signal asked the run to stop; what was done is kept."""

    code = Exit.STOPPED
