"""The tokeniser: the words of a text, the same for a raw text and for the text that redaction has left of it.

Numbers, links, addresses and placeholders become one class, ZERO. A name may be redacted or not, so a word with a capital inside a sentence
is a gap, as `[NAME]` is, except the words of `kept` and words all in capitals. Neighbours of both kinds become one item, with the
particles, months and streets between them: where redaction began and ended cannot be seen. A change of one rule is a new VERSION.

Two kinds of names stay words, because every other word there would be lost with them: names in small letters, and a lone first name that
opens a sentence. A model has no feature of them as long as its training texts are redacted.
"""

from collections.abc import Sequence
from itertools import compress, count
from string import ascii_lowercase
from typing import NamedTuple, TypeAlias

from leadmodel_text.kept import (
    CLOSING_STREETS,
    DETERMINERS,
    DOUBTFUL_MONTHS,
    JOINTS,
    KEPT,
    MONTHS,
    PARTICLES,
    STREET_ENDINGS,
    STREETS,
)
from leadmodel_text.kept_values import KeptValues
from leadmodel_text.pieces import GAP, LINE, STOP, ZERO, pieces, places
from leadmodel_text.plain import origins, plain

VERSION = "t1"
MAX_CHARS = 2000

_MARKS = frozenset({STOP, LINE})
_ITEMS = frozenset({GAP, ZERO})
# What begins at a word; the last is a line behind a line that ends in a name or number, as in a signature.
_INSIDE, _SENTENCE, _NEW_LINE, _NEXT_LINE = range(4)
_KEPT_PIECES = 2048  # pieces of which is kept how they are read
_SHORT = 4  # letters of capitals that may be part of a number or address, as a state or the letters of a bank
_BEFORE_NAME = PARTICLES | STREETS
_JOINS_NAME = PARTICLES | STREETS | JOINTS
_ANY_MONTH = MONTHS | DOUBTFUL_MONTHS
_JOINS_NUMBER = _JOINS_NAME | _ANY_MONTH
_KEPT_BEFORE_APOSTROPHE = KEPT | {"i"}
_SPECIAL = MONTHS | CLOSING_STREETS | frozenset(ascii_lowercase)


# Start and end of each piece in the plain text, and the source of each character of the plain text in the text.
_Where: TypeAlias = tuple[list[tuple[int, int]], list[tuple[int, int]] | None]


class Tokens(NamedTuple):
    """The words of a text, in small letters: "" is a gap, "0" a number or address; and whether the limit left words out."""

    words: list[str]
    truncated: bool


def tokens(text: str, limit: int = MAX_CHARS) -> Tokens:
    """Return the words of the first `limit` characters of a text, in time linear in their number."""
    reading = Reading(text, limit)
    return Tokens(reading.words, reading.truncated)


def spans(text: str, limit: int = MAX_CHARS) -> list[tuple[int, int]]:
    """Return start and end, in code points of `text`, of each item of `tokens(text, limit).words`."""
    reading = Reading(text, limit)
    return [reading.span(item, item + 1) for item in range(len(reading.words))]


class Reading:
    """A text that is read once: its items as in `Tokens`, and where they stand, which is looked up when first asked for."""

    __slots__ = ("_firsts", "_limit", "_listed", "_plain", "_text", "_where", "truncated", "words")

    def __init__(self, text: str, limit: int = MAX_CHARS) -> None:
        self._text, self._limit = text, limit
        self._plain, self.truncated = plain(text, limit)
        self._listed = pieces(self._plain)
        reader = _Reader(self._listed)
        self.words, self._firsts = reader.words, reader.firsts
        self._where: _Where | None = None

    def span(self, first: int, end: int) -> tuple[int, int]:
        """Return start and end, in code points of the text, of the items from `first` to before `end`."""
        if self._where is None:
            sources = None if self._text.isascii() else origins(self._text, self._limit)
            self._where = places(self._plain), sources
        where, sources = self._where
        listed = self._listed
        last = (self._firsts[end] if end < len(self._firsts) else len(listed)) - 1
        while listed[last] in _MARKS:
            last -= 1
        begin, stop = where[self._firsts[first]][0], where[last][1]
        if sources is None:  # each character is its own source
            return begin, stop
        return sources[begin][0], sources[stop - 1][1]


