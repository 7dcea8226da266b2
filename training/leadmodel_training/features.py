"""The roles of columns, and rows as the numbers and raw values that features stand for. Nothing is fitted here."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmodel_artifact.lead import codes
from leadmodel_artifact.model import Feature, FeatureKind
from leadmodel_messages.table_values import number
from leadmodel_training.columns import Column, Rows, Texts, each, plain

TEXT, TIME = "details", "created_at"

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Roles:
    """The role of each column."""

    label: str
    time: str | None
    text: tuple[str, ...]
    excluded: tuple[str, ...]
    id: str | None = None
    time_named: bool = False  # whether a person named the column of the times

    @property
    def not_features(self) -> frozenset[str]:
        """Columns that no model reads as they are."""
        return frozenset({self.label, *self.excluded} | {n for n in (self.time, self.id) if n is not None})


def find_roles(
    rows: Rows,
    label: str,
    time: str | None,
    excluded: Sequence[str],
    id_column: str | None = None,
    *,
    texts: Sequence[str] = (),
) -> Roles:
    """The roles of the columns; `texts` are those that hold texts besides `details`.

    Raises:
        ValueError: A named column is missing; the message names the column, and no other one of the file: without a header line the
            names would be the fields of a lead.
    """
    for name in (label, *(n for n in (time, id_column) if n), *excluded, *texts):
        check_column(name, rows.columns)
    named = time is not None
    if time is None and TIME in rows.columns:
        time = TIME
    text = tuple(
        n
        for n in dict.fromkeys((TEXT, *texts))
        if isinstance(rows.columns.get(n), Texts) and n not in excluded
    )
    roles = Roles(label, time, text, tuple(excluded), id_column, named)
    for name in texts:
        if name in roles.not_features or name not in text:
            raise ValueError(f"--text-field names column {name!r}, which holds no text that a model may read")
    return roles


def check_column(name: str, columns: Collection[str]) -> None:
    """Raise ValueError for a column that is not there, with the name of one that differs only in case, blanks and marks."""
    if name in columns:
        return
    alike = [other for other in columns if _letters(other) == _letters(name) and len(other) <= len(name) + 3]
    hint = f"; did you mean {alike[0]!r}?" if len(alike) == 1 and _letters(name) else ""
    raise ValueError(
        f"the leads have no column {name!r} among their {len(columns)}{hint or '; does the file have a header line?'}"
    )


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, name.lower()))


def iso(time: float) -> str:
    """ISO 8601 text, in UTC and to the second, of Unix seconds."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds")


# --- rows as numbers ---------------------------------------------------------------------------------------------------------


def encode(rows: Rows, features: Sequence[Feature], times: Floats) -> Floats:
    """The rows as a table of shape (n, features): numbers, and indices of levels with other as the last; NaN for a missing value."""
    table = np.empty((len(rows), len(features)), order="F")
    for i, feature in enumerate(features):
        table[:, i] = _encoded(_column(rows, feature), feature, times)
    return table


def answers_column(feature: Feature) -> str:
    """The column with what a text model answered for a feature, beside the column with the text."""
    return f"{feature.text_model} {feature.name}"


def _column(rows: Rows, feature: Feature) -> Column:
    return rows.columns[feature.source if feature.text_model is None else answers_column(feature)]


def _encoded(column: Column, feature: Feature, times: Floats) -> Floats:
    match feature.kind:
        case FeatureKind.HOUR_OF_DAY:
            return times // 3600 % 24
        case FeatureKind.TEXT_LENGTH:
            return each(lambda value: None if value is None else len(str(value)), column)
        case FeatureKind.NUMERIC | FeatureKind.TEXT_SENTIMENT | FeatureKind.TEXT_URGENCY:
            return numbers_of(column)
        case FeatureKind.CATEGORICAL | FeatureKind.TEXT_INTENT | FeatureKind.TEXT_LANGUAGE:
            known, other = codes(feature), len(feature.levels)
            code = {word: None if n > other else float(n) for word, n in known.items()}
            return each(lambda value: code.get(value, float(other)), column)


def numbers_of(column: Column) -> Floats:
    """The values of a column as numbers, NaN for what is none."""
    if isinstance(column, np.ndarray) and column.dtype == np.float64:
        finite: Floats = np.where(np.isfinite(column), column, np.nan)
        return finite
    return column.values.numbers[column.places] if isinstance(column, Texts) else each(number, column)


def fill(features: Sequence[Feature], table: Floats) -> Floats:
    """A copy of the table with each feature's default for a missing value; where a feature has no default, values stay missing."""
    filled = table.copy(order="F")
    for i, feature in enumerate(features):
        if feature.default is not None:
            column = filled[:, i]
            column[np.isnan(column)] = float(feature.default)
    return filled


def raw_columns(rows: Rows, features: Sequence[Feature], times: Floats) -> list[list[Any]]:
    """Raw values, one list per feature, as the scorer takes the values from a lead."""
    return [_raw(_column(rows, feature), feature, times) for feature in features]


def _raw(column: Column, feature: Feature, times: Floats) -> list[Any]:
    if feature.is_category:
        known_codes, other = codes(feature), len(feature.levels)

        def level(value: Any) -> Any:
            code = known_codes.get(value, other)
            return None if code > other else feature.levels[code] if code < other else value

        return list(each(level, column, object))
    known = plain(_encoded(column, feature, times))
    if feature.kind in {FeatureKind.TEXT_LENGTH, FeatureKind.HOUR_OF_DAY}:
        return [None if value is None else int(value) for value in known]
    return known
