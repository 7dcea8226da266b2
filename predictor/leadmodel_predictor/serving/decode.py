"""A lead on the wire → values for the scorers: types and functions made from the features of both slots, so that decoding validates.

Strings of an artifact are field aliases and keys, never code. Categories leave as codes and texts as lengths, so that whoever keeps
values keeps nothing a person wrote. What the values mean is the artifact's scoring.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import Annotated, Any

import msgspec

from leadmodel_artifact.compiler import Scorer, code, score_lines
from leadmodel_artifact.lead import LeadError, codes, instant
from leadmodel_artifact.model import Artifact, Feature, FeatureKind, Linear

MAX_TEXT = 1_000_000
TIME_SOURCE = "created_at"
NAN = float("nan")
UNSCORED = (
    ArithmeticError,
    TypeError,
    ValueError,
)  # what a scorer may raise: its model has no finite score for a lead

Values = tuple[Any, ...]
Scored = tuple[float, Values | None]  # a score with the coded values it comes from; None: the lead is refused


class BadLead(ValueError):  # noqa: N818  # what it is
    """A lead is refused; `field` is its JSON path, the message holds no value of it. `at`: which of many instants is none."""

    def __init__(self, field: str, message: str, at: int = 0) -> None:
        super().__init__(message)
        self.field, self.at = field, at


def path_of(error: msgspec.ValidationError) -> tuple[str, str]:
    """JSON path and sentence of a validation error."""
    sentence, _, path = str(error).partition(" - at `")
    path = path.rstrip("`") or "$"
    if sentence.startswith("Object missing required field `"):
        return f"{path}.{sentence.split('`')[1]}", "is required"
    return path, sentence.replace("`", "")


Model = tuple[Artifact, Scorer]  # what a reader needs of a slot; the scorer is one of coded values


@dataclass(frozen=True)
class Field:
    """One field of a lead on the wire."""

    name: str  # of the attribute: made here
    kind: FeatureKind
    type: Any
    default: Any  # NODEFAULT: required


class Reader:
    """Reads leads as the champion wants them; a field that only the previous model reads is left as it came."""

    def __init__(self, champion: Model, previous: Model | None) -> None:
        artifact, scorer = champion
        self.champion = artifact
        self.fields = _fields(artifact, previous and previous[0])
        self.type = self.struct("Lead", [(f.type, f.default) for f in self.fields.values()])
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(self.type).decode
        self.decode_many: Callable[[bytes], list[Any]] = msgspec.json.Decoder(list[self.type]).decode  # type: ignore[name-defined]
        own = _time_source(artifact)
        self.time_source = own or (previous and _time_source(previous[0])) or TIME_SOURCE
        self.strict_time = own is not None  # only the champion refuses leads
        self.time = self.fields[self.time_source].name if self.time_source in self.fields else None
        self._scorer = scorer
        self.score: Callable[[Any, int], Scored] = self._function(artifact, _own, scorer)
        self.second = previous and self._second(*previous)

    @cached_property
    def values(self) -> Callable[[Any, int], Values]:
        """The values of a lead at an hour."""
        found: Callable[[Any, int], Values] = self._function(self.champion, _own, None)
        return found

    @cached_property
    def scores(self) -> Callable[[Iterable[Any], Iterable[int]], list[float]]:
        """The scores of many leads at their hours."""
        found: Callable[[Iterable[Any], Iterable[int]], list[float]] = self._many(self.champion, self._scorer)
        return found

    def struct(self, name: str, wanted: list[tuple[Any, Any]]) -> type[msgspec.Struct]:
        """A type with the fields of a lead, each of the type and default wanted."""
        fields = [
            (field.name, kind) if default is msgspec.NODEFAULT else (field.name, kind, default)
            for field, (kind, default) in zip(self.fields.values(), wanted, strict=True)
        ]
        rename = {field.name: source for source, field in self.fields.items()}
        return msgspec.defstruct(name, fields, rename=rename, kw_only=True, gc=False)

    def hour(self, lead: Any, now_hour: int) -> int:
        """The UTC hour of a lead; now where it has no instant. Raises BadLead."""
        found = None if self.time is None else getattr(lead, self.time)
        return now_hour if found is None else self.hour_of(found, now_hour)

    def hour_of(self, found: Any, now_hour: int) -> int:
        """The UTC hour of an instant that was sent. Raises BadLead."""
        try:
            if self.strict_time:
                return instant(found, self.time_source).hour
            return instant(msgspec.json.decode(found), self.time_source).hour
        except (LeadError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            if not self.strict_time:
                return now_hour
            message = "must be an instant, as ISO 8601 or Unix seconds"
            raise BadLead(f"$.{self.time_source}", message) from None

    def hours_of(self, found: Sequence[Any], now_hour: int) -> list[int]:
        """The UTC hours of many instants; now where there is none. Raises BadLead with the place of the first that is refused."""
        if self.strict_time:
            parse, utc = datetime.fromisoformat, UTC
            try:
                return [
                    time.hour
                    if type(value) is str and (time := parse(value)).tzinfo is utc
                    else now_hour
                    if value is None
                    else self.hour_of(value, now_hour)
                    for value in found
                ]
            except ValueError:
                pass  # to be found below
        hours = []
        for i, value in enumerate(found):
            try:
                hours.append(now_hour if value is None else self.hour_of(value, now_hour))
            except BadLead as error:
                raise BadLead(error.field, str(error), i) from None
        return hours

    # --- generated functions ---------------------------------------------------------------------------------------------

    def _function(self, artifact: Artifact, line: "Line", scorer: Scorer | None) -> Any:
        """A function of a lead and its hour: its values, with a scorer its score and its values."""
        given: dict[str, Any] = {"scorer": scorer, "refused": (NAN, None)}
        lines = ["def read(lead, hour):", *self._read_lines(artifact, line, given)]
        values = _tuple(artifact)
        if scorer is None:
            lines.append(f"    return {values}")
        else:
            lines += [f"    values = {values}", *_score_lines(artifact, given), "    return score, values"]
        return _made(lines, given)

    def _many(self, artifact: Artifact, scorer: Scorer) -> Any:
        """A function of leads and their hours: their scores."""
        given: dict[str, Any] = {"scorer": scorer}
        inner = [*self._read_lines(artifact, _own, given), *_score_lines(artifact, given), "    add(score)"]
        local = ", ".join(f"{name}={name}" for name in given)  # a loop reads them faster than what is global
        lines = [f"def read(leads, hours, {local}):", "    scores = []", "    add = scores.append"]
        lines += ["    for lead, hour in zip(leads, hours):", *(f"    {line}" for line in inner)]
        return _made([*lines, "    return scores"], given)

    def _read_lines(self, artifact: Artifact, line: "Line", given: dict[str, Any]) -> list[str]:
        """Lines that leave the values of a lead in x0, x1, …; only names made here stand in them."""
        lines = []
        for i, feature in enumerate(artifact.features):
            if feature.kind is FeatureKind.HOUR_OF_DAY:
                lines.append(f"    x{i} = hour")
                continue
            if feature.kind is FeatureKind.CATEGORICAL:
                given[f"t{i}"] = codes(feature).get
            lines.append(f"    x{i} = lead.{self.fields[feature.source].name}")
            lines += line(i, feature, given)
        return lines

    def _second(self, previous: Artifact, scorer: Scorer) -> Callable[[Any, int, Values | None], Scored]:
        """The previous model's score of a lead that the champion took, given the champion's values."""
        if _shape(previous) == _shape(self.champion):
            return lambda _lead, _hour, values: (scorer(*values), values)  # type: ignore[misc]  # the champion took it
        own = {f.source for f in self.champion.features}

        def line(i: int, feature: Feature, given: dict[str, Any]) -> list[str]:
            if feature.source in own and feature.kind is self.fields[feature.source].kind:
                return [*_bounds(i, feature), *_own(i, feature, given)]
            given[f"r{i}"] = _checked(feature, raw=feature.source not in own)
            checked = [f"    x{i} = r{i}(x{i})", f"    if x{i} is r{i}: return refused"]
            return [*checked, *_own(i, feature, given)]

        read = self._function(previous, line, scorer)
        return lambda lead, hour, _values: read(lead, hour)


Line = Callable[[int, Feature, dict[str, Any]], list[str]]


def _made(lines: Sequence[str], given: dict[str, Any]) -> Any:
    exec(code("\n".join(lines)), given)  # noqa: S102  # our own names only
    return given["read"]


def _tuple(artifact: Artifact) -> str:
    return f"({' '.join(f'x{i},' for i in range(len(artifact.features)))})"


def _score_lines(artifact: Artifact, given: dict[str, Any]) -> list[str]:
    """A line or two of arithmetic stand in the function; trees are not compiled once more."""
    if isinstance(artifact.model, Linear):
        return score_lines(artifact, given)
    return [f"    score = scorer(*{_tuple(artifact)})"]


def _own(i: int, feature: Feature, _given: dict[str, Any]) -> list[str]:
    match feature.kind:
        case FeatureKind.CATEGORICAL:
            return [f"    x{i} = t{i}(x{i}, {len(feature.levels)})"]
        case FeatureKind.TEXT_LENGTH:
            return [f"    if x{i} is not None: x{i} = len(x{i})"]
        case _:
            return []


def _bounds(i: int, feature: Feature) -> list[str]:
    """Refuse what the previous model would refuse in a field that both read alike."""
    tests = []
    if feature.required:
        tests.append(f"x{i} is None")
    if feature.minimum is not None:
        tests.append(f"x{i} is not None and x{i} < {feature.minimum!r}")
    if feature.maximum is not None:
        tests.append(f"x{i} is not None and x{i} > {feature.maximum!r}")
    return [f"    if {test}: return refused" for test in tests]


def _checked(feature: Feature, *, raw: bool) -> Callable[[Any], Any]:
    """The value of a field that the champion reads otherwise or not at all; itself where the previous model would refuse the lead."""
    kind, default = _type(feature)
    decode = msgspec.json.Decoder(kind).decode if raw else partial(msgspec.convert, type=kind)

    def read(value: Any) -> Any:
        if value is None:
            return read if default is msgspec.NODEFAULT else None
        try:
            return decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return read

    return read


def _fields(champion: Artifact, previous: Artifact | None) -> dict[str, Field]:
    fields: dict[str, Field] = {}
    for feature in champion.features:
        if feature.source not in fields:
            fields[feature.source] = Field(f"f{len(fields)}", feature.kind, *_type(feature))
    for feature in previous.features if previous else ():
        if feature.source not in fields:
            fields[feature.source] = Field(f"f{len(fields)}", feature.kind, msgspec.Raw, None)
    return fields


def _type(feature: Feature) -> tuple[Any, Any]:
    """Type and default of a field on the wire."""
    match feature.kind:
        case FeatureKind.NUMERIC:
            kind: Any = Annotated[float, msgspec.Meta(ge=feature.minimum, le=feature.maximum)]
        case FeatureKind.CATEGORICAL | FeatureKind.TEXT_LENGTH:
            kind = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
        case FeatureKind.HOUR_OF_DAY:
            kind = str | float
    if feature.required and feature.kind is not FeatureKind.HOUR_OF_DAY:
        return kind, msgspec.NODEFAULT
    return kind | None, None


def _time_source(artifact: Artifact) -> str | None:
    return next((f.source for f in artifact.features if f.kind is FeatureKind.HOUR_OF_DAY), None)


def _shape(artifact: Artifact) -> tuple[Any, ...]:
    return tuple((f.source, f.kind, f.required, f.minimum, f.maximum, f.levels) for f in artifact.features)
