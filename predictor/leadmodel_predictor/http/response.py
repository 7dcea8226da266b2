"""Responses as bytes: status lines, heads, whole JSON responses, and a cache of the heads that differ only in a length."""

import re
from collections.abc import Iterable, Sequence
from http import HTTPStatus

from leadmodel_predictor.http.errors import JSON_TYPE
from leadmodel_predictor.http.types import Header

CLOSE = (b"connection", b"close")
CHUNKED = (b"transfer-encoding", b"chunked")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
STATUS_LINES = {status: b"HTTP/1.1 %d %b\r\n" % (status, status.phrase.encode()) for status in HTTPStatus}
_BAD_NAME = re.compile(rb'[\x00-\x1f\x7f()<>@,;:\[\]={} \t\\"]')
_BAD_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def response_head(status: int, headers: Iterable[Header]) -> bytes:
    """The status line and the headers, with the empty line behind them."""
    lines = [b"%b: %b\r\n" % header for header in headers]
    return b"".join([STATUS_LINES[HTTPStatus(status)], *lines, b"\r\n"])


def check_header(name: bytes, value: bytes) -> None:
    """Let no header of an application smuggle a second one in.

    Raises:
        RuntimeError: a character that ends a name, a value or a line.
    """
    if _BAD_NAME.search(name):
        raise RuntimeError("Invalid HTTP header name.")
    if _BAD_VALUE.search(value):
        raise RuntimeError("Invalid HTTP header value.")


def json_response(
    status: int, body: bytes, default: Sequence[Header], *more: Header, close: bool = False
) -> bytes:
    """A whole JSON response: the server's default headers first, then those of the body, then `more`."""
    headers = [*default, JSON_TYPE, (b"content-length", b"%d" % len(body)), *more]
    if close:
        headers.append(CLOSE)
    return response_head(status, headers) + body


class HeaderCache(dict[int, bytes]):
    """Heads of JSON responses with status 200 by the length of the body in bytes.

    Scores have few lengths, so a second of answers needs few heads; the date among the default headers ends the second.
    """

    def __init__(self) -> None:
        super().__init__()
        self.default: list[Header] = []

    def __missing__(self, length: int) -> bytes:
        headers = [*self.default, JSON_TYPE, (b"content-length", b"%d" % length)]
        self[length] = response_head(200, headers)
        return self[length]

    def renew(self, default: list[Header]) -> None:
        """Forget all heads and make new ones with these default headers."""
        self.clear()
        self.default = default
