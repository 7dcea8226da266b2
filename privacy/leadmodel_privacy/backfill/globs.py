"""Redis glob patterns for keys, matched here, so that several patterns need one scan and each key counts once."""

import re
from collections.abc import Iterable
from itertools import takewhile

_CLASS = re.compile(rb"\[(\^?)((?:\\.|[^\]\\])*)\]?", re.DOTALL)


def compiled(patterns: Iterable[str]) -> re.Pattern[bytes]:
    """One regular expression for all patterns, for `fullmatch`."""
    return re.compile(b"|".join(b"(?:%b)" % _translate(p.encode()) for p in patterns), re.DOTALL)


def _translate(pattern: bytes) -> bytes:
    parts, place = [], 0
    while place < len(pattern):
        sign = pattern[place : place + 1]
        if sign == b"[" and (match := _CLASS.match(pattern, place)) is not None:
            parts.append(_char_class(match[1], match[2]))
            place = match.end()
            continue
        if sign == b"\\" and place + 1 < len(pattern):
            place += 1
            sign = re.escape(pattern[place : place + 1])
        else:
            sign = {b"*": b".*", b"?": b"."}.get(sign) or re.escape(sign)
        parts.append(sign)
        place += 1
    return b"".join(parts)


def _char_class(negated: bytes, body: bytes) -> bytes:
    """A character class as Redis reads it: ranges may be written backwards, an empty class matches nothing."""
    items = re.findall(rb"(\\.|[^\\])-(\\.|[^\\])|(\\.|[^\\])", body, re.DOTALL)
    members = []
    for low, high, single in items:
        if single:
            members.append(re.escape(single[-1:]))
        else:
            ends = sorted((low[-1:], high[-1:]))
            members.append(re.escape(ends[0]) + b"-" + re.escape(ends[1]))
    if not members:
        return b"." if negated else b"(?!)"
    return b"[" + (b"^" if negated else b"") + b"".join(members) + b"]"


def server_match(patterns: tuple[str, ...]) -> bytes:
    """The pattern that the server filters by: the only pattern, or the prefix that all patterns share."""
    if len(patterns) == 1:
        return patterns[0].encode()
    prefixes = [re.split(r"[*?\[\\]", p, maxsplit=1)[0] for p in patterns]
    shared = takewhile(lambda signs: len(set(signs)) == 1, zip(*prefixes, strict=False))
    return "".join(signs[0] for signs in shared).encode() + b"*"
