"""The holdout as validation reads the bytes: a table of labelled leads by the rules of the contract → leads and outcomes.

A CSV holds only texts: a field becomes a number where the model wants a number.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from leadmodel_artifact.lead import LeadError, instant
from leadmodel_artifact.model import Artifact, FeatureKind
from leadmodel_messages import table
from leadmodel_messages.table import TableError

MAX_BYTES = 64 << 20
MAX_UNPACKED = 256 << 20
MAX_CELLS = 6_000_000  # rows times columns, which are kept in memory: 1 GiB for the whole Job
TIME = "created_at"


class HoldoutError(ValueError):
    """The holdout is no table of labelled leads that the model can read; the message says where, and never shows a value."""


def read(data: bytes, artifact: Artifact) -> Iterator[tuple[dict[str, Any], bool]]:
    """Leads, without missing values and without the label, each with its outcome.

    Raises:
        HoldoutError: during the iteration, naming the row.
    """
    label, kinds = artifact.data.label, _Kinds.of(artifact)
    try:
        holdout = table.read(data, MAX_UNPACKED, MAX_CELLS)
        if label not in holdout.names:
            raise HoldoutError(f"the holdout has no column {label!r}, which the model names as its label")
        for number, row in enumerate(holdout.rows, holdout.first_row):
            table.check_size(number, len(holdout.names), MAX_CELLS)
            values = dict(zip(holdout.names, row, strict=True))
            outcome = table.outcome(values.pop(label))
            if outcome is None:
                raise HoldoutError(
                    f"the label in row {number} of the holdout is neither yes/no, true/false nor 1/0"
                )
            lead = {name: value for name, value in values.items() if value is not None}
            yield _typed(lead, kinds, number), outcome
    except TableError as error:
        raise HoldoutError(f"the holdout cannot be read: {error}") from None


@dataclass(frozen=True)
class _Kinds:
    """Fields of a lead that the model reads as numbers, and fields that hold times."""

    numbers: frozenset[str]
    times: frozenset[str]

    @classmethod
    def of(cls, artifact: Artifact) -> "_Kinds":
        sources = {kind: {f.source for f in artifact.features if f.kind is kind} for kind in FeatureKind}
        texts = sources[FeatureKind.CATEGORICAL] | sources[FeatureKind.TEXT_LENGTH]
        numbers = frozenset(sources[FeatureKind.NUMERIC])
        return cls(numbers, frozenset({TIME} | sources[FeatureKind.HOUR_OF_DAY]) - numbers - texts)


def _typed(lead: dict[str, Any], kinds: _Kinds, row: int) -> dict[str, Any]:
    """The lead with numbers where the model wants numbers, and a number where Unix seconds are given as a text."""
    for name in kinds.numbers & lead.keys():
        lead[name] = table.number(lead[name])
        if lead[name] is None:
            raise HoldoutError(f"{name!r} in row {row} of the holdout is no finite number")
    for name in kinds.times & lead.keys():
        lead[name] = _time(lead[name])
    return lead


def _time(value: Any) -> Any:
    """The value itself where a scorer reads a time in the value; Unix seconds as a number where they are given as a text."""
    try:
        instant(value)
    except LeadError:
        time = table.seconds(value)
        return value if time is None else time
    return value
