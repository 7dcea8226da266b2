"""The texts of a batch: a list of requests, or an object whose columns hold the texts and languages. Nothing is answered before all are read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple

import msgspec

from leadmodel_messages.window import TEXT_HEADS
from leadmodel_predictor.http.errors import Refused
from leadmodel_predictor.http.json_items import Rest, member, split
from leadmodel_predictor.http.no_json import TEXT, why_no_json
from leadmodel_predictor.serving.decode import path_of
from leadmodel_predictor.serving.fields import MAX_TEXT
from leadmodel_text.enrich import HEADS

MAX_TEXTS = 10_000
MAX_COLUMNS = 100  # of a batch, known or not
MAX_SHORT = 1000  # bytes of the column `want`
NO_HEADS = f"must be some of {', '.join(HEADS)}"
_BATCH = re.compile(rb"[ \t\r\n]*([\[{])")
_BAD = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_Text = Annotated[str, msgspec.Meta(max_length=MAX_TEXT)]
_Heads = Annotated[list[str], msgspec.Meta(min_length=1, max_length=len(TEXT_HEADS))]


class Asked(msgspec.Struct, gc=False):
    """One text with its language, where the caller knows it, and the heads that are wanted; None: all."""

    text: _Text
    language: str | None = None
    want: _Heads | None = None


class Batch(NamedTuple):
    """The texts of a batch; of texts that came in columns the names of the columns of the answer, in the order of a single answer."""

    asked: list[Asked]
    columns: tuple[str, ...] | None = None

    def at(self, place: int, field: str) -> str:
        """Give the path in the batch of a field of one text."""
        if self.columns is None:
            return f"$[{place}]{field[1:]}"
        return field if field == "$.want" else f"{field}[{place}]"


_asked = msgspec.json.Decoder(Asked).decode
_key = msgspec.json.Decoder(str).decode
_text = msgspec.json.Decoder(_Text).decode
_language = msgspec.json.Decoder(str | None).decode
_want = msgspec.json.Decoder(_Heads | None).decode


def one(body: bytes) -> Asked:
    """The text of a body. Raises Refused."""
    try:
        return _asked(body)
    except msgspec.ValidationError as error:
        path, sentence = path_of(error)
        more = "; many texts go to /enrich/batch" if (path, sentence[-5:]) == ("$", "array") else ""
        raise Refused(422, path, sentence + more) from None
    except _BAD as error:
        raise Refused(422, "$", why_no_json(error, body, TEXT)) from None


async def many(body: bytes, rest: Rest) -> Batch:
    """The texts of a batch; `rest` is awaited now and then. Raises Refused."""
    kind = _BATCH.match(body)
    if kind is None:
        raise Refused(422, "$", why_no_json(msgspec.DecodeError("(byte 0)"), body, TEXT))
    if kind[1] == b"{":
        return await _columns(body, rest)
    rows = await split(body, MAX_TEXTS, rest)
    return Batch([_read(_asked, row, f"$[{i}]") async for i, row in _rested(rows, rest)])


async def _columns(body: bytes, rest: Rest) -> Batch:
    columns: dict[str, bytes] = {}
    for item in await split(body, MAX_COLUMNS, rest):
        pair = member(item)
        if pair is None:
            raise Refused(422, "$", "this is no JSON object")
        columns[_read(_key, pair[0], "$")] = pair[1]
    if "text" not in columns:
        raise Refused(422, "$.text", "is required")
    texts = await _column(_text, columns["text"], "$.text", rest)
    languages: list[str | None] = [None] * len(texts)
    if not _is_null(columns.get("language", b"null")):
        languages = await _column(_language, columns["language"], "$.language", rest)
    if len(languages) != len(texts):
        raise Refused(422, "$.language", "must be as long as the column text")
    if len(want := columns.get("want", b"null")) > MAX_SHORT:
        raise Refused(422, "$.want", "must name heads")
    heads = _read(_want, want, "$.want")
    if heads is not None and not set(heads).issubset(HEADS):
        raise Refused(422, "$.want", NO_HEADS)  # here, because a column of no texts has no text to check
    asked = [Asked(text, language, heads) for text, language in zip(texts, languages, strict=True)]
    return Batch(asked, (*(head for head in HEADS if heads is None or head in heads), "truncated"))


async def _column(decode: Callable[[bytes], Any], value: bytes, path: str, rest: Rest) -> list[Any]:
    if not value.lstrip()[:1] == b"[":
        raise Refused(422, path, "Expected array")
    items = await split(value, MAX_TEXTS, rest, path)
    return [_read(decode, item, f"{path}[{i}]") async for i, item in _rested(items, rest)]


async def _rested(items: list[bytes], rest: Rest) -> Any:
    for numbered in enumerate(items):
        await rest()
        yield numbered


def _is_null(value: bytes) -> bool:
    return value.strip() == b"null" if len(value) < MAX_SHORT else False


def _read(decode: Callable[[bytes], Any], item: bytes, path: str) -> Any:
    try:
        return decode(item)
    except msgspec.ValidationError as error:
        inside, sentence = path_of(error)
        raise Refused(422, f"{path}{inside[1:]}", sentence) from None
    except _BAD:
        raise Refused(422, path, "this is no JSON in UTF-8") from None
