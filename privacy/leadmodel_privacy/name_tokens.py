"""A text as the name tagger reads it: words with their class in the lexicon, their shape, and what stands between them.

Personal data found before, and placeholders, are one token each and look the same, so that a redacted text is read like its original.
"""

import re
import string
import unicodedata
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from leadmodel_privacy.word_lists import word_set

PLAIN, CANDIDATE, NAME, OTHER = range(4)  # kinds of tokens
LOWER, CAPITAL, UPPER, MIXED = "0123"  # shapes
UNLISTED, NAMED, PERSONAL, EDGE = 256, 257, 258, 259  # classes beyond those of the lexicon
_ELISION = r"(?:[cdjlmnst]|(?:jus|lors|puis|quel)?qu|un|(?:a|de|da|ne|su)ll|que(?:st|ll))'(?=[^\W\d_])"
_TOKEN = re.compile(rf"(?<!\w)(?:{_ELISION}|[^\W\d_]++(?:['-][^\W\d_]++)*+)")
_LONGEST = 40
_LETTERS = frozenset(string.ascii_lowercase)  # a name has two letters
_NOT_IN_WORDS = str.maketrans(dict.fromkeys(set(string.punctuation + string.digits) - set("-'"), " "))
_NOT_IN_ASCII_WORDS = "".join(map(chr, range(128))).translate(_NOT_IN_WORDS).encode() + bytes(
    range(128, 256)
)  # the same for bytes, whose table is several times as fast
PARTICLES = word_set(
    "van von der den de da di du del della dello la le el al bin ben ibn dos das zu zur ter ten y e 't st mc o"
)


class Token(NamedTuple):
    """A word, or a span that is known to be personal.

    Attributes:
        word: The word in small letters.
        code: Its class in the lexicon: the level as first name + 4 × surname + 16 × ordinary word + 64 × place or brand.
        shape: How it is written: small, capital, all capitals, mixed.
        gap: What stands before it: a space, the first sign of punctuation, or the start of the text.
        start: Its start in the text.
        end: Its end in the text.
        kind: PLAIN words are never names by themselves; NAME and OTHER are personal data found before.
    """

    word: str
    code: int
    shape: str
    gap: str
    start: int
    end: int
    kind: int


START = Token("<s>", EDGE, LOWER, "^", 0, 0, PLAIN)
END = Token("</s>", EDGE, LOWER, "$", 0, 0, PLAIN)


class Lexicon:
    """Looks words up, also without accents, apostrophes and the ending of a possessive."""

    def __init__(self, codes: dict[str, int]) -> None:
        self.listed = codes
        self.possible = frozenset(code for code in range(256) if _can_be_name(code))
        self.plain = self._plain()

    def _plain(self) -> frozenset[str]:
        """Words that are no name, and of which no part is one, beside signs and digits either."""
        words = {word for word, code in self.listed.items() if code not in self.possible} | _LETTERS
        parted = {word for word in words if "'" in word or "-" in word}
        single = words - parted
        return frozenset(
            single | {word for word in parted if single.issuperset(re.split("['-]", word))} | {"-"}
        )

    def is_plain(self, low: str) -> bool:
        """True if it is certain that no word of a text can be a name; so it is for most texts, and the test is cheap."""
        words = (
            low.encode().translate(_NOT_IN_ASCII_WORDS).decode()
            if low.isascii()
            else low.translate(_NOT_IN_WORDS)
        )
        return all(map(self.plain.__contains__, words.split()))

    def may_hold_name(self, low: str) -> bool:
        """True if a word of a text is a name in the lexicon or missing there."""
        codes = set(map(self.listed.get, _TOKEN.findall(low)))
        return None in codes or not self.possible.isdisjoint(codes)

    def code(self, word: str) -> int:
        """The class of a word in small letters; UNLISTED where no spelling of the word is listed."""
        code = self.listed.get(word)
        if code is not None:
            return code
        code = next((self.listed[form] for form in _forms(word) if form in self.listed), UNLISTED)
        return self._of_parts(word) if code == UNLISTED and "-" in word else code

    def _of_parts(self, word: str) -> int:
        """The class of a word with hyphens: that of the first part which is a name, or of the first where all are listed."""
        parts = [self.listed.get(part, UNLISTED) for part in word.split("-")]
        named = next(
            (code for code in parts if code < UNLISTED and code & 15 and code >> 4 & 3 < 3), UNLISTED
        )
        return parts[0] if named == UNLISTED and UNLISTED not in parts else named


