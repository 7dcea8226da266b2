"""The holdout as validation reads the bytes: a table of labelled leads by the rules of the contract → leads and outcomes.

A CSV holds only texts: a field becomes a number where the model wants a number.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from leadmodel_artifact.model import Artifact, FeatureKind
from leadmodel_messages import table
from leadmodel_messages.numbers import NUMBER_SHARE, read_column
from leadmodel_messages.table import TableError

MAX_BYTES = 64 << 20
MAX_UNPACKED = 256 << 20
MAX_CELLS = 6_000_000  # rows times columns, which are kept in memory: 1 GiB for the whole Job
TIME = "created_at"


class HoldoutError(ValueError):
    """The holdout is no table of labelled leads that the model can read; the message says where, and never shows a value."""


def read(data: bytes, artifact: Artifact) -> list[tuple[dict[str, Any], bool]]:
    """Leads, without missing values and without the label, each with its outcome.

    Raises:
        HoldoutError: naming the row, or the column.
    """
    label = artifact.data.label
    leads: list[tuple[dict[str, Any], bool]] = []
    try:
        holdout = table.read(data, MAX_UNPACKED, MAX_CELLS)
        if label not in holdout.names:
            raise HoldoutError(f"the holdout has no column {label!r}, which the model names as its label")
        for number, row in enumerate(holdout.rows, holdout.first_row):
            table.check_size(number, len(holdout.names), MAX_CELLS)
            values = dict(zip(holdout.names, row, strict=True))
            outcome = table.outcome(values.pop(label), artifact.data.positive)
            if outcome is None:
                raise HoldoutError(
                    f"the label in row {number} of the holdout is neither yes/no, true/false nor 1/0"
                )
            leads.append(({name: value for name, value in values.items() if value is not None}, outcome))
    except TableError as error:
        raise HoldoutError(f"the holdout cannot be read: {error}") from None
    for name in {f.source for f in artifact.features if f.kind is FeatureKind.NUMERIC}:
        _read_numbers(
            [lead for lead, _ in leads if isinstance(lead.get(name), str)],
            name,
            semicolons=holdout.semicolons,
        )
    return leads


def _read_numbers(leads: Sequence[dict[str, Any]], name: str, *, semicolons: bool) -> None:
    """Put numbers in place of a column's texts, as training reads them; words that mean missing, and few others, leave the lead.

    Raises:
        HoldoutError: when too many texts are neither.
    """
    reading = read_column(Counter(lead[name] for lead in leads), semicolons=semicolons)
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
    return table.seconds(lead.get(artifact.data.time or TIME))
