"""Tables of leads as columns in file order: texts (None: missing), or numbers (NaN: missing).

A column of texts keeps each text once per piece of 50,000 rows, and one number per row that says which text the row has: a million
leads fit into memory, and a question about a text is asked once.
"""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import count
from typing import Any, TypeAlias

import numpy as np
from numpy.dtypes import StringDType
from numpy.typing import NDArray

from leadmodel_messages.table_values import number

CHUNK = 50_000  # rows per piece
TEXT = StringDType(na_object=None)
_BEGINS_AS_NUMBER = re.compile(r"\s*[-+]?\.?\d").match  # as every finite number does


@dataclass(frozen=True)
class Values:
    """Distinct texts, None for a missing one; each text is read as a number only once."""

    texts: NDArray[Any]

    @cached_property
    def numbers(self) -> NDArray[np.float64]:
        """The texts as numbers, NaN for a text that is no number."""
        return np.array(
            [number(text) if text and _BEGINS_AS_NUMBER(text) else None for text in self.texts.tolist()],
            np.float64,
        )


@dataclass(frozen=True)
class Texts:
    """A column of n texts: `values` holds each text once per piece, `places` per row the index of the row's text in `values`."""

    values: Values
    places: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, rows: Any) -> "Texts":
        return Texts(self.values, self.places[rows])

    def __iter__(self) -> Iterator[str | None]:
        return iter(np.array(self.values.texts.tolist(), dtype=object)[self.places].tolist())


Column: TypeAlias = Sequence[Any] | NDArray[Any] | Texts


def row_number(row: int) -> str:
    """The place of a row, counted from 0, in a file without lines."""
    return f"row {row + 1}"


@dataclass(frozen=True)
class Rows:
    """Leads as columns of equal length, by name; a row is one lead. `place_of` names a row, counted from 0, as a person finds it."""

    columns: Mapping[str, Column]
    place_of: Callable[[int], str] = row_number
    semicolons: bool = False  # whether semicolons separate the fields of the file

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), []))

    def with_columns(self, columns: Mapping[str, Column]) -> "Rows":
        """The same rows with these columns in place of their old ones."""
        return replace(self, columns={**self.columns, **columns})

    def take(self, places: Sequence[int] | NDArray[np.intp]) -> "Rows":
        """The rows at `places`, in the order of `places`."""
        return Rows(
            {
                name: column[places]
                if isinstance(column, np.ndarray | Texts)
                else [column[i] for i in places]
                for name, column in self.columns.items()
            }
        )

    def leads(self) -> Iterator[dict[str, Any]]:
        """One mapping per row, without the missing values."""
        names = list(self.columns)
        for values in zip(*map(plain, self.columns.values()), strict=True):
            yield {name: value for name, value in zip(names, values, strict=True) if value is not None}


def plain(column: Column) -> list[Any]:
    """The values of a column as Python objects, None for a missing value."""
    if not isinstance(column, np.ndarray):
        return list(column)
    if column.dtype == np.float64:
        return [None if math.isnan(value) else value for value in column.tolist()]
    values: list[Any] = column.tolist()
    return values


def distinct(column: Column) -> tuple[list[Any], NDArray[Any]]:
    """Values as Python objects (None: missing; a value may stand there more than once), and per row the index of its value."""
    if not isinstance(column, Texts):
        return plain(column), np.arange(len(column))
    if len(column.values.texts) <= len(column.places):
        return column.values.texts.tolist(), column.places
    used, places = np.unique(column.places, return_inverse=True)  # a part of the rows has a part of the texts
    return column.values.texts[used].tolist(), places


def each(find: Callable[[Any], Any], column: Column, dtype: Any = np.float64) -> NDArray[Any]:
    """The result of `find` for the value of each of n rows (None becomes NaN among numbers); called once per distinct value."""
    values, places = distinct(column)
    results: NDArray[Any] = np.array([find(value) for value in values], dtype)[places]
    return results


def texts(values: Sequence[str | None]) -> Texts:
    """A column of texts, None for a missing text."""
    return joined([piece_of(values[i : i + CHUNK]) for i in range(0, len(values), CHUNK)])


def piece_of(values: Sequence[str | None], missing: Collection[str] = ()) -> Texts:
    """One piece of a column: texts numbered in order of first sight, by a loop that runs in C; texts in `missing` become None."""
    seen: defaultdict[str | None, int] = defaultdict(count().__next__)
    places = np.fromiter(map(seen.__getitem__, values), np.int32, len(values))
    return numbered_texts(seen, places, missing)


def numbered_texts(values: Iterable[str | None], places: NDArray[Any], missing: Collection[str]) -> Texts:
    """One piece of a column from distinct texts and the index of each row's text; texts in `missing` become None."""
    known = np.array([None if value in missing else value for value in values], TEXT)
    return Texts(Values(known), places.astype(np.int32))


def joined(pieces: Sequence[Texts]) -> Texts:
    """One column made of its pieces."""
    values = [piece.values.texts for piece in pieces]
    starts = np.cumsum([0, *map(len, values)], dtype=np.int32)
    places = [piece.places + start for piece, start in zip(pieces, starts, strict=False)]
    return Texts(
        Values(np.concatenate([np.empty(0, TEXT), *values])),
        np.concatenate([np.empty(0, np.int32), *places]),
    )
