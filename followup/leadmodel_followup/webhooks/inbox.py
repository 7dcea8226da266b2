"""The stream between the requests of providers and the ledger: a request is answered once its events are in, whoever applies them."""

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
    """The stream `fu:{tenant}:ev` of one tenant, to write into."""

    def __init__(self, client: "redis.asyncio.Redis", tenant: str, longest: int = LONGEST) -> None:
        """Take a client; a stream with `longest` events takes no more, so that providers repeat them later."""
        self._client = client
        self._root = f"fu:{{{checked_tenant(tenant)}}}"
        self._longest = longest
        self._post: Any = client.register_script(load()["post"])

    async def post(self, posted: Sequence[Posted]) -> bool:
        """Put events into the stream, all or none. Returns whether there was room.

        Raises:
            LedgerUnavailable: The server cannot be reached; the events may be in.
        """
        if not posted:
            return True
        pairs = [value for one in posted for value in (one.once, one.event.dump())]
        try:
            put = await self._post(keys=[self._root], args=["", 0, self._longest, *pairs])
        except redis.RedisError as error:
            raise LedgerUnavailable(f"post: {type(error).__name__}") from None
        return bool(put)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()
