"""The exit codes of the programs, one table per program, and what each code tells the platform."""

from enum import IntEnum


class PollExit(IntEnum):
    """Exit codes of `leadmodel-poll`, the Job that asks a store which artifact it holds."""

    ANSWERED = 0  # the store answered: the message is a PollAnswer
    UNAVAILABLE = 1  # the store gave no artifact: the message is a Failure
    USAGE = 2  # the arguments are wrong
    TOO_LARGE = 3  # the artifact is over its size limit: trying again does not help


class ValidateExit(IntEnum):
    """Exit codes of `leadmodel-validate` and `leadmodel-check-text`, the Jobs that measure a model and a text model on a holdout."""

    REPORTED = 0  # the message is a Report (TextReport); bytes that are no model are a report too
    UNMEASURED = 1  # nothing could be measured: the message is a Failure
    USAGE = 2  # the arguments are wrong
    TOO_LARGE = 3  # the artifact is over a size limit: trying again does not help


class TrainExit(IntEnum):
    """Exit codes of `leadmodel-train`, which fits a model and writes artifact and holdout."""

    WRITTEN = 0  # holdout and artifact are written: the message is a TrainingAnswer
    REFUSED = 1  # these leads make no model: the message is a Failure
    USAGE = 2  # the arguments are wrong
    LATER = 75  # the store did not answer: try again later


class EnrichExit(IntEnum):
    """Exit codes of `leadmodel-enrich`, which trains, checks and uses models of what a text says."""

    DONE = 0  # holdout and document are written (the message is a TextTrainingAnswer), the figures printed, or every line answered
    REFUSED = 1  # these messages make no model (the message is a Failure), or the model is below a limit
    USAGE = 2  # the arguments are wrong, or a line was no object and was left as it is
    LATER = 75  # the store did not answer: try again later


class PredictorExit(IntEnum):
    """Exit codes of `leadmodel-predictor`, the server that scores leads."""

    STOPPED = 0  # a signal asked the program to stop, and every request was answered
    UNREADABLE = 1  # the artifact or the token could not be read
    USAGE = 2  # the arguments are wrong
    REFUSED = 3  # the artifact was read and will not be served: the message is a Refusal


class BackfillExit(IntEnum):
    """Exit codes of `leadmodel-privacy backfill`."""

    DONE = 0  # finished; an apply was verified
    CONFIGURATION = 2  # arguments, credentials or rights: trying again does not help
    RESIDUE = 3  # finished, but something is left for a person
    TRY_AGAIN = 75  # Redis is away or another run holds the lease
    STOPPED = 143  # asked to stop; the checkpoint is written


class FollowUpExit(IntEnum):
    """Exit codes of `leadmodel-followup`, which sends follow-ups and shows and changes what waits."""

    DONE = 0  # the command did what it was for; `run`: a signal asked the program to stop, and no message was under way
    NO = 1  # the answer is no: problems in settings or templates, or no such follow-up; `run`: a part that runs for ever ended
    USAGE = 2  # the arguments, the settings or a key cannot be read: trying again does not help
    UNSAFE = 3  # the Redis may forget what it acknowledged
    TRY_AGAIN = 75  # the Redis does not answer


class OperatorExit(IntEnum):
    """Exit codes of `leadmodel-operator`."""

    STOPPED = 0  # a signal asked the program to stop; the Lease is released
    BROKEN = 1  # the Lease was lost or a part that runs for ever ended: the platform starts the program again
    USAGE = 2  # the arguments are wrong, or there is no access to a cluster


class LocalExit(IntEnum):
    """Exit codes of `leadmodel`; `leadmodel local run` ends with the code of the program that it ran."""

    DONE = 0  # the command did what it was for
    NO = 1  # the answer is no: there is no such LeadModel, nothing runs, or a step of the demo did not hold
    USAGE = 2  # the arguments or a manifest are wrong
    INTERRUPTED = 130  # Ctrl-C


class SynthExit(IntEnum):
    """Exit codes of `leadmodel-synth`."""

    WRITTEN = 0  # the leads and their truth are written
    UNWRITTEN = 1  # the file could not be written
    USAGE = 2  # the arguments are wrong


class DetectExit(IntEnum):
    """Exit codes of `leadmodel-privacy detect`."""

    DONE = 0  # every line was answered
    BAD_INPUT = 2  # the arguments or the configuration are wrong, or a line was left out: no object with a text, or a text over --max-text


class KubectlExit(IntEnum):
    """Exit codes of `kubectl leadmodel`."""

    DONE = 0  # shown, or the operator has done what was asked
    FAILED = 1  # kubectl failed: no such object, no right, no connection
    USAGE = 2  # the arguments are wrong, or nothing fits them
    NOT_READY = 3  # status: what was asked for does not serve; lint: a manifest would be refused
    REFUSED = 4  # the operator refused the command; its reason is printed
    NO_ANSWER = 5  # the operator did not act on the command in time
