"""POST /predict: decode a lead, score it with all slots, remember it for the drift window, answer. Nothing else is on this path."""

from time import perf_counter, time
from typing import Any

import msgspec

from leadmodel_predictor.http.errors import Refused, refusal, send_refusal
from leadmodel_predictor.http.no_json import why_no_json
from leadmodel_predictor.http.types import Receive, Scope, Send
from leadmodel_predictor.serving.decode import UNSCORED, BadLead, Reader, path_of, safe_score
from leadmodel_predictor.serving.fields import NAN, Scored, Values
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.ring import Entry, Ring
from leadmodel_predictor.serving.slots import Slots

UNREADABLE = (msgspec.DecodeError, BadLead, UnicodeDecodeError, RecursionError)
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
        else:
            remember(self.model, ring, slots, lead, (now, hour, values, score))
            if score != score:  # noqa: PLR0124  # NaN
                raise BadLead("$", NO_SCORE)
        self.count_score(score)
        return b'{"score":' + encode(score) + slots.tail


def scored(reader: Reader, lead: Any, hour: int, body: bytes) -> Scored:
    """The champion's score and values of a lead; the score is NaN where arithmetic fails.

    Raises:
        BadLead: the body names no field that the champion reads, or has a word for missing where a value is required.
    """
    try:
        scored = reader.score(lead, hour)
    except UNSCORED:
        return NAN, reader.values(lead, hour)
    if scored[1] is not None:
        return scored
    reader.check_names(body)
    reader.check_words((lead,))
    values = reader.values(lead, hour)
    return safe_score(reader.scorer, values), values


def remember(
    model: Model, ring: Ring, slots: Slots, lead: Any, entry: tuple[float, int, Values | None, float]
) -> None:
    """Score a lead for the other models too and put the lead into the ring.

    Args:
        model: counts leads that a slot refuses.
        ring: the drift window.
        slots: the models that decoded the lead; a challenger that came or went since then is not theirs.
        lead: as the champion decoded it.
        entry: time in Unix seconds, UTC hour, the champion's values and score (NaN: none).
    """
    reader, hour = slots.reader, entry[1]
    other: Scored = NAN, None
    if reader.previous_score is not None:
        try:
            other = reader.previous_score(lead, hour, entry[2])
        except UNSCORED:
            other = NAN, None
        if other[0] != other[0]:  # NaN
            model.metrics.bad_previous()
    if entry[3] != entry[3]:  # NaN
        model.metrics.bad_champion()
    ring.row[hour] += 1
    if reader.challenger_score is None or ring.slots is not slots:
        ring.add((*entry, other[1], other[0]))
        return
    try:
        score, values = reader.challenger_score(lead, hour, entry[2])
    except UNSCORED:
        score, values = NAN, None
    ring.add((*entry, other[1], other[0], values, score))


def remember_refused(model: Model, ring: Ring, body: bytes, now: float) -> None:
    """Count a lead that the champion refuses as bad for the champion, and for the other models if they refuse the lead too."""
    model.metrics.bad_champion()
    hour = ring.clock_hour
    other: Scored = NAN, None
    reader = ring.slots.previous_reader
    if reader is not None:
        hour, other = _read(reader, body, hour)
        if other[0] != other[0]:  # NaN
            model.metrics.bad_previous()
    entry: Entry = (now, hour, None, NAN, other[1], other[0])
    challenger = ring.slots.challenger
    if challenger is not None:
        _, (score, values) = _read(challenger.reader, body, hour)
        entry = (*entry, values, score)
    ring.add(entry)


def examine(model: Model, body: bytes, at: float) -> None:
    """Count the fields of a lead, where one more may be examined, and the scores that wait. `at` is of the monotonic clock (s)."""
    model.metrics.examined.look(model.slots.reader, body, at)
    model.metrics.scores.fold()


def _read(reader: Reader, body: bytes, now_hour: int) -> tuple[int, Scored]:
    try:
        lead = reader.decode(body)
        hour = reader.hour(lead, now_hour)
        return hour, scored(reader, lead, hour, body)
    except UNREADABLE:
        return now_hour, (NAN, None)


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
