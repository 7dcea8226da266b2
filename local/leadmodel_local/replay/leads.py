"""Past leads in time order: as callers sent them, and as the trainings of each night could read them."""

import csv
from bisect import bisect_left
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from leadmodel_local.rows import LeadsError, LeadsFile, check_label, is_number, read_plain
from leadmodel_messages.table_values import number, seconds

DAY_S = 86400.0


@dataclass(frozen=True)
class PastLeads:
    """n leads, oldest first. `times`: Unix seconds; `numeric`, `categorical`: columns of which a person says what they hold."""

    rows: Sequence[Mapping[str, str]]
    times: Sequence[float]
    label: str
    numeric: Collection[str] = ()
    categorical: Collection[str] = ()

    @cached_property
    def numbers(self) -> frozenset[str]:
        """Names of the fields that hold numbers."""
        names = [name for name in self.rows[0] if name not in self.categorical]
        return frozenset(
            name for name in names if name in self.numeric or is_number(row[name] for row in self.rows)
        )

    def before(self, at: float) -> int:
        """Return how many leads came before an instant in Unix seconds."""
        return bisect_left(self.times, at)

    def lead(self, i: int) -> dict[str, Any]:
        """Return a lead as a caller sent it: typed, without missing values and without its outcome."""
        row = self.rows[i]
        sent = {name: value for name, value in row.items() if value and name != self.label}
        typed = {name: number(value) if name in self.numbers else value for name, value in sent.items()}
        return {name: value for name, value in typed.items() if value is not None}

    def write(self, path: Path, begin: int, end: int) -> None:
        """Write the leads from `begin` to before `end` with their outcomes, for a training."""
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.DictWriter(out, list(self.rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows[begin:end])


def load(
    path: Path,
    label: str,
    time: str,
    *,
    numeric: Collection[str] = (),
    categorical: Collection[str] = (),
    positive: str | None = None,
) -> PastLeads:
    """Read past leads from a file, in the order of the `time` column, and with columns and labels as trainings are told to read them.

    Raises:
        LeadsError: The file is no table of leads with times and outcomes.
    """
    file = read_plain(path, categorical)
    check_label(file, label, positive=positive)
    rows = file.rows
    if time not in rows[0]:
        raise LeadsError(
            f"{path} has no column {time!r}: a rehearsal needs to know when leads came; name it with --time-column"
        )
    timed = sorted((_seconds(file, time, i), i) for i in range(len(rows)))
    return PastLeads([rows[i] for _, i in timed], [at for at, _ in timed], label, numeric, categorical)


def _seconds(file: LeadsFile, name: str, row: int) -> float:
    time = seconds(file.rows[row][name])
    if time is None:
        raise LeadsError(
            f"column {name!r} in line {file.line_of(row)} must hold a time such as 2026-01-05T08:30:00Z or Unix seconds"
        )
    return time
