"""POST /predict as raw ASGI: read the body, decode, score by both slots, remember, answer. Nothing else is on this path."""

from contextlib import suppress
from time import perf_counter, time
from typing import Any

import msgspec

from leadmodel_predictor.http.answers import (
    Gone,
    Receive,
    Refused,
    Scope,
    Send,
    Starts,
    read_body,
    refusal,
    refuse,
)
from leadmodel_predictor.serving.decode import NAN, UNSCORED, BadLead, Reader, Scored, Values, path_of
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.ring import Ring

MAX_BODY = 1 << 20
UNREADABLE = (msgspec.DecodeError, BadLead, UnicodeDecodeError, RecursionError)
POST_ONLY = Refused(405, "$", "use POST", (b"allow", b"POST"))
TOO_LARGE = Refused(413, "$", f"the body may have at most {MAX_BODY} bytes")
NO_SCORE = "the model has no finite score for this lead"

encode = msgspec.json.Encoder().encode


class Predict:
    """The hot path of one process."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.starts = Starts()

    async def one(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        started = perf_counter()
        requests = self.model.metrics.requests
        try:
            message = await receive()
            if message.get("more_body", True):
                body = await read_body(scope, message, receive, MAX_BODY)
            else:
                body = message["body"]
                if len(body) > MAX_BODY:
                    raise TOO_LARGE
            answer = self.score(body)
        except (BadLead, Refused) as error:
            found = refusal(error)
            requests.answered("predict", found.code)
            await refuse(send, found)
            return
        except Gone:
            return
        await send(self.starts[len(answer)])
        await send({"type": "http.response.body", "body": answer})
        requests.predicted(perf_counter() - started)

    async def wrong_method(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Everything but POST."""
        self.model.metrics.requests.answered("predict", 405)
        await refuse(send, POST_ONLY)

    def score(self, body: bytes) -> bytes:
        """The answer to one lead. Raises BadLead."""
        ring = self.model.ring
        slots = ring.slots
        reader = slots.reader
        now = time()
        if not ring.begins <= now < ring.ends:
            ring.turn(now)
        try:
            lead = reader.decode(body)
            hour = ring.clock_hour if reader.time is None else reader.hour(lead, ring.clock_hour)
        except UNREADABLE as error:
            remember_refused(self.model, ring, body, now)
            raise unreadable(error) from None
        score, values = scored(reader, lead, hour)
        if reader.second is None and score == score:  # noqa: PLR0124  # no NaN
            ring.row[hour] += 1
            ring.add((now, hour, values, score, None, NAN))
        else:
            remember(self.model, ring, lead, (now, hour, values, score))
            if score != score:  # noqa: PLR0124  # NaN
                raise BadLead("$", NO_SCORE)
        return b'{"score":' + encode(score) + slots.tail


def scored(reader: Reader, lead: Any, hour: int) -> Scored:
    """Score and values of a lead; the score is NaN where arithmetic fails."""
    try:
        return reader.score(lead, hour)
    except UNSCORED:
        return NAN, reader.values(lead, hour)


def remember(model: Model, ring: Ring, lead: Any, found: tuple[float, int, Values | None, float]) -> None:
    """Score for the previous model too and put the lead into the ring. `found`: time, hour, values, score."""
    second, hour = ring.slots.reader.second, found[1]
    other: Scored = NAN, None
    if second is not None:
        with suppress(*UNSCORED):
            other = second(lead, hour, found[2])
        if other[0] != other[0]:  # NaN
            model.metrics.bad_previous()
    if found[3] != found[3]:  # NaN
        model.metrics.bad_champion()
    ring.row[hour] += 1
    ring.add((*found, other[1], other[0]))


def remember_refused(model: Model, ring: Ring, body: bytes, now: float) -> None:
    """A lead the champion refuses is bad for it; for the previous model only if that one would refuse it too."""
    model.metrics.bad_champion()
    hour = ring.clock_hour
    other: Scored = NAN, None
    reader = ring.slots.previous_reader
    if reader is not None:
        hour, other = _read(reader, body, hour)
        if other[0] != other[0]:  # NaN
            model.metrics.bad_previous()
    ring.add((now, hour, None, NAN, other[1], other[0]))


def _read(reader: Reader, body: bytes, now_hour: int) -> tuple[int, Scored]:
    try:
        lead = reader.decode(body)
        hour = reader.hour(lead, now_hour)
    except UNREADABLE:
        return now_hour, (NAN, None)
    return hour, scored(reader, lead, hour)


def unreadable(error: Exception) -> BadLead:
    """What is wrong with a body, as a path and a sentence without any of its text."""
    match error:
        case BadLead():
            return error
        case msgspec.ValidationError():
            return BadLead(*path_of(error))
        case _:
            return BadLead("$", "the body is not a JSON document in UTF-8, or is nested too deeply")
