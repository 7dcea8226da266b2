"""The parts of an artifact as frozen values, and the error that refuses one.

The module holds types only: reading, writing, scoring and comparing stand in modules of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

    from leadmodel_text.document import Document
    from leadmodel_text.enrich import Enricher

SCHEMA = "leadmodel/v1"
TEXT_SCHEMA = "leadmodel/v2"  # of artifacts with text models, and of no other
MAX_TEXT_MODELS = 4
MAX_LEVELS = 50
MAX_FEATURES = 1000
MAX_NAME = 128  # characters of a feature's name
MAX_SOURCE = 1024  # characters of a field's name


class FeatureKind(StrEnum):
    """How a feature is read from a lead."""

    NUMERIC = "numeric"  # a number
    CATEGORICAL = "categorical"  # a string: one of the levels, or other
    TEXT_LENGTH = "text_length"  # the number of characters of a text
    HOUR_OF_DAY = "hour_of_day"  # the UTC hour of an instant
    TEXT_INTENT = (
        "text_intent"  # what a text is for: one of the levels, missing where the text model abstains
    )
    TEXT_LANGUAGE = "text_language"  # the language of a text: one of the levels, missing likewise
    TEXT_SENTIMENT = "text_sentiment"  # a score of -1 to 1, missing likewise
    TEXT_URGENCY = "text_urgency"  # a score of 0 to 1, missing likewise


CATEGORIES = frozenset({FeatureKind.CATEGORICAL, FeatureKind.TEXT_INTENT, FeatureKind.TEXT_LANGUAGE})
HEADS = {
    FeatureKind.TEXT_INTENT: "intent",
    FeatureKind.TEXT_LANGUAGE: "language",
    FeatureKind.TEXT_SENTIMENT: "sentiment",
    FeatureKind.TEXT_URGENCY: "urgency",
}  # of a text model, by the kind of the feature that takes the answer


class ArtifactReason(StrEnum):
    """Why bytes are not an artifact."""

    TOO_LARGE = "ArtifactTooLarge"
    DIGEST_MISMATCH = "DigestMismatch"
    SCHEMA_MISMATCH = "SchemaMismatch"
    EXAMPLES_DIFFER = "ExamplesDiffer"


class ArtifactError(ValueError):
    """Bytes are refused as an artifact: `reason` in one word, the message in a sentence without any text of the bytes."""

    def __init__(self, reason: ArtifactReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Feature:
    """One input of a model, read from the lead's field `source`."""

    name: str
    kind: FeatureKind
    source: str
    required: bool = False
    default: float | str | None = None  # stands in for a missing value; None: missing stays missing
    mean: float = 0.0  # linear models subtract `mean` from a number ...
    scale: float = 1.0  # ... and divide the difference by `scale`
    levels: tuple[str, ...] = ()
    minimum: float | None = None  # bounds of a number in a request; None: any finite number
    maximum: float | None = None
    missing: tuple[str, ...] = ()  # words of a category that mean: missing
    text_model: str | None = None  # digest of the text model that reads the field; None: the kind needs none

    @property
    def is_category(self) -> bool:
        """Whether the values are levels; else they are numbers."""
        return self.kind in CATEGORIES


@dataclass(frozen=True)
class Linear:
    """intercept + Σ coefficients · columns: one column per number; one per level and one for other per category, in that order."""

    intercept: float
    coefficients: tuple[float, ...]


@dataclass(frozen=True)
class Tree:
    """Nodes of one tree as parallel tuples; node 0 is the root, a leaf has feature −1. Missing values go `missing_left`."""

    feature: tuple[int, ...]
    threshold: tuple[float, ...]  # numbers: value ≤ threshold goes left
    levels: tuple[tuple[int, ...] | None, ...]  # categories: these level numbers go left
    missing_left: tuple[bool, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]


@dataclass(frozen=True)
class Trees:
    """baseline + Σ of one leaf per tree."""

    baseline: float
    trees: tuple[Tree, ...]


@dataclass(frozen=True)
class Calibration:
    """Platt scaling (J. Platt, 1999): the raw score z becomes slope · z + intercept before the logistic function."""

    slope: float
    intercept: float


@dataclass(frozen=True)
class FeatureReference:
    """Distribution of one feature on the holdout: bins between `edges` for numbers, `levels` and other for categories."""

    name: str
    kind: FeatureKind
    mean: float
    std: float
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()  # rows per bin, of all hours and of rows without an hour
    counts_by_hour: tuple[tuple[int, ...], ...] = ()  # 24 × bins; empty: no hour reference
    shrink: float = 1e5  # K: rows of the other hours that are mixed into the counts of an hour


@dataclass(frozen=True)
class Reference:
    """Distribution of the holdout: features and the score, and leads per hour of the day."""

    method: str
    rows: int
    features: tuple[FeatureReference, ...]
    hours: tuple[int, ...] = ()  # 24 counts; empty: leads had no time
    psi_q999: float | None = None
    calendar: tuple[str, ...] = ()  # features that only count time, and so are left out of drift


@dataclass(frozen=True)
class Example:
    """A lead made from the reference, and the score that every program must give the lead."""

    lead: Mapping[str, Any]
    score: float


@dataclass(frozen=True)
class TextModel:
    """A text model inside an artifact. What it needs is imported when the first artifact with a text model is read."""

    document: Document

    @cached_property
    def enricher(self) -> Enricher:
        """The heads, ready to answer. Raises leadmodel_text's DocumentError for a tokeniser of another version."""
        from leadmodel_text.enrich import Enricher  # most artifacts have no text model, and do not pay for it

        return Enricher(self.document)


@dataclass(frozen=True)
class DataWindow:
    """The rows a model was trained on."""

    from_: str | None = None
    to: str | None = None  # time of the newest training row
    horizon_days: float | None = None
    rows: int = 0
    positives: int = 0
    label: str = "y"
    excluded: tuple[str, ...] = ()
    time: str | None = None  # the column with the time of a lead; None: created_at
    positive: str | None = None  # the label of a lead that converted; None: yes, true or 1


@dataclass(frozen=True)
class Artifact:
    """A model with everything needed to serve, judge and watch the model."""

    name: str
    version: int  # Unix time of the end of training
    trained_at: str
    recipe: str
    auc: float
    n_train: int
    n_holdout: int
    holdout_digest: str
    features: tuple[Feature, ...]
    model: Linear | Trees
    reference: Reference
    examples: tuple[Example, ...]
    data: DataWindow
    parent: str | None = None
    calibration: Calibration | None = None
    schema: str = SCHEMA
    text_models: Mapping[str, TextModel] = field(default_factory=dict)  # by the digest of the document
    unknown: Mapping[str, Any] = field(
        default_factory=dict
    )  # top-level fields of a newer writer: kept, ignored
