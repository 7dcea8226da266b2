"""The error words: why a program has no answer, or why a report has no figures, in one word per cause.

A program says only the words of its own set below. A reader takes a word that is not in `ErrorWord` as `UNKNOWN`: the program is newer
than the reader, and the work is tried again.
"""

from enum import StrEnum


class ErrorWord(StrEnum):
    """One word per cause, with its meaning."""

    # the source of an artifact
    ARTIFACT_NOT_FOUND = "ArtifactNotFound"  # the store answered: nothing lies under the URI
    ARTIFACT_FORBIDDEN = "ArtifactForbidden"  # the store does not let these credentials read
    ARTIFACT_UNREACHABLE = "ArtifactUnreachable"  # the store did not answer
    ARTIFACT_BAD_URI = "ArtifactBadUri"  # the URI has no scheme a store understands
    ARTIFACT_TOO_LARGE = "ArtifactTooLarge"  # over the limit, as fetched, unpacked or packed
    # the bytes of an artifact
    SCHEMA_MISMATCH = "SchemaMismatch"  # the bytes are not an artifact this program reads
    EXAMPLES_DIFFER = "ExamplesDiffer"  # the artifact scores its own examples differently
    DIGEST_MISMATCH = "DigestMismatch"  # the bytes have another digest than the one expected
    SOURCE_MOVED = "SourceMoved"  # the source holds another artifact than the one to be measured
    # the holdout and the mailbox of a validation
    HOLDOUT_UNAVAILABLE = "HoldoutUnavailable"  # not readable, not the pinned one, or not scorable
    HOLDOUT_TOO_SMALL = "HoldoutTooSmall"  # too few rows, or rows of one outcome only
    HOLDOUT_TOO_OLD = "HoldoutTooOld"  # no row is newer than the training
    MAILBOX_UNAVAILABLE = "MailboxUnavailable"  # the snapshot could not be handed over
    # the store of a training: its leads, its holdout, its artifact
    NOT_FOUND = "NotFound"  # the store answered: nothing lies under the URI
    FORBIDDEN = "Forbidden"  # the store does not let these credentials read or write
    TOO_LARGE = "TooLarge"  # the file of leads is over its limit
    UNREACHABLE = "Unreachable"  # the store did not answer
    BAD_URI = "BadUri"  # the URI has no scheme a store understands
    # the leads of a training
    LEADS_UNREADABLE = "LeadsUnreadable"  # the file is no table of leads
    TOO_FEW_OUTCOMES = "TooFewOutcomes"  # too few leads of one outcome to learn from or to judge by
    LEAK_SUSPECTED = "LeakSuspected"  # a column seems to know the outcome
    NOTHING_TO_LEARN = "NothingToLearn"  # no column differs from lead to lead
    NO_TIME = "NoTime"  # a horizon is given, but no lead has a time
    NOT_MEASURABLE = "NotMeasurable"  # the holdout has leads of one outcome only
    EXPORT_DIFFERS = "ExportDiffers"  # the artifact does not score as the trained model does
    OUT_OF_MEMORY = "OutOfMemory"  # the leads need more memory than the training has
    BAD_REQUEST = "BadRequest"  # the arguments do not fit these leads
    # the messages from which an enrichment learns
    TOO_FEW_MESSAGES = "TooFewMessages"  # too few messages of different leads in a class
    NO_DIFFERENCE = "NoDifference"  # the texts do not tell the labels apart
    OVERLAP = "Overlap"  # two classes are taken for each other
    PERSONAL_DATA = "PersonalData"  # a class or a feature holds what the detector takes for personal data
    # never said by a program
    UNKNOWN = "Unknown"  # a word of a newer program, as an older reader takes it


