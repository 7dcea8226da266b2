"""Edits of a text: a part, and what replaces the part. Texts keep every character beside."""

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote

from leadmodel_privacy.scanned_text import Span

_PERCENT = re.compile(r"%[0-9A-Fa-f]{2}")
_RUN_BEFORE, _RUN_AFTER = re.compile(r"\S*\Z"), re.compile(r"\S*")
_REACH = 80  # characters read on either side of a place


class Edit(NamedTuple):
    """A part of a text, what replaces the part, and the entities in it: several where a whole encoded text is written anew."""

    start: int
    end: int
    new: str
    entities: tuple[str, ...]


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with each edited part replaced."""
    parts: list[str] = []
    place = 0
    for start, end, new, _ in edits:
        parts += (text[place:start], new)
        place = end
    return "".join(parts) + text[place:]


def shifted(spans: list[Span], replaced: list[Span]) -> list[Span]:
    """The spans in a text with placeholders, by their places in the text before; no span touches a placeholder."""
    before: list[Span] = []
    waiting = list(reversed(replaced))
    shift = 0
    for start, end, entity in spans:
        while waiting and waiting[-1][0] <= start + shift:
            first, last, name = waiting.pop()
            shift += last - first - len(f"[{name}]")
        before.append((start + shift, end + shift, entity))
    return before


def placeholder_for(text: str, start: int, end: int, entity: str) -> str:
    """The placeholder; with its brackets escaped where the word around the place is written in percent escapes."""
    placeholder = f"[{entity}]"
    if "%" in text:
        before = _RUN_BEFORE.search(text, max(0, start - _REACH), start)
        after = _RUN_AFTER.match(text, end, end + _REACH)
        if any(run and _PERCENT.search(run.group()) for run in (before, after)):
            return quote(placeholder, safe="")
    return placeholder
