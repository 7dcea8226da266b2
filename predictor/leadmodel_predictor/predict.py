"""POST /predict and /predict/batch as raw ASGI: read the body, decode, score, remember, answer. Nothing else is on this path."""

import json
import math
from time import perf_counter, time
from typing import Any

import msgspec

from leadmodel_predictor.decode import BadLead, path_of
from leadmodel_predictor.model import Model

MAX_BODY, MAX_BATCH_BODY, MAX_BATCH = 1 << 20, 32 << 20, 10_000
MAX_IN_FLIGHT = 512
_NAN = float("nan")


class TooLarge(Exception):  # noqa: N818  # what it is
    """The body is over its limit."""


class Gone(Exception):  # noqa: N818  # what it is
    """The client left."""


async def read_body(receive: Any, limit: int) -> bytes:
    """The whole body. Raises TooLarge, Gone."""
    message = await receive()
    body: bytes = message.get("body", b"")
    more = message.get("more_body", False)
    if message["type"] == "http.disconnect":
        raise Gone
    if not more:
        if len(body) > limit:
            raise TooLarge
        return body
    parts, size = [body], len(body)
    while more:
        if size > limit:
            raise TooLarge
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        more = message.get("more_body", False)
    if size > limit:
        raise TooLarge
    return b"".join(parts)


class Predict:
    """The hot path of one process."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.draining = False
        self.in_flight = 0

    async def one(self, receive: Any, send: Any) -> None:
        """Score one lead."""
        started = perf_counter()
        metrics = self.model.metrics
        try:
            body = await read_body(receive, MAX_BODY)
            answer = self.score(body)
        except BadLead as error:
            await self.refuse(send, 422, error.field, str(error))
            metrics.codes["predict", 422]()
            return
        except TooLarge:
            await self.refuse(send, 413, "$", f"a lead may have at most {MAX_BODY} bytes", close=True)
            metrics.codes["predict", 413]()
            return
        except Gone:
            return
        await self.send(send, 200, answer)
        metrics.ok()
        metrics.took(perf_counter() - started)

    def score(self, body: bytes) -> bytes:
        """The answer to one lead. Raises BadLead."""
        model = self.model
        slots = model.slots
        now = time()
        now_hour = int(now // 3600 % 24)
        reader = slots.reader
        try:
            lead = reader.decode(body)
            hour = reader.hour(lead, now_hour)
        except (msgspec.DecodeError, BadLead, UnicodeDecodeError, RecursionError) as error:
            self.remember_bad(now, now_hour)
            raise refused(error) from None
        values = reader.values(lead, hour)
        score = _safe(slots.champion.scorer, values)
        self._remember(now, hour, lead, values, score)
        if score != score:  # noqa: PLR0124  # NaN
            raise BadLead("$", "the model has no finite score for this lead")
        return b'{"score":%b%b' % (repr(score).encode(), slots.tail)

    def _remember(self, now: float, hour: int, lead: Any, values: Any, score: float) -> None:
        slots, ring = self.model.slots, self.model.ring
        other, other_score = None, _NAN
        if slots.previous is not None:
            other = slots.reader.previous_values(lead, hour, values)
            other_score = _NAN if other is None else _safe(slots.previous.scorer, other)
            if other_score != other_score:  # noqa: PLR0124  # NaN
                self.model.metrics.bad_previous()
        ring.add((now, hour, values, score, other, other_score))
        ring.count_hour(now, hour)

    def remember_bad(self, now: float, hour: int) -> None:
        """A lead the champion refuses counts as bad; for the previous model it counts as bad too, for neither could read it."""
        slots = self.model.slots
        self.model.ring.add((now, hour, None, _NAN, None, _NAN))
        self.model.metrics.bad_champion()
        if slots.previous is not None:
            self.model.metrics.bad_previous()

    async def many(self, receive: Any, send: Any, *, live: bool) -> None:
        """Score a list of leads."""
        started = perf_counter()
        metrics = self.model.metrics
        try:
            body = await read_body(receive, MAX_BATCH_BODY)
            answer, count = self.score_many(body, live=live)
        except BadLead as error:
            await self.refuse(send, 422, error.field, str(error))
            metrics.codes["batch", 422]()
            return
        except TooLarge:
            await self.refuse(send, 413, "$", f"a batch may have at most {MAX_BATCH_BODY} bytes", close=True)
            metrics.codes["batch", 413]()
            return
        except Gone:
            return
        await self.send(send, 200, answer)
        metrics.codes["batch", 200]()
        metrics.batch_leads(count)
        metrics.batch_took(perf_counter() - started)

    def score_many(self, body: bytes, *, live: bool) -> tuple[bytes, int]:
        """The answers to a list of leads, in order. Raises BadLead for the first that is refused; then none is counted."""
        slots = self.model.slots
        now = time()
        now_hour = int(now // 3600 % 24)
        reader = slots.reader
        try:
            leads = self._some(reader.decode_many(body))
            hours = [self._hour_of(i, lead, now_hour) for i, lead in enumerate(leads)]
        except (msgspec.DecodeError, BadLead, UnicodeDecodeError, RecursionError) as error:
            raise refused(error) from None
        rows = [reader.values(lead, hour) for lead, hour in zip(leads, hours, strict=True)]
        scores = [_safe(slots.champion.scorer, values) for values in rows]
        for i, score in enumerate(scores):
            if not math.isfinite(score):
                raise BadLead(f"$[{i}]", "the model has no finite score for this lead")
        if live:
            for lead, hour, values, score in zip(leads, hours, rows, scores, strict=True):
                self._remember(now, hour, lead, values, score)
        tail = slots.tail
        return b"[" + b",".join([b'{"score":%b%b' % (repr(s).encode(), tail) for s in scores]) + b"]", len(
            scores
        )

    def _some(self, leads: list[Any]) -> list[Any]:
        if len(leads) > MAX_BATCH:
            raise BadLead("$", f"a batch may have at most {MAX_BATCH} leads")
        return leads

    def _hour_of(self, i: int, lead: Any, now_hour: int) -> int:
        try:
            return self.model.slots.reader.hour(lead, now_hour)
        except BadLead as error:
            raise BadLead(f"$[{i}]{error.field[1:]}", str(error)) from None

    async def refuse(self, send: Any, code: int, field: str, message: str, *, close: bool = False) -> None:
        """An error with the path of what is wrong."""
        body = json.dumps({"error": message, "field": field}).encode()
        extra = [(b"retry-after", b"1")] if code == 503 else []
        await self.send(send, code, body, close=close, extra=extra)

    async def send(self, send: Any, code: int, body: bytes, *, close: bool = False, extra: Any = ()) -> None:
        """One JSON answer."""
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body)), *extra]
        if close or self.draining:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": code, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _safe(scorer: Any, values: Any) -> float:
    """The score, NaN where arithmetic fails."""
    try:
        score: float = scorer(*values)
    except (OverflowError, ValueError, TypeError):
        return _NAN
    return score


def refused(error: Exception) -> BadLead:
    """What is wrong with a body, as a path and a sentence without any of its text."""
    match error:
        case BadLead():
            return error
        case msgspec.ValidationError():
            return BadLead(*path_of(error))
        case _:
            return BadLead("$", "the body is not a JSON document in UTF-8")
