"""The text model of a process: looked at every few seconds, loaded in a thread, swapped between two requests.

Nothing here touches leads: a text model that is missing or refused leaves readiness and `/predict` as they are.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from time import time

from leadmodel_messages.errors import ErrorWord
from leadmodel_predictor.serving.text_metrics import TextMetrics
from leadmodel_predictor.serving.text_ring import TextRing, TextSnapshot
from leadmodel_predictor.serving.text_slot import Answered, TextRefused, TextSlot, load_text
from leadmodel_predictor.serving.watch import Look, Watch
from leadmodel_text.document import MAX_RAW_BYTES

LOG = logging.getLogger("uvicorn.error")


class TextModel(Watch[TextSlot]):
    """The text model that serves, if any, with its counts. All but `look` belongs to the thread of the event loop.

    Args:
        uri: where the document lies.
        environ: environment with the credentials of object stores.
    """

    def __init__(self, uri: str, environ: Mapping[str, str]) -> None:
        super().__init__(uri, environ, _loaded, MAX_RAW_BYTES)
        self.metrics = TextMetrics()
        self._ring = TextRing(None)

    @property
    def slot(self) -> TextSlot | None:
        """The slot that serves; None without a text model."""
        return self.seen.slot

    def take(self, look: Look[TextSlot]) -> None:
        """Serve the slot of a look from the next text on; another slot begins with an empty ring."""
        before = self.seen
        super().take(look)
        if look.slot is not before.slot:
            self._ring = TextRing(look.slot)
            self.metrics.of(look.slot)
        if (look.slot, look.error) != (before.slot, before.error):
            serves = look.slot.digest if look.slot is not None else "none"
            LOG.warning("text model: %s serves%s", serves, f"; {look.error}" if look.error else "")

    def count(self, slot: TextSlot, answered: Answered, *, live: bool) -> None:
        """Count a text that a slot answered; only live texts count for drift, if the slot still serves."""
        self.metrics.count(answered.answer, answered.unknown)
        if live and slot is self._ring.slot:
            self._ring.add(time(), answered.answer, answered.unknown, answered.words)

    def snapshot(self, now: float) -> TextSnapshot:
        """The newest texts at `now`, in Unix seconds, for a thread that counts them."""
        return self._ring.snapshot(now, self.seen.error)


def _loaded(data: bytes) -> TextSlot | ErrorWord:
    try:
        return load_text(data)
    except TextRefused as refused:
        return refused.reason
