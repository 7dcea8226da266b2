"""The ASGI application: the hot path in front, everything else behind Starlette's router."""

from collections.abc import Awaitable

from leadmodel_predictor.http.answers import Receive, Scope, Send
from leadmodel_predictor.http.batch import Batch
from leadmodel_predictor.http.ops import Ops
from leadmodel_predictor.http.predict import Predict
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.reload import Reloads


class Application:
    """One predictor."""

    at_once = "/predict"  # waits for nothing once the request is whole

    def __init__(self, model: Model, reloads: Reloads) -> None:
        self.predict, self.batch = Predict(model), Batch(model)
        self.ops = Ops(model, reloads)
        self.router = self.ops.router()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """ASGI: a plain function, for another coroutine around the hot path would only cost."""
        path = scope["path"]
        if path == self.at_once:
            one = self.predict.one if scope["method"] == "POST" else self.predict.wrong_method
            return one(scope, receive, send)
        if path == "/predict/batch":
            return self.batch.many(scope, receive, send)
        return self.router(scope, receive, send)
