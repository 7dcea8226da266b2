"""One connection over HTTP/1.1: what a request may cost, when its turn is, and what ends the connection.

A request to the inline endpoint waits for nothing, so it is answered in the call that brings its last byte. Every other request
becomes an ASGI exchange in a task. Requests are answered in the order of their arrival.
"""

import asyncio
from collections import deque
from typing import Any, Protocol

from leadmodel_predictor.http.errors import Refused, error_body
from leadmodel_predictor.http.exchange import LOG, SERVER_ERROR, SERVER_ERROR_HEADERS, Exchange
from leadmodel_predictor.http.guard import Guard, Phase
from leadmodel_predictor.http.reader import InputRefused, RequestReader
from leadmodel_predictor.http.request import Request
from leadmodel_predictor.http.response import CONTINUE, HeaderCache, json_response, response_head
from leadmodel_predictor.http.types import ASGIApp, Header
from leadmodel_predictor.serving.metrics import Limit

HIGH_WATER_BYTES = 64 << 10  # of a body; from here on an application reads it, or nobody does


class InlineEndpoint(Protocol):
    """A POST endpoint whose answer is a plain function of the body."""

    path: str
    max_body_bytes: int

    def answer(self, body: bytes) -> bytes:
        """The JSON answer of status 200. Raises Refused."""

    def too_large(self) -> Refused:
        """Count and return the refusal of a body over the limit."""


class ServerState(Protocol):
    """The state that all connections of a server share."""

    default_headers: list[Header]  # a new list whenever the date changes
    tasks: set[asyncio.Task[None]]


