"""Texts on which a backtracking engine works longest, derived from the syntax tree of a regular expression.

Each repeat of the pattern becomes a text: what comes before the repeat, then the repeated part over and over, then a character that the
rest of the pattern does not expect. Such a text makes an engine try every way to cut the run into parts.
"""

import importlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

_parser: Any = importlib.import_module("re._parser")
LONG = 8  # repeats that may go on longer than this are pumped
ENDS = ("", "\x00", "\n")


def pumped(pattern: str | bytes, flags: int, length: int) -> list[Any]:
    """Texts of about `length` characters, or bytes for a pattern of bytes; none twice, in the order of the pattern."""
    tree = _parser.parse(pattern, flags & ~re.UNICODE if isinstance(pattern, bytes) else flags)
    texts: dict[Any, None] = {}
    for before, run in _runs(tree, ""):
        for end in ENDS:
            text = before + run * (length // len(run)) + end
            texts[text if isinstance(pattern, str) else text.encode("latin-1", "replace")] = None
    return list(texts)


def _runs(nodes: Any, before: str) -> Iterator[tuple[str, str]]:
    """Yield what comes before each long repeat, and one run of the repeat for each of its alternatives."""
    for operator, value in nodes:
        name = str(operator)
        for below in _below(name, value):
            yield from _runs(below, before)
        if name.endswith("REPEAT") and int(value[1]) > LONG:
            yield from ((before, run) for run in _samples(value[2]) if run)
        before += _samples([(operator, value)])[0]


def _below(name: str, value: Any) -> Sequence[Any]:
    match name:
        case "SUBPATTERN":
            return [value[-1]]
        case "ATOMIC_GROUP":
            return [value]
        case "BRANCH":
            return list(value[1])
        case "ASSERT" | "ASSERT_NOT":
            return [value[1]]
        case name if name.endswith("REPEAT"):
            return [value[2]]
    return []


def _samples(nodes: Any) -> list[str]:
    """A few texts that the nodes match, where no assertion stands against them; at least one, perhaps empty."""
    texts = [""]
    for operator, value in nodes:
        more = _matched(str(operator), value)
        texts = [text + new for text in texts for new in more][:4] + [texts[0] + new for new in more[1:4]]
    return list(dict.fromkeys(texts))


def _matched(name: str, value: Any) -> list[str]:
    match name:
        case "LITERAL":
            return [chr(value)]
        case "NOT_LITERAL":
            return ["a" if value != ord("a") else "b"]
        case "ANY":
            return ["a", " "]
        case "IN":
            return _members(value)
        case "BRANCH":
            return [text for branch in value[1] for text in _samples(branch)[:1]][:6]
        case "SUBPATTERN" | "ATOMIC_GROUP":
            return _samples(value[-1] if name == "SUBPATTERN" else value)
        case name if name.endswith("REPEAT"):
            return [text * max(1, int(value[0])) for text in _samples(value[2])]
    return [""]


def _members(members: Any) -> list[str]:
    """Up to three characters of a set, from both ends of its list."""
    if str(members[0][0]) == "NEGATE":
        listed = {text for operator, value in members[1:] for text in _listed(str(operator), value)}
        return [letter for letter in "a0 -.@" if letter not in listed][:2] or ["a"]
    known = [text for operator, value in members for text in _member(str(operator), value)]
    return list(dict.fromkeys([known[0], known[len(known) // 2], known[-1]]))


def _member(name: str, value: Any) -> list[str]:
    if name == "LITERAL":
        return [chr(value)]
    if name == "RANGE":
        return [chr(value[0])]
    return {
        "CATEGORY_DIGIT": ["0"],
        "CATEGORY_SPACE": [" "],
        "CATEGORY_WORD": ["a"],
        "CATEGORY_NOT_SPACE": ["a"],
    }.get(str(value), ["-"])


def _listed(name: str, value: Any) -> list[str]:
    """All members of a part of a set; categories as ASCII has them."""
    if name == "RANGE":
        return [chr(code) for code in range(value[0], min(value[1], 0x7F) + 1)]
    if name == "LITERAL":
        return [chr(value)]
    kind = {
        "CATEGORY_DIGIT": r"\d",
        "CATEGORY_SPACE": r"\s",
        "CATEGORY_WORD": r"\w",
        "CATEGORY_NOT_WORD": r"\W",
    }
    return re.findall(kind.get(str(value), r"(?!)"), "".join(map(chr, range(128))), re.ASCII)