POLL = frozenset(
    {
        ErrorWord.ARTIFACT_NOT_FOUND,
        ErrorWord.ARTIFACT_FORBIDDEN,
        ErrorWord.ARTIFACT_UNREACHABLE,
        ErrorWord.ARTIFACT_BAD_URI,
        ErrorWord.ARTIFACT_TOO_LARGE,
    }
)
VALIDATION = frozenset(
    {
        ErrorWord.ARTIFACT_NOT_FOUND,
        ErrorWord.ARTIFACT_FORBIDDEN,
        ErrorWord.ARTIFACT_UNREACHABLE,
        ErrorWord.ARTIFACT_BAD_URI,
        ErrorWord.ARTIFACT_TOO_LARGE,
        ErrorWord.HOLDOUT_UNAVAILABLE,
        ErrorWord.MAILBOX_UNAVAILABLE,
    }
)
REPORT = frozenset(
    {
        ErrorWord.SOURCE_MOVED,
        ErrorWord.ARTIFACT_TOO_LARGE,
        ErrorWord.SCHEMA_MISMATCH,
        ErrorWord.EXAMPLES_DIFFER,
        ErrorWord.DIGEST_MISMATCH,
        ErrorWord.HOLDOUT_TOO_SMALL,
        ErrorWord.HOLDOUT_TOO_OLD,
    }
)
TRAINING = frozenset(
    {
        ErrorWord.NOT_FOUND,
        ErrorWord.FORBIDDEN,
        ErrorWord.TOO_LARGE,
        ErrorWord.UNREACHABLE,
        ErrorWord.BAD_URI,
        ErrorWord.LEADS_UNREADABLE,
        ErrorWord.TOO_FEW_OUTCOMES,
        ErrorWord.LEAK_SUSPECTED,
        ErrorWord.NOTHING_TO_LEARN,
        ErrorWord.NO_TIME,
        ErrorWord.NOT_MEASURABLE,
        ErrorWord.EXPORT_DIFFERS,
        ErrorWord.OUT_OF_MEMORY,
        ErrorWord.BAD_REQUEST,
    }
)
ENRICHMENT = frozenset(
    {
        ErrorWord.NOT_FOUND,
        ErrorWord.FORBIDDEN,
        ErrorWord.TOO_LARGE,
        ErrorWord.UNREACHABLE,
        ErrorWord.BAD_URI,
        ErrorWord.LEADS_UNREADABLE,
        ErrorWord.TOO_FEW_MESSAGES,
        ErrorWord.NO_DIFFERENCE,
        ErrorWord.OVERLAP,
        ErrorWord.PERSONAL_DATA,
        ErrorWord.LEAK_SUSPECTED,
        ErrorWord.SCHEMA_MISMATCH,
        ErrorWord.OUT_OF_MEMORY,
        ErrorWord.BAD_REQUEST,
    }
)
TEXT_MODEL = frozenset(  # why a predictor keeps the text model it has
    {
        ErrorWord.ARTIFACT_FORBIDDEN,
        ErrorWord.ARTIFACT_UNREACHABLE,
        ErrorWord.ARTIFACT_BAD_URI,
        ErrorWord.ARTIFACT_TOO_LARGE,
        ErrorWord.SCHEMA_MISMATCH,
        ErrorWord.EXAMPLES_DIFFER,
    }
)
CHALLENGER = TEXT_MODEL  # why a predictor does not have the challenger that lies before it
SHARE = frozenset(  # why the challenger that a predictor has answers no leads though a share lies beside it
    {
        ErrorWord.ARTIFACT_FORBIDDEN,
        ErrorWord.ARTIFACT_UNREACHABLE,
        ErrorWord.ARTIFACT_BAD_URI,
        ErrorWord.ARTIFACT_TOO_LARGE,
        ErrorWord.SCHEMA_MISMATCH,
        ErrorWord.DIGEST_MISMATCH,
    }
)


def word_of(text: str) -> ErrorWord:
    """Give the error word that `text` spells; `UNKNOWN` where this version knows none."""
    try:
        return ErrorWord(text)
    except ValueError:
        return ErrorWord.UNKNOWN
