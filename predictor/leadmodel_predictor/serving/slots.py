"""Models as a process holds them: the champion, the previous one that scores the same leads, and at times a challenger that does too.

Loading checks everything before anything changes; all slots are one immutable value, so that a swap is one assignment.
"""

import json
from dataclasses import dataclass, field, replace
from functools import cached_property

from leadmodel_artifact.artifact import parse
from leadmodel_artifact.compiler import Scorer
from leadmodel_artifact.model import Artifact, Reference
from leadmodel_artifact.reference import comparable
from leadmodel_artifact.scoring import check_examples
from leadmodel_artifact.snapshot import digest, unpack
from leadmodel_messages.share import Share
from leadmodel_predictor.serving.canary import Canary, Counts
from leadmodel_predictor.serving.columns import ColumnReader
from leadmodel_predictor.serving.decode import Reader
from leadmodel_predictor.serving.monitor import Monitor, monitors
from leadmodel_predictor.serving.past import Translate, translation

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
class Challenger:
    """A model that may become the champion, with what gives it leads that this champion did not hand on."""

    slot: Slot
    reader: Reader  # for leads that the champion refuses
    of_past: Translate  # for leads of which only the champion's values are left
    counts: Counts = field(default_factory=Counts)  # of its shares


@dataclass(frozen=True)
class Slots:
    """All models and everything that reads leads for them: immutable, swapped as a whole."""

    champion: Slot
    previous: Slot | None
    previous_error: str | None
    reader: Reader
    previous_reader: Reader | None  # for leads that the champion refuses
    columns: ColumnReader
    tail: bytes  # of every answer: everything after the score
    challenger: Challenger | None = None
    canary: Canary | None = None  # None: the champion answers every lead

    @property
    def loaded(self) -> dict[str, Slot]:
        """The loaded models by the names of their slots."""
        challenger = self.challenger.slot if self.challenger is not None else None
        slots = {"champion": self.champion, "previous": self.previous, "challenger": challenger}
        return {name: slot for name, slot in slots.items() if slot is not None}


def load_slot(data: bytes, expect: str | None) -> Slot:
    """A slot from the bytes of an artifact or a snapshot. Raises ArtifactError."""
    raw = unpack(data)
    artifact = parse(raw, expect=expect)
    return Slot(artifact, raw, digest(raw), check_examples(artifact))


def pair(champion: Slot, previous: Slot | None, previous_error: str | None = None) -> Slots:
    """Join two loaded models with the readers of their leads."""
    reader = _reader(champion, previous, None)
    return Slots(
        champion,
        previous,
        previous_error,
        reader=reader,
        previous_reader=Reader((previous.artifact, previous.scorer), None) if previous else None,
        columns=ColumnReader(reader, MAX_BATCH),
        tail=_tail(champion) + b"}",
    )


def _tail(slot: Slot) -> bytes:
    artifact = slot.artifact
    return f',"model":{json.dumps(artifact.name)},"version":{artifact.version}'.encode()


def digest_tail(slot: Slot) -> bytes:
    """Everything after the score of an answer while a share is in force."""
    return b'%b,"digest":"%b"}' % (_tail(slot), slot.digest.encode())


def challenged(slots: Slots, challenger: Slot | None) -> Slots:
    """The same champion and previous model with another challenger beside them, or with none."""
    reader = _reader(slots.champion, slots.previous, challenger)
    return replace(
        slots,
        reader=reader,
        columns=ColumnReader(reader, MAX_BATCH),
        challenger=_challenger(slots.champion, challenger) if challenger is not None else None,
        canary=None,
    )


def shared(slots: Slots, share: Share | None) -> Slots:
    """The same models with this share of the challenger; without a share where it is None or of another challenger."""
    challenger = slots.challenger
    if share is None or challenger is None or challenger.slot.digest != share.digest:
        return replace(slots, canary=None)
    tails = digest_tail(slots.champion), digest_tail(challenger.slot)
    return replace(slots, canary=Canary.of(share, challenger.counts, *tails))


def _challenger(champion: Slot, slot: Slot) -> Challenger:
    own = Reader((slot.artifact, slot.scorer), None)
    return Challenger(slot, own, translation(champion.artifact, slot.artifact, slot.scorer))


def _reader(champion: Slot, previous: Slot | None, challenger: Slot | None) -> Reader:
    others = [(slot.artifact, slot.scorer) if slot is not None else None for slot in (previous, challenger)]
    reader = Reader((champion.artifact, champion.scorer), *others)
    _ = reader.values, reader.scores  # compiled now, while nobody waits
    return reader
