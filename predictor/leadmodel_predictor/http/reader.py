"""Bytes to requests: httptools parses, a reader bounds heads and hands over each request that is whole."""

from collections.abc import Callable
from typing import Any

import httptools

from leadmodel_predictor.http.request import Request
from leadmodel_predictor.serving.metrics import Limit


class InputRefused(Exception):  # noqa: N818  # an answer, not a failure
    """Ends the reading of a connection by a limit; also raised through the parser, as an error of a callback."""

    def __init__(self, limit: Limit) -> None:
        super().__init__(limit)
        self.limit = limit


class _BehindOffer:
    """The callbacks of a parser that begins in the middle of a request: the head it is given only says that a chunked body follows."""

    def __init__(self, reader: "RequestReader") -> None:
        self.reader, self.is_open = reader, False
        self.on_body, self.on_message_complete = reader.on_body, reader.on_message_complete

    def on_message_begin(self) -> None:
        """Begin a later request on the same connection."""
        if self.is_open:
            self.reader.on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a part of a later request's target."""
        if self.is_open:
            self.reader.on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of a later request."""
        if self.is_open:
            self.reader.on_header(name, value)

    def on_headers_complete(self) -> None:
        """End the head of a later request."""
        if self.is_open:
            self.reader.on_headers_complete()


class RequestReader:
    """The requests of one connection. `incoming` is the newest one: while it is not whole, bytes belong to it."""

    def __init__(self, inline_path: str, max_head_bytes: int, on_request: Callable[[Request], None]) -> None:
        self.inline_path, self.inline_target = inline_path, inline_path.encode()
        self.max_head_bytes, self.on_request = max_head_bytes, on_request
        self.parser: Any = httptools.HttpRequestParser(self)
        self.incoming = Request()
        self.incoming.is_whole = True
        self.headers = self.incoming.headers
        self.is_ended = False  # what still comes is thrown away
        self.head_count = 0  # heads that ended
        self.open_head_bytes = 0  # of a head that has not ended
        self.is_head_measured = False  # only heads that came in a long piece or in several are
        self.upgrade_body_bytes = 0  # left of a body behind an offer to upgrade
        self.is_chunked_offer = False  # a chunked body follows an offer to upgrade

    def feed(self, data: bytes) -> None:
        """Parse a piece of any size.

        Raises:
            InputRefused: a limit is passed, or the piece holds no HTTP.
        """
        if self.is_ended:
            return
        size, heads = len(data), self.head_count
        self.is_head_measured = size > self.max_head_bytes or not self.incoming.is_whole
        if self.upgrade_body_bytes:
            data = self._take_upgrade_body(data)
        while data:
            try:
                self.parser.feed_data(data)
                break
            except httptools.HttpParserUpgrade as offer:
                data = data[offer.args[0] :]
                data = self._parse_on(data) if self.is_chunked_offer else self._take_upgrade_body(data)
            except httptools.HttpParserError as error:
                if self.is_ended:
                    return
                cause = error.__context__
                raise InputRefused(cause.limit if isinstance(cause, InputRefused) else Limit.SYNTAX) from None
        if not (self.incoming.is_whole or self.incoming.has_head):
            self._bound_open_head(size, has_other_heads=heads != self.head_count)

    def _bound_open_head(self, size: int, *, has_other_heads: bool) -> None:
        """Count a piece that ended within a head.

        The parser does not tell where in a piece a head begins: behind other heads the count starts with the next piece.
        """
        self.open_head_bytes = 0 if has_other_heads else self.open_head_bytes + size
        if self.open_head_bytes > self.max_head_bytes:
            raise InputRefused(Limit.HEAD)

    def _take_upgrade_body(self, data: bytes) -> bytes:
        """Take a body that follows an offer to upgrade, and return the bytes behind the body.

        The parser takes such a body for another protocol's; there is no other protocol, and the request is as any other.
        """
        body, rest = data[: self.upgrade_body_bytes], data[self.upgrade_body_bytes :]
        if body:
            self.on_body(body)
            self.upgrade_body_bytes -= len(body)
            if not self.upgrade_body_bytes:
                self.on_message_complete()
        return rest

    def _parse_on(self, data: bytes) -> bytes:
        """Parse the chunked body behind an offer to upgrade, and what follows, with a new parser: the old one has stopped."""
        self.is_chunked_offer = False
        callbacks = _BehindOffer(self)
        self.parser = httptools.HttpRequestParser(callbacks)
        self.parser.feed_data(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n")
        callbacks.is_open = True
        return data

    # --- called by the parser --------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request with its first byte."""
        self.incoming = request = Request()
        self.headers = request.headers

    def on_url(self, url: bytes) -> None:
        """Take a part of the request's target."""
        self.incoming.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header as the client sent it."""
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """End a head. Raises what ends the parsing."""
        request, parser = self.incoming, self.parser
        if self.is_ended:
            raise httptools.HttpParserError
        if self.is_head_measured and request.head_bytes > self.max_head_bytes:
            raise InputRefused(Limit.HEAD)
        self.head_count += 1
        self.open_head_bytes = 0
        method = request.method = parser.get_method()
        version = parser.get_http_version()
        if version != "1.1":
            request.http_version = version
        if version == "1.0" or not parser.should_keep_alive():
            request.keep_alive = False
        if request.target == self.inline_target or request.url[0] == self.inline_path:
            request.is_inline = method == b"POST"
        request.has_head = True
        if parser.should_upgrade():
            coding = request.header(b"transfer-encoding")
            if coding is not None and coding.strip().lower() != b"chunked":
                raise httptools.HttpParserError
            self.is_chunked_offer = coding is not None
            self.upgrade_body_bytes = 0 if self.is_chunked_offer else request.content_length

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        request = self.incoming
        if request.body or request.is_answered:
            request.add(body)
        else:
            request.body = body  # mostly the only part

    def on_message_complete(self) -> None:
        """Hand over a request that is whole."""
        if self.upgrade_body_bytes or self.is_chunked_offer:
            return
        request = self.incoming
        request.is_whole = True
        if not request.keep_alive:
            self.is_ended = True
        self.on_request(request)
