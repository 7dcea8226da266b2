"""A columnar batch: `{"age": [41, 35], "job": ["admin.", null]}`, each field of a lead with the values of all leads.

Columns are counted before they are decoded, for a number takes two bytes on the wire and thirty in memory.
"""

import re
from collections.abc import Callable, Iterable
from itertools import islice, repeat
from typing import Any

import msgspec

from leadmodel_artifact.lead import codes
from leadmodel_artifact.model import Feature, FeatureKind
from leadmodel_artifact.text_features import groups
from leadmodel_artifact.values import text_of
from leadmodel_predictor.serving.decode import BadLead, Reader, check_present, path_of
from leadmodel_predictor.serving.fields import Field, Values
from leadmodel_predictor.serving.text_numbers import number_or_text

# possessive: what a plain repeat remembers for backtracking takes a hundred bytes per character of a string
REFUSED = msgspec.Raw(b"{}")  # a value that no model takes
STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)


class ColumnReader:
    """Reads columns as a reader reads leads."""

    def __init__(self, reader: Reader, limit: int) -> None:
        self.reader, self.limit = reader, limit
        names = [field.name for field in reader.fields.values()]
        self.split: Callable[[bytes], Any] = msgspec.json.Decoder(
            reader.struct("Columns", [(msgspec.Raw, None)] * len(names))
        ).decode
        self._decoders = {
            source: msgspec.json.Decoder(list[field.type]).decode  # type: ignore[name-defined]
            for source, field in reader.fields.items()
        }
        self._read = [_read(feature) for feature in reader.champion.features]
        texts = groups(reader.champion.features, reader.champion.text_models)
        self._texts = [(group, group.codes()) for group in texts]

    def columns(self, body: bytes) -> dict[str, list[Any]]:
        """The columns that were sent, all of one length. Raises BadLead and what msgspec raises."""
        split = self.split(body)
        columns: dict[str, list[Any]] = {}
        for source, field in self.reader.fields.items():
            raw = getattr(split, field.name)
            if (
                raw is not None
                and (text := bytes(raw)) != b"null"
                and source not in self.reader.of_challenger
            ):
                columns[source] = self._column(source, field, text)
            elif field.default is msgspec.NODEFAULT:
                raise BadLead(f"$.{source}", "is required")
        if not columns:
            raise BadLead("$", "a columnar batch needs a column that the model reads")
        size = len(next(iter(columns.values())))
        for source, column in columns.items():
            if len(column) != size:
                raise BadLead(f"$.{source}", "must be as long as the columns before it")
        return columns | self._others(split, size)

    def _others(self, split: Any, size: int) -> dict[str, list[Any]]:
        """The columns that only the challenger reads: it refuses every lead of one that is no column, and no other model minds."""
        columns: dict[str, list[Any]] = {}
        for source in self.reader.of_challenger:
            field = self.reader.fields[source]
            raw = getattr(split, field.name)
            if raw is not None and (text := bytes(raw)) != b"null":
                try:
                    column = self._column(source, field, text)
                except (BadLead, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    column = []
                columns[source] = column if len(column) == size else [REFUSED] * size
        return columns

    def _column(self, source: str, field: Field, raw: bytes) -> list[Any]:
        if exceeds(raw, self.limit):
            raise BadLead(f"$.{source}", f"a batch may have at most {self.limit} leads")
        try:
            column: list[Any] = self._decoded(source, field, raw)
        except msgspec.ValidationError as error:
            path, sentence = path_of(error)
            raise BadLead(f"$.{source}{path[1:]}", sentence) from None
        try:
            check_present(source, field, column)
        except BadLead as error:
            raise BadLead(f"$.{source}[{error.index}]", str(error)) from None
        if len(column) > self.limit:  # of nulls
            raise BadLead(f"$.{source}", f"a batch may have at most {self.limit} leads")
        return column

    def _decoded(self, source: str, field: Field, raw: bytes) -> list[Any]:
        """The values of a column; texts may stand for numbers, as in a single lead."""
        decode: Callable[[bytes], list[Any]] = self._decoders[source]
        try:
            return decode(raw)
        except msgspec.ValidationError:
            values = msgspec.json.decode(raw)
            if field.kind is not FeatureKind.NUMERIC or not isinstance(values, list):
                raise
        numbers = [number_or_text(value) if isinstance(value, str) else value for value in values]
        return decode(msgspec.json.encode(numbers))

    def hours(self, columns: dict[str, list[Any]], size: int, now_hour: int) -> list[int]:
        """The UTC hour of each lead. Raises BadLead."""
        column = columns.get(self.reader.time_source)
        if column is None:
            return [now_hour] * size
        try:
            return self.reader.hours_of(column, now_hour)
        except BadLead as error:
            raise BadLead(f"{error.field}[{error.index}]", str(error)) from None

    def values(self, columns: dict[str, list[Any]], hours: list[int]) -> list[Values]:
        """The values of each lead."""
        read: list[Iterable[Any]] = [
            hours if feature.kind is FeatureKind.HOUR_OF_DAY else one(columns.get(feature.source))
            for feature, one in zip(self.reader.champion.features, self._read, strict=True)
        ]
        for group, codes_of in self._texts:
            column = columns.get(group.source)
            filled = zip(*map(codes_of, column), strict=True) if column else map(repeat, codes_of(None))
            for place, one in zip(group.places, filled, strict=True):
                read[place] = one
        return list(islice(zip(*read, strict=False), len(hours)))  # an absent column repeats for ever

    def parts(self, columns: dict[str, list[Any]], hours: list[int]) -> Callable[[slice], list[Values]]:
        """A function of a slice of the leads: their values. Texts are read when their slice is wanted, for they take long."""
        if not self._texts:
            return self.values(columns, hours).__getitem__
        return lambda part: self.values({s: column[part] for s, column in columns.items()}, hours[part])

    def lead(self, columns: dict[str, list[Any]], i: int) -> Any:
        """One lead, as the reader would have decoded it."""
        values = {self.reader.fields[source].name: column[i] for source, column in columns.items()}
        return self.reader.type(**values)


def exceeds(raw: bytes, limit: int) -> bool:
    """Whether a column, a JSON list of scalars, has more values than the limit."""
    return raw.count(b",") >= limit and STRING.sub(b"", raw).count(b",") >= limit


def _read(feature: Feature) -> Callable[[list[Any] | None], Iterable[Any]]:
    match feature.kind:
        case FeatureKind.CATEGORICAL:
            table, other = codes(feature), len(feature.levels)
            return lambda column: (
                repeat(table[None]) if column is None else [table.get(v, other) for v in column]
            )
        case FeatureKind.TEXT_LENGTH:
            return lambda column: (
                repeat(None)
                if column is None
                else [None if v is None else len(v if type(v) is str else text_of(v)) for v in column]
            )
        case _:
            return lambda column: repeat(None) if column is None else column
