"""Endpoints for operations: /ops/*, metrics, probes, OpenAPI. Answers and refusals are JSON."""

import asyncio
import gzip
import math
from dataclasses import replace
from time import time
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from leadmodel_messages import window_document
from leadmodel_messages.negotiation import accepts_gzip
from leadmodel_predictor.http.openapi import openapi
from leadmodel_predictor.serving.card import card
from leadmodel_predictor.serving.challengers import Challengers
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.reload import Reloads
from leadmodel_predictor.serving.text_model import TextModel

MAX_SINCE, LATEST = 8, 1e11
MESSAGES = {404: "there is nothing here; /openapi.json lists what is", 405: "this path takes another method"}


def reply(document: Any, status: int = 200) -> Response:
    """A JSON response; numbers that are not finite become null."""
    return Response(msgspec.json.encode(document), status, media_type="application/json")


def refused(status: int, field: str, error: str) -> Response:
    """An error response with the JSON path or parameter that is wrong."""
    return reply({"error": error, "field": field}, status)


class Ops:
    """The operations side of one predictor."""

    def __init__(
        self,
        model: Model,
        reloads: Reloads,
        texts: TextModel | None = None,
        challengers: Challengers | None = None,
    ) -> None:
        self.model, self.reloads, self.texts, self.challengers = model, reloads, texts, challengers
        self.is_draining = False

    def router(self) -> Starlette:
        """The Starlette application of all operations endpoints."""
        app = Starlette(
            routes=[
                Route("/ops/reload-model", self.reload_model, methods=["POST"]),
                Route("/ops/model-status", self.model_status),
                Route("/ops/drift-window", self.drift_window),
                Route("/ops/artifact", self.artifact),
                Route("/ops/model-card", self.model_card),
                Route("/metrics", self.metrics),
                Route("/healthz", self.healthz),
                Route("/readyz", self.readyz),
                Route("/openapi.json", self.openapi),
            ],
            exception_handlers={HTTPException: _http_error},
        )
        app.router.redirect_slashes = False
        return app

    async def reload_model(self, request: Request) -> Response:
        """Read the artifact again and swap models, for clients that may."""
        if (why := self.reloads.forbidden(request)) is not None:
            return reply({"ok": False, "error": why[1]}, why[0])
        try:
            min_auc = float(request.query_params.get("min_auc", self.reloads.min_auc))
        except ValueError:
            min_auc = math.nan
        if not 0 <= min_auc <= 1:
            return refused(422, "min_auc", "min_auc must be a number from 0 to 1")
        status, answer = await self.reloads.reload(min_auc)
        return reply(answer, status)

    async def model_status(self, _request: Request) -> Response:
        """Report the model that serves, its age, health and drift."""
        now = time()
        seen = await asyncio.to_thread(self.model.ring.snapshot(now).window)
        return reply(self.model.status(seen, now))

    async def drift_window(self, request: Request) -> Response:
        """Report counts of the last leads, which can be added over replicas."""
        try:
            since = tuple(float(value) for value in request.query_params.getlist("since"))
        except ValueError:
            since = (math.nan,)
        if len(since) > MAX_SINCE or not all(0 <= value <= LATEST for value in since):
            return refused(422, "since", f"since must be Unix seconds, at most {MAX_SINCE} times")
        now = time()
        seen = await asyncio.to_thread(self.model.ring.snapshot(now).window, since)
        if self.texts is not None:
            text = await asyncio.to_thread(self.texts.snapshot(now).window)
            seen = replace(seen, text=text)
        if self.challengers is not None:
            seen = self.challengers.report(seen)
        return reply(window_document.dump(seen))

    async def artifact(self, request: Request) -> Response:
        """Return the bytes of the artifact in one of the slots."""
        slots = self.model.slots
        wanted = request.query_params.get("digest", slots.champion.digest)
        for slot in slots.loaded.values():
            if slot.digest == wanted:
                headers = {"x-leadmodel-digest": slot.digest}
                return Response(slot.raw, media_type="application/json", headers=headers)
        return refused(404, "digest", "no slot holds this digest")

    async def model_card(self, _request: Request) -> Response:
        """Return the model card of the champion."""
        return reply(card(self.model.slots.champion, self.model.measured_auc))

    async def openapi(self, _request: Request) -> Response:
        """Return the OpenAPI document with the fields of the loaded model."""
        text = self.texts.slot if self.texts is not None else None
        return reply(openapi(self.model.slots, text))

    async def metrics(self, request: Request) -> Response:
        """Return all metrics, as OpenMetrics and with gzip where the client accepts these."""
        now = time()
        seen = await asyncio.to_thread(self.model.ring.snapshot(now).window)
        self.model.gauges(seen)
        if self.texts is not None:
            self.texts.metrics.window = await asyncio.to_thread(self.texts.snapshot(now).window)
        if self.challengers is not None:
            self.challengers.metrics.window = self.challengers.report(seen)
        body, kind = self.model.metrics.text(", ".join(request.headers.getlist("accept")))
        headers = {"content-type": kind, "vary": "accept, accept-encoding"}
        if accepts_gzip(", ".join(request.headers.getlist("accept-encoding"))):
            body = await asyncio.to_thread(gzip.compress, body, 1)
            headers["content-encoding"] = "gzip"
        return Response(body, headers=headers)

    async def healthz(self, _request: Request) -> Response:
        """Answer 200 while the process runs."""
        return PlainTextResponse("ok")

    async def readyz(self, _request: Request) -> Response:
        """Answer 200 while a checked champion serves, and 503 once the process drains."""
        return PlainTextResponse("leaving", 503) if self.is_draining else PlainTextResponse("ok")


async def _http_error(_request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):  # only these are registered
        raise error
    response = refused(error.status_code, "$", MESSAGES.get(error.status_code, error.detail))
    response.headers.update(error.headers or {})
    return response
