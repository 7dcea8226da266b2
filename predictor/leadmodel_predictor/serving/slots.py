"""Models as a process holds them: the champion, and the previous one that scores the same leads.

Loading checks everything before anything changes; a pair of slots is one immutable value, so that a swap is one assignment.
"""

import json
from dataclasses import dataclass
from functools import cached_property

from leadmodel_artifact.artifact import parse
from leadmodel_artifact.compiler import Scorer
from leadmodel_artifact.model import Artifact, Reference
from leadmodel_artifact.reference import comparable
from leadmodel_artifact.scoring import check_examples
from leadmodel_artifact.snapshot import digest, unpack
from leadmodel_predictor.serving.columns import ColumnReader
from leadmodel_predictor.serving.decode import Reader
from leadmodel_predictor.serving.monitor import Monitor, monitors

MAX_BATCH = 10_000  # leads


@dataclass(frozen=True)
class Slot:
    """One loaded model, ready to score coded values."""

    artifact: Artifact
    raw: bytes
    digest: str
    scorer: Scorer  # of coded values

    @cached_property
    def reference(self) -> Reference:
        """The distributions that live leads are compared with."""
        return comparable(self.artifact.reference)

    @cached_property
    def monitors(self) -> tuple[Monitor, ...]:
        """The monitors of the model's features; made for the first window, which a thread computes."""
        return monitors(self.artifact, self.reference)


@dataclass(frozen=True)
class Slots:
    """Both models and everything that reads leads for them: immutable, swapped as a whole."""

    champion: Slot
    previous: Slot | None
    previous_error: str | None
    reader: Reader
    previous_reader: Reader | None  # for leads that the champion refuses
    columns: ColumnReader
    tail: bytes  # of every answer: everything after the score


def load_slot(data: bytes, expect: str | None) -> Slot:
    """A slot from the bytes of an artifact or a snapshot. Raises ArtifactError."""
    raw = unpack(data)
    artifact = parse(raw, expect=expect)
    return Slot(artifact, raw, digest(raw), check_examples(artifact))


def pair(champion: Slot, previous: Slot | None, previous_error: str | None = None) -> Slots:
    """Join two loaded models with the readers of their leads."""
    name = json.dumps(champion.artifact.name)
    first = (champion.artifact, champion.scorer)
    second = (previous.artifact, previous.scorer) if previous else None
    reader = Reader(first, second)
    _ = reader.values, reader.scores  # compiled now, while nobody waits
    return Slots(
        champion,
        previous,
        previous_error,
        reader=reader,
        previous_reader=Reader(second, None) if second else None,
        columns=ColumnReader(reader, MAX_BATCH),
        tail=f',"model":{name},"version":{champion.artifact.version}}}'.encode(),
    )
