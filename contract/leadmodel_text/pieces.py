"""Cuts a plain text into pieces: words as written, numbers and addresses, placeholders, ends of sentences and lines.

A chunk between two spaces is one piece where it is a word. What holds a digit, `@` or the name of a domain, and what redaction left
in brackets, is ZERO as a whole, because a detector may have taken any part of it. Each pattern reads a character a bounded number of times.
"""

import re
from itertools import chain
from typing import TypeAlias

from leadmodel_text.kept import ABBREVIATIONS
from leadmodel_text.kept_values import KeptValues

Piece: TypeAlias = tuple[str, int, int]  # the piece, its start and its end in the text

GAP, ZERO, STOP, LINE = "", "0", ".", "\n"
LONGEST = (
    31  # letters of a word, so that a pair fits into the 64 characters of a feature; longer ones are codes
)
_KEPT_CHUNKS = 2048  # chunks whose pieces are kept, for the words of texts come again
_LETTERS = r"[^\W\d_]+"
_ADDRESS = "[ADDRESS"  # the placeholder of streets and towns, which hold words as well as a number
_STOPPERS = frozenset(".!?…")
_AROUND = ".,;:!?…(){}<>\"'*_~-–—/|«»“”„¿¡•"
_DOMAIN = (
    r"\.(?:com|org|net|edu|gov|mil|info|biz|io|co|ai|app|dev|tv|eu|uk|de|fr|es|nl|ch|se|dk|fi|pt|br|mx|ar|cl|cn|jp|kr|au|nz|ca|ru|ua|za|cz|pl"
    r"|(?:it|at|be|no|me|in|us|ie|gr|tr|il|ae|sg|hk|ly|page|site|online|shop|store|blog|name|pro|xyz|cloud)(?=/))(?![\w-])"
)
_PATH = r"[^\s<>\"'`{}|\\^\[\]]*"
_TOKEN = re.compile(
    rf"(?P<zero>(?i:(?:https?|ftps?|sftp|wss?)://|www\d?\.){_PATH}"
    r"|(?:[0-9A-Fa-f]{1,4}:){5,7}[0-9A-Fa-f]{1,4}(?![^\W_])"
    rf"|[a-z0-9-]+(?:\.[a-z0-9-]+)*{_DOMAIN}(?::\d+)?(?:[/?#]{_PATH})?)"
    r"|(?P<run>(?:[^\s,;:!?()\"<>{}|=\[\]…«»“”„]|\[[A-Z][A-Z0-9_]+\])+)"
)
_SPELT_MARKS = ("dot", "at)", "at]", "at}")
_SPELT = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}+ ?(?:[(\[{] ?at ?[)\]}]| at ) ?[\w-]{1,63}+(?: ?(?:[(\[{] ?dot ?[)\]}]| dot |\.) ?[\w-]{1,63}+){0,3}"
    r" ?(?:[(\[{] ?dot ?[)\]}]| dot |\.) ?(?:com|org|net|edu|gov|io|info|biz|co|uk|de|fr|es|it|nl|eu|ch|at|be)(?!\w)",
    re.IGNORECASE,
)
_NAME = r"\[NAME(?:_\d{1,3})?\](?:'s)?"
_ZERO = re.compile(
    rf"(?<!\[NAME_)(?<!\[NAME_\d)(?<!\[NAME_\d\d)\d|@|\[(?!NAME[_\]])[A-Z]|[a-z0-9\]-]{_DOMAIN}|^[0-9A-Fa-f]{{2}}(?:-[0-9A-Fa-f]{{2}}){{5,7}}$"
)
_WORD = re.compile(rf"{_LETTERS}(?:'(?i:t|s|re|ll|ve|d|m)(?![^\W_]))?|{_NAME}")


def pieces(text: str) -> list[str]:
    """Return the pieces of a plain text in order."""
    listed: list[str] = []
    text = without_spelt(text)
    for line in text.split("\n") if "\n" in text else (text,):
        listed += chain.from_iterable(map(_PIECES.__getitem__, line.split()))
        listed.append(LINE)
    return listed


def places(text: str) -> list[tuple[int, int]]:
    """Return start and end of each piece of `pieces(text)`."""
    text = without_spelt(text)
    begin, listed = 0, []
    for line in text.split("\n"):
        place = begin
        for chunk in line.split():
            start = text.index(chunk, place)
            place = start + len(chunk)
            if chunk.isalpha() and len(chunk) <= LONGEST:
                listed.append((start, place))
            else:
                listed += [(start + first, start + last) for _, first, last in parts(chunk)]
        begin += len(line) + 1
        listed.append((begin - 1, begin))
    return listed


def without_spelt(text: str) -> str:
    """Return the text with as many zeros in place of each mail address that is spelt, such as `jane (at) example (dot) org`."""
    low = text.lower()
    if "dot" in low or "at)" in low or "at]" in low or "at}" in low:
        return _SPELT.sub(_zeros, text)
    return text


def _zeros(match: re.Match[str]) -> str:
    spelt = match.group()
    return ZERO * len(spelt) if any(mark in spelt.lower() for mark in _SPELT_MARKS) else spelt


def parts(chunk: str) -> list[Piece]:
    """Return the pieces of a chunk that is not one bare word."""
    core = chunk.strip(_AROUND)
    begin = chunk.find(core)
    end = begin + len(core)
    if core.isalnum():
        listed = [(core if core.isalpha() and len(core) <= LONGEST else ZERO, begin, end)]
    elif core:
        listed = [(_bounded(core), begin, end)] if _WORD.fullmatch(core) else _tokens(chunk)
    else:
        listed, end = [], 0
    if end < len(chunk) and _ends_sentence(core, chunk[end:]):
        listed.append((STOP, end, len(chunk)))
    return listed


def _ends_sentence(core: str, tail: str) -> bool:
    if tail == ".":
        return len(core) != 1 and core.lower() not in ABBREVIATIONS
    return not _STOPPERS.isdisjoint(tail)


def _tokens(chunk: str) -> list[Piece]:
    listed: list[Piece] = []
    for match in _TOKEN.finditer(chunk):
        start, end = match.span()
        if chunk.startswith(_ADDRESS, start):
            listed += [(ZERO, start, end), (GAP, end - 1, end)]
        elif match.lastgroup == "zero" or _ZERO.search(chunk, start, end):
            listed.append((ZERO, start, end))
        else:
            listed += [(_bounded(word.group()), *word.span()) for word in _WORD.finditer(chunk, start, end)]
    return listed


def _bounded(word: str) -> str:
    if word[0] == "[":
        return GAP
    return word if len(word) <= LONGEST else ZERO


def _pieces_of(chunk: str) -> tuple[str, ...]:
    return (
        (chunk,)
        if chunk.isalpha() and len(chunk) <= LONGEST
        else tuple([piece for piece, _, _ in parts(chunk)])
    )


_PIECES = KeptValues(_pieces_of, _KEPT_CHUNKS)
