"""The ASGI application: batches in front, everything else behind Starlette's router."""

from collections.abc import Awaitable

from leadmodel_predictor.http.batch import Batch
from leadmodel_predictor.http.ops import Ops
from leadmodel_predictor.http.predict import Predict
from leadmodel_predictor.http.types import Receive, Scope, Send
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.reload import Reloads


class Application:
    """One predictor. POST /predict never comes here: connections answer such a request with `predict` themselves."""

    def __init__(self, model: Model, reloads: Reloads) -> None:
        self.predict, self.batch = Predict(model), Batch(model)
        self.ops = Ops(model, reloads)
        self.router = self.ops.router()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Route a request by its path."""
        match scope["path"]:
            case self.predict.path:
                return self.predict.refuse_method(scope, receive, send)
            case "/predict/batch":
                return self.batch.many(scope, receive, send)
            case _:
                return self.router(scope, receive, send)
