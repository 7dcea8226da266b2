"""Leads of the demo: a table of texts, the faults put into that table, and leads as a caller sends them without outcomes.

The leads are shuffled and carry no time, so that nothing drifts before the demo shifts the population.
"""

import csv
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leadmodel_local.rows import LeadsError, check_label, is_number
from leadmodel_local.rows import read as read_rows
from leadmodel_messages.table_values import number, outcome

MAX_LEADS = 16_000  # the newest are taken
TIME, TEXT = "created_at", "details"

Row = Mapping[str, str]


@dataclass(frozen=True)
class Table:
    """Leads with outcomes. `numbers` and `words` name the fields a model may read."""

    rows: tuple[Row, ...]
    label: str
    numbers: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def fields(self) -> tuple[str, ...]:
        """Names of all fields a model may read."""
        return self.numbers + self.words

    def take(self, begin: int, end: int) -> "Table":
        """Return a table of the rows from `begin` to before `end`."""
        return replace(self, rows=self.rows[begin:end])

    def map_rows(self, change: Callable[[Row], Row]) -> "Table":
        """Return a table with `change` applied to each row."""
        return replace(self, rows=tuple(change(row) for row in self.rows))


def read(path: Path, label: str, exclude: Sequence[str], seed: int) -> Table:
    """Read the newest leads of a file and shuffle them. Raises LeadsError."""
    file = read_rows(path)
    first = max(0, len(file.rows) - MAX_LEADS)
    check_label(file, label, first=first)
    rows = [*file.rows[first:]]
    missing = [name for name in exclude if name not in rows[0]]
    if missing:
        raise LeadsError(f"{path} has no column {missing[0]!r}; correct --exclude")
    random.Random(seed).shuffle(rows)
    names = [name for name in rows[0] if name not in {label, TIME, *exclude}]
    numbers = tuple(name for name in names if is_number(row[name] for row in rows))
    words = tuple(name for name in names if name not in numbers)
    if len(names) < 2:
        raise LeadsError(f"{path} has {len(names)} columns beside the outcome, the demo needs two")
    kept = (*numbers, *words, label)
    return Table(tuple({name: row[name] for name in kept} for row in rows), label, numbers, words)


def write(path: Path, table: Table) -> None:
    """Write the table as CSV."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, [*table.fields, table.label], lineterminator="\n")
        writer.writeheader()
        writer.writerows(table.rows)


def conversion_rate(table: Table) -> float:
    """Return the fraction of leads that converted."""
    return sum(outcome(row[table.label]) is True for row in table.rows) / len(table.rows)


# --- what goes wrong ------------------------------------------------------------------------------------------------------


def with_swapped_outcomes(table: Table) -> Table:
    """Swap the outcomes, as an export that calls those who did *not* buy converted."""
    return table.map_rows(lambda row: {**row, table.label: "0" if outcome(row[table.label]) else "1"})


def with_broken_export(table: Table, seed: int) -> Table:
    """Break half of the rows: numbers become 0, texts become empty."""
    chance = random.Random(seed)
    broken = dict.fromkeys(table.numbers, "0") | dict.fromkeys(table.words, "")
    return table.map_rows(lambda row: {**row, **broken} if chance.random() < 0.5 else row)


def with_shifted_population(table: Table, seed: int) -> Table:
    """Shift two in three leads: numbers and texts become three times as large, the most common values disappear."""
    chance = random.Random(seed)
    common = {name: Counter(row[name] for row in table.rows).most_common(1)[0][0] for name in table.words}
    return table.map_rows(lambda row: _shifted(row, table, common) if chance.random() < 2 / 3 else row)


def _shifted(row: Row, table: Table, common: Mapping[str, str]) -> Row:
    changed = dict(row)
    for name in table.numbers:
        value = number(row[name])
        changed[name] = "" if value is None else repr(3 * abs(value) + 1)
    for name, most in common.items():
        changed[name] = row[name] * 3 if name == TEXT else "elsewhere" if row[name] == most else row[name]
    return changed


def request_bodies(table: Table) -> list[bytes]:
    """Write the leads as callers POST them: typed, without missing values and without the outcome."""
    return [json.dumps(_lead(row, table)).encode() for row in table.rows]


def _lead(row: Row, table: Table) -> dict[str, Any]:
    numbers = {name: value for name in table.numbers if (value := number(row[name])) is not None}
    return numbers | {name: row[name] for name in table.words if row[name]}
