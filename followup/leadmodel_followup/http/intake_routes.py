"""The intake over HTTP. Answers are JSON; an error has a word and, for a wrong body, the path of the field, never a value."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from leadmodel_artifact.jsonnode import LayoutError
from leadmodel_followup.http.token import NoToken, Token
from leadmodel_followup.intake.intake import Intake, Planned
from leadmodel_followup.intake.requests import read_consent, read_lead, read_word
from leadmodel_followup.ledger.errors import LedgerUnavailable
from leadmodel_followup.ledger.records import Recorded

_MAX_BODY = 65_536
_SHOWN = ("state", "channel", "step", "lead", "why", "n", "reach", "template")
Handler = Callable[[Request], Awaitable[Response]]


class _TooLarge(Exception):  # noqa: N818  # an outcome
    pass


def refusal(status: int, error: str, message: str = "") -> JSONResponse:
    """An answer with an error word."""
    return JSONResponse({"error": error, "message": message}, status)


def show_time(at_ms: int) -> str:
    """A time as RFC 3339, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True)
class IntakeRoutes:
    """The intake of one plan behind a token."""

    intake: Intake
    token: Token

    def routes(self) -> list[Route]:
        """All routes, each behind the token."""
        return [
            Route("/followups", self._guarded(self.submit), methods=["POST"]),
            Route("/followups/{id}", self._guarded(self.show), methods=["GET"]),
            Route("/replies", self._guarded(self.replied), methods=["POST"]),
            Route("/conversions", self._guarded(self.converted), methods=["POST"]),
            Route("/consents", self._guarded(self.consent), methods=["POST"]),
            Route("/people/{person:path}", self._guarded(self.erase), methods=["DELETE"]),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            try:
                if not self.token.fits(request.headers.get("authorization", "")):
                    return refusal(401, "Unauthorized")
                return await handler(request)
            except NoToken:
                return refusal(503, "NoToken", "the intake has no token to compare with")
            except LayoutError as error:
                return refusal(422, "BadRequest", str(error))
            except _TooLarge:
                return refusal(413, "TooLarge", f"a request has at most {_MAX_BODY} bytes")
            except LedgerUnavailable:
                return refusal(
                    503,
                    "LedgerUnavailable",
                    "nothing is known of the effect; the same request may be repeated",
                )

        return guarded

    async def submit(self, request: Request) -> Response:
        """Schedule the follow-ups of a lead."""
        lead = read_lead(await _body(request), self.intake.now())
        answer: dict[str, Any] = {
            "steps": [_step(one) for one in await run_in_threadpool(self.intake.submit, lead)]
        }
        if self.intake.arm(lead) != lead.arm:
            answer["arm"] = "unknown"
        return JSONResponse(answer)

    async def replied(self, request: Request) -> Response:
        """End what waits, because the person answered."""
        word = read_word(await _body(request), self.intake.now())
        return JSONResponse({"ended": await run_in_threadpool(self.intake.replied, word)})

    async def converted(self, request: Request) -> Response:
        """End what waits, because the person became a customer."""
        word = read_word(await _body(request), self.intake.now())
        return JSONResponse({"ended": await run_in_threadpool(self.intake.converted, word)})

    async def consent(self, request: Request) -> Response:
        """Record a consent or its end."""
        change = read_consent(await _body(request), self.intake.now())
        became = await run_in_threadpool(self.intake.consent, change)
        recorded = became is Recorded.RECORDED
        return JSONResponse({"recorded": recorded} | ({} if recorded else {"why": became}))

    async def erase(self, request: Request) -> Response:
        """Delete all of a person but the opt-out."""
        return JSONResponse(
            {"deleted": await run_in_threadpool(self.intake.erase, request.path_params["person"])}
        )

    async def show(self, request: Request) -> Response:
        """What is recorded of one follow-up: no address, no name, no hash of a person."""
        name = request.path_params["id"]
        record = await run_in_threadpool(self.intake.ledger.read, name)
        if not record:
            return refusal(404, "NotFound")
        shown: dict[str, Any] = {key: record[key] for key in _SHOWN if key in record}
        return JSONResponse({"id": name, "due": show_time(int(record["due"])), **shown})


def _step(planned: Planned) -> dict[str, Any]:
    if planned.id is None or planned.due_ms is None:
        return {"step": planned.step, "skipped": planned.skipped}
    return {"step": planned.step, "id": planned.id, "due": show_time(planned.due_ms)}


async def _body(request: Request) -> Any:
    """The JSON of a request. Raises LayoutError, _TooLarge."""
    raw = b""
    try:
        async for part in request.stream():
            raw += part
            if len(raw) > _MAX_BODY:
                raise _TooLarge
        document = json.loads(raw)
        json.dumps(document, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (ValueError, RecursionError, ClientDisconnect):
        raise LayoutError("the body must be JSON") from None
    return document
