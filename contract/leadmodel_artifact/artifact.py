"""The artifact `model.json`: its parts, its strict reading and its canonical writing.

What a model *means* (scores) and how leads are compared with its reference stand in modules of their own. Reading never executes
anything: JSON in, frozen values out, or an ArtifactError that says why not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

TYPE_CHECKING = False  # typing itself would cost a tenth of the import
if TYPE_CHECKING:
    from typing import Any

SCHEMA = "leadmodel/v1"
MAX_RAW_BYTES = 16 * 1024 * 1024
MAX_GZIP_BYTES = 900 * 1024
MAX_LEVELS = 50
MAX_FEATURES = 1000


class FeatureKind(StrEnum):
    """How a feature is read from a lead."""

    NUMERIC = "numeric"  # a number
    CATEGORICAL = "categorical"  # a string, one of the levels or other
    TEXT_LENGTH = "text_length"  # the number of characters of a text
    HOUR_OF_DAY = "hour_of_day"  # the UTC hour of an instant


class ArtifactReason(StrEnum):
    """Why bytes are not an artifact."""

    TOO_LARGE = "ArtifactTooLarge"
    DIGEST_MISMATCH = "DigestMismatch"
    SCHEMA_MISMATCH = "SchemaMismatch"
    EXAMPLES_DIFFER = "ExamplesDiffer"


class ArtifactError(ValueError):
    """The bytes are refused; `reason` says in one word why, the message in a sentence without any of their text."""

    def __init__(self, reason: ArtifactReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Feature:
    """One input. `source` is the field of the lead it is read from."""

    name: str
    kind: FeatureKind
    source: str
    required: bool = False
    default: float | str | None = None  # stands in for a missing value; None: missing stays missing
    mean: float = 0.0  # linear models: what is taken from a number ...
    scale: float = 1.0  # ... and what the rest is divided by
    levels: tuple[str, ...] = ()
    minimum: float | None = None  # bounds of what may be sent; None: any finite number
    maximum: float | None = None


@dataclass(frozen=True)
class Linear:
    """intercept + Σ coefficients · columns: one column a number, one column a level and one for other, in order."""

    intercept: float
    coefficients: tuple[float, ...]


@dataclass(frozen=True)
class Tree:
    """Nodes as parallel tuples; node 0 is the root, a leaf has feature −1. Missing values go `missing_left`."""

    feature: tuple[int, ...]
    threshold: tuple[float, ...]  # numbers: value ≤ threshold goes left
    levels: tuple[tuple[int, ...] | None, ...]  # categories: these level numbers go left
    missing_left: tuple[bool, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    value: tuple[float, ...]


@dataclass(frozen=True)
class Trees:
    """baseline + Σ of one leaf a tree."""

    baseline: float
    trees: tuple[Tree, ...]


@dataclass(frozen=True)
class Calibration:
    """The raw score z becomes slope · z + intercept before the logistic function (Platt 1999)."""

    slope: float
    intercept: float


@dataclass(frozen=True)
class FeatureReference:
    """How one feature was distributed on the holdout. Numbers: bins between `edges`; categories: `levels` and other."""

    name: str
    kind: FeatureKind
    mean: float
    std: float
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()  # rows a bin, all hours and rows without an hour
    counts_by_hour: tuple[tuple[int, ...], ...] = ()  # 24 × bins; empty: no hour reference
    shrink: float = 1e5  # K: how many rows of the marginal an hour's counts are mixed with


@dataclass(frozen=True)
class Reference:
    """How the holdout looked: features and the score, and the hours of the day."""

    method: str
    rows: int
    features: tuple[FeatureReference, ...]
    hours: tuple[int, ...] = ()  # 24 counts; empty: leads had no time
    psi_q999: float | None = None


@dataclass(frozen=True)
class Example:
    """A lead made from the reference, and the score it must get."""

    lead: Mapping[str, Any]
    score: float


@dataclass(frozen=True)
class DataWindow:
    """What it was trained on."""

    from_: str | None = None
    to: str | None = None  # newest training row
    horizon_days: float | None = None
    rows: int = 0
    positives: int = 0
    label: str = "y"
    excluded: tuple[str, ...] = ()


@dataclass(frozen=True)
class Artifact:
    """A model with everything needed to serve, judge and watch it."""

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
    unknown: Mapping[str, Any] = field(default_factory=dict)  # kept, ignored


def digest(raw: bytes) -> str:
    """The identity of an artifact: `sha256:` and the hash of its bytes."""
    import hashlib  # not every importer has bytes to name

    return "sha256:" + hashlib.sha256(raw).hexdigest()


def load(raw: bytes, *, expect: str | None = None) -> Artifact:
    """Read an artifact: size, digest (before anything is parsed), schema, then its examples.

    Raises ArtifactError when any of them does not hold.
    """
    from leadmodel_artifact.scoring import check_examples

    artifact = parse(raw, expect=expect)
    check_examples(artifact)
    return artifact


def parse(raw: bytes, *, expect: str | None = None) -> Artifact:
    """The same without its examples: for who checks them with the scorer it goes on to use. Raises ArtifactError."""
    if len(raw) > MAX_RAW_BYTES:
        raise ArtifactError(
            ArtifactReason.TOO_LARGE, f"the artifact has {len(raw)} bytes, at most {MAX_RAW_BYTES} are taken"
        )
    if expect is not None and digest(raw) != expect:
        raise ArtifactError(
            ArtifactReason.DIGEST_MISMATCH, f"the bytes have digest {digest(raw)}, not {expect}"
        )
    return _read(_parse(raw))


def dump(artifact: Artifact) -> bytes:
    """Write an artifact: UTF-8 JSON, sorted keys, numbers so that they read back the same."""
    import json

    from leadmodel_artifact.layout import write

    return (
        json.dumps(
            write(artifact), allow_nan=False, ensure_ascii=False, sort_keys=True, separators=(",", ":")
        )
        + "\n"
    ).encode()


def _refuse(message: str) -> ArtifactError:
    return ArtifactError(ArtifactReason.SCHEMA_MISMATCH, message)


def _parse(raw: bytes) -> Any:
    import json

    def no_constant(word: str) -> float:
        raise _refuse(f"the artifact holds {word}; every number must be finite")

    def finite(text: str) -> float:
        number = float(text)
        if not math.isfinite(number):
            raise _refuse("the artifact holds a number too large to be finite")
        return number

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise _refuse("the artifact names a field twice")
        return found

    try:
        document = json.loads(
            raw.decode("utf-8"), parse_constant=no_constant, parse_float=finite, object_pairs_hook=unique
        )
        if b"\\ud" in raw.lower():  # half a character that no answer could hold
            json.dumps(document, ensure_ascii=False).encode()
    except (UnicodeError, json.JSONDecodeError, RecursionError, ValueError) as error:
        if isinstance(error, ArtifactError):
            raise
        raise _refuse(
            "the artifact is not a JSON document in UTF-8; was it truncated, or is it another file?"
        ) from None
    return document


def _read(document: Any) -> Artifact:
    from leadmodel_artifact.jsonnode import LayoutError
    from leadmodel_artifact.layout import read

    try:
        return read(document)
    except LayoutError as error:
        raise _refuse(str(error)) from None
