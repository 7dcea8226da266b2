"""The fields of a lead on the wire, as the features of both models want them."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from leadmodel_artifact.model import Artifact, Feature, FeatureKind

MAX_TEXT = 1_000_000  # characters
NAN = float("nan")

Values = tuple[Any, ...]
Scored = tuple[float, Values | None]  # a score with the coded values it comes from; None: the lead is refused


@dataclass(frozen=True)
class Field:
    """One field of a lead on the wire."""

    name: str  # of the attribute of a decoded lead: never a text of the artifact
    kind: FeatureKind
    type: Any
    default: Any  # NODEFAULT: required


def fields_of(champion: Artifact, previous: Artifact | None) -> dict[str, Field]:
    """The fields by their names on the wire; a field that only the previous model reads stays undecoded."""
    fields: dict[str, Field] = {}
    for feature in champion.features:
        if feature.source not in fields:
            fields[feature.source] = Field(f"f{len(fields)}", feature.kind, *wire_type(feature))
    for feature in previous.features if previous else ():
        if feature.source not in fields:
            fields[feature.source] = Field(f"f{len(fields)}", feature.kind, msgspec.Raw, None)
    return fields


def wire_type(feature: Feature) -> tuple[Any, Any]:
    """Type and default of a feature's field on the wire."""
    match feature.kind:
        case FeatureKind.NUMERIC:
            kind: Any = Annotated[float, msgspec.Meta(ge=feature.minimum, le=feature.maximum)]
        case FeatureKind.CATEGORICAL | FeatureKind.TEXT_LENGTH:
            kind = (
                Annotated[str, msgspec.Meta(max_length=MAX_TEXT, pattern=_present(feature))]
                | int
                | float
                | bool
            )
        case FeatureKind.HOUR_OF_DAY:
            kind = str | float
    if feature.required and feature.kind is not FeatureKind.HOUR_OF_DAY:
        return kind, msgspec.NODEFAULT
    return kind | None, None


def _present(feature: Feature) -> str | None:
    """A pattern of the texts that are no missing value of a required feature; None where none is required."""
    if not feature.required:
        return None
    missing = (
        "|".join(map(re.escape, ("", *feature.missing))) if feature.kind is FeatureKind.CATEGORICAL else ""
    )
    return rf"^(?!(?:{missing})\Z)"
