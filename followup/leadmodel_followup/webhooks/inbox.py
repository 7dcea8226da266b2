"""The stream between the requests of providers and the ledger: a request is answered once its events are in, whoever applies them."""

import asyncio
from collections.abc import Sequence
from typing import Any

import redis
import redis.asyncio

from leadmodel_followup.ledger.errors import LedgerUnavailable
from leadmodel_followup.ledger.scripts import load
from leadmodel_followup.planning.identity import checked_tenant
from leadmodel_followup.webhooks.incoming import Posted

LONGEST = 100_000  # events; at some hundreds of bytes each


class Inbox:
    """The stream `fu:{tenant}:ev` of one tenant, to write into. Requests that come while a call is under way share the next one."""

    def __init__(self, client: "redis.asyncio.Redis", tenant: str, longest: int = LONGEST) -> None:
        """Take a client; a stream with `longest` events takes no more, so that providers repeat them later."""
        self._client = client
        self._root = f"fu:{{{checked_tenant(tenant)}}}"
        self._longest = longest
        self._script: Any = client.register_script(load()["post"])
        self._waiting: list[tuple[Sequence[Posted], asyncio.Future[bool]]] = []
        self._sender: asyncio.Task[None] | None = None

    async def post(self, posted: Sequence[Posted]) -> bool:
        """Put events into the stream, all or none. Returns whether there was room.

        Raises:
            LedgerUnavailable: The server cannot be reached; the events may be in.
        """
        if not posted:
            return True
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((posted, done))
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send())
        return await done

    async def _send(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                there_was_room: bool | LedgerUnavailable = await self._put(batch)
            except (redis.RedisError, OSError) as error:
                there_was_room = LedgerUnavailable(f"post: {type(error).__name__}")
            for _, done in batch:
                if done.done():
                    continue  # whoever waited has gone
                if isinstance(there_was_room, LedgerUnavailable):
                    done.set_exception(there_was_room)
                else:
                    done.set_result(there_was_room)

    async def _put(self, batch: Sequence[tuple[Sequence[Posted], object]]) -> bool:
        pairs = [value for posted, _ in batch for one in posted for value in (one.once, one.event.dump())]
        return bool(await self._script(keys=[self._root, self._root], args=["", 0, self._longest, *pairs]))

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
