"""The newest texts that a text model answered, as codes and numbers beside the document's reference. No word of a text is kept."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from leadmodel_messages.window import TEXT_HEADS, TEXT_LENGTH, UNKNOWN_WORDS, FeatureWindow, TextWindow
from leadmodel_predictor.serving.ring import MAX_AGE_S, SIZE
from leadmodel_text.document import LENGTH_EDGES, UNKNOWN_BINS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from leadmodel_messages.errors import ErrorWord
    from leadmodel_predictor.serving.text_slot import TextSlot

LABEL = {"urgency": "level"}  # where an answer has its label, other than under `label`
NOT_WANTED = -1
NAMES = (*TEXT_HEADS, UNKNOWN_WORDS, TEXT_LENGTH)
EXACT = 1e-6  # shares of a reference that add up to 1

Entry = tuple[float, tuple[int, ...]]  # time, and a bin per name of NAMES


def label_of(head: str, answer: Mapping[str, Any]) -> str | None:
    """The label of one head's answer; None where the head has none."""
    label: str | None = answer[LABEL.get(head, "label")]
    return label


@dataclass(frozen=True)
class TextSnapshot:
    """An immutable copy of a ring at an instant; the window takes a few milliseconds, which a thread can take."""

    slot: TextSlot | None
    error: ErrorWord | None
    entries: tuple[Entry, ...] = ()

    def window(self) -> TextWindow:
        """Counts of the texts per bin, beside the texts that the document's reference leads one to expect."""
        if self.slot is None:
            return TextWindow(None, self.error)
        columns = dict(zip(NAMES, zip(*(bins for _, bins in self.entries), strict=True), strict=False))
        features = {
            name: _feature(reference, columns.get(name, ()))
            for name, reference in expected(self.slot).items()
        }
        return TextWindow(self.slot.digest, self.error, len(self.entries), features)


@dataclass(frozen=True)
class Expected:
    """What a document's reference says of one name: shares per bin of `n_ref` texts."""

    kind: str
    n_ref: int
    shares: tuple[float, ...]


def expected(slot: TextSlot) -> dict[str, Expected]:
    """What the document's reference lets one watch: heads with shares of labels, unknown words, lengths."""
    reference = slot.document.reference
    if reference is None:
        return {}
    judged, texts = sum(reference.unknown), sum(reference.lengths)
    found = {
        head: Expected("categorical", judged if head == "intent" else texts, _shares(reference.labels[head]))
        for head in TEXT_HEADS
        if head in reference.labels
    }
    for name, counts in ((UNKNOWN_WORDS, reference.unknown), (TEXT_LENGTH, reference.lengths)):
        if sum(counts):
            found[name] = Expected("numeric", sum(counts), tuple(count / sum(counts) for count in counts))
    return found


def _shares(labels: Mapping[str, float]) -> tuple[float, ...]:
    """Shares per label, and of texts without one: what is missing to 1."""
    left = 1 - sum(labels.values())
    return (*labels.values(), left if left > EXACT else 0.0)


def _feature(reference: Expected, column: Sequence[int]) -> FeatureWindow:
    """Counts per bin. A reference in which every text has a label says nothing of texts without one: these are not counted."""
    counts = Counter(column)
    bins = len(reference.shares)
    if reference.kind == "categorical" and not reference.shares[-1]:
        counts[bins - 1] = 0
    observed = tuple(counts[place] for place in range(bins))
    n = sum(observed)
    return FeatureWindow(
        reference.kind, n, reference.n_ref, 0.0, observed, tuple(n * share for share in reference.shares)
    )


class TextRing:
    """The newest texts of one slot, at most 1,000 and 7 days old."""

    def __init__(self, slot: TextSlot | None) -> None:
        self.slot = slot
        self._entries: deque[Entry] = deque(maxlen=SIZE)
        reference = slot.document.reference if slot is not None else None
        labels = reference.labels if reference is not None else {}
        self._bins: dict[str, dict[str | None, int]] = {
            head: {label: place for place, label in enumerate(labels.get(head, ()))} for head in TEXT_HEADS
        }

    def add(self, now: float, answer: Mapping[str, Any], unknown: float | None, words: int) -> None:
        """Remember a text by its answer, its share of unknown words (None: not computed) and its number of words."""
        bins = [
            table.get(label_of(head, answer[head]), len(table)) if head in answer else NOT_WANTED
            for head, table in self._bins.items()
        ]
        strange = NOT_WANTED if unknown is None else min(int(unknown * UNKNOWN_BINS), UNKNOWN_BINS - 1)
        self._entries.append((now, (*bins, strange, bisect_right(LENGTH_EDGES, words))))

    def snapshot(self, now: float, error: ErrorWord | None) -> TextSnapshot:
        """The ring as it is, without texts older than 7 days."""
        while self._entries and now - self._entries[0][0] > MAX_AGE_S:
            self._entries.popleft()
        return TextSnapshot(self.slot, error, tuple(self._entries))
