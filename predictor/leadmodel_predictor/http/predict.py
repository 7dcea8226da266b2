"""POST /predict: decode a lead, score it with all slots, remember it for the drift window, answer. Nothing else is on this path."""

from time import perf_counter, time
from typing import Any

import msgspec

from leadmodel_predictor.http.errors import Refused, refusal, send_refusal
from leadmodel_predictor.http.no_json import why_no_json
from leadmodel_predictor.http.shares import LeadEntry, single
from leadmodel_predictor.http.types import Receive, Scope, Send
from leadmodel_predictor.serving.canary import Canary
from leadmodel_predictor.serving.decode import BadLead, path_of
from leadmodel_predictor.serving.fields import NAN
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.remember import UNREADABLE, remember, remember_refused, scored

POST_ONLY = Refused(405, "$", "use POST", (b"allow", b"POST"))
NO_SCORE = "the model has no finite score for this lead"

encode = msgspec.json.Encoder().encode


class Predict:
    """The inline endpoint of one process: connections call `answer` with each whole body."""

    path = "/predict"
    max_body_bytes = 1 << 20

    def __init__(self, model: Model) -> None:
        self.model = model
        self.count_score = model.metrics.scores.seen

    def answer(self, body: bytes) -> bytes:
        """The JSON answer to one lead, counted in the metrics.

        Raises:
            Refused: the body is too large, no lead, or a lead without a finite score.
        """
        started = perf_counter()
        requests = self.model.metrics.requests
        if len(body) > self.max_body_bytes:
            raise self.too_large()
        try:
            answer = self.score(body, started)
        except BadLead as error:
            requests.answered("predict", 422)
            raise refusal(error) from None
        requests.predicted(perf_counter() - started)
        return answer

    def too_large(self) -> Refused:
        """Count and return the refusal of a body over the limit."""
        self.model.metrics.requests.answered("predict", 413)
        return Refused(413, "$", f"the body may have at most {self.max_body_bytes} bytes")

    async def refuse_method(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Answer every method but POST with 405."""
        self.model.metrics.requests.answered("predict", 405)
        await send_refusal(send, POST_ONLY)

    def score(self, body: bytes, started: float) -> bytes:
        """Score one lead, and remember the lead for the drift window. `started` is of the monotonic clock (s). Raises BadLead."""
        ring = self.model.ring
        slots = ring.slots
        reader = slots.reader
        examined = self.model.metrics.examined
        now = time()
        if not ring.begins <= now < ring.ends:
            ring.turn(now)
        try:
            lead = reader.decode(body)
            hour = ring.clock_hour if reader.time is None else reader.hour(lead, ring.clock_hour)
            score, values = scored(reader, lead, hour, body)
        except UNREADABLE as error:
            remember_refused(self.model, ring, body, now)
            examine(self.model, body, started)
            raise unreadable(error, body) from None
        if started >= examined.due:
            examine(self.model, body, started)
        if reader.others is None and score == score:  # noqa: PLR0124  # no NaN
            ring.row[hour] += 1
            ring.add((now, hour, values, score, None, NAN))
        elif slots.canary is None:
            remember(self.model, ring, slots, lead, (now, hour, values, score))
            if score != score:  # noqa: PLR0124  # NaN
                raise BadLead("$", NO_SCORE)
        else:
            return self.shared(slots.canary, lead, (now, hour, values, score), body, started)
        self.count_score(score)
        return b'{"score":' + encode(score) + slots.tail

    def shared(self, canary: Canary, lead: Any, entry: LeadEntry, body: bytes, started: float) -> bytes:
        """Remember one lead that the champion has read, and answer it by the model whose share the lead belongs to. Raises BadLead."""
        score, tail = single(self.model, canary, lead, entry, body=body, started=started)
        if score != score:  # noqa: PLR0124  # NaN
            raise BadLead("$", NO_SCORE)
        self.count_score(score)
        return b'{"score":' + encode(score) + tail


def examine(model: Model, body: bytes, at: float) -> None:
    """Count the fields of a lead, where one more may be examined, and the scores that wait. `at` is of the monotonic clock (s)."""
    model.metrics.examined.look(model.slots.reader, body, at)
    model.metrics.scores.fold()


def unreadable(error: Exception, body: bytes) -> BadLead:
    """The error of a body as a JSON path and a sentence that holds no text of the body."""
    match error:
        case BadLead():
            return error
        case msgspec.ValidationError():
            path, sentence = path_of(error)
            is_list = path == "$" and sentence == "Expected object, got array"
            return BadLead(path, f"{sentence}; many leads go to /predict/batch" if is_list else sentence)
        case _:
            return BadLead("$", why_no_json(error, body))
