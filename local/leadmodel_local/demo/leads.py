"""The demo's leads: a table of texts, the ways it is spoilt, and leads as a caller sends them. Outcomes are known to training alone.

The leads are shuffled and carry no time, so that nothing drifts and no hour counts before the demo makes it so.
"""

import csv
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from leadmodel_local.rows import YES, LeadsError, check_label, is_number, number
from leadmodel_local.rows import read as read_rows

MOST = 16_000  # leads; the newest are taken
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
        """All of them."""
        return self.numbers + self.words

    def take(self, begin: int, end: int) -> "Table":
        """Some of the rows."""
        return replace(self, rows=self.rows[begin:end])

    def each(self, change: Callable[[Row], Row]) -> "Table":
        """The rows as `change` makes them."""
        return replace(self, rows=tuple(change(row) for row in self.rows))


def read(path: Path, label: str, exclude: Sequence[str], seed: int) -> Table:
    """The newest leads of a file, shuffled. Raises LeadsError."""
    rows = read_rows(path)[-MOST:]
    check_label(rows, label, path)
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
    """The table as a CSV."""
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, [*table.fields, table.label], lineterminator="\n")
        writer.writeheader()
        writer.writerows(table.rows)


def share(table: Table) -> float:
    """How many of them converted."""
    return sum(row[table.label].lower() in YES for row in table.rows) / len(table.rows)


# --- what goes wrong ------------------------------------------------------------------------------------------------------


def flipped(table: Table) -> Table:
    """Someone exported who did *not* buy as the outcome."""
    return table.each(lambda row: {**row, table.label: "0" if row[table.label].lower() in YES else "1"})


def spoilt(table: Table, seed: int) -> Table:
    """Half of the rows went through a broken export: numbers are 0, texts are gone."""
    chance = random.Random(seed)
    nothing = dict.fromkeys(table.numbers, "0") | dict.fromkeys(table.words, "")
    return table.each(lambda row: {**row, **nothing} if chance.random() < 0.5 else row)


def moved(table: Table, seed: int) -> Table:
    """The world is another: two in three leads bring three times the numbers and texts, and what was most common ends."""
    chance = random.Random(seed)
    common = {name: Counter(row[name] for row in table.rows).most_common(1)[0][0] for name in table.words}
    return table.each(lambda row: _moved(row, table, common) if chance.random() < 2 / 3 else row)


def _moved(row: Row, table: Table, common: Mapping[str, str]) -> Row:
    changed = dict(row)
    for name in table.numbers:
        value = number(row[name])
        changed[name] = "" if value is None else repr(3 * abs(value) + 1)
    for name, most in common.items():
        changed[name] = row[name] * 3 if name == TEXT else "elsewhere" if row[name] == most else row[name]
    return changed


def wire(table: Table) -> list[bytes]:
    """The leads as callers POST them: typed, without what is missing, without the outcome."""
    return [json.dumps(_lead(row, table)).encode() for row in table.rows]


def _lead(row: Row, table: Table) -> dict[str, Any]:
    numbers = {name: value for name in table.numbers if (value := number(row[name])) is not None}
    return numbers | {name: row[name] for name in table.words if row[name]}
