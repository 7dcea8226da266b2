"""The web application: the page, its data, and a stream of changes. Every request must name this host and hold the token.

The page is for the person at this machine. A name of another host in `Host` (DNS rebinding), a request without the cookie that the
printed address sets, and any method that is not GET are refused.
"""

import asyncio
import hmac
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any, Protocol

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from leadmodel_cli.views.story import Document, Look, fleet, story
from leadmodel_messages.visible import visible, visible_document

FILES = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
LOOK_S, STEP_S = 2.0, 0.2  # seconds between looks, and between looks at whether the server ends


class Source(Protocol):
    """Where documents come from: a cluster, or a folder of this machine. Both methods may block."""

    def lead_models(self) -> Sequence[Document]:
        """Every LeadModel. Raises an Exception with a sentence."""
        ...

    def look(self, namespace: str, name: str) -> Look:
        """One LeadModel with what belongs to it. Raises an Exception with a sentence."""
        ...


@dataclass(frozen=True)
class Guard:
    """Refuses what does not come from the page of this process. `hosts` are the values of `Host` that name it."""

    app: ASGIApp
    hosts: frozenset[str]
    token: str
    cookie: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a refusal, or hand the request on; every answer gets the headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = Request(scope)

        async def with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                pairs = [(key.encode(), value.encode()) for key, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *pairs]}
            await send(message)

        await (self._refusal(request) or self.app)(scope, receive, with_headers)

    def _refusal(self, request: Request) -> Response | None:
        if request.headers.get("host", "") not in self.hosts:
            return PlainTextResponse("this host is not served", 421)
        if request.method != "GET":
            return PlainTextResponse("the page only reads", 405)
        given = request.query_params.get("token")
        if request.url.path == "/" and given is not None and self._fits(given):
            answer = RedirectResponse("/", 303)
            answer.set_cookie(self.cookie, self.token, httponly=True, samesite="strict")
            return answer
        if not self._fits(request.cookies.get(self.cookie, "")):
            return PlainTextResponse("open the address that the command printed", 403)
        return None

    def _fits(self, text: str) -> bool:
        return hmac.compare_digest(text.encode(), self.token.encode())


@dataclass
class Page:
    """The endpoints over a source. `is_over` tells that the server ends, and with it the streams."""

    source: Source
    clock: Callable[[], datetime]
    interval: float = LOOK_S  # seconds between two looks
    is_over: Callable[[], bool] = lambda: False

    async def file(self, request: Request) -> Response:
        """One of the three files."""
        name, kind = FILES[request.url.path]
        return Response(resources.files(__package__).joinpath(name).read_bytes(), media_type=kind)

    async def data(self, request: Request) -> Response:
        """All LeadModels, or the one that the query names."""
        return JSONResponse(await asyncio.to_thread(self.read, request.query_params))

    def read(self, query: Mapping[str, str]) -> dict[str, Any]:
        """The document of the page: `fleet`, or `model`, or `error` with a sentence."""
        try:
            if query.get("name"):
                look = self.source.look(query.get("namespace", ""), query["name"])
                return {"model": visible_document(story(look, self.clock()))}
            return {"fleet": visible_document(fleet(self.source.lead_models(), self.clock()))}
        except Exception as error:  # noqa: BLE001  # the page says what went wrong, and looks again
            return {"error": visible(str(error)) or type(error).__name__}

    async def stream(self, request: Request) -> Response:
        """Server-sent events: the document now, and again whenever it changes."""
        return StreamingResponse(self._changes(request), media_type="text/event-stream")

    async def _changes(self, request: Request) -> AsyncIterator[str]:
        before = ""
        while not self.is_over() and not await request.is_disconnected():
            text = json.dumps(await asyncio.to_thread(self.read, request.query_params))
            yield f"data: {text}\n\n" if text != before else ": nothing new\n\n"
            before, rest = text, self.interval
            while rest > 0 and not self.is_over():
                await asyncio.sleep(min(rest, STEP_S))
                rest -= STEP_S


def application(page: Page, port: int, token: str) -> Starlette:
    """Build the application for a port of this machine."""
    hosts = frozenset(f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]"))
    routes = [
        *(Route(path, page.file) for path in FILES),
        Route("/data", page.data),
        Route("/stream", page.stream),
    ]
    guard = Middleware(Guard, hosts=hosts, token=token, cookie=f"leadmodel-{port}")
    return Starlette(routes=routes, middleware=[guard])
