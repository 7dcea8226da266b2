"""The process as a server: uvicorn with our own connections, and the draining before the process leaves."""

import asyncio
import gc
import resource
import signal
import socket
import sys
from types import FrameType

import uvicorn

from leadmodel_predictor.http.app import Application
from leadmodel_predictor.http.guard import Guard
from leadmodel_predictor.http.uvicorn_adapter import protocol_class

GRACE_S = 20  # for requests in flight after draining
SWITCH_S = 0.0005  # how often a thread that loads a model gives way to requests


class Server(uvicorn.Server):
    """A server that goes on accepting for a while after SIGTERM, with readiness failing and connections closing.

    It leaves when no lead has come for `drain_seconds`, and after `max_drain_seconds` in any case: who sends leads may not have learnt
    yet that this process is going.
    """

    def __init__(
        self,
        app: Application,
        guard: Guard,
        host: str,
        port: int,
        *,
        drain_seconds: float = 5.0,
        max_drain_seconds: float = 30.0,
    ) -> None:
        config = uvicorn.Config(
            app,
            http=protocol_class(app, app.predict, guard),
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
        self.app, self.guard = app, guard
        self.drain_seconds, self.max_drain_seconds = drain_seconds, max_drain_seconds
        self._running: list[asyncio.Task[None]] = []

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, start the sweep over connections, and take the loaded models out of garbage collection."""
        await super().startup(sockets)
        loop = asyncio.get_running_loop()
        self._running = [loop.create_task(self.guard.sweep_forever(loop.time))]
        self._running += [loop.create_task(watch.watch_forever()) for watch in self.app.watches]
        allow_connections(self.guard)
        sys.setswitchinterval(SWITCH_S)
        gc.collect()
        gc.freeze()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain on the first SIGTERM; leave at once on a second one, or on SIGINT."""
        if self.guard.is_draining or sig == signal.SIGINT:
            super().handle_exit(sig, frame)
            return
        self.guard.is_draining = self.app.ops.is_draining = True
        asyncio.get_event_loop().call_soon_threadsafe(self._begin_draining)

    def _begin_draining(self) -> None:
        loop = asyncio.get_running_loop()
        latest = loop.time() + max(self.drain_seconds, self.max_drain_seconds)
        loop.call_later(self.drain_seconds, self._leave_when_quiet, loop, latest)

    def _leave_when_quiet(self, loop: asyncio.AbstractEventLoop, latest: float) -> None:
        due = min(self.guard.newest_late_lead + self.drain_seconds, latest)
        if loop.time() >= due:
            self.should_exit = True
        else:
            loop.call_at(due, self._leave_when_quiet, loop, latest)


def allow_connections(guard: Guard) -> None:
    """Raise the number of files that the process may open to the system's limit, and allow no more connections than files."""
    _, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))
    if allowed != resource.RLIM_INFINITY:
        guard.max_connections = min(guard.max_connections, max(allowed - 64, 64))
