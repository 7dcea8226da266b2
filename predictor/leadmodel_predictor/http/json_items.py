"""Splits a long JSON list or object into its items, with a rest between short slices of work: a decoder would hold the loop all along.

Items come out as bytes that are still to be decoded, which is where their syntax is checked.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from leadmodel_predictor.http.errors import Refused

Rest = Callable[[], Awaitable[None]]

MAX_MARKS = 400_000  # strings, brackets and commas of a body
EVERY = 64  # marks between two rests
# possessive: what a plain repeat remembers for backtracking takes a hundred bytes per character of a string
_MARK = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["\[\]{},]', re.DOTALL)
_KEY = re.compile(rb'\s*("[^"\\]*+(?:\\.[^"\\]*+)*+")\s*:', re.DOTALL)
_BLANK = b" \t\r\n"
_OPEN, _CLOSE, _COMMA, _QUOTE = b"[{", b"]}", b",", b'"'


async def split(body: bytes, limit: int, rest: Rest, path: str = "$") -> list[bytes]:
    """The items of the list, or the members of the object, that a body is.

    Args:
        body: a list or an object.
        limit: items at most.
        rest: awaited now and then.
        path: of the body, for refusals.

    Raises:
        Refused: the body has more items, or is neither a list nor an object that ends where the body ends.
    """
    listed: list[bytes] = []
    depth = begin = 0
    for count, mark in enumerate(_MARK.finditer(body)):
        if count % EVERY == 0:
            await rest()
        sign = body[mark.start() : mark.start() + 1]
        if sign in _OPEN:
            begin, depth = (begin if depth else mark.end()), depth + 1
        elif sign in _CLOSE:
            depth -= 1
        if (depth == 1 and sign == _COMMA) or (depth == 0 and sign in _CLOSE):
            listed.append(body[begin : mark.start()])
            begin = mark.end()
        if len(listed) > limit:
            raise Refused(422, path, f"there may be at most {limit} texts")
        if depth <= 0 or count > MAX_MARKS or (sign == _QUOTE and mark.end() - mark.start() == 1):
            break
    if depth or body[begin:].strip(_BLANK) or not _is_enclosed(body):
        raise Refused(422, path, "this is no JSON list or object")
    return listed if len(listed) > 1 or listed[0].strip(_BLANK) else []


def _is_enclosed(body: bytes) -> bool:
    text = body.strip(_BLANK)
    return (text[:1], text[-1:]) in {(b"[", b"]"), (b"{", b"}")}


def member(item: bytes) -> tuple[bytes, bytes] | None:
    """Key, as JSON, and value of an object's member; None for what is none."""
    key = _KEY.match(item)
    return (key[1], item[key.end() :]) if key is not None else None
