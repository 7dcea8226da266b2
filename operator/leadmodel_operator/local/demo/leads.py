"""The demo's leads: a table of texts, the ways it is spoilt, and leads as a caller sends them. Outcomes are known to training alone.

The leads are shuffled and carry no time, so that nothing drifts and no hour counts before the demo makes it so.
"""

import csv
import gzip
import io
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

MOST = 16_000  # leads; the newest are taken
NUMERIC_SHARE = 0.99
TIME, TEXT = "created_at", "details"
_YES, _NO = {"1", "1.0", "true", "yes", "y", "t"}, {"0", "0.0", "false", "no", "n", "f"}
_MISSING = {"", "na", "nan", "null", "none"}

Row = Mapping[str, str]


class LeadsError(ValueError):
    """These leads cannot be shown; the message says what would help."""


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
    rows = _rows(path)[-MOST:]
    if not rows or label not in rows[0]:
        there = ", ".join(list(rows[0])[:20]) if rows else "no rows"
        raise LeadsError(f"{path} has no column {label!r} (there: {there}); name it with --label")
    missing = [name for name in exclude if name not in rows[0]]
    if missing:
        raise LeadsError(f"{path} has no column {missing[0]!r}; correct --exclude")
    if any(row[label].lower() not in _YES | _NO for row in rows):
        raise LeadsError(
            f"column {label!r} must hold yes/no, true/false or 1/0; name the outcome with --label"
        )
    random.Random(seed).shuffle(rows)
    names = [name for name in rows[0] if name not in {label, TIME, *exclude}]
    numbers = tuple(name for name in names if _is_number(row[name] for row in rows))
    words = tuple(name for name in names if name not in numbers)
    if len(names) < 2:
        raise LeadsError(f"{path} has {len(names)} columns beside the outcome, the demo needs two")
    kept = (*numbers, *words, label)
    return Table(tuple({name: row[name] for name in kept} for row in rows), label, numbers, words)


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        said = getattr(error, "strerror", None) or "this is no text in UTF-8, gzipped or not"
        raise LeadsError(f"{path}: {said}; give a CSV or JSON lines") from None
    try:
        return _json(text) if text.lstrip()[:1] == "{" else _csv(text)
    except (ValueError, csv.Error):
        raise LeadsError(f"{path} is neither a CSV with a header nor JSON lines") from None


def _csv(text: str) -> list[dict[str, str]]:
    head = text[: text.find("\n")]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if ";" in head and "," not in head else ","
    )
    return [{str(k): _clean(v) for k, v in row.items() if k is not None} for row in reader]


def _json(text: str) -> list[dict[str, str]]:
    found = [json.loads(line) for line in text.splitlines() if line.strip()]
    names = list(dict.fromkeys(name for row in found for name in row))
    return [{name: _clean(row.get(name)) for name in names} for row in found]


def _clean(value: Any) -> str:
    text = str(int(value)) if isinstance(value, bool) else "" if value is None else str(value).strip()
    return "" if text.lower() in _MISSING else text


def _is_number(values: Any) -> bool:
    known = [value for value in values if value]
    return len(known) > 0 and sum(_number(v) is not None for v in known) >= NUMERIC_SHARE * len(known)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def write(path: Path, table: Table) -> None:
    """The table as a CSV."""
    with path.open("w", newline="") as out:
        writer = csv.DictWriter(out, [*table.fields, table.label], lineterminator="\n")
        writer.writeheader()
        writer.writerows(table.rows)


def share(table: Table) -> float:
    """How many of them converted."""
    return sum(row[table.label].lower() in _YES for row in table.rows) / len(table.rows)


# --- what goes wrong ------------------------------------------------------------------------------------------------------


def flipped(table: Table) -> Table:
    """Someone exported who did *not* buy as the outcome."""
    return table.each(lambda row: {**row, table.label: "0" if row[table.label].lower() in _YES else "1"})


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
        value = _number(row[name])
        changed[name] = "" if value is None else repr(3 * abs(value) + 1)
    for name, most in common.items():
        changed[name] = row[name] * 3 if name == TEXT else "elsewhere" if row[name] == most else row[name]
    return changed


def wire(table: Table) -> list[bytes]:
    """The leads as callers POST them: typed, without what is missing, without the outcome."""
    return [json.dumps(_lead(row, table)).encode() for row in table.rows]


def _lead(row: Row, table: Table) -> dict[str, Any]:
    numbers = {name: value for name in table.numbers if (value := _number(row[name])) is not None}
    return numbers | {name: row[name] for name in table.words if row[name]}
