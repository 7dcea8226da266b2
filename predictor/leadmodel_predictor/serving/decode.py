"""Decodes leads: types and functions are made from the features of all models, so that decoding validates.

Strings of an artifact are field aliases and keys, never code. Categories leave as codes and texts as lengths, so that whoever keeps
values keeps nothing that a person wrote. The artifact's scoring says what values mean.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

import msgspec

from leadmodel_artifact.compiler import Scorer
from leadmodel_artifact.lead import LeadError, instant
from leadmodel_artifact.model import Artifact, FeatureKind
from leadmodel_artifact.values import is_missing_word
from leadmodel_predictor.serving.compiled.lead_functions import LeadFunctions
from leadmodel_predictor.serving.fields import NAN, UNREAD, Field, Scored, Unread, Values, fields_of
from leadmodel_predictor.serving.text_numbers import forgiving

TIME_SOURCE = "created_at"
NAMES_SHOWN = 20  # of the fields that a model reads, in an error
# what a scorer may raise: the model has no finite score for a lead
UNSCORED = (ArithmeticError, TypeError, ValueError)
# what reading a time may raise: the value is no instant
NO_INSTANT = (LeadError, msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def safe_score(scorer: Scorer, values: Values) -> float:
    """The score of coded values; NaN where arithmetic fails."""
    try:
        return scorer(*values)
    except UNSCORED:
        return NAN


class BadLead(ValueError):  # noqa: N818  # the lead is bad, not the program
    """A refused lead; the message holds no value of the lead.

    Attributes:
        field: the JSON path of the wrong value.
        index: the index of the first invalid timestamp in a batch.
    """

    def __init__(self, field: str, message: str, index: int = 0) -> None:
        super().__init__(message)
        self.field, self.index = field, index


def path_of(error: msgspec.ValidationError) -> tuple[str, str]:
    """JSON path and sentence of a validation error."""
    sentence, _, path = str(error).partition(" - at `")
    path = path.rstrip("`") or "$"
    if sentence.startswith("Object missing required field `"):
        return f"{path}.{sentence.split('`')[1]}", "is required"
    if sentence == "Expected `str` of length >= 1":
        return path, "is required"
    return path, sentence.replace("`", "")


ArtifactWithScorer = tuple[Artifact, Scorer]  # the scorer takes coded values


class Reader:
    """Reads leads as the champion wants them; a field that the champion does not read stays undecoded.

    `others` is None where the champion is alone; `of_challenger` names the fields that no other model reads.
    """

    def __init__(
        self,
        champion: ArtifactWithScorer,
        previous: ArtifactWithScorer | None,
        challenger: ArtifactWithScorer | None = None,
    ) -> None:
        artifact, scorer = champion
        self.champion = artifact
        others = [other[0] for other in (previous, challenger) if other is not None]
        self.fields = fields_of(artifact, *others)
        self.of_challenger = self.fields.keys() - fields_of(artifact, *others[: previous is not None])
        self.type = self.struct("Lead", [(f.type, f.default) for f in self.fields.values()])
        numbers = [
            source
            for source, field in self.fields.items()
            if field.kind is FeatureKind.NUMERIC and field.type is not msgspec.Raw
        ]
        self.decode = forgiving(msgspec.json.Decoder(self.type).decode, numbers)
        self.decode_many = forgiving(msgspec.json.Decoder(list[self.type]).decode, numbers)  # type: ignore[name-defined]
        own = _time_source(artifact)
        self.time_source = own or next(filter(None, map(_time_source, others)), TIME_SOURCE)
        self.strict_time = own is not None  # only the champion refuses leads
        self.time = self.fields[self.time_source].name if self.time_source in self.fields else None
        self.scorer = scorer
        self._functions = LeadFunctions(artifact, self.fields)
        self.score = self._functions.score(scorer)
        self.previous_score = previous and self._of_previous(*previous)
        self.challenger_score = challenger and self._of_challenger(*challenger)
        self.others = others or None

    @cached_property
    def values(self) -> Callable[[Any, int], Values]:
        """A function of a lead and its UTC hour: the champion's coded values."""
        return self._functions.values()

    @cached_property
    def scores(self) -> Callable[[Iterable[Any], Iterable[int]], list[float]]:
        """A function of many leads and their UTC hours: the champion's scores."""
        return self._functions.scores(self.scorer)

    @cached_property
    def is_bare(self) -> Callable[[Any], bool]:
        """A function of a lead: whether none of the champion's fields has a value."""
        return self._functions.is_bare()

    def check_names(self, body: bytes) -> None:
        """Check that a body without any value names one of the champion's fields, if only as null. Raises BadLead."""
        if not self.names.intersection(msgspec.json.decode(body, type=dict[str, msgspec.Raw])):
            raise BadLead("$", self.no_known_field)

    def check_words(self, leads: Sequence[Any]) -> None:
        """Check that no required category has a word for missing. Raises BadLead with the index of the first such lead of a field."""
        for source, field in self.fields.items():
            if field.missing:
                check_present(source, field, [getattr(lead, field.name) for lead in leads])

    @cached_property
    def names(self) -> frozenset[str]:
        """The names on the wire of the champion's fields."""
        return frozenset(feature.source for feature in self.champion.features)

    @cached_property
    def no_known_field(self) -> str:
        """The sentence that refuses a lead without any field that the champion reads."""
        names = list(dict.fromkeys(feature.source for feature in self.champion.features))
        more = (
            f" and {len(names) - NAMES_SHOWN} more (/openapi.json lists all)"
            if len(names) > NAMES_SHOWN
            else ""
        )
        return (
            "the lead has no field that the model reads; send fields at the top level of the object, by these names: "
            f"{', '.join(names[:NAMES_SHOWN])}{more}; many leads go to /predict/batch"
        )

    def struct(self, name: str, wanted: list[tuple[Any, Any]]) -> type[msgspec.Struct]:
        """A type with the fields of a lead, each of the type and default wanted."""
        fields = [
            (field.name, kind) if default is msgspec.NODEFAULT else (field.name, kind, default)
            for field, (kind, default) in zip(self.fields.values(), wanted, strict=True)
        ]
        rename = {field.name: source for source, field in self.fields.items()}
        return msgspec.defstruct(name, fields, rename=rename, kw_only=True, gc=False)

    def _of_previous(self, artifact: Artifact, scorer: Scorer) -> Callable[[Any, int, Values | None], Scored]:
        """The function `previous_score`; where the champion reads no time, the previous model refuses one that is no instant."""
        score = self._functions.previous_score(artifact, scorer)
        if self.strict_time or self.time is None or _time_source(artifact) is None:
            return score
        return lambda lead, hour, values: score(lead, hour, values) if self.is_timed(lead) else (NAN, None)

    def _of_challenger(
        self, artifact: Artifact, scorer: Scorer
    ) -> Callable[[Any, int, Values | None], Scored | Unread]:
        """The function `challenger_score`; where it reads another time than the one that gives leads their hour, it can be given none."""
        if _time_source(artifact) not in {None, self.time_source}:
            return lambda _lead, _hour, _values: UNREAD
        return self._of_previous(artifact, scorer)

    def is_timed(self, lead: Any) -> bool:
        """Whether the time of a lead is missing or an instant, so that a model which reads times takes the lead."""
        value = None if self.time is None else getattr(lead, self.time)
        if value is None:
            return True
        try:
            self._instant(value)
        except NO_INSTANT:
            return False
        return True

    def hour(self, lead: Any, now_hour: int) -> int:
        """The UTC hour of a lead; now where the lead has no instant. Raises BadLead."""
        instant_sent = None if self.time is None else getattr(lead, self.time)
        return now_hour if instant_sent is None else self.hour_of(instant_sent, now_hour)

    def hour_of(self, value: Any, now_hour: int) -> int:
        """The UTC hour of an instant that was sent; now where a word for missing was. Raises BadLead.

        A champion that reads no time refuses none: the hour of such a lead is now.
        """
        try:
            at = self._instant(value)
        except NO_INSTANT:
            if not self.strict_time:
                return now_hour
            message = "must be an instant, as ISO 8601 or Unix seconds"
            raise BadLead(f"$.{self.time_source}", message) from None
        return now_hour if at is None else at.hour

    def _instant(self, value: Any) -> datetime | None:
        """The instant of a value that may be undecoded; None for null and for a word for missing. Raises one of NO_INSTANT."""
        sent = msgspec.json.decode(value) if isinstance(value, msgspec.Raw) else value
        is_missing = sent is None or (isinstance(sent, str) and is_missing_word(sent))
        return None if is_missing else instant(sent, self.time_source)

    def hours_of(self, values: Sequence[Any], now_hour: int) -> list[int]:
        """The UTC hours of many instants; now where there is none. Raises BadLead with the index of the first refused one."""
        if self.strict_time:
            parse, utc = datetime.fromisoformat, UTC
            try:
                return [
                    time.hour
                    if type(value) is str and (time := parse(value)).tzinfo is utc
                    else now_hour
                    if value is None
                    else self.hour_of(value, now_hour)
                    for value in values
                ]
            except ValueError:
                pass  # the loop below names the index
        hours = []
        for i, value in enumerate(values):
            try:
                hours.append(now_hour if value is None else self.hour_of(value, now_hour))
            except BadLead as error:
                raise BadLead(error.field, str(error), i) from None
        return hours


def check_present(source: str, field: Field, values: Sequence[Any]) -> None:
    """Check that none of the values of a field means missing where one is required. Raises BadLead with the index of the first."""
    if field.missing and not field.missing.isdisjoint(values):
        index = next(i for i, value in enumerate(values) if value in field.missing)
        raise BadLead(f"$.{source}", "is required", index)


def _time_source(artifact: Artifact) -> str | None:
    return next((f.source for f in artifact.features if f.kind is FeatureKind.HOUR_OF_DAY), None)
