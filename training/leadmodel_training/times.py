"""Times of leads: from texts and numbers of a column to Unix seconds, with every lead accounted for.

A time that cannot be read would move a lead to another side of the split, so nothing is guessed: a format that is not ISO 8601 or Unix
seconds must be named.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from leadmodel_artifact.values import is_missing_word, text_of
from leadmodel_messages.table_values import number, seconds
from leadmodel_training.columns import Rows, each
from leadmodel_training.features import Floats, Roles
from leadmodel_training.split import Refusal, TrainingRefused

MAX_UNREADABLE = 0.01  # share of the times that are present
UNITS = {"unix": 1.0, "unix-ms": 1e3, "unix-us": 1e6}  # words of --time-format
COMMON = (
    "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M %p",
    "%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d-%m-%Y", "%d-%m-%Y %H:%M", "%Y/%m/%d", "%Y/%m/%d %H:%M:%S", "%Y",
    "%b %d, %Y", "%d %b %Y", "%a %b %d %H:%M:%S %Y", "unix-ms", "unix-us",
)  # fmt: skip
SUGGESTIONS_FROM = 1000  # rows that a suggested format must read


@dataclass(frozen=True)
class Times:
    """Unix seconds of each row, shape (n,), NaN for a lead without a time, and what became of the column, for people."""

    seconds: Floats
    why: str

    @property
    def clocked(self) -> bool:
        """Whether most leads have a time of day; dates alone all fall on midnight."""
        known = self.seconds[~np.isnan(self.seconds)]
        return 2 * len(known) >= len(self.seconds) and bool(np.any(known % 86400))


def read_times(rows: Rows, roles: Roles, format_: str | None) -> Times:
    """Read the time of each lead.

    Args:
        rows: The leads.
        roles: Names the column of the times.
        format_: How the column writes times: a format of `strptime`, a word of `UNITS`, or None for ISO 8601 and Unix seconds.

    Raises:
        TrainingRefused: Too many times cannot be read, or a column that a person named holds hardly any.
    """
    if roles.time is None:
        return Times(
            np.full(len(rows), np.nan), "there is no time: the order of the file counts as the order of time"
        )
    column = rows.columns[roles.time]
    present = each(_is_present, column, np.bool_)
    values = each(reader_of(format_), column)
    wrong = np.flatnonzero(present & np.isnan(values))
    if len(wrong) > MAX_UNREADABLE * np.count_nonzero(present):
        raise _unreadable(rows, roles.time, wrong, int(np.count_nonzero(present)), format_)
    left = np.count_nonzero(np.isnan(values))
    if 2 * left <= len(values):
        return Times(values, f"{left:,} leads without a time are left out" if left else "")
    if roles.time_named:
        raise TrainingRefused(
            Refusal.NO_TIME,
            f"column {roles.time!r} has no time in {left} of {len(values)} rows; name another with --time-column",
        )
    return Times(
        np.full(len(rows), np.nan),
        f"{left:,} of {len(values):,} leads have no time: the order of the file counts as the order of time",
    )


def reader_of(format_: str | None) -> Callable[[Any], float | None]:
    """The function that reads one time; None for what is none."""
    if format_ is None:
        return seconds
    if format_ in UNITS:
        return partial(_unix, per_second=UNITS[format_])
    return partial(_parsed, format_=format_)


def is_format(format_: str) -> bool:
    """Whether a format is one of ours, or writes a date that it reads back."""
    if format_ in UNITS:
        return True
    try:
        written = datetime(2026, 1, 5, tzinfo=UTC).strftime(format_)
        return "%" in format_ and _parsed(written, format_) is not None
    except (ValueError, re.error):  # half a character, or a part of the date that stands twice
        return False


def _unix(value: Any, per_second: float) -> float | None:
    count = number(value)
    return None if count is None else seconds(count / per_second)


def _parsed(value: Any, format_: str) -> float | None:
    try:
        time = datetime.strptime(text_of(value).strip(), format_)  # noqa: DTZ007  # UTC below, where the text names no zone
        return (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _is_present(value: Any) -> bool:
    return value is not None and not (isinstance(value, str) and is_missing_word(value))


def _unreadable(
    rows: Rows, name: str, wrong: NDArray[np.intp], present: int, format_: str | None
) -> TrainingRefused:
    accepted = f"the format {format_!r}" if format_ else "ISO 8601 (2026-01-05T08:30:00Z) or Unix seconds"
    suggestion = _suggestion(rows, name, wrong)
    remedy = (
        f"--time-format '{suggestion}' would read them"
        if suggestion
        else "name their format with --time-format"
    )
    if suggestion is None and len(wrong) < present:
        remedy = "if several formats are mixed, write one; else name it with --time-format"
    return TrainingRefused(
        Refusal.NO_TIME,
        f"column {name!r}: {len(wrong)} of {present} times are not {accepted}, the first in {rows.place_of(int(wrong[0]))}; {remedy}",
    )


def _suggestion(rows: Rows, name: str, wrong: NDArray[np.intp]) -> str | None:
    """The only common format that reads the first times that could not be read; None where no or more than one does."""
    sample = list(rows.take(wrong[:SUGGESTIONS_FROM]).leads())
    fitting = [
        format_
        for format_ in COMMON
        if all(reader_of(format_)(lead.get(name)) is not None for lead in sample)
    ]
    return fitting[0] if len(fitting) == 1 else None