class _Reader:
    """The items of a text, and the first piece of each; an item reaches to the next one. Words of few capitals stay as written until the end."""

    def __init__(self, listed: list[str]) -> None:
        self.words: list[str] = []
        self.firsts: list[int] = []
        self._street = -1  # the last item that holds a number and words with a capital, as an address does
        self._read(listed)

    def _read(self, listed: list[str]) -> None:
        words, firsts = self.words, self.firsts
        before, shouted, read = _SENTENCE, False, 0
        for place in compress(count(), map(_NOTED.__getitem__, listed)):  # the last is the end of a line
            if read < place:
                words += listed[read:place]
                firsts += range(read, place)
                before = _INSIDE
            read = place + 1
            piece = listed[place]
            if piece in _MARKS:
                before = self._line() if piece == LINE else before or _SENTENCE
                continue
            if piece.islower():
                if not self._closes(piece):
                    words.append(piece)
                    firsts.append(place)
            elif (word := _ALONE[piece] or _word(listed, place, before)) in _ITEMS:
                self._add_item(word, place)
            elif not self._goes_on(piece, before):
                words.append(word)
                firsts.append(place)
                shouted = shouted or word.isupper()
            before = _INSIDE
        if shouted:
            self.words = [word.lower() for word in words]

    def _goes_on(self, piece: str, before: int) -> bool:
        """True for a word with a capital right behind a name or address: a detector may have taken both for one."""
        words = self.words
        if not words or words[-1] not in _ITEMS or before >= _NEW_LINE or not _is_capital(piece):
            return False
        return words[-1] == GAP or self._street == len(words) - 1

    def _line(self) -> int:
        return _NEXT_LINE if self.words and self.words[-1] in _ITEMS else _NEW_LINE

    def _add_item(self, item: str, place: int) -> None:
        """Append a gap or number; join it with the one before where only parts of names, dates or streets stand between."""
        words = self.words
        joins = _JOINS_NUMBER if item else _JOINS_NAME
        first = len(words)
        while first and (words[first - 1] in joins or words[first - 1].isupper()):
            first -= 1
        if first and words[first - 1] in _ITEMS:
            first -= 1
            is_street = item != words[first] or self._street == first
            item = ZERO if ZERO in {item, words[first]} else GAP
            if is_street:
                first = self._street = self._begin(GAP, first)
        else:
            first = self._begin(item, len(words))
        begin = self.firsts[first] if first < len(words) else place
        del words[first:], self.firsts[first:]
        words.append(item)
        self.firsts.append(begin)

    def _begin(self, item: str, first: int) -> int:
        """Where an item at `first` begins: at the particles of a name, the month of a number, or the two capitals of a document."""
        words = self.words
        while first and words[first - 1] in (MONTHS if item else _BEFORE_NAME):
            first -= 1
        if item and first and len(words[first - 1]) == 2 and words[first - 1].isupper():
            first -= words[first - 1].lower() not in KEPT
        return first

    def _closes(self, word: str) -> bool:
        """True if a month, the word of a street or the letter of a house belongs to the number before; the number then reaches to it."""
        words = self.words
        if len(word) == 1:
            return 0 <= self._street == len(words) - 1
        back = 1
        if word in CLOSING_STREETS:
            while back < 4 and back <= len(words) and words[-back].isalpha() and words[-back].islower():
                back += 1
            if back == 1:
                return False
        if back > len(words) or words[-back] != ZERO:
            return False
        last = len(words) - back + 1
        del words[last:], self.firsts[last:]
        return True


def _word(listed: Sequence[str], place: int, before: int) -> str:
    """The word of a piece whose neighbours decide: a gap where redaction may take the piece for a name."""
    low = listed[place].lower()
    if not low:
        return GAP
    if low in _ANY_MONTH and _is_beside_number(listed, place):
        return ZERO
    following = listed[place + 1] if place + 1 < len(listed) else LINE
    if following == ZERO and low.endswith(STREET_ENDINGS):
        return GAP
    if before and before != _NEXT_LINE:
        return low if _opens(listed, place + 1, before) else GAP
    return low if _follows_determiner(listed, place) else GAP


def _alone(piece: str) -> str | None:
    """The word of a piece that is not in small letters, whatever stands around it; None or a gap where that decides."""
    if not piece or piece == ZERO or not piece[0].isupper():
        return piece.lower()
    low = piece.lower()
    if not _is_capital(piece):
        return piece if len(piece) <= _SHORT and piece.isupper() and piece.isalpha() else low
    return low if _is_kept(low) else None


def _is_noted(piece: str) -> bool:
    """True unless a piece is a word in small letters that stays, whatever stands around it."""
    return not piece.islower() or piece in _SPECIAL


_NOTED = KeptValues(_is_noted, _KEPT_PIECES)
_ALONE = KeptValues(_alone, _KEPT_PIECES)


def _is_beside_number(listed: Sequence[str], place: int) -> bool:
    """True if the number of a day or year stands before or behind, at most a full stop or a particle away."""
    near = [piece for piece in listed[max(0, place - 2) : place] if piece != STOP and piece not in PARTICLES][
        -1:
    ]
    near += [piece for piece in listed[place + 1 : place + 3] if piece != STOP and piece not in PARTICLES][:1]
    return ZERO in near


def _opens(listed: Sequence[str], place: int, before: int) -> bool:
    """True if the word before `place`, which begins a sentence or line, is followed as no name is."""
    for following in listed[place : place + 4]:
        if following in _MARKS:
            return before == _SENTENCE
        if following not in PARTICLES:
            return following == ZERO or not _is_gap(following)
    return True


def _is_gap(piece: str) -> bool:
    if not piece or piece == ZERO:
        return True
    return _is_capital(piece) and not _is_kept(piece.lower())


def _is_capital(piece: str) -> bool:
    """True for a word that begins with one capital, as a name does; not for `PDFs`."""
    return piece[0].isupper() and (len(piece) == 1 or not piece[1].isupper())


def _is_kept(low: str) -> bool:
    return low in KEPT or low.partition("'")[0] in _KEPT_BEFORE_APOSTROPHE


def _follows_determiner(listed: Sequence[str], place: int) -> bool:
    """True behind a German article or possessive that is no part of a name, such as `von der`."""
    if place == 0 or listed[place - 1].lower() not in DETERMINERS:
        return False
    earlier = listed[place - 2] if place > 1 else LINE
    return earlier not in {"von", "van"} and (earlier in _MARKS or not _is_gap(earlier))
