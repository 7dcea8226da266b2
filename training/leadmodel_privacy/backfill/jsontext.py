"""Finds and replaces strings inside JSON text and leaves every other byte as it is: numbers, spaces, order, doubled names.

A string counts as text if it is under a named field, or if no object holds it. Other strings are handed on as well: they may be JSON
themselves.
"""

import json
import re
from collections.abc import Callable, Iterator

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]', re.DOTALL)

Replace = Callable[[str, bool], str]  # a string, and whether it counts as text


class Unreadable(ValueError):  # noqa: N818  # what it is
    """Looks like JSON and is none, or is nested too deep."""


class Pairs(list[tuple[str, object]]):
    """An object with doubled names kept."""


def looks_like_json(text: str) -> bool:
    """Whether it may be worth decoding."""
    return text.lstrip()[:1] in {"{", "[", '"'}


def parse(text: str) -> object:
    """The value; objects as Pairs. Raises Unreadable."""
    try:
        return json.loads(text, object_pairs_hook=Pairs, strict=False)
    except (ValueError, RecursionError):
        raise Unreadable from None


def strings(value: object, fields: frozenset[str], *, bare: bool) -> Iterator[tuple[str, bool]]:
    """Every string with whether it counts as text; names of members are left out. No field named: all count."""
    stack = [(value, not fields, bare)]
    while stack:
        now, named, bare = stack.pop()
        if isinstance(now, str):
            yield now, named or bare
        elif isinstance(now, Pairs):
            stack += [(member, named or name in fields, False) for name, member in now]
        elif isinstance(now, list):
            stack += [(member, named, bare) for member in now]


def rewrite(text: str, replace: Replace, fields: frozenset[str], *, bare: bool) -> str:
    """The same JSON text with its strings replaced."""
    found: list[str] = []
    done = 0
    scanner = _Scanner(fields, bare=bare)
    for match in _TOKEN.finditer(text):
        counts = scanner.step(match.group())
        if counts is None:
            continue
        new = _string(match.group(), replace, counts=counts)
        if new is not None:
            found += [text[done : match.start()], new]
            done = match.end()
    return "".join([*found, text[done:]])


class _Scanner:
    """Tells string values from names, and which of them count."""

    def __init__(self, fields: frozenset[str], *, bare: bool) -> None:
        self._fields = fields
        self._named, self._bare = not fields, bare  # of the next value
        self._levels: list[tuple[bool, bool, bool]] = []  # is an object, and the two for its members
        self._expects_name = False

    def step(self, token: str) -> bool | None:
        """Whether a string value counts; None for all other tokens."""
        match token:
            case "{" | "[":
                is_object = token == "{"  # noqa: S105  # a brace
                self._levels.append((is_object, self._named, self._bare and not is_object))
                self._next_member()
            case "}" | "]":
                self._levels.pop()
                self._expects_name = False
            case ",":
                self._next_member()
            case ":":
                self._expects_name = False
            case _ if self._expects_name:
                self._named = self._named or json.loads(token, strict=False) in self._fields
            case _:
                return self._named or self._bare
        return None

    def _next_member(self) -> None:
        self._expects_name, self._named, self._bare = self._levels[-1]


def _string(token: str, replace: Replace, *, counts: bool) -> str | None:
    old = json.loads(token, strict=False)
    new = replace(old, counts)
    if new == old:
        return None
    written = json.dumps(new, ensure_ascii=token.isascii())
    try:
        written.encode()
    except UnicodeEncodeError:  # half a surrogate pair
        return json.dumps(new)
    return written
