"""One request as a connection receives it: head, body so far, and how far its arrival and its answer are."""

from functools import cached_property
from urllib.parse import unquote

import httptools

from leadmodel_predictor.http.types import Header, Scope

ASGI_VERSION = {"version": "3.0", "spec_version": "2.3"}


class Request:
    """A request. Class attributes are the values at its beginning, so that making one costs an object and a list."""

    target = b""  # as sent: path and query, or a whole URL
    method = b""
    http_version = "1.1"
    body: bytes | bytearray = b""  # the part that came and that nobody has read yet
    has_head = False
    is_whole = False
    is_answered = False  # the rest of the body is thrown away
    is_inline = False  # answered by the connection itself
    is_early = False  # an exchange began before the request was whole
    has_continued = False  # 100 Continue went out, or the response did
    keep_alive = True
    held_bytes = 0  # the share of this request in `Guard.held_bytes`

    def __init__(self) -> None:
        self.headers: list[Header] = []  # as sent, in order

    def add(self, part: bytes) -> None:
        """Append a part of the body, unless nobody will read the body."""
        if self.is_answered:
            return
        if isinstance(self.body, bytearray):
            self.body += part
        else:
            self.body = bytearray(self.body) + part

    def take_body(self) -> bytes:
        """Hand over the body so far."""
        body, self.body = bytes(self.body), b""
        return body

    def drop(self) -> None:
        """Throw the body away, and the rest of it as it comes."""
        self.is_answered = True
        self.body = b""

    @property
    def head_bytes(self) -> int:
        """The size of the head so far, without method, version and blanks."""
        return len(self.target) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    @property
    def awaits_continue(self) -> bool:
        """Whether the client waits for `100 Continue` before it sends the body."""
        return not self.has_continued and self._expects_continue

    @cached_property
    def content_length(self) -> int:
        """The declared size of the body in bytes; 0 where none is declared."""
        return int(self.header(b"content-length") or 0)

    @cached_property
    def _expects_continue(self) -> bool:
        return (self.header(b"expect") or b"").lower() == b"100-continue"

    def header(self, wanted: bytes) -> bytes | None:
        """The first header of this name in lower case."""
        return next((value for name, value in self.headers if name.lower() == wanted), None)

    @cached_property
    def url(self) -> tuple[str, bytes, bytes]:
        """The target as decoded path, raw path and query.

        Raises:
            httptools.HttpParserError, AttributeError, UnicodeDecodeError: the target is no URL with a path in ASCII.
        """
        url = httptools.parse_url(self.target)
        path = url.path.decode("ascii")
        return unquote(path) if "%" in path else path, url.path, url.query or b""

    def scope(self, client: tuple[str, int] | None, server: tuple[str, int] | None) -> Scope:
        """The ASGI scope, for a server without a root path, a lifespan state or TLS."""
        path, raw_path, query = self.url
        return {
            "type": "http",
            "asgi": ASGI_VERSION,
            "http_version": self.http_version,
            "server": server,
            "client": client,
            "scheme": "http",
            "root_path": "",
            "method": self.method.decode("ascii"),
            "path": path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": [(name.lower(), value) for name, value in self.headers],
            "state": {},
        }
