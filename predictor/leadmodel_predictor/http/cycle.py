"""One request and its answer: uvicorn's, with a short way for answers that were prepared.

uvicorn looks at every header of every answer with two expressions, and writes head and body apart. Answers to leads differ only in
their length, so their heads are made once a length and written with the body; a body that came whole is handed over as it is.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from leadmodel_predictor.http.answers import JSON_TYPE, Start

Header = tuple[bytes, bytes]


class Heads(dict[int, bytes]):
    """The heads of answers by the length of their body; new ones when uvicorn renews its headers, once a second."""

    def __init__(self) -> None:
        super().__init__()
        self.default: list[Header] = []

    def __missing__(self, length: int) -> bytes:
        self[length] = self.head(200, length)
        return self[length]

    def head(self, code: int, length: int) -> bytes:
        """The head of an answer."""
        headers = [*self.default, JSON_TYPE, (b"content-length", b"%d" % length)]
        return b"".join([STATUS_LINE[code], *(b"%b: %b\r\n" % header for header in headers), b"\r\n"])

    def renew(self, default: list[Header]) -> None:
        """From now on with these headers."""
        self.clear()
        self.default = default


HEADS = Heads()


class Cycle(RequestResponseCycle):
    """One request."""

    started_with: Start | None = None  # written with the body
    handed_over = False

    async def receive(self) -> Any:
        """What came of the body; all of it, when it is whole."""
        if self.more_body or self.handed_over or self.disconnected or self.response_complete:
            return await super().receive()
        self.handed_over = True
        self.message_event.clear()
        body, self.body = bytes(self.body), bytearray()
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: Any) -> None:
        """Write some of the answer. After a Start comes one body of its length."""
        if self.started_with is None:
            if type(message) is Start and self.keep_alive and not self.response_started:
                self.started_with = message
                self.response_started = True
            else:
                await super().send(message)
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        if HEADS.default is not self.default_headers:
            HEADS.renew(self.default_headers)
        self.transport.write(HEADS[self.started_with.length] + message["body"])
        self.response_complete = True
        self.message_event.set()
        self.on_response()
