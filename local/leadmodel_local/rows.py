"""Leads of a file as texts, by the rules of the contract, and which of their columns hold numbers."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from leadmodel_artifact.values import text_of
from leadmodel_messages import table
from leadmodel_messages.numbers import PLAIN, NumberFormat, read_column, reading_of
from leadmodel_messages.table_bytes import TableError
from leadmodel_messages.table_values import outcome

MAX_UNPACKED = 1 << 30


class LeadsError(ValueError):
    """Leads cannot be used; the message says what would help."""


@dataclass(frozen=True)
class LeadsFile:
    """The rows of a file, in its order, and the bytes they were read from: a pipe is empty when it is read again.

    A row has the texts of the file by the names of the columns; a missing value is "".
    """

    path: Path
    rows: Sequence[dict[str, str]]
    data: bytes = field(repr=False)
    semicolons: bool

    def line_of(self, row: int) -> int:
        """The line of the file in which a row, counted from 0, begins."""
        return table.line_of(self.data, MAX_UNPACKED, row)


def read(path: Path) -> LeadsFile:
    """Read all rows of a file, with the texts of the file.

    Raises:
        LeadsError: when the file cannot be read or is no table of leads.
    """
    try:
        data = path.read_bytes()
        leads = table.read(data, MAX_UNPACKED)
        texts = (["" if value is None else text_of(value) for value in row] for row in leads.rows)
        rows = [dict(zip(leads.names, row, strict=True)) for row in texts]
    except OSError as error:
        raise LeadsError(f"{path}: {error.strerror}; give a CSV or JSON lines") from None
    except TableError as error:
        raise LeadsError(f"{path}: {error}") from None
    return LeadsFile(path, rows, data, leads.semicolons)


def read_plain(path: Path, words: Collection[str] = ()) -> LeadsFile:
    """Read all rows of a file like `read`, with plain numbers in columns that write them as `1,234.50` or `12,50`.

    Args:
        path: The file.
        words: Columns that hold categories, whatever they look like.

    Raises:
        LeadsError: As for `read`.
    """
    file = read(path)
    rows = file.rows
    for name in (name for name in (rows[0] if rows else ()) if name not in words):
        reading = read_column(Counter(row[name] for row in rows if row[name]), semicolons=file.semicolons)
        if reading.format != PLAIN:
            for row in rows:
                row[name] = _plain(row[name], reading.format)
    return file


def _plain(text: str, format_: NumberFormat) -> str:
    try:
        number = format_.number(text)
    except ValueError:
        return text
    return "" if number is None else repr(number)


def check_label(file: LeadsFile, label: str, *, first: int = 0, positive: str | None = None) -> None:
    """Raise LeadsError unless every row has an outcome.

    Args:
        file: The file.
        label: The column of the outcomes.
        first: The place in the file of the first row that is looked at.
        positive: The label of a lead that converted; None: yes, true or 1.
    """
    if not file.rows or label not in file.rows[0]:
        raise LeadsError(
            f"{file.path} has no column {label!r}; name the outcome with --label, or give the file a header line"
        )
    places = range(first, len(file.rows))
    wrong = next((i for i in places if outcome(file.rows[i][label], positive) is None), None)
    if wrong is not None:
        raise LeadsError(
            f"column {label!r} in line {file.line_of(wrong)} must hold {'a word' if positive else 'yes/no, true/false or 1/0'}; "
            "name the outcome with --label"
        )


def is_number(values: Iterable[str]) -> bool:
    """Whether a column holds plain numbers, by the rule of a training."""
    return reading_of(PLAIN, Counter(filter(None, values)).items()).holds_numbers
