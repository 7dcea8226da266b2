"""The challenger of a process: loaded beside the models that serve, scored on the leads of the past, swapped in between two requests.

Everything that takes time runs in a thread. What is wrong with a challenger is a word in the drift window; `/predict` and readiness go on.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from time import time
from urllib.parse import urlsplit

from leadmodel_artifact.model import ArtifactError
from leadmodel_artifact.snapshot import MAX_RAW_BYTES
from leadmodel_messages import share
from leadmodel_messages.errors import ErrorWord
from leadmodel_messages.places import SHARE_FILE
from leadmodel_messages.share import Share
from leadmodel_messages.window import Window
from leadmodel_predictor.serving.challenger_metrics import ChallengerMetrics
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.ring import Entry, given
from leadmodel_predictor.serving.slots import Slot, Slots, challenged, load_slot
from leadmodel_predictor.serving.watch import PATIENCE_S, Watch
from leadmodel_store.store import StoreError, StoreReason, fetch

LOG = logging.getLogger("uvicorn.error")


class Challengers(Watch[Slot]):
    """Watches one place for challengers of a model, and the share that lies beside a challenger in a folder; stores hold no share.

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
        self.share: Share | ErrorWord | None = None  # what lies beside the challenger

    async def step(self) -> None:
        """Look once, and bring the slots to what was seen; slots that change meanwhile wait for the next look.

        A share that is gone or names another challenger ends first, before anything is loaded.
        """
        await super().step()
        self.share = await asyncio.to_thread(look_at_share, self.uri, self._environ)
        self._give()
        await self._swap()
        self._give()

    async def _swap(self) -> None:
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

    @property
    def _loaded_digest(self) -> str | None:
        challenger = self.model.slots.challenger
        return challenger.slot.digest if challenger is not None else None

    def _give(self) -> None:
        """Have the loaded challenger answer the share that names it, or no lead."""
        seen = self.share
        wanted = seen if isinstance(seen, Share) and seen.digest == self._loaded_digest else None
        if wanted != self.model.share:
            self.model.give(wanted)
            LOG.warning(
                "leads that the challenger answers: %d %%", wanted.weight if wanted is not None else 0
            )

    def report(self, window: Window) -> Window:
        """The window of a process that takes challengers, with its share, and the words why the newest challenger or share is not in force."""
        canary = self.model.slots.canary
        return replace(
            window,
            takes_challenger=True,
            challenger_error=self.seen.error,
            share=canary.window() if canary is not None else None,
            share_error=self._share_error,
        )

    @property
    def _share_error(self) -> ErrorWord | None:
        if isinstance(self.share, Share):
            return None if self.share.digest == self._loaded_digest else ErrorWord.DIGEST_MISMATCH
        return self.share


def look_at_share(challenger: str, environ: Mapping[str, str]) -> Share | ErrorWord | None:
    """Read the share beside a challenger; None where none lies there, or the challenger lies in no folder. For a thread of its own."""
    if urlsplit(challenger).scheme not in {"file", "pvc"}:
        return None
    try:
        fetched = fetch(
            f"{challenger.rpartition('/')[0]}/{SHARE_FILE}",
            max_bytes=share.MAX_BYTES,
            environ=environ,
            seconds=PATIENCE_S,
            pipes=False,  # as a challenger is looked at
        )
        return share.parse(fetched.data)
    except StoreError as error:
        return None if error.reason is StoreReason.NOT_FOUND else ErrorWord(f"Artifact{error.reason}")
    except (ValueError, RecursionError):
        return ErrorWord.SCHEMA_MISMATCH
    except Exception:  # noqa: BLE001  # as nothing at the source ends the watch
        return ErrorWord.ARTIFACT_UNREACHABLE


def _loaded(data: bytes) -> Slot | ErrorWord:
    try:
        return load_slot(data, None)
    except ArtifactError as error:
        return ErrorWord(f"{error.reason}")


def beside(slots: Slots, wanted: Slot | None, past: Sequence[Entry]) -> tuple[Slots, list[Entry]]:
    """The slots with another challenger or none, and the leads of the past as that one reads them; for a thread of its own."""
    new = challenged(slots, wanted)
    return new, [given(entry, new) for entry in past]
