"""Reads each column one way, before anything is decided from it: numbers whatever their marks, codes as words, words for missing.

All leads of the file are read, those that are left out later, too: what a word means does not change with the leads beside it.

Everything after this module, and the holdout that training writes, has plain numbers.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

import numpy as np

from leadmodel_artifact.values import MISSING_WORDS, text_of
from leadmodel_messages.numbers import (
    PLAIN,
    SAMPLE,
    NumberFormat,
    Reading,
    begin_as_number,
    may_be_grouped,
    may_hold_numbers,
    read_column,
    reading_of,
)
from leadmodel_messages.table_bytes import TableError
from leadmodel_training.columns import Column, Rows, Texts, distinct, each, plain, texts
from leadmodel_training.features import Roles, numbers_of

DOUBT = "1,234 or 1.234 may be meant the other way here: if so, write plain numbers into the file"
MAX_NUMBER = 1e150  # squares of larger numbers, and their sums, are not finite


@dataclass(frozen=True)
class Wishes:
    """What a person says that columns hold: numbers or categories."""

    numeric: frozenset[str] = frozenset()
    categorical: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Canonical:
    """Rows in which numbers are plain, and what each column holds.

    Attributes:
        rows: The rows.
        notes: Per column how its texts were read where they were no plain numbers, for people.
        numeric: The columns that hold numbers.
        missing: Per column of words those of them that mean missing.
    """

    rows: Rows
    notes: Mapping[str, str]
    numeric: frozenset[str]
    missing: Mapping[str, tuple[str, ...]]


def canonical(rows: Rows, roles: Roles, wishes: Wishes) -> Canonical:
    """The rows with numbers in place of texts such as `1,234.50` or `12,50`, and texts in place of numbers that are categories.

    Raises:
        TableError: naming column and place of a number that is too large to learn from.
    """
    notes: dict[str, str] = {}
    columns: dict[str, Column] = {}
    for name, column in rows.columns.items():
        if name in roles.not_features or name in roles.text:
            continue
        if name in wishes.categorical:
            columns[name] = _words(column)
            continue
        if isinstance(column, Texts):
            per_text = counts(column)
            if reading := _marked(column, per_text, semicolons=rows.semicolons):
                columns[name] = each(partial(_number, format_=reading.format), column)
                notes[name] = reading.format.words + (f"; {DOUBT}" if reading.undecided else "")
            elif may_be_grouped(islice(per_text, SAMPLE)):
                notes[name] = f"a point marks decimals; {DOUBT}"
        _check_size(rows, name, columns.get(name, column))
    read = rows.with_columns(columns)
    return Canonical(read, notes, *held(read, roles, wishes))


def held(rows: Rows, roles: Roles, wishes: Wishes) -> tuple[frozenset[str], Mapping[str, tuple[str, ...]]]:
    """Which columns of canonical rows hold numbers, and which words mean missing in the others."""
    names = [name for name in rows.columns if name not in roles.not_features and name not in roles.text]
    numeric = frozenset(name for name in names if _is_number(name, rows.columns[name], wishes))
    return numeric, {name: _missing_words(rows.columns[name]) for name in names if name not in numeric}


def _is_number(name: str, column: Column, wishes: Wishes) -> bool:
    """Whether a column holds numbers, by what a person says of it or else by its values."""
    return name not in wishes.categorical and (name in wishes.numeric or _holds_numbers(column))


def _holds_numbers(column: Column) -> bool:
    if isinstance(column, Texts):
        return plain_reading(column).holds_numbers
    return bool((~np.isnan(numbers_of(column))).any())


def _missing_words(column: Column) -> tuple[str, ...]:
    """Words such as NA mean missing where nothing else does; beside empty fields they are levels: NA may be Namibia."""
    values, places = distinct(column)
    present = {values[i] for i in np.unique(places)}
    return () if None in present else tuple(word for word in MISSING_WORDS if word in present)


def _words(column: Column) -> Column:
    if isinstance(column, Texts):
        return column
    return texts([None if value is None else text_of(value) for value in plain(column)])


def _number(text: str | None, format_: NumberFormat) -> float | None:
    try:
        return None if text is None else format_.number(text)
    except ValueError:
        return None


def _marked(column: Texts, per_text: Mapping[str, int], *, semicolons: bool) -> Reading | None:
    """How a column of numbers with marks reads, as `read_column` decides; None for plain numbers and for words."""
    if not may_hold_numbers(per_text):
        return None  # here and below what read_column would find out in more time
    others = other_texts(column)
    if not begin_as_number(others):
        return None
    plain = reading_of(PLAIN, others.items())
    plain = replace(plain, numbers=plain.numbers + sum(per_text.values()) - sum(others.values()))
    reading = read_column(per_text, semicolons=semicolons, plain=plain)
    return reading if reading.format != PLAIN else None


def plain_reading(column: Texts) -> Reading:
    """How a column reads as plain numbers; only texts that are no numbers are looked at."""
    known = ~np.isnan(column.values.numbers)
    rows = np.bincount(column.places, minlength=len(known))
    numbers = int(rows[known].sum())
    others = other_texts(column) if numbers else {}
    return replace(reading_of(PLAIN, others.items()), numbers=numbers)


def other_texts(column: Texts) -> Mapping[str, int]:
    """Rows per text that is no plain number."""
    rows = np.bincount(column.places, minlength=len(column.values.texts))
    values = column.values.texts
    others: Counter[str] = Counter()
    for i in np.flatnonzero(np.isnan(column.values.numbers) & (rows > 0)):
        if values[i] is not None:
            others[str(values[i])] += int(rows[i])
    return others


def counts(column: Column) -> Counter[Any]:
    """Rows per value, in the order in which values first appear, so that equal counts always rank the same."""
    values, places = distinct(column)
    rows = np.bincount(places, minlength=len(values))
    first = np.full(len(values), len(places))
    first[places[::-1]] = np.arange(len(places))[::-1]
    order = np.argsort(first, kind="stable")[: np.count_nonzero(rows)]  # values without rows come last
    per_value: dict[Any, int] = {}
    for i, count in zip(order.tolist(), rows[order].tolist(), strict=True):
        per_value[values[i]] = per_value.get(values[i], 0) + count
    per_value.pop(None, None)
    return Counter(per_value)


def _check_size(rows: Rows, name: str, column: Column) -> None:
    if isinstance(column, Texts) and not plain_reading(column).holds_numbers:
        return
    numbers = numbers_of(column)
    large = np.flatnonzero(np.abs(np.nan_to_num(numbers)) > MAX_NUMBER)
    if len(large):
        raise TableError(
            f"column {name!r} in {rows.place_of(int(large[0]))} holds a number beyond {MAX_NUMBER:g}, from which nothing can be "
            f"learned ({len(large)} rows); correct it, or leave the column out with --exclude"
        )


def check_wishes(wishes: Wishes, columns: Collection[str]) -> None:
    """Raise ValueError for a column that is named for both kinds or is not there."""
    both = sorted(wishes.numeric & wishes.categorical)
    if both:
        raise ValueError(f"column {both[0]!r} is named by --numeric and by --categorical")
    missing = sorted((wishes.numeric | wishes.categorical) - {*columns})
    if missing:
        raise ValueError(f"the leads have no column {missing[0]!r}, which --numeric or --categorical names")
