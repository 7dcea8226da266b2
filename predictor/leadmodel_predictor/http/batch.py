"""POST /predict/batch: many leads in one body, as a list of leads or as columns, scored by one model and answered together.

Long batches are scored in pieces, so that single leads are answered in between.
"""

import asyncio
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import starmap
from operator import attrgetter
from time import perf_counter, time
from typing import Any

import msgspec

from leadmodel_artifact.compiler import Scorer
from leadmodel_predictor.http.errors import JSON_TYPE, ClientDisconnected, Refused, refusal, send_refusal
from leadmodel_predictor.http.inputs import flag, read_body
from leadmodel_predictor.http.predict import (
    NO_SCORE,
    POST_ONLY,
    UNREADABLE,
    examine,
    remember,
    remember_refused,
    unreadable,
)
from leadmodel_predictor.http.types import Receive, Scope, Send
from leadmodel_predictor.serving.decode import UNSCORED, BadLead, Reader, safe_score
from leadmodel_predictor.serving.fields import NAN, Values
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.ring import Ring
from leadmodel_predictor.serving.slots import MAX_BATCH, Slots

MAX_BODY = 16 << 20
MAX_OBJECTS = 100_000  # an empty lead takes three bytes on the wire and hundreds in memory
UNCOUNTED = 1 << 20  # bytes: empty leads that fit in here are bearable, and counting takes its time
MAX_COMMAS = 400_000
PIECE = 500
TEXT_PIECE = 10  # leads whose texts are read, some 0.1 ms each
_COLUMNAR = re.compile(rb"[ \t\r\n]*\{")
_INDEX = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True)
class Leads:
    """Decoded leads of one batch."""

    hours: list[int]
    values: Callable[[slice], list[Values]]
    scores: Callable[[slice], list[float]]  # raises what a scorer raises
    lead: Callable[[int], Any]
    is_bare: Callable[[int], bool]  # whether no field that the model reads has a value in a lead
    check_names: Callable[[int], None]  # raises BadLead for a lead without any field that the model reads
    piece: int  # leads that are scored before single leads are answered

    def parts(self) -> Iterator[slice]:
        """Slices of a batch, short enough for single leads to wait between them."""
        return (slice(at, at + self.piece) for at in range(0, len(self.hours), self.piece))


