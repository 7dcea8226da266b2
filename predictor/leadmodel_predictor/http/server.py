"""The process as a server: uvicorn with guarded connections, and how it leaves."""

import asyncio
import gc
import resource
import signal
import socket
import sys
from functools import partial
from types import FrameType
from typing import Any, cast

import uvicorn

from leadmodel_predictor.http.app import Application
from leadmodel_predictor.http.fast import FastProtocol
from leadmodel_predictor.http.guard import Guard, GuardedProtocol

GRACE_S = 20  # for what is in flight after draining
SWITCH_S = 0.0005  # a thread that loads a model gives way to requests this often


class Server(uvicorn.Server):
    """A server that goes on accepting for a while after SIGTERM, with readiness failing and connections closing."""

    def __init__(
        self, app: Application, guard: Guard, host: str, port: int, *, drain: float = 5.0, fast: bool = False
    ) -> None:
        guarded = partial(GuardedProtocol, guard=guard)
        protocol = cast("Any", partial(FastProtocol, guard=guard, predict=app.predict) if fast else guarded)
        config = uvicorn.Config(
            app,
            http=protocol,
            loop="uvloop",
            interface="asgi3",
            lifespan="off",
            ws="none",
            access_log=False,
            proxy_headers=False,
            log_level="warning",
            timeout_graceful_shutdown=GRACE_S,
            server_header=False,
            host=host,
            port=port,
        )
        super().__init__(config)
        guard.at_once = app.at_once
        self.app, self.guard, self.drain = app, guard, drain
        self._sweeping: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, look after connections, and leave what was loaded to no more collections."""
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        self._sweeping = loop.create_task(self.guard.sweeping(loop.time))
        allow_connections(self.guard)
        sys.setswitchinterval(SWITCH_S)
        gc.collect()
        gc.freeze()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain on the first signal, leave at once on the second."""
        if self.guard.draining or sig == signal.SIGINT:
            super().handle_exit(sig, frame)
            return
        self.guard.draining = self.app.ops.draining = True
        loop = asyncio.get_event_loop()
        loop.call_soon_threadsafe(loop.call_later, self.drain, self._leave)

    def _leave(self) -> None:
        self.should_exit = True


def allow_connections(guard: Guard) -> None:
    """As many files as the system lets us open; no more connections than those."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most != resource.RLIM_INFINITY:
        guard.max_connections = min(guard.max_connections, max(most - 64, 64))
