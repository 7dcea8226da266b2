"""The ASGI application: batches in front, everything else behind Starlette's router."""

from collections.abc import Awaitable

from leadmodel_predictor.http.batch import Batch
from leadmodel_predictor.http.enrich import Enrich
from leadmodel_predictor.http.ops import Ops
from leadmodel_predictor.http.predict import Predict
from leadmodel_predictor.http.types import Receive, Scope, Send
from leadmodel_predictor.serving.challengers import Challengers
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.reload import Reloads
from leadmodel_predictor.serving.text_model import TextModel


class Application:
    """One predictor. POST /predict never comes here: connections answer such a request with `predict` themselves.

    `texts` is None where the process was started without a text model, `challengers` where it takes none.
    """

    def __init__(
        self,
        model: Model,
        reloads: Reloads,
        texts: TextModel | None = None,
        challengers: Challengers | None = None,
    ) -> None:
        self.predict, self.batch, self.enrich = Predict(model), Batch(model), Enrich(texts)
        self.texts = texts
        self.watches = [watch for watch in (texts, challengers) if watch is not None]
        self.ops = Ops(model, reloads, texts, challengers)
        self.router = self.ops.router()

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Route a request by its path."""
        match scope["path"]:
            case self.predict.path:
                return self.predict.refuse_method(scope, receive, send)
            case "/predict/batch":
                return self.batch.many(scope, receive, send)
            case "/enrich":
                return self.enrich.one(scope, receive, send)
            case "/enrich/batch":
                return self.enrich.many(scope, receive, send)
            case _:
                return self.router(scope, receive, send)
