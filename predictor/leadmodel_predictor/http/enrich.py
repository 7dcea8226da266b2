"""POST /enrich and POST /enrich/batch: what texts say, one or many in a body.

Texts take turns, so that a lead waits for one slice of them. No refusal, log or metric holds a text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from leadmodel_predictor.http.errors import JSON_TYPE, ClientDisconnected, Refused, send_refusal
from leadmodel_predictor.http.inputs import flag, read_body
from leadmodel_predictor.http.predict import POST_ONLY
from leadmodel_predictor.http.text_batch import NO_HEADS, Asked, many, one
from leadmodel_predictor.http.turns import Turns
from leadmodel_predictor.serving.text_slot import answered
from leadmodel_text.enrich import HEADS

if TYPE_CHECKING:
    from leadmodel_predictor.http.types import Receive, Scope, Send
    from leadmodel_predictor.serving.text_model import TextModel
    from leadmodel_predictor.serving.text_slot import TextSlot

MAX_BODY, MAX_BATCH_BODY = 1 << 20, 16 << 20
PART = 500  # answers
LONG = 300  # characters
MAX_BATCHES = 4  # that wait or are answered, for each holds its body
NO_MODEL = Refused(404, "$", "no text model is loaded")
LOADING = Refused(503, "$", "the text model is being loaded; try again in a second", (b"retry-after", b"1"))
BUSY = Refused(503, "$", "too many batches wait already; try again in a second", (b"retry-after", b"1"))

encode = msgspec.json.Encoder().encode


class Flags(NamedTuple):
    """Flags of the query: whether refused intents are shown, and whether the texts come in just now, and so count for drift."""

    refused: bool
    live: bool


class Enrich:
    """The texts of one process; `texts` is None where the process was started without a text model."""

    def __init__(self, texts: TextModel | None) -> None:
        self.texts = texts
        self._turns = Turns()
        self._batches = 0

    async def one(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one text as an ASGI application."""
        await self._respond(scope, receive, send, self._one)

    async def many(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a batch of texts as an ASGI application."""
        await self._respond(scope, receive, send, self._many)

    async def _respond(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        work: Callable[[Scope, Receive], Awaitable[list[bytes]]],
    ) -> None:
        count = self.texts.metrics.answered if self.texts is not None else lambda _: None
        try:
            if scope["method"] != "POST":
                raise POST_ONLY
            parts = await work(scope, receive)
        except Refused as refused:
            count(refused.code)
            await send_refusal(send, refused)
            return
        except ClientDisconnected:
            return
        count(200)
        headers = [JSON_TYPE, (b"content-length", b"%d" % sum(map(len, parts)))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for part in parts[:-1]:
            await send({"type": "http.response.body", "body": part, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": parts[-1]})

    async def _one(self, scope: Scope, receive: Receive) -> list[bytes]:
        flags = Flags(flag(scope["query_string"], "refused"), live=True)
        body = await read_body(scope, await receive(), receive, MAX_BODY)
        async with self._turns:
            started = perf_counter()
            texts, slot = self._loaded()
            asked = one(body)
            answer = encode(await _answer(texts, slot, _checked(slot, asked), flags))
            texts.metrics.took(perf_counter() - started)
        return [answer]

    async def _many(self, scope: Scope, receive: Receive) -> list[bytes]:
        query = scope["query_string"]
        flags = Flags(flag(query, "refused"), flag(query, "live"))
        body = await read_body(scope, await receive(), receive, MAX_BATCH_BODY)
        if self._batches >= MAX_BATCHES:
            raise BUSY
        self._batches += 1
        try:
            async with self._turns:
                return await self._batch(body, flags)
        finally:
            self._batches -= 1

    async def _batch(self, body: bytes, flags: Flags) -> list[bytes]:
        texts, slot = self._loaded()
        batch = await many(body, self._turns.rest)
        for place, asked in enumerate(batch.asked):
            try:
                _checked(slot, asked)
            except Refused as refused:
                raise Refused(422, batch.at(place, refused.field), str(refused)) from None
            await self._turns.rest()
        answers: list[bytes] = []
        columns: dict[str, list[bytes]] = {name: [] for name in batch.columns or ()}
        for asked in batch.asked:
            answer = await _answer(texts, slot, asked, flags)
            if batch.columns is None:
                answers.append(encode(answer))
            for name, values in columns.items():
                values.append(encode(answer[name]))
            await self._turns.rest()
        return [b"[", *_joined(answers), b"]"] if batch.columns is None else _joined_columns(slot, columns)

    def _loaded(self) -> tuple[TextModel, TextSlot]:
        if self.texts is None:
            raise NO_MODEL
        if self.texts.slot is None:
            raise NO_MODEL if self.texts.looked else LOADING
        return self.texts, self.texts.slot


def _checked(slot: TextSlot, asked: Asked) -> Asked:
    """Check what no type says: heads and a language that the text model knows. Raises Refused."""
    if asked.want is not None and not set(asked.want).issubset(HEADS):
        raise Refused(422, "$.want", NO_HEADS)
    if asked.language is not None and asked.language not in slot.languages:
        raise Refused(422, "$.language", f"must be null or one of {', '.join(slot.languages)}")
    return asked


async def _answer(texts: TextModel, slot: TextSlot, asked: Asked, flags: Flags) -> dict[str, Any]:
    """Answer one text and count the text; a thread answers a long one, because threads give way to leads every half of a millisecond."""
    want = HEADS if asked.want is None else asked.want
    work = partial(answered, slot, asked.text, asked.language, want, refused=flags.refused)
    found = await asyncio.to_thread(work) if len(asked.text) > LONG else work()
    texts.count(slot, found, live=flags.live)
    return found.answer


def _joined(values: list[bytes]) -> list[bytes]:
    """The values with commas between them, in parts of which each is joined and written in a moment."""
    groups = [b",".join(values[at : at + PART]) for at in range(0, len(values), PART)]
    return [part for group in groups for part in (b",", group)][1:]


def _joined_columns(slot: TextSlot, columns: dict[str, list[bytes]]) -> list[bytes]:
    tail = encode({"model": slot.document.name, "version": slot.document.version})
    parts = [b"{"]
    for name, values in columns.items():
        parts += [b"%b:[" % encode(name), *_joined(values), b"],"]
    return [*parts, tail[1:]]
