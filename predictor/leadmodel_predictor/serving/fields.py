"""The fields of a lead on the wire, as the features of all models want them."""

from dataclasses import dataclass
from itertools import chain
from typing import Annotated, Any

import msgspec

from leadmodel_artifact.model import Artifact, Feature, FeatureKind

MAX_TEXT = 1_000_000  # characters
NAN = float("nan")

Values = tuple[Any, ...]
Scored = tuple[float, Values | None]  # a score with the coded values it comes from; None: the lead is refused
Unread = tuple[None, None]  # a model could not be given the lead
UNREAD: Unread = (None, None)


@dataclass(frozen=True)
class Field:
    """One field of a lead on the wire."""

    name: str  # of the attribute of a decoded lead: never a text of the artifact
    kind: FeatureKind
    type: Any
    default: Any  # NODEFAULT: required
    missing: frozenset[str] = (
        frozenset()
    )  # words that stand for no value of a required category, besides the empty text


def fields_of(champion: Artifact, *others: Artifact) -> dict[str, Field]:
    """The fields by their names on the wire; a field that the champion does not read stays undecoded."""
    fields: dict[str, Field] = {}
    for feature in champion.features:
        if feature.source not in fields:
            missing = frozenset(feature.missing if feature.required else ())
            fields[feature.source] = Field(f"f{len(fields)}", feature.kind, *wire_type(feature), missing)
    for feature in chain.from_iterable(other.features for other in others):
        if feature.source not in fields:
            fields[feature.source] = Field(f"f{len(fields)}", feature.kind, msgspec.Raw, None)
    return fields


def wire_type(feature: Feature) -> tuple[Any, Any]:
    """Type and default of a feature's field on the wire."""
    match feature.kind:
        case FeatureKind.NUMERIC:
            kind: Any = Annotated[float, msgspec.Meta(ge=feature.minimum, le=feature.maximum)]
        case FeatureKind.HOUR_OF_DAY:
            kind = str | float
        case _:
            least = 1 if feature.required else None  # an empty text is no value
            kind = Annotated[str, msgspec.Meta(min_length=least, max_length=MAX_TEXT)] | int | float | bool
    if feature.required and feature.kind is not FeatureKind.HOUR_OF_DAY:
        return kind, msgspec.NODEFAULT
    return kind | None, None
