"""A server's HTTP protocol driven without sockets: the same code from the bytes of a request to the bytes of its answer, no kernel."""

import asyncio
from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import uvicorn
from serving.floor import constant
from uvicorn.server import ServerState

from leadmodel_predictor import __main__ as predictor
from leadmodel_predictor.http.server import Server

DATE = (b"date", b"Mon, 05 Jan 2026 00:00:00 GMT")
ADDRESSES = {"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 8080)}


class Wire(asyncio.Transport):
    """Takes what is written, at once."""

    def __init__(self) -> None:
        super().__init__(ADDRESSES)
        self.written = b""

    def write(self, data: Any) -> None:
        """Keep it."""
        self.written += data

    def is_closing(self) -> bool:
        """Never."""
        return False

    def get_write_buffer_size(self) -> int:
        """Nothing waits."""
        return 0

    def pause_reading(self) -> None:
        """Nothing more comes unasked."""

    def resume_reading(self) -> None:
        """As above."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """There is no buffer."""

    def close(self) -> None:
        """A bench that is refused must not go on."""
        raise ConnectionError(f"the server closed the connection: {self.written!r}")


class Connections:
    """Some connections to one server, each with one request at a time."""

    def __init__(self, config: uvicorn.Config, count: int) -> None:
        config.load()
        state = ServerState()
        state.default_headers = [DATE]
        self.pairs = []
        for _ in range(count):
            loop = asyncio.get_running_loop()
            protocol: Any = config.http_protocol_class(
                config=config, server_state=state, app_state={}, _loop=loop
            )  # type: ignore[call-arg]
            wire = Wire()
            protocol.connection_made(wire)
            self.pairs.append((protocol, wire))

    async def ask(self, requests: Sequence[bytes]) -> list[bytes]:
        """One request a connection; their answers."""
        for (protocol, wire), request in zip(self.pairs, requests, strict=True):
            wire.written = b""
            protocol.data_received(request)
        while not all(wire.written.endswith(b"}") for _, wire in self.pairs):  # noqa: ASYNC110  # a turn of the loop
            await asyncio.sleep(0)
        return [wire.written for _, wire in self.pairs]


def floor() -> uvicorn.Config:
    """The empty application, with the floor's settings."""
    return uvicorn.Config(
        constant,
        http="httptools",
        loop="uvloop",
        lifespan="off",
        ws="none",
        access_log=False,
        server_header=False,
    )


async def look(config: uvicorn.Config) -> None:
    """The first look of all that the predictor watches, for nobody begins it here; releases without challengers watch nothing."""
    for watch in getattr(config.app, "watches", ()):
        await watch.step()


def leadmodel(arguments: Sequence[str]) -> uvicorn.Config:
    """The predictor as its program makes it, up to the moment when it would listen."""
    found: list[Server] = []
    with patch.object(Server, "run", lambda server, _sockets=None: found.append(server)):
        code = predictor.main(arguments)
    if code != 0:
        raise SystemExit(f"the predictor ended with {code}")
    return found[0].config