class Connection(asyncio.Protocol):
    """One client: `reader.incoming` arrives, `exchange` is being answered, `queue` holds whole requests behind the exchange."""

    def __init__(
        self,
        app: ASGIApp,
        inline: InlineEndpoint,
        guard: Guard,
        server_state: ServerState,
        heads: HeaderCache,
    ) -> None:
        self.app, self.inline, self.guard, self.server_state, self.heads = (
            app,
            inline,
            guard,
            server_state,
            heads,
        )
        self.loop = asyncio.get_running_loop()
        self.reader = RequestReader(inline.path, guard.max_head_bytes, self._request_received)
        self.exchange: Exchange | None = None
        self.queue: deque[Request] = deque()
        self.final_response: bytes | None = None  # written once older requests are answered
        self.is_read_paused = self.is_write_paused = False
        self.transport: Any = None  # until the connection is made
        self.can_write = asyncio.Event()
        self.can_write.set()
        self.phase: Phase | None = None  # of the last sweep
        self.phase_request, self.phase_since = self.reader.incoming, 0.0

    # --- called by the transport -----------------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        """Take the connection, or refuse one too many."""
        self.transport = transport
        self.client = _address(transport.get_extra_info("peername"))
        self.server = _address(transport.get_extra_info("sockname"))
        self.guard.connections.add(self)
        if len(self.guard.connections) > self.guard.max_connections:
            self.guard.on_refused(Limit.CONNECTIONS)
            self.transport.write(self._error(Limit.CONNECTIONS, close=True))
            self.close()

    def connection_lost(self, _exc: Exception | None) -> None:
        """Give everything back, and end the exchange."""
        self.guard.connections.discard(self)
        self.guard.release(self.reader.incoming)
        self.reader.is_ended = True
        self.queue.clear()
        if self.exchange is not None:
            self.exchange.disconnect()
        self.can_write.set()
        self.reader.parser = None  # which refers to the reader

    def eof_received(self) -> bool:
        """Answer the whole requests of a client that has stopped sending; true while there are any."""
        if self.final_response is not None:
            return False
        self._abandon_incoming()
        newest = self._newest()
        if newest is None:
            return False
        newest.keep_alive = False
        self.reader.is_ended = True
        return True

    def pause_writing(self) -> None:
        """Read nothing more from a client that does not read its answers."""
        self.is_write_paused = True
        self.can_write.clear()
        self.update_reading()

    def resume_writing(self) -> None:
        """Go on with a client that reads again."""
        self.is_write_paused = False
        self.can_write.set()
        self.update_reading()

    def data_received(self, data: bytes) -> None:
        """Read a piece; whole requests come back in `_request_received`."""
        try:
            self.reader.feed(data)
        except InputRefused as refusal:
            self._close_with_error(refusal.limit)
            return
        incoming = self.reader.incoming
        if not incoming.is_whole and self._is_body_arriving():
            self._hold(incoming, len(data))

    # --- the turn of a request -------------------------------------------------------------------------------------------

    def _request_received(self, request: Request) -> None:
        """Answer a whole request, or let the request wait for its turn. Raises InputRefused for one too many."""
        if request.held_bytes:
            self.guard.release(request)
        if request.is_answered:
            return
        if self.exchange is None:
            self._serve(request)
        elif self.exchange.request is request:
            self.exchange.notify()
        elif len(self.queue) < self.guard.max_pipelined:
            self.queue.append(request)
            self.update_reading()
        else:
            raise InputRefused(Limit.WAITING)

    def _hold(self, request: Request, size: int) -> None:
        """Count a piece of a request that is not whole yet, and do for the request what cannot wait."""
        request.held_bytes += size
        self.guard.held_bytes += size
        if self.guard.held_bytes > self.guard.max_held_bytes:
            self._close_with_error(Limit.MEMORY)
            return
        if self.exchange is None:
            self._serve_incomplete(request)
        elif self.exchange.request is request:
            self.exchange.notify()
        self.update_reading()

    def _serve_incomplete(self, request: Request) -> None:
        """Let the application read a long body, ask for a body that waits for `100 Continue`, refuse one that is too long."""
        if not request.is_inline:
            if request.awaits_continue or len(request.body) > HIGH_WATER_BYTES:
                request.is_early = True
                self.guard.early_requests += 1
                self._begin_exchange(request)
        elif request.awaits_continue:
            self.transport.write(CONTINUE)
            request.has_continued = True
        elif max(len(request.body), request.content_length) > self.inline.max_body_bytes:
            self._refuse(request, self.inline.too_large())

    def _serve(self, request: Request) -> None:
        """Answer a whole request whose turn has come."""
        if not request.is_inline:
            self._begin_exchange(request)
            return
        try:
            answer = self.inline.answer(bytes(request.body))
        except Refused as error:
            self._refuse(request, error)
        except Exception:  # noqa: BLE001  # whatever it is, the client gets an answer
            LOG.exception("Exception in the inline endpoint")
            headers = [*self.default_headers, *SERVER_ERROR_HEADERS]
            self.transport.write(response_head(500, headers) + SERVER_ERROR)
            self.close()
        else:
            heads, headers = self.heads, self.server_state.default_headers
            if heads.default is not headers:
                heads.renew(headers)
            if request.keep_alive and not self.guard.is_draining:
                self.transport.write(heads[len(answer)] + answer)
            else:
                self._answer(request, 200, answer)

    def _refuse(self, request: Request, error: Refused) -> None:
        request.drop()
        self._answer(request, error.code, error_body(error.field, str(error)), *error.headers)

    def _answer(self, request: Request, status: int, body: bytes, *headers: Header) -> None:
        if self.guard.is_draining:
            self.guard.newest_late_lead = self.loop.time()
        close = self.guard.is_draining or not request.keep_alive
        response = json_response(status, body, self.default_headers, *headers, close=close)
        if close and not request.is_whole:
            self.reader.is_ended = True
            self.final_response = response
            self._write_final_response()
            return
        self.transport.write(response)
        if close:
            self.close()

    def _begin_exchange(self, request: Request) -> None:
        """Give a request to the application, or answer that too many wait already."""
        guard, tasks = self.guard, self.server_state.tasks
        if guard.is_draining:
            request.keep_alive = False
            if request.method == b"POST":
                guard.newest_late_lead = self.loop.time()
        if len(tasks) - guard.early_requests >= guard.max_waiting:
            guard.on_refused(Limit.WAITING)
            request.drop()
            self.transport.write(self._error(Limit.WAITING, close=not request.keep_alive))
            if not request.keep_alive:
                self.close()
            return
        self.exchange = Exchange(self, request)
        task = self.loop.create_task(self.exchange.run(self.app))
        task.add_done_callback(tasks.discard)
        tasks.add(task)

    # --- called by the exchange ------------------------------------------------------------------------------------------

    @property
    def default_headers(self) -> list[Header]:
        """The headers of every response."""
        return self.server_state.default_headers

    async def writable(self) -> None:
        """Wait until the client has read enough."""
        if self.is_write_paused:
            await self.can_write.wait()

    def update_reading(self) -> None:
        """Read on, unless requests, answers or a body wait already."""
        body_waits = self.exchange is not None and len(self.reader.incoming.body) > HIGH_WATER_BYTES
        pause = self.is_write_paused or bool(self.queue) or body_waits
        if pause != self.is_read_paused and not self.transport.is_closing():
            self.is_read_paused = pause
            if pause:
                self.transport.pause_reading()
            else:
                self.transport.resume_reading()

    def response_completed(self, request: Request) -> None:
        """Go on with the next request."""
        request.is_answered = True
        self.exchange = None
        if not request.keep_alive:
            self.close()
            return
        while self.queue and self.exchange is None:
            self._serve(self.queue.popleft())
        if self.exchange is None:
            if self.final_response is not None:
                self._write_final_response()
            elif self._is_body_arriving():
                self._serve_incomplete(self.reader.incoming)
        self.update_reading()

    def close(self) -> None:
        """Send the responses that are written, and end."""
        self.reader.is_ended = True
        self.queue.clear()
        self.transport.close()

    # --- the end of a connection -----------------------------------------------------------------------------------------

    def shutdown(self) -> None:
        """Let the newest request be the last one; end now where nothing is to be answered."""
        newest = self.reader.incoming if self._is_body_arriving() else self._newest()
        if newest is None:
            self.close()
        else:
            newest.keep_alive = False

    def expire(self, now: float) -> None:
        """End the connection if its phase has lasted too long by `now`, in seconds of the loop's clock."""
        phase, incoming = self._phase(), self.reader.incoming
        if phase is not self.phase or incoming is not self.phase_request:
            self.phase, self.phase_request, self.phase_since = phase, incoming, now
        elif now - self.phase_since > self.guard.seconds_of(phase):
            match phase:
                case Phase.HEAD | Phase.BODY:
                    self._close_with_error(Limit.TIME)
                case Phase.IDLE:
                    self.close()
                case _:
                    self.guard.on_refused(Limit.TIME)
                    self.transport.abort()

    def _phase(self) -> Phase:
        incoming = self.reader.incoming
        if self.final_response is not None or self.transport.is_closing():
            return Phase.IGNORED
        if self.transport.get_write_buffer_size():
            return Phase.UNREAD
        if incoming.is_whole:
            return Phase.IDLE if self.exchange is None else Phase.ANSWERING
        if not incoming.has_head:
            return Phase.HEAD
        return Phase.IGNORED if incoming.is_answered else Phase.BODY

    def _is_body_arriving(self) -> bool:
        incoming = self.reader.incoming
        return not incoming.is_whole and incoming.has_head and not incoming.is_answered

    def _newest(self) -> Request | None:
        """The newest request that waits for its answer."""
        if self.queue:
            return self.queue[-1]
        return None if self.exchange is None else self.exchange.request

    def _close_with_error(self, limit: Limit) -> None:
        """Refuse the request that is arriving, once those before it are answered, and read nothing more."""
        self.guard.on_refused(limit)
        self.reader.is_ended = True
        self.final_response = self._error(limit, close=True)
        self._abandon_incoming()
        if self.exchange is None:
            self._write_final_response()

    def _abandon_incoming(self) -> None:
        """Forget the request that is arriving, and end an exchange of it."""
        request = self.reader.incoming
        if request.is_whole:
            return
        self.guard.release(request)
        request.drop()
        if self.exchange is not None and self.exchange.request is request:
            self.exchange.disconnect()
            self.exchange = None

    def _write_final_response(self) -> None:
        """Write the last response to a client that may still be sending: closing at once would take the response away."""
        self.transport.write(self.final_response)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        else:
            self.transport.close()

    def _error(self, limit: Limit, *, close: bool) -> bytes:
        return self.guard.error_response(limit, self.default_headers, close=close)


def _address(value: Any) -> tuple[str, int] | None:
    """Host and port of a TCP address; none of other sockets."""
    return (str(value[0]), int(value[1])) if isinstance(value, (tuple, list)) else None
