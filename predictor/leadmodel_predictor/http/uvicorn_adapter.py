"""The only place where a connection and uvicorn meet.

uvicorn owns sockets, signals and the loop. `uvicorn.Config(http=...)` takes a class, which uvicorn calls as
`http(config=, server_state=, app_state=, _loop=)` per connection. Of `server_state` are used: `default_headers` (with the date, a
new list per second), `tasks` and `connections` (uvicorn calls `shutdown()` of each and waits for both sets to empty).
tests/predictor/test_uvicorn_versions.py serves with the oldest and the newest uvicorn that pyproject.toml allows.
"""

import asyncio
from typing import Any

from leadmodel_predictor.http.connection import Connection, InlineEndpoint
from leadmodel_predictor.http.guard import Guard
from leadmodel_predictor.http.response import HeaderCache
from leadmodel_predictor.http.types import ASGIApp


def protocol_class(app: ASGIApp, inline: InlineEndpoint, guard: Guard) -> type[asyncio.Protocol]:
    """The class of a server's connections, as `uvicorn.Config(http=...)` takes it."""
    heads = HeaderCache()

    class UvicornConnection(Connection):
        """One connection that uvicorn accepted."""

        def __init__(self, *, server_state: Any, **_: Any) -> None:
            super().__init__(app, inline, guard, server_state, heads)
            self.shared_connections = server_state.connections

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.shared_connections.add(self)
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            self.shared_connections.discard(self)
            super().connection_lost(exc)

    return UvicornConnection
