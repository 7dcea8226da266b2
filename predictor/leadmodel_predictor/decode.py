"""A lead on the wire → raw values for the scorer: types made from the artifact's features, so that decoding validates.

Strings of the artifact are field aliases and objects, never code. What the values mean is the artifact's scoring.
"""

from collections.abc import Callable
from typing import Annotated, Any

import msgspec

from leadmodel_artifact.artifact import Artifact, Feature, FeatureKind
from leadmodel_artifact.scoring import LeadError, instant, lead_values

MAX_TEXT = 1_000_000
Values = tuple[Any, ...]


class BadLead(ValueError):  # noqa: N818  # what it is
    """A lead is refused; `field` is its JSON path, the message holds no value of it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def lead_type(champion: Artifact, previous: Artifact | None) -> type[msgspec.Struct]:
    """A Struct with the champion's fields as it wants them, and what only the previous model reads as it comes."""
    fields: dict[str, tuple[Any, Any]] = {}
    for feature in champion.features:
        if feature.source not in fields:
            fields[feature.source] = _field(feature)
    for feature in previous.features if previous else ():
        fields.setdefault(feature.source, (Any, None))
    names = {f"f{i}": source for i, source in enumerate(fields)}
    made = [
        (name, fields[source][0]) if fields[source][1] is msgspec.NODEFAULT else (name, *fields[source])
        for name, source in names.items()
    ]
    return msgspec.defstruct("Lead", made, rename=names, kw_only=True, gc=False)


def _field(feature: Feature) -> tuple[Any, Any]:
    match feature.kind:
        case FeatureKind.NUMERIC:
            kind: Any = Annotated[float, msgspec.Meta(ge=feature.minimum, le=feature.maximum)]
        case FeatureKind.CATEGORICAL:
            kind = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
        case FeatureKind.TEXT_LENGTH:
            kind = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
        case FeatureKind.HOUR_OF_DAY:
            kind = str | float
    if feature.required and feature.kind is not FeatureKind.HOUR_OF_DAY:
        return kind, msgspec.NODEFAULT
    return kind | None, None


def path_of(error: msgspec.ValidationError) -> tuple[str, str]:
    """JSON path and sentence of a validation error."""
    said = str(error)
    sentence, _, path = said.partition(" - at `")
    if not path and said.startswith("Object missing required field `"):
        return "$." + said.split("`")[1], "is required"
    return (path.rstrip("`") or "$"), sentence.replace("`", "")


class Reader:
    """Reads leads for one pair of slots."""

    def __init__(self, champion: Artifact, previous: Artifact | None) -> None:
        self.type = lead_type(champion, previous)
        self.champion, self.previous = champion, previous
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(self.type).decode
        self.decode_many: Callable[[bytes], list[Any]] = msgspec.json.Decoder(list[self.type]).decode  # type: ignore[name-defined]
        self._sources = {f.encode_name: f.name for f in msgspec.structs.fields(self.type)}
        self.time = (
            self._time_of(champion)
            or (previous and self._time_of(previous))
            or self._sources.get("created_at")
        )
        self.time_source = next((s for s, n in self._sources.items() if n == self.time), "created_at")
        self.values = self._make_values(champion)
        self.same = previous is not None and _shape(previous) == _shape(champion)

    def _time_of(self, artifact: Artifact) -> str | None:
        return next(
            (self._sources[f.source] for f in artifact.features if f.kind is FeatureKind.HOUR_OF_DAY), None
        )

    def _make_values(self, artifact: Artifact) -> Callable[[Any, int], Values]:
        """`values(lead, hour)`: raw values in the order of the features; only names made here stand in its text."""
        parts = []
        for feature in artifact.features:
            name = f"lead.{self._sources[feature.source]}"
            match feature.kind:
                case FeatureKind.HOUR_OF_DAY:
                    parts.append("hour")
                case FeatureKind.TEXT_LENGTH:
                    parts.append(f"(None if {name} is None else len({name}))")
                case _:
                    parts.append(name)
        given: dict[str, Any] = {}
        exec(f"def values(lead, hour): return ({', '.join(parts)},)", given)  # noqa: S102  # our own names only
        made: Callable[[Any, int], Values] = given["values"]
        return made

    def hour(self, lead: Any, now_hour: int) -> int:
        """The UTC hour of a lead; now where it has no instant."""
        found = getattr(lead, self.time) if self.time is not None else None
        if found is None:
            return now_hour
        try:
            return instant(found, self.time_source).hour
        except LeadError as error:
            raise BadLead(f"$.{error.field}", "must be an instant, as ISO 8601 or Unix seconds") from None

    def previous_values(self, lead: Any, hour: int, values: Values) -> Values | None:
        """Raw values for the previous model; None when it would refuse the lead."""
        if self.same:
            return values
        if self.previous is None:
            return None
        sent = {
            source: value
            for source, name in self._sources.items()
            if (value := getattr(lead, name)) is not None
        }
        sent[self.time_source] = hour * 3600
        try:
            return lead_values(self.previous, sent)
        except LeadError:
            return None


def _shape(artifact: Artifact) -> tuple[Any, ...]:
    return tuple((f.source, f.kind, f.required, f.minimum, f.maximum) for f in artifact.features)
