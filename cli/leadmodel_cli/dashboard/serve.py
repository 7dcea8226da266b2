"""Serves the page on loopback until Ctrl-C."""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import Callable
from datetime import datetime

import uvicorn

from leadmodel_cli.dashboard.app import Page, Source, application

HOST = "127.0.0.1"


class PortError(OSError):
    """The port cannot be had; the message is one line that says why."""


def serve(source: Source, port: int, clock: Callable[[], datetime], announce: Callable[[str], None]) -> None:
    """Serve the page; `announce` gets the address with the token. Port 0 takes a free one.

    Raises:
        PortError: The port is taken, or is not for everybody.
    """
    try:
        listener = socket.create_server((HOST, port))
    except OSError as error:
        raise PortError(f"port {port}: {os.strerror(error.errno or 0)}; give another --port") from None
    with listener, contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(source, listener, clock, announce))


async def _serve(
    source: Source, listener: socket.socket, clock: Callable[[], datetime], announce: Callable[[str], None]
) -> None:
    port, token = listener.getsockname()[1], secrets.token_urlsafe(24)
    page = Page(source, clock)
    config = uvicorn.Config(
        application(page, port, token), log_level="error", access_log=False, timeout_graceful_shutdown=2
    )
    server = uvicorn.Server(config)
    page.is_over = lambda: server.should_exit
    announce(f"http://{HOST}:{port}/?token={token}")
    await server.serve(sockets=[listener])
