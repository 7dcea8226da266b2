"""Serves the page on loopback until Ctrl-C."""

import asyncio
import contextlib
import secrets
import socket
from collections.abc import Callable
from datetime import datetime

import uvicorn

from leadmodel_cli.dashboard.app import Page, Source, application

HOST = "127.0.0.1"


def serve(source: Source, port: int, clock: Callable[[], datetime], announce: Callable[[str], None]) -> None:
    """Serve the page; `announce` gets the address with the token. Port 0 takes a free one.

    Raises:
        OSError: The port is taken.
    """
    with socket.create_server((HOST, port)) as listener, contextlib.suppress(KeyboardInterrupt):
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
