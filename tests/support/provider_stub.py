"""Twilio, SendGrid and WhatsApp on one port of this machine, in a real uvicorn: keeps what it took, and fails as a test says.

Faults, by word, with what a sender has to make of them:

    take          takes the message and answers                  take-late     takes it and answers after `delay_s`
    take-drop     takes it and closes the connection             take-cut      takes it and closes in the middle of the answer
    take-twice    takes it and answers two times                 take-500      takes it and answers 500
    take-garbage  takes it and answers a page of HTML            take-huge     takes it and answers without end
    take-trickle  takes it and answers a byte each 50 ms         redirect      takes nothing and points to the same API
    drop          takes nothing and closes                       429, 500, 400, 401, 503: takes nothing and answers that status
    stopped       takes nothing: the recipient wants no more     code-131056   takes nothing and answers 400 with that code
"""

import asyncio
import socket
import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote, urlencode

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from support.provider_shapes import STOPPED, Seen, Taken, mail, refusal, resource, sms, success, template


class ProviderStub:
    """Three providers until `close`.

    Attributes:
        url: Where they are, for `apiUrl`.
        faults: Chance of each fault; a request without a fault is taken.
        script: Faults of the next requests, before chance decides.
        look_fault: Status of answers to look-ups, None for true answers.
        retry_after: `Retry-After` of answers 429.
        logins: The only `Authorization` that a provider accepts, by provider; all are accepted where there is none.
        following: The next page of a list that has ended.
        seen: Every request to send or look up.
        taken: Every message, in order, as often as it was taken.
        breaches: What `check` has against requests.
        on_taken: Called with each message taken, in a thread of its own, as a provider calls webhooks.
    """

    def __init__(
        self,
        faults: Mapping[str, float] | None = None,
        *,
        check: Callable[[Seen], Sequence[str]] | None = None,
        certificate: tuple[Path, Path] | None = None,
        delay_s: float = 0.6,
        page: int = 50,
        seed: int = 0,
        host: str = "127.0.0.1",
    ) -> None:
        self.faults, self.script = dict(faults or {}), deque[str]()
        self.look_fault: int | None = None
        self.logins: dict[str, str] = {}
        self.retry_after: bytes | None = None
        self.following: str | None = None
        self.seen: list[Seen] = []
        self.taken: list[Taken] = []
        self.breaches: list[str] = []
        self.on_taken: Callable[[Taken], None] | None = None
        self.delay_s, self.page = delay_s, page
        self._check, self._chance, self._busy = check, Random(seed), 0
        self._idle = threading.Condition()
        self._socket = socket.socket()
        self._socket.bind((host, 0))
        self._socket.listen(256)
        chain, key = certificate or (None, None)
        self.url = f"http{'s' if chain else ''}://{host}:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(
            uvicorn.Config(
                _app(self),
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                ssl_certfile=chain,
                ssl_keyfile=key,
                timeout_graceful_shutdown=1,
            )
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)
        self._thread.start()

    def count(self, reference: str) -> int:
        """How often a message was taken."""
        return sum(taken.reference == reference for taken in self.taken)

    def counts(self) -> Counter[str]:
        """How often each message was taken."""
        return Counter(taken.reference for taken in self.taken)

    def finish(self) -> None:
        """Wait until all requests that came are dealt with, also those whose sender gave up."""
        with self._idle:
            assert self._idle.wait_for(lambda: self._busy == 0, timeout=20)

    def close(self) -> None:
        """End the server."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def fault(self) -> str:
        """The fault of the next request."""
        if self.script:
            return self.script.popleft()
        drawn = self._chance.random()
        for fault, chance in self.faults.items():
            drawn -= chance
            if drawn < 0:
                return fault
        return "take"

    def working(self, change: int) -> None:
        with self._idle:
            self._busy += change
            self._idle.notify_all()

    def see(self, seen: Seen) -> None:
        self.seen.append(seen)
        if self._check is not None:
            self.breaches += self._check(seen)

    def take(self, taken: Taken) -> None:
        self.taken.append(taken)
        if self.on_taken is not None:
            threading.Thread(target=self.on_taken, args=(taken,), daemon=True).start()


class _Protocol(H11Protocol):
    """Lets a request reach the transport below, for answers that no framework gives."""

    def connection_made(self, transport: Any) -> None:
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


def _app(stub: ProviderStub) -> Starlette:
    twilio = "/2010-04-01/Accounts/{account}/Messages.json"

    return Starlette(
        routes=[
            Route(twilio, partial(_post, stub, "Twilio", sms), methods=["POST"]),
            Route(twilio, partial(_list, stub), methods=["GET"]),
            Route("/v3/mail/send", partial(_post, stub, "SendGrid", mail), methods=["POST"]),
            Route(
                "/{version}/{number}/messages", partial(_post, stub, "WhatsApp", template), methods=["POST"]
            ),
        ]
    )


async def _post(
    stub: ProviderStub, provider: str, read: Callable[[bytes], Taken], request: Request
) -> Response:
    stub.working(1)
    try:
        body = await request.body()
        stub.see(_seen(provider, request, body))
        if stub.logins.get(provider, login := request.headers.get("authorization", "")) != login:
            return refusal(provider, 401, 20003)
        return await _act(stub, provider, stub.fault(), lambda: read(body), request)
    finally:
        stub.working(-1)


async def _act(
    stub: ProviderStub, provider: str, fault: str, read: Callable[[], Taken], request: Request
) -> Response:
    if fault == "redirect":
        return Response(status_code=307, headers={"Location": str(request.url)})
    if fault == "drop":
        return await _raw(fault, request.state.transport, Response())
    if fault.startswith("take"):
        return await _take(stub, fault, read(), request)
    if fault == "stopped":
        return refusal(provider, 400, STOPPED[provider])
    if fault.startswith("code-"):
        return refusal(provider, 400, int(fault[5:]))
    refused = refusal(provider, int(fault), 20001)
    if fault == "429" and stub.retry_after is not None:
        refused.raw_headers.append((b"retry-after", stub.retry_after))
    return refused


async def _take(stub: ProviderStub, fault: str, taken: Taken, request: Request) -> Response:
    stub.take(taken)
    if fault == "take-late":
        await asyncio.sleep(stub.delay_s)
    if fault in {"take", "take-late"}:
        return success(taken)
    if fault == "take-500":
        return refusal(taken.provider, 500, 20500)
    if fault == "take-garbage":
        return Response("<html>quillfeather</html>", 200, media_type="text/html")
    return await _raw(fault, request.state.transport, success(taken))


async def _raw(fault: str, to: asyncio.Transport, good: Response) -> Response:
    """Write what no framework writes, and close. The response goes to a connection that is closed."""
    lines = [b"HTTP/1.1 %d OK" % good.status_code, *(b"%s: %s" % pair for pair in good.raw_headers)]
    whole = b"\r\n".join([*lines, b"", b""]) + bytes(good.body)
    if fault == "take-twice":
        to.write(whole + whole)
    elif fault == "take-cut":
        to.write(whole[: len(whole) - max(2, len(good.body) // 2)])
    elif fault == "take-huge":
        to.write(b"HTTP/1.1 201 OK\r\nContent-Length: 1000000000\r\n\r\n" + b" " * (1 << 21))
    elif fault == "take-trickle":
        for byte in whole:
            if to.is_closing():
                break
            to.write(bytes([byte]))
            await asyncio.sleep(0.05)
    to.close()
    await asyncio.sleep(0.01)
    return Response(status_code=204)


async def _list(stub: ProviderStub, request: Request) -> Response:
    """The messages to a number, newest first, in pages."""
    stub.see(_seen("Twilio", request, b""))
    if stub.look_fault is not None:
        return refusal("Twilio", stub.look_fault, 20500)
    query = request.query_params
    size = min(int(query.get("PageSize", 50)), stub.page)
    first = size * int(query.get("Page", 0))
    matching = [taken for taken in reversed(stub.taken) if taken.address == query["To"]]
    more = urlencode({"To": query["To"], "PageSize": size, "Page": first // size + 1})
    following = f"{quote(request.url.path)}?{more}" if len(matching) > first + size else stub.following
    shown = [resource(taken) for taken in matching[first : first + size]]
    return JSONResponse({"messages": shown, "next_page_uri": following, "page_size": size})


def _seen(provider: str, request: Request, body: bytes) -> Seen:
    url = request.url
    return Seen(provider, request.method, url.path, url.query, dict(request.headers), body)
