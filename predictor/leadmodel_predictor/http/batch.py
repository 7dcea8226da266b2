"""POST /predict/batch: many leads in one body, as a list of leads or as columns, scored by one model and answered together.

Long batches are scored in pieces, so that single leads are answered in between.
"""

import asyncio
import math
import re
from time import perf_counter, time

import msgspec

from leadmodel_artifact.compiler import Scorer
from leadmodel_predictor.http.errors import JSON_TYPE, ClientDisconnected, Refused, refusal, send_refusal
from leadmodel_predictor.http.inputs import flag, read_body
from leadmodel_predictor.http.leads import Leads, columns, rows
from leadmodel_predictor.http.predict import NO_SCORE, POST_ONLY, examine, unreadable
from leadmodel_predictor.http.shares import Scores, Shared, batch
from leadmodel_predictor.http.types import Receive, Scope, Send
from leadmodel_predictor.serving.canary import Canary
from leadmodel_predictor.serving.decode import UNSCORED, BadLead, safe_score
from leadmodel_predictor.serving.fields import NAN
from leadmodel_predictor.serving.model import Model
from leadmodel_predictor.serving.remember import UNREADABLE, remember, remember_refused
from leadmodel_predictor.serving.ring import Ring
from leadmodel_predictor.serving.slots import Slots

MAX_BODY = 16 << 20
MAX_COMMAS = 400_000
_COLUMNAR = re.compile(rb"[ \t\r\n]*\{")
_INDEX = re.compile(r"\[(\d+)\]")


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
            leads = (columns if columnar else rows)(slots, body, ring.clock_hour)
            champion = await _scored(slots.champion.scorer, leads)
        except UNREADABLE as error:
            refused = unreadable(error, body)
            if live:
                lead = _one(body, refused.field, columnar=columnar)
                remember_refused(self.model, ring, lead, now)
                examine(self.model, lead, perf_counter())
            raise refused from None
        if slots.canary is not None:
            answers = await batch(self.model, slots, slots.canary, leads, champion, now=now if live else None)
            self.model.metrics.scores.add_batch(answers.scores)
            written = (
                _as_shared_columns(answers, slots) if columnar else _as_shared_rows(answers, slots.canary)
            )
            return written, len(answers.scores)
        if live:
            await self._count(ring, slots, now, leads, champion.scores)
        self.model.metrics.scores.add_batch(champion.scores)
        return (_as_columns if columnar else _as_rows)(champion.scores, slots.tail), len(champion.scores)

    async def _count(self, ring: Ring, slots: Slots, now: float, leads: Leads, scores: list[float]) -> None:
        for part in leads.parts():
            read = zip(leads.hours[part], leads.values(part), scores[part], strict=True)
            for i, (hour, values, score) in enumerate(read, part.start):
                remember(self.model, ring, slots, leads.lead(i), (now, hour, values, score))
            await asyncio.sleep(0)


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


async def _scored(scorer: Scorer, leads: Leads) -> Scores:
    scores: list[float] = []
    seconds = 0.0
    for part in leads.parts():
        begun = perf_counter()
        try:
            scores += leads.scores(part)
        except UNSCORED:
            values = enumerate(leads.values(part), part.start)
            scores += [NAN if leads.is_bare(i) else safe_score(scorer, v) for i, v in values]
        seconds += perf_counter() - begun
        await asyncio.sleep(0)
    if not math.isfinite(math.fsum(scores)):
        for place in [i for i, score in enumerate(scores) if not math.isfinite(score)]:
            scores[place] = _bare_score(scorer, leads, place)
    return Scores(scores, seconds)


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


def _as_shared_rows(answers: Shared, canary: Canary) -> bytes:
    tails = canary.champion_tail, canary.challenger_tail
    scored = zip(answers.scores, answers.is_challengers, strict=True)
    return b"[%b]" % b",".join(
        b'{"score":%b%b' % (msgspec.json.encode(score), tails[which]) for score, which in scored
    )


def _as_shared_columns(answers: Shared, slots: Slots) -> bytes:
    """Columns of scores and of the digests that scored; `model` and `version` are the champion's."""
    challenger = slots.loaded["challenger"].digest
    digests = [challenger if which else slots.champion.digest for which in answers.is_challengers]
    scores = msgspec.json.encode(answers.scores)
    return b'{"score":%b%b,"digest":%b}' % (scores, slots.tail[:-1], msgspec.json.encode(digests))
