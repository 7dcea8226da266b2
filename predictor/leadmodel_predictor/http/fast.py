"""`--fast-path`: POST /predict answered by the connection itself, without a task, a scope or an event.

Only a request that arrives whole, when nothing before it waits for an answer, goes this way; everything else is left to the guarded
protocol as if nothing had happened, so limits, timeouts, pipelining and draining are the same code.
"""

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from leadmodel_predictor.http.answers import error_body
from leadmodel_predictor.http.cycle import HEADS
from leadmodel_predictor.http.guard import Guard, GuardedProtocol
from leadmodel_predictor.http.predict import Predict
from leadmodel_predictor.serving.decode import BadLead

if TYPE_CHECKING:
    from uvicorn.config import Config
    from uvicorn.server import ServerState


class FastProtocol(GuardedProtocol):
    """One connection."""

    def __init__(
        self,
        config: "Config",
        server_state: "ServerState",
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        guard: Guard,
        predict: Predict,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop, guard=guard)
        self.predict = predict
        self.fast = False  # the request that is coming in may be answered here
        self.parts: list[bytes] = []

    # --- the parser's callbacks ------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request begins. The scope is only a mark until somebody needs a real one."""
        self.url = b""
        self.headers = []
        self.scope = {}  # type: ignore[typeddict-item]

    def on_header(self, name: bytes, value: bytes) -> None:
        """Kept as they came."""
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Whose request this is."""
        parser, cycle = self.parser, self.cycle
        if (
            self.url == b"/predict"
            and parser.get_method() == b"POST"
            and parser.should_keep_alive()
            and not parser.should_upgrade()
            and parser.get_http_version() == "1.1"
            and (cycle is None or cycle.response_complete)
            and not self.pipeline
            and not self.guard.draining
        ):
            self.fast = True
            self.head_ended()
            self.parts.clear()
        else:
            self._slow_head()

    def on_body(self, body: bytes) -> None:
        """Some of a body came."""
        if self.fast:
            self.parts.append(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """A request is whole."""
        if not self.fast:
            super().on_message_complete()
            return
        started = perf_counter()
        self.fast = False
        self.state = ""  # not idle
        self.scope = None if self.cycle is None else self.cycle.scope
        self.server_state.total_requests += 1
        try:
            answer = self.predict.score(self.parts[0] if len(self.parts) == 1 else b"".join(self.parts))
        except BadLead as error:
            self._refuse(error)
            return
        if HEADS.default is not self.server_state.default_headers:
            HEADS.renew(self.server_state.default_headers)
        self.transport.write(HEADS[len(answer)] + answer)
        self.predict.model.metrics.requests.predicted(perf_counter() - started)

    # --- the rest ------------------------------------------------------------------------------------------------------------

    def _fed(self, size: int, *, began: bool) -> None:
        if self.fast:  # it did not come whole
            self.fast = False
            self._slow_head()
            for part in self.parts:
                super().on_body(part)
        if self.scope is not None:
            super()._fed(size, began=began)

    def _slow_head(self) -> None:
        url, headers = self.url, self.headers
        HttpToolsProtocol.on_message_begin(self)
        self.url = url
        for name, value in headers:
            HttpToolsProtocol.on_header(self, name, value)
        super().on_headers_complete()

    def _refuse(self, error: BadLead) -> None:
        self.predict.model.metrics.requests.answered("predict", 422)
        body = error_body(error.field, str(error))
        HEADS.renew(self.server_state.default_headers)
        self.transport.write(HEADS.head(422, len(body)) + body)
