"""Leads of a file as texts, by the rules of the contract, and which of their columns hold numbers."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from leadmodel_messages import table
from leadmodel_messages.table import TableError, number, outcome

NUMERIC_SHARE = 0.99  # of the values that are present
MAX_UNPACKED = 1 << 30


class LeadsError(ValueError):
    """Leads cannot be used; the message says what would help."""


def read(path: Path) -> list[dict[str, str]]:
    """All rows of a file, in the order of the file; a missing value is "".

    Raises:
        LeadsError: when the file cannot be read or is no table of leads.
    """
    try:
        leads = table.read(path.read_bytes(), MAX_UNPACKED)
        texts = (["" if value is None else str(value) for value in row] for row in leads.rows)
        return [dict(zip(leads.names, row, strict=True)) for row in texts]
    except OSError as error:
        raise LeadsError(f"{path}: {error.strerror}; give a CSV or JSON lines") from None
    except TableError as error:
        raise LeadsError(f"{path}: {error}; give a CSV with a header or JSON lines") from None


def check_label(rows: Sequence[Mapping[str, str]], label: str, path: Path) -> None:
    """Raise LeadsError unless every row has an outcome."""
    if not rows or label not in rows[0]:
        names = ", ".join(list(rows[0])[:20]) if rows else "no rows"
        raise LeadsError(f"{path} has no column {label!r} (there: {names}); name the outcome with --label")
    if any(outcome(row[label]) is None for row in rows):
        raise LeadsError(
            f"column {label!r} must hold yes/no, true/false or 1/0; name the outcome with --label"
        )


def is_number(values: Iterable[str]) -> bool:
    """Whether a column holds numbers: at least 99 % of the values that are present, as in a training."""
    present = [value for value in values if value]
    return len(present) > 0 and sum(number(v) is not None for v in present) >= NUMERIC_SHARE * len(present)
