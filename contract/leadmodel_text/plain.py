"""The plain form of a text: one spelling per character, nothing invisible, a limited length; and where its characters came from."""

import re
import unicodedata
from typing import TypeAlias

RAW_PER_PLAIN = 4  # code points read per character that is kept: room for marks and invisible characters
_APOSTROPHES = "\u2019\u2018\u02bc\u00b4\u2032\u02b9"
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]+"
)
# No word, number or placeholder is made of 32 signs; sorting a long run of marks would take time that grows with its square.
_SIGNS = re.compile(r"(?<=[^\w\s]{32})[^\w\s]+")
_CHUNK = re.compile(r"\s+|\S+")


Plain: TypeAlias = tuple[str, bool]  # a plain text, and whether the limit left a part of the text out


def plain(text: str, limit: int) -> Plain:
    """Return the text in NFKC with straight apostrophes and without invisible characters, at most `limit` characters.

    What the limit cuts, from the last space on, is left out, so that no part of a longer word or address is read.
    """
    if text.isascii():
        return (text, False) if len(text) <= limit else _cut(text, limit)
    head = text[: RAW_PER_PLAIN * limit]
    normal = unicodedata.normalize("NFKC", _SIGNS.sub("", _INVISIBLE.sub("", _straight(head))))
    if len(normal) <= limit and len(head) == len(text):
        return (normal, False)
    return _cut(normal, limit)


def origins(text: str, limit: int) -> list[tuple[int, int]]:
    """Return, for each character of the plain text of `plain(text, limit)`, start and end of its source in `text` (code points)."""
    if text.isascii():
        return [(place, place + 1) for place in range(min(len(text), limit))]
    head = _straight(text[: RAW_PER_PLAIN * limit])
    head, places = _without(_INVISIBLE, head, list(range(len(head))))
    head, places = _without(_SIGNS, head, places)
    sources: list[tuple[int, int]] = []
    for chunk in _CHUNK.finditer(head):
        for start, end, length in _clusters(chunk.group()):
            source = (places[chunk.start() + start], places[chunk.start() + end - 1] + 1)
            sources += [source] * length
    return sources


def _straight(text: str) -> str:
    for sign in _APOSTROPHES:
        text = text.replace(sign, "'")
    return text


def _cut(text: str, limit: int) -> Plain:
    head = text[: limit + 1]
    if head and not head[-1].isspace():
        head = head[: -len(head.split()[-1])]
    return head[:limit], True


def _without(pattern: re.Pattern[str], text: str, places: list[int]) -> tuple[str, list[int]]:
    """The text without what matches the pattern, and the places of the characters that remain."""
    kept: list[int] = []
    start = 0
    for match in pattern.finditer(text):
        kept += places[start : match.start()]
        start = match.end()
    return pattern.sub("", text), kept + places[start:]


def _clusters(chunk: str) -> list[tuple[int, int, int]]:
    """Start, end and length in NFKC of the parts of a chunk that normalize each for itself; of the chunk where they do not."""
    starts = [i for i, c in enumerate(chunk) if i == 0 or not unicodedata.combining(c)]
    ends = [*starts[1:], len(chunk)]
    parts = [unicodedata.normalize("NFKC", chunk[start:end]) for start, end in zip(starts, ends, strict=True)]
    whole = unicodedata.normalize("NFKC", chunk)
    if "".join(parts) != whole:
        return [(0, len(chunk), len(whole))]
    return [(start, end, len(part)) for start, end, part in zip(starts, ends, parts, strict=True)]
