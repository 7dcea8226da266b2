"""The ASGI application: the hot path in front, everything else behind Starlette's router."""

import asyncio
import hmac
import ipaddress
from collections.abc import Callable
from time import time
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from leadmodel_artifact import window
from leadmodel_artifact.artifact import ArtifactError
from leadmodel_predictor.card import card, openapi
from leadmodel_predictor.model import Model
from leadmodel_predictor.predict import MAX_IN_FLIGHT, Predict
from leadmodel_predictor.slots import Slots
from leadmodel_store.store import StoreError

MAX_SINCE = 8


class Application:
    """One predictor. `reload` reads the configured artifact again and returns new slots, or raises."""

    def __init__(self, model: Model, reload: Callable[[], Slots], token: str | None, min_auc: float) -> None:
        self.model, self.reload, self.token, self.min_auc = model, reload, token, min_auc
        self.predict = Predict(model)
        self._reloading = asyncio.Lock()
        self.router = Starlette(
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
            ]
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """ASGI."""
        if scope["type"] == "http":
            path = scope["path"]
            if path in {"/predict", "/predict/batch"}:
                await self._hot(scope, path, receive, send)
                return
        await self.router(scope, receive, send)

    async def _hot(self, scope: Any, path: str, receive: Any, send: Any) -> None:
        predict = self.predict
        if scope["method"] != "POST":
            await predict.refuse(send, 405, "$", "use POST")
            return
        if predict.in_flight >= MAX_IN_FLIGHT:
            await predict.refuse(send, 503, "$", "too many requests at once; try again in a second")
            return
        predict.in_flight += 1
        try:
            if path == "/predict":
                await predict.one(receive, send)
            else:
                await predict.many(receive, send, live=b"live=true" in scope["query_string"].split(b"&"))
        finally:
            predict.in_flight -= 1

    # --- ops -------------------------------------------------------------------------------------------------------------

    def _allowed(self, request: Request) -> bool:
        """A bearer token where one is configured, else loopback only."""
        if self.token is not None:
            given = request.headers.get("authorization", "")
            return hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode())
        try:
            return ipaddress.ip_address(request.client.host if request.client else "").is_loopback
        except ValueError:
            return False

    async def reload_model(self, request: Request) -> Response:
        """Read the artifact again and swap. Concurrent reloads wait for each other."""
        if not self._allowed(request):
            error = (
                "send the token as `Authorization: Bearer ...`"
                if self.token is not None
                else "without a token only loopback may reload"
            )
            return JSONResponse({"ok": False, "error": error}, 401 if self.token is not None else 403)
        try:
            min_auc = float(request.query_params.get("min_auc", self.min_auc))
        except ValueError:
            return JSONResponse({"ok": False, "error": "min_auc must be a number"}, 422)
        async with self._reloading:
            return await self._reload(min_auc)

    async def _reload(self, min_auc: float) -> Response:
        old = self.model.slots
        try:
            new = await asyncio.to_thread(self.reload)
        except (ArtifactError, StoreError) as error:
            self.model.metrics.reload_refused()
            return JSONResponse(
                {
                    "ok": False,
                    "error": str(error),
                    "reason": error.reason,
                    "rejected": isinstance(error, ArtifactError),
                }
            )
        auc = new.champion.artifact.auc
        if not (auc >= min_auc):
            self.model.metrics.reload_refused()
            refusal = {
                "ok": False,
                "error": "Model AUC below threshold",
                "auc": auc,
                "min_auc": min_auc,
                "rejected": True,
            }
            return JSONResponse(refusal)
        if new.champion.digest != old.champion.digest:
            self.model.swap(new, time())
        self.model.metrics.reloaded()
        champion = self.model.slots.champion
        return JSONResponse(
            {
                "ok": True,
                "auc": auc,
                "version": champion.artifact.version,
                "digest": champion.digest,
                "previous": self.model.slots.previous and self.model.slots.previous.digest,
            }
        )

    async def model_status(self, _request: Request) -> Response:
        """What serves, how old it is and how it fares."""
        return JSONResponse(self.model.status(time()))

    async def drift_window(self, request: Request) -> Response:
        """Additive counts of the last leads."""
        try:
            since = tuple(float(value) for value in request.query_params.getlist("since"))
        except ValueError:
            return JSONResponse({"error": "since must be Unix seconds", "field": "since"}, 422)
        if len(since) > MAX_SINCE or any(value - value != 0 for value in since):
            return JSONResponse({"error": f"since takes at most {MAX_SINCE} instants", "field": "since"}, 422)
        return JSONResponse(window.dump(self.model.ring.window(time(), since)))

    async def artifact(self, request: Request) -> Response:
        """The very bytes served."""
        slots = self.model.slots
        wanted = request.query_params.get("digest", slots.champion.digest)
        for slot in (slots.champion, slots.previous):
            if slot is not None and slot.digest == wanted:
                return Response(
                    slot.raw, media_type="application/json", headers={"x-leadmodel-digest": slot.digest}
                )
        return JSONResponse({"error": "no slot holds this digest"}, 404)

    async def model_card(self, _request: Request) -> Response:
        """What is known of the model."""
        return JSONResponse(card(self.model.slots.champion, self.model.measured_auc))

    async def openapi(self, _request: Request) -> Response:
        """The API, with the loaded model's fields."""
        return JSONResponse(openapi(self.model.slots))

    async def metrics(self, _request: Request) -> Response:
        """For Prometheus."""
        self.model.gauges(time())
        return Response(
            generate_latest(self.model.metrics.registry), headers={"content-type": CONTENT_TYPE_LATEST}
        )

    async def healthz(self, _request: Request) -> Response:
        """The process answers."""
        return PlainTextResponse("ok")

    async def readyz(self, _request: Request) -> Response:
        """A champion is loaded (its examples were reproduced) and the process is not leaving."""
        if self.predict.draining:
            return PlainTextResponse("leaving", 503)
        return PlainTextResponse("ok")
