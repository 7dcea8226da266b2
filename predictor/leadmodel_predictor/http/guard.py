"""The limits of a connection: uvicorn's HTTP protocol, guarded.

uvicorn bounds neither the head of a request nor the time it takes, and starts a task for each request that begins to arrive. Here a
request is started when it is whole (or too long to wait for), when no more than a known number wait already; what is slow, huge or no
HTTP is answered in JSON and closed. Requests that have nothing to wait for run in the connection's own call: a task would cost them a
turn of the loop. One sweep a second looks for what is late: a request in time pays nothing for it, and less than
uvicorn's own timer. No path or model here.
"""

import asyncio
from collections.abc import Callable, Coroutine, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from leadmodel_predictor.http.answers import error_body
from leadmodel_predictor.http.cycle import Cycle
from leadmodel_predictor.serving.metrics import Limit

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState

MESSAGES = {
    Limit.HEAD: (431, "the head of a request may have at most {head} bytes"),
    Limit.SYNTAX: (400, "this is no HTTP request"),
    Limit.TIME: (408, "the request did not arrive in time"),
    Limit.WAITING: (503, "too many requests wait already; try again in a second"),
    Limit.MEMORY: (503, "too many unfinished requests are held already; try again in a second"),
    Limit.CONNECTIONS: (503, "too many connections are open; try again in a second"),
}


@dataclass
class Guard:
    """The limits of one process, and what they count."""

    refused: Callable[[Limit], None] = lambda _: None
    max_waiting: int = 1024  # whole requests that are not answered yet
    max_held: int = 64 << 20  # bytes of requests that are not whole yet
    max_head: int = 64 << 10
    max_pipelined: int = 64
    max_connections: int = 16_384
    head_seconds: float = 10.0  # from the first byte of a head to its last
    body_seconds: float = 60.0  # from then to the last byte of the body
    ignored_seconds: float = 10.0  # how long a body is read on that has been refused
    unread_seconds: float = 60.0  # how long an answer may go unread
    idle_seconds: float = 75.0  # longer than load balancers keep a connection
    at_once: str = ""  # the path whose requests, once whole, are answered without waiting
    draining: bool = False
    held: int = 0
    reading: int = 0  # requests started before they were whole
    connections: set[Any] = field(default_factory=set)

    def limit_of(self, state: str) -> float:
        """How long a connection may stay in a state."""
        return {
            "head": self.head_seconds,
            "body": self.body_seconds,
            "ignored": self.ignored_seconds,
            "unread": self.unread_seconds,
            "idle": self.idle_seconds,
        }.get(state, float("inf"))

    def sweep(self, now: float) -> None:
        """End what is late."""
        for connection in tuple(self.connections):
            connection.swept(now)

    async def sweeping(self, clock: Callable[[], float], every: float = 1.0) -> None:
        """Sweep until cancelled."""
        while True:
            await asyncio.sleep(every)
            self.sweep(clock())


