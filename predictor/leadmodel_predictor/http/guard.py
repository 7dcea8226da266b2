"""The limits of a process's connections, and what the connections hold against these limits.

- *Bounded head*: neither the size of a head nor the time for it is without limit.
- *Body before task*: a request starts once it is whole, or once its body is too long to wait for.
- *Queue limit*: requests and bytes that wait are counted over all connections; one too many is answered with 503.
- *Idle sweep*: one pass per second over all connections ends what takes too long; a request in time pays nothing for it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Protocol

from leadmodel_predictor.http.errors import JSON_TYPE, error_body
from leadmodel_predictor.http.request import Request
from leadmodel_predictor.http.response import CLOSE, response_head
from leadmodel_predictor.http.types import Header
from leadmodel_predictor.serving.metrics import Limit

MESSAGES = {
    Limit.HEAD: (431, "the head of a request may have at most {head} bytes"),
    Limit.SYNTAX: (400, "this is no HTTP request"),
    Limit.TIME: (408, "the request did not arrive in time"),
    Limit.WAITING: (503, "too many requests wait already; try again in a second"),
    Limit.MEMORY: (503, "too many unfinished requests are held already; try again in a second"),
    Limit.CONNECTIONS: (503, "too many connections are open; try again in a second"),
}


class Phase(Enum):
    """What a connection spends its time with."""

    HEAD = auto()  # a head is arriving
    BODY = auto()  # a body is arriving
    ANSWERING = auto()  # the application works
    UNREAD = auto()  # the client does not read its answer
    IGNORED = auto()  # what still arrives is thrown away
    IDLE = auto()


class Expiring(Protocol):
    """A connection, as the sweep sees it."""

    def expire(self, now: float) -> None:
        """End the connection if its phase has lasted too long by `now`, in seconds of the loop's clock."""


@dataclass
class Guard:
    """The limits of one process, and the counts that are held against them."""

    on_refused: Callable[[Limit], None] = lambda _: None
    max_waiting: int = 1024  # whole requests without an answer, of all connections
    max_held_bytes: int = 64 << 20  # of requests that are not whole yet, of all connections
    max_head_bytes: int = 64 << 10
    max_pipelined: int = 64  # whole requests behind one that is being answered
    max_connections: int = 16_384
    head_seconds: float = 10.0  # from the first byte of a head to its last
    body_seconds: float = 60.0  # from then to the last byte of the body
    ignored_seconds: float = 10.0  # for reading on behind a refusal, so that the client gets to see it
    unread_seconds: float = 60.0  # for the client to read an answer
    idle_seconds: float = 75.0  # longer than load balancers keep a connection
    is_draining: bool = False
    newest_late_lead: float = (
        0.0  # when the newest lead came that came after the draining began, by the loop's clock
    )
    held_bytes: int = 0
    early_requests: int = (
        0  # exchanges of requests that are not whole yet: these wait for clients, not for us
    )
    connections: set[Expiring] = field(default_factory=set)

    def seconds_of(self, phase: Phase) -> float:
        """How many seconds a connection may stay in a phase."""
        limits = {
            Phase.HEAD: self.head_seconds,
            Phase.BODY: self.body_seconds,
            Phase.IGNORED: self.ignored_seconds,
            Phase.UNREAD: self.unread_seconds,
            Phase.IDLE: self.idle_seconds,
        }
        return limits.get(phase, float("inf"))

    def error_response(self, limit: Limit, default: list[Header], *, close: bool) -> bytes:
        """The response to a request that a limit ended."""
        status, message = MESSAGES[limit]
        body = error_body("$", message.format(head=self.max_head_bytes))
        headers = [*default, JSON_TYPE, (b"content-length", b"%d" % len(body))]
        headers += [(b"retry-after", b"1")] if status == 503 else []
        headers += [CLOSE] if close else []
        return response_head(status, headers) + body

    def release(self, request: Request) -> None:
        """Count a request no longer as one that is not whole."""
        self.held_bytes -= request.held_bytes
        request.held_bytes = 0
        if request.is_early:
            request.is_early = False
            self.early_requests -= 1

    def sweep(self, now: float) -> None:
        """End every connection that is late at `now`, in seconds of the loop's clock."""
        for connection in tuple(self.connections):
            connection.expire(now)

    async def sweep_forever(self, clock: Callable[[], float], every_seconds: float = 1.0) -> None:
        """Sweep in intervals until cancelled."""
        while True:
            await asyncio.sleep(every_seconds)
            self.sweep(clock())
