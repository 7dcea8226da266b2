"""The text model of a process: looked at every few seconds, loaded in a thread, swapped between two requests.

Nothing here touches leads: a text model that is missing or refused leaves readiness and `/predict` as they are.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from time import time
from urllib.parse import urlsplit

from leadmodel_messages.errors import ErrorWord
from leadmodel_predictor.serving.text_metrics import TextMetrics
from leadmodel_predictor.serving.text_ring import TextRing, TextSnapshot
from leadmodel_predictor.serving.text_slot import Answered, TextRefused, TextSlot, load_text
from leadmodel_store.store import StoreError, StoreReason, fetch
from leadmodel_text.document import MAX_RAW_BYTES

LOG = logging.getLogger("uvicorn.error")

FILE_S, STORE_S = 3.0, 60.0  # between two looks
PATIENCE_S = 10.0  # for an answer of a store


@dataclass(frozen=True)
class Look:
    """What a look at the source saw: the slot that is to serve, why a newer document does not, and the ETag of the bytes."""

    slot: TextSlot | None = None
    error: ErrorWord | None = None
    etag: str | None = None


class TextModel:
    """The text model that serves, if any, with its counts. All but `look` belongs to the thread of the event loop.

    Args:
        uri: where the document lies.
        environ: environment with the credentials of object stores.
    """

    def __init__(self, uri: str, environ: Mapping[str, str]) -> None:
        self.uri, self.metrics = uri, TextMetrics()
        self._environ = environ
        self._seen = Look()
        self.looked = False  # whether the first look has ended
        self._ring = TextRing(None)

    @property
    def slot(self) -> TextSlot | None:
        """The slot that serves; None without a text model."""
        return self._seen.slot

    def look(self) -> Look:
        """Look at the source, and load what lies there if that is new; for a thread of its own."""
        seen = self._seen
        try:
            fetched = fetch(
                self.uri,
                max_bytes=MAX_RAW_BYTES,
                etag=seen.etag,
                environ=self._environ,
                seconds=PATIENCE_S,
                pipes=False,  # the thread that looks would wait for a writer for ever
            )
        except StoreError as error:
            if error.reason is StoreReason.NOT_FOUND:
                return Look()
            return Look(seen.slot, ErrorWord(f"Artifact{error.reason}"), error.etag)
        if fetched.not_modified:
            return seen
        try:
            slot = load_text(fetched.data)
        except TextRefused as refused:
            return Look(seen.slot, refused.reason, fetched.etag)
        is_same = seen.slot is not None and seen.slot.digest == slot.digest
        return Look(seen.slot if is_same else slot, None, fetched.etag)

    def take(self, look: Look) -> None:
        """Serve the slot of a look from the next text on; another slot begins with an empty ring."""
        before, self._seen, self.looked = self._seen, look, True
        if look.slot is not before.slot:
            self._ring = TextRing(look.slot)
            self.metrics.of(look.slot)
        if (look.slot, look.error) != (before.slot, before.error):
            serves = look.slot.digest if look.slot is not None else "none"
            LOG.warning("text model: %s serves%s", serves, f"; {look.error}" if look.error else "")

    async def watch_forever(self) -> None:
        """Look at the source in intervals until cancelled; the first look is at once."""
        every = FILE_S if urlsplit(self.uri).scheme in {"file", "pvc"} else STORE_S
        while True:
            self.take(await asyncio.to_thread(self._look_safely))
            await asyncio.sleep(every)

    def _look_safely(self) -> Look:
        try:
            return self.look()
        except Exception:  # noqa: BLE001  # nothing that lies at the source may end the watch
            return Look(self._seen.slot, ErrorWord.ARTIFACT_UNREACHABLE)

    def count(self, slot: TextSlot, answered: Answered, *, live: bool) -> None:
        """Count a text that a slot answered; only live texts count for drift, if the slot still serves."""
        self.metrics.count(answered.answer, answered.unknown)
        if live and slot is self._ring.slot:
            self._ring.add(time(), answered.answer, answered.unknown, answered.words)

    def snapshot(self, now: float) -> TextSnapshot:
        """The newest texts at `now`, in Unix seconds, for a thread that counts them."""
        return self._ring.snapshot(now, self._seen.error)
