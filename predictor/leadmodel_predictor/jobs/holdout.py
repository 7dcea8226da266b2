"""The holdout as validation reads the bytes: a table of labelled leads by the rules of the contract → leads and outcomes.

A CSV holds only texts: a field becomes a number where the model wants a number.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from leadmodel_artifact.model import Artifact, FeatureKind
from leadmodel_messages import table
from leadmodel_messages.numbers import NUMBER_SHARE, read_column
from leadmodel_messages.table_bytes import TableError
from leadmodel_messages.table_json import check_size
from leadmodel_messages.table_values import Value, outcome, seconds

MAX_BYTES = 64 << 20
MAX_UNPACKED = 256 << 20
MAX_CELLS = 6_000_000  # rows times columns, which are kept in memory: 1 GiB for the whole Job
TIME = "created_at"


class HoldoutError(ValueError):
    """The holdout is no table of labelled leads that the model can read; the message says where, and never shows a value."""


def read(data: bytes, artifact: Artifact) -> list[tuple[dict[str, Any], bool]]:
    """Leads, without missing values and without the label, each with its outcome.

    Raises:
        HoldoutError: naming the line, or the column.
    """
    label = artifact.data.label
    leads: list[dict[str, Any]] = []
    labels: list[Value] = []
    try:
        holdout = table.read(data, MAX_UNPACKED, MAX_CELLS)
        if label not in holdout.names:
            raise HoldoutError(f"the holdout has no column {label!r}, which the model names as its label")
        for count, row in enumerate(holdout.rows, 1):
            check_size(count, len(holdout.names), MAX_CELLS)
            values = dict(zip(holdout.names, row, strict=True))
            labels.append(values.pop(label))
            leads.append({name: value for name, value in values.items() if value is not None})
    except TableError as error:
        raise HoldoutError(f"the holdout cannot be read: {error}") from None
    for name in {f.source for f in artifact.features if f.kind is FeatureKind.NUMERIC}:
        texts = [lead for lead in leads if isinstance(lead.get(name), str)]
        _read_numbers(texts, name, semicolons=holdout.semicolons)
    return list(zip(leads, _outcomes(labels, artifact.data.positive, data), strict=True))


def _outcomes(labels: Sequence[Value], positive: str | None, data: bytes) -> list[bool]:
    """The outcome of each label: whether it is the word `positive`, or yes/no where no label is that word, as training writes holdouts.

    Raises:
        HoldoutError: naming the line in `data` of the first row that has no outcome.
    """
    outcomes = [outcome(label, positive) for label in labels]
    if positive is not None and True not in outcomes:
        plain = [outcome(label) for label in labels]
        outcomes = outcomes if None in plain else plain
    if None in outcomes:
        wrong = "is neither yes/no, true/false nor 1/0" if positive is None else "is empty"
        line = table.line_of(data, MAX_UNPACKED, outcomes.index(None))
        raise HoldoutError(f"the label in line {line} of the holdout {wrong}")
    return [bool(outcome) for outcome in outcomes]


def _read_numbers(leads: Sequence[dict[str, Any]], name: str, *, semicolons: bool) -> None:
    """Put numbers in place of a column's texts, as training reads them; words that mean missing, and few others, leave the lead.

    Raises:
        HoldoutError: when too many texts are neither.
    """
    reading = read_column(Counter(lead[name] for lead in leads), semicolons=semicolons)
    if reading.undecided and semicolons:
        raise HoldoutError(
            f"{name!r} of the holdout has numbers such as 1,234, which may be 1234 or 1.234; write plain numbers"
        )
    if reading.others > (1 - NUMBER_SHARE) * (reading.numbers + reading.others):
        raise HoldoutError(
            f"{name!r} of the holdout is no finite number in {reading.others} of {len(leads)} rows"
        )
    for lead in leads:
        try:
            number = reading.format.number(lead[name])
        except ValueError:
            number = None
        if number is None:
            del lead[name]
        else:
            lead[name] = number


def time_of(lead: Mapping[str, Any], artifact: Artifact) -> float | None:
    """When a lead came in, in Unix seconds, by the column that the model names."""
    return seconds(lead.get(artifact.data.time or TIME))