def _forms(word: str) -> Iterator[str]:
    """Other spellings under which a word may be listed."""
    if not word.isascii():
        word = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
        yield word
    if word.endswith("'s"):
        yield word[:-2]
    if "'" in word:
        yield word.replace("'", "")


def _can_be_name(code: int) -> bool:
    first, last, ordinary = code & 3, code >> 2 & 3, code >> 4 & 3
    return bool(first) or (last > ordinary - 1 and last > 0 and not (ordinary == 3 and last < 3))


def tokens(
    text: str, low: str, lexicon: Lexicon, opaque: Iterable[tuple[int, int, bool]], fixed: bytes | bytearray
) -> list[Token]:
    """The tokens of a text.

    Args:
        text: The text.
        low: The text in small letters.
        lexicon: The classes of words.
        opaque: Spans known to be personal, in order: start, end, and whether the span is a name.
        fixed: For each character, whether the character cannot become part of a name.
    """
    listed: list[Token] = []
    spans = iter([*opaque, (len(low) + 1, len(low) + 1, False)])
    start, end, is_name = next(spans)
    last = 0
    get, possible, new = lexicon.listed.get, lexicon.possible, tuple.__new__  # half the time of Token(…)
    for match in _TOKEN.finditer(low):
        first, after = match.span()
        while end <= first:
            listed.append(_personal(start, end, _gap(low, last, start), is_name=is_name))
            last = end
            start, end, is_name = next(spans)
        if after > start:
            continue
        word = match[0]
        code = get(word)
        gap = "s" if low[last:first] == " " else _gap(low, last, first)
        if code is None or code in possible or text[first:after] != word:
            token = _word(text, low, word, first, gap, lexicon, fixed=bool(fixed[first]))
        else:
            token = new(Token, (word, code, LOWER, gap, first, after, PLAIN))
        listed.append(token)
        last = after
    while end <= len(low):
        listed.append(_personal(start, end, _gap(low, last, start), is_name=is_name))
        last = end
        start, end, is_name = next(spans)
    return listed


def _personal(start: int, end: int, gap: str, *, is_name: bool) -> Token:
    if is_name:
        return Token("<name>", NAMED, CAPITAL, gap, start, end, NAME)
    return Token("<personal>", PERSONAL, CAPITAL, gap, start, end, OTHER)


def name_token(first: Token, last: Token) -> Token:
    """The token of a name from its first to its last word."""
    return Token("<name>", NAMED, CAPITAL, first.gap, first.start, last.end, NAME)


def _word(text: str, low: str, word: str, start: int, gap: str, lexicon: Lexicon, *, fixed: bool) -> Token:  # noqa: PLR0917 (called for each word)
    """The token of a word that may be a name, or that is not written in small letters."""
    code = lexicon.code(word)
    end = start + len(word)
    glued = low[end : end + 1].isdigit() or low.startswith("_", end)
    possible = (
        1 < len(word) <= _LONGEST and (code == UNLISTED or code in lexicon.possible) and word[-1] != "'"
    )
    end -= 2 if word.endswith("'s") else 0
    kind = CANDIDATE if possible and not fixed and not glued else PLAIN
    return Token(word, code, shape(text[start:end]), gap, start, end, kind)


def shape(word: str) -> str:
    """How a word is written."""
    if word.islower():
        return LOWER
    if len(word) > 1 and word.isupper():
        return UPPER
    return CAPITAL if word[:1].isupper() else MIXED


def _gap(low: str, last: int, start: int) -> str:
    """What stands between two tokens, as one letter."""
    between = low[last:start]
    if between == " ":
        return "s"
    if not last and not between.strip():
        return "^"
    if "\n" in between:
        return "n"
    signs = between[:8].strip()
    if not signs:
        return "s"
    return "0" if signs[0].isalnum() else signs[0]


def can_continue_name(left: Token, token: Token) -> bool:
    """True if a plain word may belong to the name before it: a capital follows a space."""
    return token.kind == PLAIN and left.kind == NAME and token.gap == "s" and token.shape != LOWER


def style(read: list[Token]) -> str:
    """How the words that are no names are written: small, normal, title case or capitals."""
    plain = [token.shape for token in read if token.kind == PLAIN]
    capitals, upper = plain.count(CAPITAL), plain.count(UPPER)
    if not capitals and not upper:
        return "l"
    if upper * 10 >= len(plain) * 6:
        return "u"
    return "t" if len(plain) > 2 and capitals * 10 >= len(plain) * 6 else "n"
