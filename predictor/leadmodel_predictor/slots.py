"""Models as a process holds them: the champion, and the previous one that scores the same leads.

Loading checks everything before anything changes; a pair of slots is one immutable value, so that a swap is one assignment.
"""

import gzip
import io
import zlib
from dataclasses import dataclass

from leadmodel_artifact.artifact import MAX_RAW_BYTES, Artifact, ArtifactError, ArtifactReason, digest, load
from leadmodel_artifact.scoring import Scorer, make_scorer
from leadmodel_predictor.decode import Reader


@dataclass(frozen=True)
class Slot:
    """One loaded model."""

    artifact: Artifact
    raw: bytes
    digest: str
    scorer: Scorer


@dataclass(frozen=True)
class Slots:
    """What answers: immutable, swapped as a whole."""

    champion: Slot
    previous: Slot | None
    previous_error: str | None
    reader: Reader
    tail: bytes  # of every answer: everything after the score


def unpack(data: bytes) -> bytes:
    """The raw bytes of a snapshot (gzip) or of a plain file; unpacked as a stream, never beyond the limit."""
    if data[:2] != b"\x1f\x8b":
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            return packed.read(MAX_RAW_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise ArtifactError(ArtifactReason.SCHEMA_MISMATCH, "the snapshot is damaged or cut off") from None


def load_slot(data: bytes, expect: str | None) -> Slot:
    """A slot from the bytes of an artifact or a snapshot. Raises ArtifactError."""
    raw = unpack(data)
    artifact = load(raw, expect=expect)
    return Slot(artifact, raw, digest(raw), make_scorer(artifact))


def pair(champion: Slot, previous: Slot | None, previous_error: str | None = None) -> Slots:
    """The two models and what reads leads for both."""
    import json

    name = json.dumps(champion.artifact.name)
    tail = f',"model":{name},"version":{champion.artifact.version}}}'.encode()
    reader = Reader(champion.artifact, previous.artifact if previous else None)
    return Slots(champion, previous, previous_error, reader, tail)
