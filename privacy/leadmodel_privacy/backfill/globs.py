"""Redis' own glob patterns for keys, matched here so that several patterns need one scan and each key counts once."""

import re
from collections.abc import Iterable
from itertools import takewhile

_CLASS = re.compile(rb"\[(\^?)((?:\\.|[^\]\\])*)\]?", re.DOTALL)


def compiled(patterns: Iterable[str]) -> re.Pattern[bytes]:
    """One expression for all patterns; use `fullmatch`."""
    return re.compile(b"|".join(b"(?:%b)" % _translate(p.encode()) for p in patterns), re.DOTALL)


def _translate(pattern: bytes) -> bytes:
    found, place = [], 0
    while place < len(pattern):
        sign = pattern[place : place + 1]
        if sign == b"[" and (match := _CLASS.match(pattern, place)) is not None:
            found.append(_char_class(match[1], match[2]))
            place = match.end()
            continue
        if sign == b"\\" and place + 1 < len(pattern):
            place += 1
            sign = re.escape(pattern[place : place + 1])
        else:
            sign = {b"*": b".*", b"?": b"."}.get(sign) or re.escape(sign)
        found.append(sign)
        place += 1
    return b"".join(found)


def _char_class(negated: bytes, body: bytes) -> bytes:
    """A class as Redis reads it: ranges may be written backwards, an empty one matches nothing."""
    parts = re.findall(rb"(\\.|[^\\])-(\\.|[^\\])|(\\.|[^\\])", body, re.DOTALL)
    found = []
    for low, high, single in parts:
        if single:
            found.append(re.escape(single[-1:]))
        else:
            ends = sorted((low[-1:], high[-1:]))
            found.append(re.escape(ends[0]) + b"-" + re.escape(ends[1]))
    if not found:
        return b"." if negated else b"(?!)"
    return b"[" + (b"^" if negated else b"") + b"".join(found) + b"]"


def server_match(patterns: tuple[str, ...]) -> bytes:
    """What the server may sort out itself: the pattern, or what all patterns begin with."""
    if len(patterns) == 1:
        return patterns[0].encode()
    plain = [re.split(r"[*?\[\\]", p, maxsplit=1)[0] for p in patterns]
    shared = takewhile(lambda signs: len(set(signs)) == 1, zip(*plain, strict=False))
    return "".join(signs[0] for signs in shared).encode() + b"*"
