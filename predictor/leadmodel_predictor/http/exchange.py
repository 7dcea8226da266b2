"""The ASGI side of one request: `receive` hands the body over as it arrives, `send` frames and writes the response."""

import asyncio
import logging
from typing import Any, Protocol

from leadmodel_predictor.http.request import Request
from leadmodel_predictor.http.response import CHUNKED, CLOSE, CONTINUE, check_header, response_head
from leadmodel_predictor.http.types import ASGIApp, Header, Message

LOG = logging.getLogger("uvicorn.error")  # configured by uvicorn, whose messages these are
SERVER_ERROR = b"Internal Server Error"
SERVER_ERROR_HEADERS = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"content-length", b"%d" % len(SERVER_ERROR)),
    CLOSE,
]


class Channel(Protocol):
    """The connection, as far as an exchange uses it."""

    transport: Any
    client: tuple[str, int] | None
    server: tuple[str, int] | None

    @property
    def default_headers(self) -> list[Header]:
        """Return the headers of every response."""

    def close(self) -> None:
        """Send the responses that are written, and end."""

    def update_reading(self) -> None:
        """Read on, unless requests, answers or a body wait already."""

    async def writable(self) -> None:
        """Wait until the client has read enough."""

    def response_completed(self, request: Request) -> None:
        """Go on with the next request of the connection."""


class Exchange:
    """One request at an ASGI application."""

    def __init__(self, connection: Channel, request: Request) -> None:
        self.connection, self.request = connection, request
        self.is_disconnected = False  # nobody reads the response
        self.has_started = self.is_complete = False  # of the response
        self._has_read_all = False
        self._is_chunked = False
        self._left_bytes = 0  # of the declared length of the response
        self._news = asyncio.Event()

    def notify(self) -> None:
        """Wake the application: more of the body is there, or nobody waits for it any more."""
        self._news.set()

    def disconnect(self) -> None:
        """Tell the application that nobody waits for the response."""
        self.is_disconnected = True
        self.notify()

    async def run(self, app: ASGIApp) -> None:
        """Run the application; whatever it raises is logged and answered with 500."""
        scope = self.request.scope(self.connection.client, self.connection.server)
        try:
            await app(scope, self.receive, self.send)
        except BaseException:  # the client of a cancelled task gets an answer too
            LOG.exception("Exception in ASGI application\n")
            await self._fail()
            return
        if not (self.is_complete or self.is_disconnected):
            LOG.error("ASGI callable returned without completing response.")
            await self._fail()

    async def _fail(self) -> None:
        if self.has_started:
            self.connection.close()
            return
        headers = SERVER_ERROR_HEADERS
        await self.send({"type": "http.response.start", "status": 500, "headers": headers})
        await self.send({"type": "http.response.body", "body": SERVER_ERROR})

    async def receive(self) -> Message:
        """The next part of the body; after the last one the end of the exchange, once there is one."""
        request = self.request
        if request.awaits_continue:
            self.connection.transport.write(CONTINUE)
            request.has_continued = True
        while not (self.is_disconnected or self.is_complete):
            if request.body or (request.is_whole and not self._has_read_all):
                self._has_read_all = request.is_whole
                body = request.take_body()
                self.connection.update_reading()
                return {"type": "http.request", "body": body, "more_body": not self._has_read_all}
            self._news.clear()
            await self._news.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Write a part of the response, once the client has read enough of what was written before.

        Raises:
            RuntimeError: the message is not the next one of a response, or does not fit the declared length.
        """
        if not self.is_disconnected:
            await self.connection.writable()
        if self.is_disconnected:
            return
        wanted = "http.response.body" if self.has_started else "http.response.start"
        if self.is_complete or message["type"] != wanted:
            raise RuntimeError(f"Unexpected ASGI message '{message['type']}'.")
        if self.has_started:
            self._write_body(message.get("body", b""), more=message.get("more_body", False))
        else:
            self._write_head(message["status"], list(message.get("headers", [])))

    def _write_head(self, status: int, headers: list[Header]) -> None:
        self.has_started = self.request.has_continued = True
        for name, value in headers:
            check_header(name, value)
        lines = [*self.connection.default_headers, *((name.lower(), value) for name, value in headers)]
        declared = dict(lines)
        if declared.get(b"connection", b"").lower() == b"close":
            self.request.keep_alive = False
        elif not self.request.keep_alive:
            lines.append(CLOSE)
        has_body = self.request.method != b"HEAD" and status not in {204, 304}
        if b"content-length" in declared:
            self._left_bytes = int(declared[b"content-length"]) if has_body else 0
        elif has_body:
            self._is_chunked = True
            lines.append(CHUNKED)
        self.connection.transport.write(response_head(status, lines))

    def _write_body(self, body: bytes, *, more: bool) -> None:
        if self._is_chunked:
            parts = [b"%x\r\n" % len(body), body, b"\r\n"] if body else []
            self.connection.transport.write(b"".join([*parts, *([] if more else [b"0\r\n\r\n"])]))
        elif self.request.method != b"HEAD":
            if len(body) > self._left_bytes:
                raise RuntimeError("Response content longer than Content-Length")
            self._left_bytes -= len(body)
            self.connection.transport.write(body)
        if more:
            return
        if self._left_bytes:
            raise RuntimeError("Response content shorter than Content-Length")
        self.is_complete = True
        self.notify()
        self.connection.response_completed(self.request)
