"""The challenger of a process: loaded beside the models that serve, scored on the leads of the past, swapped in between two requests.

Everything that takes time runs in a thread. What is wrong with a challenger is a word in the drift window; `/predict` and readiness go on.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import time

from leadmodel_artifact.model import ArtifactError
from leadmodel_artifact.snapshot import MAX_RAW_BYTES
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.window import Window
from leadmodel_predictor.serving.challenger_metrics import ChallengerMetrics
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.ring import Entry, given
from leadmodel_predictor.serving.slots import Slot, Slots, challenged, load_slot
from leadmodel_predictor.serving.watch import Watch

LOG = logging.getLogger("uvicorn.error")


class Challengers(Watch[Slot]):
    """Watches one place for challengers of a model.

    Args:
        uri: where a challenger lies, if there is one: an artifact or a snapshot of it.
        environ: environment with the credentials of object stores.
        model: the model to load them beside.
    """

    keeps = False  # a refused challenger is not the one before it

    def __init__(self, uri: str, environ: Mapping[str, str], model: Model) -> None:
        super().__init__(uri, environ, _loaded, MAX_RAW_BYTES)
        self.model = model
        self.metrics = ChallengerMetrics()

    async def step(self) -> None:
        """Look once, and bring the slots to what was seen; slots that change meanwhile wait for the next look."""
        await super().step()
        slots, ring, wanted = self.model.slots, self.model.ring, self.seen.slot
        if wanted is (slots.challenger and slots.challenger.slot):
            return
        past = ring.snapshot(time()).entries
        try:
            new, entries = await asyncio.to_thread(beside, slots, wanted, past)
        except Exception:  # noqa: BLE001  # a challenger ends neither the watch nor the process
            self.take(replace(self.seen, slot=None, error=ErrorWord.SCHEMA_MISMATCH))
            return
        if self.model.slots is slots:
            self.model.challenge(new, entries, after=past[-1] if past else None)
            LOG.warning("challenger: %s", wanted.digest if wanted is not None else "none")

    def report(self, window: Window) -> Window:
        """The window of a process that takes challengers, with the word why the newest one is not loaded."""
        return replace(window, takes_challenger=True, challenger_error=self.seen.error)


def _loaded(data: bytes) -> Slot | ErrorWord:
    try:
        return load_slot(data, None)
    except ArtifactError as error:
        return ErrorWord(f"{error.reason}")


def beside(slots: Slots, wanted: Slot | None, past: Sequence[Entry]) -> tuple[Slots, list[Entry]]:
    """The slots with another challenger or none, and the leads of the past as that one reads them; for a thread of its own."""
    new = challenged(slots, wanted)
    return new, [given(entry, new) for entry in past]
