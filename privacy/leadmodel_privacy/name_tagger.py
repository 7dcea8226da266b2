"""Finds names of people anywhere in a text: a lexicon proposes words, and a linear model with integer weights decides by the words around.

The model reads from left to right; a name that it finds is context for the next word. It reads again until it finds nothing more, so
that reading a redacted text finds nothing either. Lexicon and weights are made by `privacy/names`; both are read at first use.
"""

import lzma
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from leadmodel_privacy.name_features import Sums
from leadmodel_privacy.name_tokens import (
    CANDIDATE,
    END,
    NAME,
    OTHER,
    PARTICLES,
    PLAIN,
    START,
    Lexicon,
    Token,
    can_continue_name,
    name_token,
    style,
    tokens,
)
from leadmodel_privacy.scanned_text import ScannedText, Span

DATA = Path(__file__).with_name("names_data")
SCALE = 16  # of the weights: one unit of the log odds
SHIFTS = {"careful": 5 * SCALE // 2, "balanced": SCALE, "strict": 0}  # what a level adds to the threshold
_PASSES = 8
_NEVER = (PLAIN, OTHER)  # kinds of tokens that are no name, unless a name stands before


class Tagger:
    """Finds names by a lexicon and weights; it has no state, so one may serve many threads."""

    def __init__(self, lexicon: Lexicon, weights: dict[str, int]) -> None:
        self.lexicon = lexicon
        self._sums = Sums(weights)

    def names(self, scanned: ScannedText, kept: Iterable[tuple[int, int]], threshold: int) -> Iterator[Span]:
        """Spans of names in the parts of a text that are neither personal already nor kept words."""
        personal = scanned.personal()
        beside_name = any(is_name for _, _, is_name in personal)
        if beside_name:
            if not self.lexicon.may_hold_name(scanned.low):
                return
        elif self.lexicon.is_plain(scanned.low):
            return
        read = tokens(scanned.text, scanned.low, self.lexicon, personal, scanned.taken(kept))
        if not beside_name and all(token.kind != CANDIDATE for token in read):
            return
        for _ in range(_PASSES):
            again = self.read(read, threshold)
            if len(again) == len(read) and all(a is b for a, b in zip(again, read, strict=True)):
                break
            read = again
        for token in read:
            if token.kind == NAME:
                for start, end in scanned.unclaimed_parts(token.start, token.end):
                    yield start, end, "NAME"

    def read(self, read: list[Token], threshold: int) -> list[Token]:
        """The tokens with each name that one reading from left to right finds as one token."""
        done: list[Token] = [START, START]
        text_style = style(read)
        coming = [*read, END, END]
        for i, token in enumerate(read):
            if token.kind in _NEVER and done[-1].kind != NAME:  # most words
                done.append(token)
                continue
            right = coming[i + 1], coming[i + 2]
            if token.kind == NAME:
                join_name(done, token)
            elif self._is_name(done, token, right, text_style, threshold):
                join_name(done, name_token(token, token))
                self._look_back(done, right, text_style, threshold)
            else:
                done.append(token)
        return done[2:]

    def _look_back(
        self, done: list[Token], right: tuple[Token, Token], text_style: str, threshold: int
    ) -> None:
        """Judge the words before a name again, now that they stand before a name."""
        while done[-2].kind == CANDIDATE:
            name = done.pop()
            token = done.pop()
            is_name = self._is_name(done, token, (name, right[0]), text_style, threshold)
            if is_name:
                join_name(done, name_token(token, token))
                join_name(done, name)
            else:
                done += [token, name]
                return

    def _is_name(
        self, done: list[Token], token: Token, right: tuple[Token, Token], text_style: str, threshold: int
    ) -> bool:
        if token.kind != CANDIDATE and not can_continue_name(done[-1], token):
            return False
        return self._sums.of((done[-2], done[-1], token, *right), text_style) > threshold


def join_name(done: list[Token], name: Token) -> None:
    """Add a name, as one token with the name and the particles right before."""
    place = len(done)
    gap = name.gap
    while gap == "s" and len(done) - place < 3 and done[place - 1].word in PARTICLES:
        place -= 1
        gap = done[place].gap
    if gap == "s" and done[place - 1].kind == NAME:
        name = name_token(done[place - 1], name)
        del done[place - 1 :]
    done.append(name)


def lexicon_from(data: bytes) -> Lexicon:
    """The lexicon in a compressed file: one line for each class."""
    codes: dict[str, int] = {}
    for line in lzma.decompress(data).decode().split("\n"):
        code, *words = line.split(" ")
        codes.update(dict.fromkeys(words, int(code)))
    return Lexicon(codes)


def weights_from(data: bytes) -> dict[str, int]:
    """The weights in a compressed file: lines of a weight and the features that have it, divided by tabs."""
    weights: dict[str, int] = {}
    for line in lzma.decompress(data).decode().split("\n"):
        weight, *names = line.split("\t")
        weights.update(dict.fromkeys(names, int(weight)))
    return weights


@cache
def tagger() -> Tagger:
    """The tagger with the lexicon and weights of this package, read once."""
    return Tagger(
        lexicon_from((DATA / "lexicon.xz").read_bytes()), weights_from((DATA / "weights.xz").read_bytes())
    )
