"""Leads of a file as texts, by the rules of the contract, and which of their columns hold numbers."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from leadmodel_artifact.values import text_of
from leadmodel_messages import table
from leadmodel_messages.numbers import PLAIN, NumberFormat, read_column, reading_of
from leadmodel_messages.table_bytes import TableError
from leadmodel_messages.table_values import outcome

MAX_UNPACKED = 1 << 30


class LeadsError(ValueError):
    """Leads cannot be used; the message says what would help."""


def read(path: Path) -> list[dict[str, str]]:
    """All rows of a file, in the order of the file, with the texts of the file; a missing value is "".

    Raises:
        LeadsError: when the file cannot be read or is no table of leads.
    """
    return _read(path)[0]


def read_plain(path: Path, words: Collection[str] = ()) -> list[dict[str, str]]:
    """All rows of a file like `read`, with plain numbers in columns that write them as `1,234.50` or `12,50`.

    Args:
        path: The file.
        words: Columns that hold categories, whatever they look like.

    Raises:
        LeadsError: As for `read`.
    """
    rows, semicolons = _read(path)
    for name in (name for name in (rows[0] if rows else ()) if name not in words):
        reading = read_column(Counter(row[name] for row in rows if row[name]), semicolons=semicolons)
        if reading.format != PLAIN:
            for row in rows:
                row[name] = _plain(row[name], reading.format)
    return rows


def _read(path: Path) -> tuple[list[dict[str, str]], bool]:
    try:
        leads = table.read(path.read_bytes(), MAX_UNPACKED)
        texts = (["" if value is None else text_of(value) for value in row] for row in leads.rows)
        return [dict(zip(leads.names, row, strict=True)) for row in texts], leads.semicolons
    except OSError as error:
        raise LeadsError(f"{path}: {error.strerror}; give a CSV or JSON lines") from None
    except TableError as error:
        raise LeadsError(f"{path}: {error}") from None


def _plain(text: str, format_: NumberFormat) -> str:
    try:
        number = format_.number(text)
    except ValueError:
        return text
    return "" if number is None else repr(number)


def line_of(path: Path, row: int) -> int:
    """The line of the file in which a row, counted from 0, begins; the file was read before."""
    return table.line_of(path.read_bytes(), MAX_UNPACKED, row)


def check_label(
    rows: Sequence[Mapping[str, str]], label: str, path: Path, *, first: int = 0, positive: str | None = None
) -> None:
    """Raise LeadsError unless every row has an outcome.

    Args:
        rows: Rows of the file.
        label: The column of the outcomes.
        path: The file.
        first: The place of the first of the rows in the file.
        positive: The label of a lead that converted; None: yes, true or 1.
    """
    if not rows or label not in rows[0]:
        raise LeadsError(
            f"{path} has no column {label!r}; name the outcome with --label, or give the file a header line"
        )
    wrong = next((i for i, row in enumerate(rows, first) if outcome(row[label], positive) is None), None)
    if wrong is not None:
        raise LeadsError(
            f"column {label!r} in line {line_of(path, wrong)} must hold {'a word' if positive else 'yes/no, true/false or 1/0'}; "
            "name the outcome with --label"
        )


def is_number(values: Iterable[str]) -> bool:
    """Whether a column holds plain numbers, by the rule of a training."""
    return reading_of(PLAIN, Counter(filter(None, values)).items()).holds_numbers
