"""What the linear model of the name tagger knows of a word: its features, and the sum of their weights.

`features` defines the model and serves its training. `Sums` adds up the same weights by tables, because most of the time would go
into writing one text per feature.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeAlias

from leadmodel_privacy.name_tokens import UNLISTED, Token

Around: TypeAlias = tuple[
    Token, Token, Token, Token, Token
]  # a word in the middle, with two tokens on either side
_MOST = 50_000  # sums kept per table; texts of one kind need some thousand
_STARTS = frozenset('^.!?n:"')


def _coarse(code: int) -> str:
    """A class with fewer levels, as one letter."""
    if code >= UNLISTED:
        return "?*@|"[code - UNLISTED]
    first, last, ordinary, place = code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6 & 3
    return chr(
        0x100
        + (first > 0)
        + (first > 2)
        + 3 * (last > 0)
        + 3 * (last > 2)
        + 9 * min(ordinary, 2)
        + 27 * (place > 0)
    )


COARSE = [_coarse(code) for code in range(260)]


def features(around: Around, text_style: str) -> list[str]:
    """What the model knows of the middle one of five tokens."""
    before, left, own, right, after = around
    kind = COARSE[own.code] + own.shape
    start = "+" if own.gap in _STARTS else "-"
    left_kind, right_kind = COARSE[left.code] + left.shape, COARSE[right.code] + right.shape
    known = [
        f"c{own.code}{own.shape}{start}",
        f"t{text_style}{kind}{start}",
        f"w{own.word}",
        f"a{left.word}",
        f"b{before.word}",
        f"r{right.word}",
        f"s{after.word}",
        f"A{kind}{left.word}",
        f"R{kind}{right.word}",
        f"B{before.word} {left.word}",
        f"S{right.word} {after.word}",
        f"X{left.word} {right.word}",
        f"g{own.gap}{kind}",
        f"h{right.gap}{kind}",
        f"i{own.gap}{left_kind}{kind}",
        f"j{right.gap}{right_kind}{kind}",
        f"k{own.gap}{left_kind}{kind}{right.gap}{right_kind}",
        f"m{COARSE[before.code]}{left_kind}{kind}",
        f"o{kind}{right_kind}{COARSE[after.code]}",
        f"p{text_style}{kind}{right.gap}{right_kind}",
    ]
    if own.code == UNLISTED:
        word = own.word
        known += [
            f"x{word[-2:]}",
            f"y{word[-3:]}",
            f"z{word[:2]}",
            f"u{min(len(word), 12)}{own.shape}",
            f"v{own.shape}{left.word}",
        ]
    return known


class Sums:
    """Adds up the weights of a word's features; the sums of classes, which repeat from text to text, are kept."""

    def __init__(self, weights: dict[str, int]) -> None:
        self._bias = weights.get("bias", 0)
        self._tables: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for name, weight in weights.items():
            self._tables[name[0]][name[1:]] = weight
        self._before = self._by_word("b", B=_first_word)
        self._left = self._by_word("a", A=_after_kind, X=_first_word, v=_after_shape)
        self._right = self._by_word("r", R=_after_kind, S=_first_word)
        self._own, self._after = self._tables["w"], self._tables["s"]
        self._left_sums = _Kept(self._of_left_classes)
        self._right_sums = _Kept(self._of_right_classes)

    def of(self, around: Around, text_style: str) -> int:
        """The bias and the weights of all `features` of the middle one of five tokens."""
        before, left, own, right, after = around
        kind = COARSE[own.code] + own.shape
        total = self._bias + self._own.get(own.word, 0) + self._after.get(after.word, 0)
        if (known := self._before.get(before.word)) is not None:
            total += known[0] + known[1].get(left.word, 0)
        if (known := self._left.get(left.word)) is not None:
            total += known[0] + known[1].get(kind, 0) + known[2].get(right.word, 0)
            if own.code == UNLISTED:
                total += known[3].get(own.shape, 0)
        if (known := self._right.get(right.word)) is not None:
            total += known[0] + known[1].get(kind, 0) + known[2].get(after.word, 0)
        if own.code == UNLISTED:
            total += self._of_spelling(own)
        left_kind, right_kind = COARSE[left.code] + left.shape, COARSE[right.code] + right.shape
        total += self._tables["k"].get(f"{own.gap}{left_kind}{kind}{right.gap}{right_kind}", 0)
        total += self._left_sums[own.code, own.shape, own.gap, text_style, left_kind, before.code]
        return total + self._right_sums[kind, right.gap, right_kind, after.code, text_style]

    def _by_word(self, alone: str, **pairs: Callable[[str], tuple[str, str]]) -> dict[str, tuple[Any, ...]]:
        """Per word its weight alone, and for each letter of `pairs` the weights of the word with something else."""
        found: defaultdict[str, tuple[Any, ...]] = defaultdict(lambda: (0, *({} for _ in pairs)))
        for word, weight in self._tables[alone].items():
            found[word] = (weight, *found[word][1:])
        for i, (letter, parted) in enumerate(pairs.items(), 1):
            for name, weight in self._tables[letter].items():
                word, other = parted(name)
                found[word][i][other] = weight
        return dict(found)

    def _of_spelling(self, own: Token) -> int:
        word, tables = own.word, self._tables
        return (
            tables["x"].get(word[-2:], 0)
            + tables["y"].get(word[-3:], 0)
            + tables["z"].get(word[:2], 0)
            + tables["u"].get(f"{min(len(word), 12)}{own.shape}", 0)
        )

    def _of_left_classes(self, key: tuple[int, str, str, str, str, int]) -> int:
        code, shape, gap, style, left_kind, before = key
        kind, start = COARSE[code] + shape, "+" if gap in _STARTS else "-"
        return self._sum({
            "c": f"{code}{shape}{start}", "t": f"{style}{kind}{start}", "g": f"{gap}{kind}",
            "i": f"{gap}{left_kind}{kind}", "m": f"{COARSE[before]}{left_kind}{kind}",
        })  # fmt: skip

    def _of_right_classes(self, key: tuple[str, str, str, int, str]) -> int:
        kind, gap, right_kind, after, style = key
        return self._sum({
            "h": f"{gap}{kind}", "j": f"{gap}{right_kind}{kind}", "o": f"{kind}{right_kind}{COARSE[after]}",
            "p": f"{style}{kind}{gap}{right_kind}",
        })  # fmt: skip

    def _sum(self, names: dict[str, str]) -> int:
        return sum(self._tables[letter].get(name, 0) for letter, name in names.items())


class _Kept(dict[tuple[Any, ...], int]):
    """Results of a function by its argument; all are forgotten once they are too many."""

    def __init__(self, compute: Callable[[Any], int]) -> None:
        super().__init__()
        self._compute = compute

    def __missing__(self, key: tuple[Any, ...]) -> int:
        if len(self) >= _MOST:
            self.clear()
        self[key] = result = self._compute(key)
        return result


def _first_word(name: str) -> tuple[str, str]:
    first, _, second = name.partition(" ")
    return first, second


def _after_kind(name: str) -> tuple[str, str]:
    return name[2:], name[:2]


def _after_shape(name: str) -> tuple[str, str]:
    return name[1:], name[:1]
