"""One request at a time, with an end to its time and to the size of its answer, and with the certainty whether it left.

Every request has a connection of its own: on a kept one, an answer too many would be taken for that of the next message, and a connection
that the provider closes in that moment would leave a message of which nobody knows.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

# Raised only before the first byte of the request has left: no address, no connection, no trust, no way through the proxy.
_BEFORE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "identity",
    "User-Agent": "leadmodel-followup/1.0.0",
}


@dataclass(frozen=True)
class Request:
    """One request to a provider.

    Attributes:
        method: GET or POST.
        url: The address; that of a look-up holds a number.
        headers: Headers beside those of every request.
        content: The body.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Answer:
    """A whole answer.

    Attributes:
        status: Status of HTTP.
        headers: Headers, with names in small letters.
        body: The bytes of the body.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)

    def document(self) -> dict[str, Any]:
        """Return the body as a JSON object; empty where the body is none."""
        try:
            value = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}


@dataclass(frozen=True)
class NotSent:
    """The request has certainly not left."""

    why: str


@dataclass(frozen=True)
class NoAnswer:
    """The request may have left, and no whole answer came."""

    why: str


class Http:
    """Sends requests: certificates verified, redirects not followed, proxies by the environment, nothing repeated."""

    def __init__(self, timeout_ms: int) -> None:
        """Take the time that one exchange may take in all."""
        self._seconds = timeout_ms / 1000
        self._trust = httpx.create_ssl_context()  # slow, so not a part of an exchange
        logging.getLogger("httpx").addFilter(_without_addresses)

    def exchange(self, request: Request, longest: int = 1 << 16) -> Answer | NotSent | NoAnswer:
        """Send a request once and read an answer of at most `longest` bytes.

        No exception leaves, so that none can hold an address or a secret.
        """
        try:
            return asyncio.run(self._in_time(request, longest))
        except _BEFORE as error:
            return NotSent(type(error).__name__)
        except Exception as error:  # noqa: BLE001  # whatever it is, the request may have left
            return NoAnswer(type(error).__name__)

    async def _in_time(self, request: Request, longest: int) -> Answer:
        """The timeouts of httpx hold for each read alone; a provider that sends byte by byte needs the one for the whole."""
        async with asyncio.timeout(self._seconds):
            return await self._exchange(request, longest)

    async def _exchange(self, request: Request, longest: int) -> Answer:
        limits = httpx.Limits(max_connections=1, max_keepalive_connections=0)
        timeout = httpx.Timeout(self._seconds, connect=self._seconds / 3)
        headers = {**_HEADERS, **request.headers}
        async with (
            httpx.AsyncClient(verify=self._trust, limits=limits, timeout=timeout) as client,
            client.stream(request.method, request.url, headers=headers, content=request.content) as response,
        ):
            if response.headers.get("content-encoding", "identity") != "identity":
                raise httpx.DecodingError("an encoding that nobody asked for")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > longest:
                    raise httpx.DecodingError("an answer that is too long")
            return Answer(response.status_code, dict(response.headers), bytes(body))


def preload() -> None:
    """Import what httpx imports with its first client, so that processes forked from this one share the memory and the time of it."""

    async def first() -> None:
        async with httpx.AsyncClient():
            pass

    asyncio.run(first())


def _without_addresses(record: logging.LogRecord) -> bool:
    """Keep out of the log that httpx writes each URL, with the number of a look-up, at INFO."""
    return record.levelno >= logging.WARNING
