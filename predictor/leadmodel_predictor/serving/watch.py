"""A source that is looked at every few seconds: what lies there is loaded in a thread and taken between two requests.

Nothing here touches leads: a document that is missing or refused leaves readiness and `/predict` as they are.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from urllib.parse import urlsplit

from leadmodel_messages.errors import ErrorWord
from leadmodel_store.store import StoreError, StoreReason, fetch

FILE_S, STORE_S = 3.0, 60.0  # between two looks
PATIENCE_S = 10.0  # for an answer of a store


class Loaded(Protocol):
    """What was made of a document; equal digests mean equal documents."""

    @property
    def digest(self) -> str:
        """The digest of the document's bytes, `sha256:` and 64 digits."""


S = TypeVar("S", bound=Loaded)


@dataclass(frozen=True)
class Look(Generic[S]):
    """What a look at the source saw: what is to be used, why a newer document is not, and the ETag of the bytes."""

    slot: S | None = None
    error: ErrorWord | None = None
    etag: str | None = None


class Watch(Generic[S]):
    """The newest look at one source. All but `look` belongs to the thread of the event loop.

    Args:
        uri: where the document lies.
        environ: environment with the credentials of object stores.
        load: makes of a document's bytes what is used, or says in one word why not; runs in a thread.
        max_bytes: bytes that a document may have.
    """

    keeps = True  # whether the document before a refused one stays in use

    def __init__(
        self, uri: str, environ: Mapping[str, str], load: Callable[[bytes], S | ErrorWord], max_bytes: int
    ) -> None:
        self.uri = uri
        self.seen: Look[S] = Look()
        self.looked = False  # whether the first look has ended
        self._environ, self._load, self._max_bytes = environ, load, max_bytes

    def look(self) -> Look[S]:
        """Look at the source, and load what lies there if that is new; for a thread of its own."""
        seen = self.seen
        try:
            fetched = fetch(
                self.uri,
                max_bytes=self._max_bytes,
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
        slot = self._load(fetched.data)
        if isinstance(slot, ErrorWord):
            return Look(seen.slot if self.keeps else None, slot, fetched.etag)
        is_same = seen.slot is not None and seen.slot.digest == slot.digest
        return Look(seen.slot if is_same else slot, None, fetched.etag)

    def take(self, look: Look[S]) -> None:
        """Use what a look saw from now on."""
        self.seen, self.looked = look, True

    async def step(self) -> None:
        """Look once and take what was seen; whatever lies at the source, nothing is raised."""
        self.take(await asyncio.to_thread(self._look_safely))

    async def watch_forever(self) -> None:
        """Look at the source in intervals until cancelled; the first look is at once."""
        every = FILE_S if urlsplit(self.uri).scheme in {"file", "pvc"} else STORE_S
        while True:
            await self.step()
            await asyncio.sleep(every)

    def _look_safely(self) -> Look[S]:
        try:
            return self.look()
        except Exception:  # noqa: BLE001  # nothing that lies at the source may end the watch
            return Look(self.seen.slot, ErrorWord.ARTIFACT_UNREACHABLE)