class Begun(Coroutine[Any, Any, None]):
    """A coroutine that began outside of a task and now waits: a task that takes it over hears first what for."""

    def __init__(self, running: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self.running, self.waits_for = running, waits_for

    def send(self, value: None) -> Any:
        """Go on."""
        waits_for, self.waits_for = self.waits_for, None
        return self.running.send(value) if waits_for is None else waits_for

    def throw(self, *error: Any) -> Any:
        """Go on with an error."""
        return self.running.throw(*error)

    def close(self) -> None:
        """End."""
        self.running.close()

    def __await__(self) -> Generator[Any, Any, None]:
        """Only a task runs it."""
        raise NotImplementedError


class GuardedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(
        self,
        config: "Config",
        server_state: "ServerState",
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        guard: Guard,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.guard = guard
        self.waiting_app: Any = None  # of a request that is not whole yet
        self.early = False  # started before it was whole
        self.held = self.head = self.heads = 0
        self.left = 0  # of a body behind an offer to upgrade, which the parser takes for another protocol's
        self.cause = Limit.SYNTAX  # of an error that the parser reports
        self.last_words: bytes | None = (
            None  # what is said once older requests are answered; nothing is read any more
        )
        self.state, self.since = "", 0.0
        self.mark: Any = None

    # --- connection ------------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client came."""
        super().connection_made(transport)
        self.guard.connections.add(self)
        if len(self.guard.connections) > self.guard.max_connections:
            self.guard.refused(Limit.CONNECTIONS)
            self.last_words = self._error(Limit.CONNECTIONS, close=True)
            transport.write(self.last_words)
            transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """It left."""
        self.guard.connections.discard(self)
        self._whole()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override]
        """The client has said all it wanted to say; it still gets its answers."""
        if self.last_words is not None:
            return False
        if self._in_part():
            return self._drop() and self._leave(b"")
        if self.cycle is None or self.cycle.response_complete:
            return False
        self.cycle.keep_alive = False
        return True

    def data_received(self, data: bytes) -> None:
        """Some bytes came."""
        if self.last_words is not None:
            return
        if self.left:
            self._after_offer(data)
            return
        if self._head_is_too_long(data):
            self._end(Limit.HEAD)
            return
        heads = self.heads
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._after_offer(data[offer.args[0] :])
        except httptools.HttpParserError:
            if not self.transport.is_closing():  # else it is what came after the last request
                self._end(self.cause)
        else:
            self._fed(len(data), began=heads != self.heads)

    def _head_is_too_long(self, data: bytes) -> bool:
        """Whether what is coming in is still no whole head when it has passed the limit."""
        cycle = self.cycle
        left = self.guard.max_head - self.head
        if self.scope is (cycle and cycle.scope) or len(data) <= left:
            return False
        return b"\r\n\r\n" not in data[: left + 4]

    def _after_offer(self, data: bytes) -> None:
        """There is nothing to upgrade to: the request is answered as it is, so what follows is its body."""
        body, rest = data[: self.left], data[self.left :]
        self.left -= len(body)
        if body:
            self.on_body(body)
            self._fed(len(body), began=False)
            if not self.left:
                self.on_message_complete()
        if rest:
            self.data_received(rest)

    def _fed(self, size: int, *, began: bool) -> None:
        """What came is parsed: if it ends within a request, that is accounted for. `began`: other heads ended in it.

        Where in the bytes a head begins the parser does not say: behind others it counts from the next bytes on.
        """
        cycle, guard = self.cycle, self.guard
        if self.scope is not (cycle and cycle.scope):
            self.head = 0 if began else self.head + size
            if self.head > guard.max_head:
                self._end(Limit.HEAD)
        elif cycle is not None and cycle.more_body and not cycle.response_complete:
            self.held += size
            guard.held += size
            if guard.held > guard.max_held:
                self._end(Limit.MEMORY)

    # --- request ---------------------------------------------------------------------------------------------------------

    def head_ended(self) -> None:
        """The next one counts anew."""
        self.head = 0
        self.heads += 1

    def on_headers_complete(self) -> None:
        """A head is whole."""
        self.head_ended()
        if len(self.pipeline) >= self.guard.max_pipelined:
            self.cause = Limit.WAITING
            raise httptools.HttpParserError
        if self.parser.should_upgrade():
            self.left = _length(self.headers)
        older, self.cycle = self.cycle, self._cycle()
        if older is None or older.response_complete:
            self._start_asgi_task(self.cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, self.app))

    def _cycle(self) -> Cycle:
        """The request of this head. There is no root path, and an offer to upgrade is not taken."""
        parser, scope = self.parser, self.scope
        url, version = httptools.parse_url(self.url), parser.get_http_version()
        path = url.path.decode("ascii")
        scope["method"] = parser.get_method().decode("ascii")
        scope["http_version"] = version
        scope["path"] = unquote(path) if "%" in path else path
        scope["raw_path"] = url.path
        scope["query_string"] = url.query or b""
        return Cycle(
            scope=scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=version != "1.0" and parser.should_keep_alive(),
            on_response=self.on_response_complete,
        )

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Its turn has come: start it if it is whole, else when it is."""
        if cycle.more_body and cycle is self.cycle:
            if not cycle.waiting_for_100_continue:
                self.waiting_app = app
                return
            self._early()
        self._start(cycle, app)

    def on_body(self, body: bytes) -> None:
        """Some of a body came; one that is long is read by who knows its limit."""
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if self.waiting_app is None:
            cycle.message_event.set()
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
            if self.waiting_app is not None:
                app, self.waiting_app = self.waiting_app, None
                self._early()
                self._start(cycle, app)

    def on_message_complete(self) -> None:
        """A request is whole."""
        if self.left:
            return
        cycle = self.cycle
        cycle.more_body = False
        if self.held or self.early:
            self._whole()
        app, self.waiting_app = self.waiting_app, None
        if app is None:
            cycle.message_event.set()
        elif cycle.scope["path"] != self.guard.at_once:
            self._start(cycle, app)
        elif not self.transport.is_closing():
            self._run(cycle, app)

    def _run(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Answer here and now; if it must wait after all (for a client that does not read), in a task."""
        if self.guard.draining:
            cycle.keep_alive = False
        running = cycle.run_asgi(app)
        try:
            waits_for = running.send(None)
        except StopIteration:
            return
        self._await(Begun(running, waits_for))

    def _start(self, cycle: RequestResponseCycle, app: Any) -> None:
        guard = self.guard
        if guard.draining:
            cycle.keep_alive = False
        if len(self.tasks) - guard.reading >= guard.max_waiting:
            self._shed(cycle)
            return
        self._await(cycle.run_asgi(app))

    def _await(self, running: Coroutine[Any, Any, None]) -> None:
        task = self.loop.create_task(running)
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def on_response_complete(self) -> None:
        """An answer is out: on to the next request, if it came already."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self.last_words is not None:
            self._say(self.last_words)
        self._read_on()

    def pause_writing(self) -> None:
        """A client that does not read its answers is not read either."""
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self._read_on()

    def _read_on(self) -> None:
        """Read more, unless requests or answers wait already."""
        if not self.pipeline and not self.flow.write_paused:
            self.flow.resume_reading()

    def _early(self) -> None:
        self.early = True
        self.guard.reading += 1

    def _whole(self) -> None:
        self.guard.held -= self.held
        self.held = 0
        if self.early:
            self.early = False
            self.guard.reading -= 1

    # --- what ends it ----------------------------------------------------------------------------------------------------

    def _shed(self, cycle: RequestResponseCycle) -> None:
        """Answer that there is no room; the connection may stay."""
        cycle.response_complete = True
        self.guard.refused(Limit.WAITING)
        self.transport.write(self._error(Limit.WAITING, close=not cycle.keep_alive))
        if cycle.keep_alive:
            self.on_response_complete()
        else:
            self.transport.close()

    def _end(self, limit: Limit) -> None:
        """Refuse the request that is coming in, after those before it are answered, and close."""
        self.guard.refused(limit)
        words = self._error(limit, close=True)
        if self._drop():
            self._leave(words)
        else:
            self._say(words)

    def _in_part(self) -> bool:
        """Whether a request has begun to arrive and is not whole."""
        cycle = self.cycle
        if cycle is None or cycle.scope is not self.scope:
            return self.scope is not None
        return bool(cycle.more_body)

    def _drop(self) -> bool:
        """Forget the request that is coming in; whether older ones are still to be answered."""
        cycle = self.cycle
        if cycle is None:
            return False
        if cycle.scope is not self.scope or not cycle.more_body:
            return not cycle.response_complete
        self.waiting_app = None
        cycle.body = bytearray()
        self._whole()
        if self.pipeline and self.pipeline[0][0] is cycle:
            self.pipeline.popleft()
            return True
        cycle.disconnected = True
        cycle.message_event.set()
        return False

    def _leave(self, words: bytes) -> bool:
        """Say no more than the answers that are due and these words."""
        self.last_words = words
        return True

    def _say(self, words: bytes) -> None:
        """The last words. The client may still be sending: closing at once would take them from it."""
        self.last_words = words
        self.transport.write(words)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _error(self, limit: Limit, *, close: bool) -> bytes:
        code, message = MESSAGES[limit]
        body = error_body("$", message.format(head=self.guard.max_head))
        headers = [*self.server_state.default_headers, (b"content-type", b"application/json")]
        headers += [(b"content-length", b"%d" % len(body))]
        headers += [(b"retry-after", b"1")] if code == 503 else []
        headers += [(b"connection", b"close")] if close else []
        lines = [STATUS_LINE[code], *(b"%b: %b\r\n" % header for header in headers), b"\r\n", body]
        return b"".join(lines)

    # --- what is late --------------------------------------------------------------------------------------------------------

    def swept(self, now: float) -> None:
        """Look whether something takes too long."""
        state = self._state()
        if state != self.state or self.scope is not self.mark:
            self.state, self.mark, self.since = state, self.scope, now
        elif now - self.since > self.guard.limit_of(state):
            match state:
                case "head" | "body":
                    self._end(Limit.TIME)
                case "idle":
                    self.transport.close()
                case _:
                    self.guard.refused(Limit.TIME)
                    self.transport.abort()

    def _state(self) -> str:
        cycle = self.cycle
        if self.last_words is not None or self.transport.is_closing():
            return "ignored"
        if self.transport.get_write_buffer_size():
            return "unread"
        if self.scope is None:
            return "idle"
        if cycle is None or cycle.scope is not self.scope:
            return "head"
        if cycle.more_body:
            return "ignored" if cycle.response_complete else "body"
        return "idle" if cycle.response_complete else "answering"


def _length(headers: list[tuple[bytes, bytes]]) -> int:
    """The announced length of a body that the parser leaves to us. Raises HttpParserError for one without a length."""
    found = dict(headers)
    if b"transfer-encoding" in found:
        raise httptools.HttpParserError
    return int(found.get(b"content-length", b"0"))