class Batch:
    """The batches of one process."""

    def __init__(self, model: Model) -> None:
        self.model = model

    async def many(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one batch as an ASGI application."""
        started = perf_counter()
        requests = self.model.metrics.requests
        try:
            if scope["method"] != "POST":
                raise POST_ONLY
            live = flag(scope["query_string"], "live")
            body = await read_body(scope, await receive(), receive, MAX_BODY)
            answer, count = await self.answer(body, live=live)
        except (BadLead, Refused) as error:
            refused = refusal(error)
            requests.answered("batch", refused.code)
            await send_refusal(send, refused)
            return
        except ClientDisconnected:
            return
        headers = [JSON_TYPE, (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})
        requests.batch(perf_counter() - started, count)
        self.model.metrics.batch_leads(count)

    async def answer(self, body: bytes, *, live: bool) -> tuple[bytes, int]:
        """The answers in order, and how many. Raises BadLead for the first lead that is refused; then no other is counted."""
        ring, now = self.model.ring, time()
        slots = ring.slots
        if not ring.begins <= now < ring.ends:
            ring.turn(now)
        columnar = _COLUMNAR.match(body) is not None
        try:
            leads = (_columns if columnar else _rows)(slots, body, ring.clock_hour)
            scores = await _scored(slots.champion.scorer, leads)
        except UNREADABLE as error:
            refused = unreadable(error, body)
            if live:
                lead = _one(body, refused.field, columnar=columnar)
                remember_refused(self.model, ring, lead, now)
                examine(self.model, lead, perf_counter())
            raise refused from None
        if live:
            await self._count(ring, slots, now, leads, scores)
        self.model.metrics.scores.add_batch(scores)
        return (_as_columns if columnar else _as_rows)(scores, slots.tail), len(scores)

    async def _count(self, ring: Ring, slots: Slots, now: float, leads: Leads, scores: list[float]) -> None:
        for part in leads.parts():
            rows = zip(leads.hours[part], leads.values(part), scores[part], strict=True)
            for i, (hour, values, score) in enumerate(rows, part.start):
                remember(self.model, ring, slots, leads.lead(i), (now, hour, values, score))
            await asyncio.sleep(0)


def _rows(slots: Slots, body: bytes, now_hour: int) -> Leads:
    reader = slots.reader
    if len(body) > UNCOUNTED and body.count(b"{") > MAX_OBJECTS:
        raise BadLead(
            "$", f"a batch may have at most {MAX_BATCH} leads; this one has over {MAX_OBJECTS} braces"
        )
    leads = reader.decode_many(body)
    if len(leads) > MAX_BATCH:
        raise BadLead("$", f"a batch may have at most {MAX_BATCH} leads")
    hours = _checked_hours(reader, leads, now_hour)
    parts: list[bytes] = []

    def check_names(i: int) -> None:
        if not parts:
            parts.extend(map(bytes, msgspec.json.decode(body, type=list[msgspec.Raw])))
        try:
            reader.check_names(parts[i])
        except BadLead as error:
            raise BadLead(f"$[{i}]", str(error)) from None

    return Leads(
        hours,
        values=lambda part: list(map(reader.values, leads[part], hours[part])),
        scores=lambda part: reader.scores(leads[part], hours[part]),
        lead=leads.__getitem__,
        is_bare=lambda i: reader.is_bare(leads[i]),
        check_names=check_names,
        piece=_piece(slots),
    )


def _piece(slots: Slots) -> int:
    return TEXT_PIECE if any(slot.artifact.text_models for slot in slots.loaded.values()) else PIECE


def _checked_hours(reader: Reader, leads: list[Any], now_hour: int) -> list[int]:
    try:
        reader.check_words(leads)
        if reader.time is None:
            return [now_hour] * len(leads)
        return reader.hours_of(list(map(attrgetter(reader.time), leads)), now_hour)
    except BadLead as error:
        raise BadLead(f"$[{error.index}]{error.field[1:]}", str(error)) from None


def _columns(slots: Slots, body: bytes, now_hour: int) -> Leads:
    reader = slots.columns
    columns = reader.columns(body)
    hours = reader.hours(columns, len(next(iter(columns.values()))), now_hour)
    rows = reader.parts(columns, hours)
    return Leads(
        hours,
        values=rows,
        scores=lambda part: list(starmap(slots.champion.scorer, rows(part))),
        lead=partial(reader.lead, columns),
        is_bare=lambda _: False,  # a column that is sent names its field
        check_names=lambda _: None,
        piece=_piece(slots),
    )


def _one(body: bytes, field: str, *, columnar: bool) -> bytes:
    """The refused lead of a batch, as the client sent it; empty where the body holds no leads."""
    place = _INDEX.search(field)
    at = int(place[1]) if place else 0
    if body.count(b",") > MAX_COMMAS or not (place or columnar):
        return b""
    try:
        if not columnar:
            return bytes(msgspec.json.decode(body, type=list[msgspec.Raw])[at])
        columns = msgspec.json.decode(body, type=dict[str, list[msgspec.Raw]])
        return msgspec.json.encode({source: column[at] for source, column in columns.items()})
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, IndexError):
        return b""


async def _scored(scorer: Scorer, leads: Leads) -> list[float]:
    scores: list[float] = []
    for part in leads.parts():
        try:
            scores += leads.scores(part)
        except UNSCORED:
            values = enumerate(leads.values(part), part.start)
            scores += [NAN if leads.is_bare(i) else safe_score(scorer, v) for i, v in values]
        await asyncio.sleep(0)
    if not math.isfinite(math.fsum(scores)):
        for place in [i for i, score in enumerate(scores) if not math.isfinite(score)]:
            scores[place] = _bare_score(scorer, leads, place)
    return scores


def _bare_score(scorer: Scorer, leads: Leads, place: int) -> float:
    """The score of a lead whose fields are all null. Raises BadLead for another lead without a finite score."""
    if leads.is_bare(place):
        leads.check_names(place)
        score = safe_score(scorer, leads.values(slice(place, place + 1))[0])
        if math.isfinite(score):
            return score
    raise BadLead(f"$[{place}]", NO_SCORE)


def _as_rows(scores: list[float], tail: bytes) -> bytes:
    if not scores:
        return b"[]"
    between = b'%b,{"score":' % tail
    return b'[{"score":%b%b]' % (msgspec.json.encode(scores)[1:-1].replace(b",", between), tail)


def _as_columns(scores: list[float], tail: bytes) -> bytes:
    return b'{"score":%b%b' % (msgspec.json.encode(scores), tail)
