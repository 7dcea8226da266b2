"""The stream between the requests of providers and the ledger: a request is answered once its events are in, whoever applies them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import redis
import redis.asyncio

from leadmodel_followup.ledger.errors import LedgerUnavailable
from leadmodel_followup.ledger.events import STOPS
from leadmodel_followup.ledger.scripts import load
from leadmodel_followup.planning.identity import checked_tenant
from leadmodel_followup.webhooks.incoming import Posted

LONGEST = 100_000  # events; at some hundreds of bytes each


class Inbox:
    """The stream `fu:{tenant}:ev` of one tenant, to write into. What stops messages is taken also where the stream is full of other events."""

    def __init__(self, client: "redis.asyncio.Redis", tenant: str, longest: int = LONGEST) -> None:
        """Take a client.

        A stream with `longest` events takes only what stops messages, and one with twice as many takes none: providers repeat them later.
        """
        self._client = client
        root = f"fu:{{{checked_tenant(tenant)}}}"
        script: Any = client.register_script(load()["post"])
        self._stops = _Line(partial(_put, script, root, 2 * longest))
        self._all = _Line(partial(_put, script, root, longest))

    async def post(self, posted: Sequence[Posted]) -> bool:
        """Put the events of a request into the stream, in their order; where there is no room for all, those that stop messages.

        Returns whether all are in. The request is repeated where they are not; an event that is in twice changes nothing.

        Raises:
            LedgerUnavailable: The server cannot be reached; the events may be in.
        """
        if await self._all.post(posted):
            return True
        stops = [one for one in posted if one.event.kind in STOPS]
        return await self._stops.post(stops) and len(stops) == len(posted)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


class _Line:
    """Events on their way into the stream. Requests that come while a call is under way share the next one."""

    def __init__(self, put: Callable[[Sequence[Posted]], Awaitable[bool]]) -> None:
        self._put = put
        self._waiting: list[tuple[Sequence[Posted], asyncio.Future[bool]]] = []
        self._sender: asyncio.Task[None] | None = None

    async def post(self, posted: Sequence[Posted]) -> bool:
        """Put events into the stream, all or none. Returns whether there was room. Raises LedgerUnavailable."""
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
                there_was_room: bool | LedgerUnavailable = await self._put(
                    [one for posted, _ in batch for one in posted]
                )
            except (redis.RedisError, OSError) as error:
                there_was_room = LedgerUnavailable(f"post: {type(error).__name__}")
            for _, done in batch:
                if done.done():
                    continue  # whoever waited has gone
                if isinstance(there_was_room, LedgerUnavailable):
                    done.set_exception(there_was_room)
                else:
                    done.set_result(there_was_room)


async def _put(script: Any, root: str, longest: int, posted: Sequence[Posted]) -> bool:
    """Put events into the stream unless it would be longer than `longest`. Returns whether there was room."""
    pairs = [value for one in posted for value in (one.once, one.event.dump())]
    return bool(await script(keys=[root, root], args=["", 0, longest, *pairs]))
