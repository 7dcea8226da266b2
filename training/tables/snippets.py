"""Draws snippets of a few words per language: from counts of words, and from chains of letters where words are not listed.

Every snippet is drawn with one seeded generator. The grams of a snippet do not cross its words, so that words in a random order train
as well as sentences.
"""

import random
from bisect import bisect
from collections import Counter, defaultdict
from itertools import accumulate
from typing import Protocol

import sources

OURS = ("en", "de", "fr", "es", "it", "pt", "nl")
LENGTHS = (2, 3, 3, 4, 4, 5, 6, 8, 10, 14)  # words of a snippet
MOST_WORDS, LONGEST = 30_000, 16
FEWEST = 300  # words that make a list worth drawing from
_CHAINS = (
    "af ca cs cy da et fi hr hu id lt lv no pl ro sk sl so sq sv sw tl tr vi "
    "ar bg bn el fa gu he hi ja kn ko mk ml mr ne pa ru ta te th uk ur zh-cn zh-tw"
)
LATIN_CHAINS = 24  # the first of CHAINS; the rest have their own scripts and need fewer snippets
_LISTED = "az br bs eu ga hsb is ms nn sr_Latn uz"  # of Django only
LOCALES = {"no": "nb"}
CHAINS, LISTED = _CHAINS.split(), _LISTED.split()


class Drawer(Protocol):
    """Anything that words can be drawn from."""

    def word(self) -> str:
        """Draw a word in small letters."""


class WordList:
    """Draws a listed word with a chance that grows with a power of its count."""

    def __init__(self, counts: Counter[str], power: float, chance: random.Random) -> None:
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_WORDS]
        self._words = [word for word, _ in ranked]
        self._upto = list(accumulate(count**power for _, count in ranked))
        self._chance = chance

    def word(self) -> str:
        """Draw a word in small letters."""
        place = bisect(self._upto, self._chance.random() * self._upto[-1])
        return self._words[min(place, len(self._words) - 1)]


class Chain:
    """Draws a made-up word letter by letter, each letter given the two before it."""

    def __init__(self, counts: Counter[str], chance: random.Random) -> None:
        following: defaultdict[str, dict[str, int]] = defaultdict(dict)
        for run, count in counts.items():
            if len(run) == 3 or (len(run) == 2 and run[0] == " "):
                following[run[:-1]][run[-1]] = count
        self._next = {key: (list(letters), list(letters.values())) for key, letters in following.items()}
        self._chance = chance

    def word(self) -> str:
        """Draw a word in small letters."""
        while True:
            word = " "
            while word[-2:] in self._next and len(word) <= LONGEST:
                letter = self._chance.choices(*self._next[word[-2:]])[0]
                if letter == " ":
                    break
                word += letter
            if word[1:].isalpha():
                return word[1:]


def drawers(chance: random.Random) -> dict[str, list[tuple[Drawer, float]]]:
    """Per language, what its words are drawn from and how often."""
    known: dict[str, list[tuple[Drawer, float]]] = {}
    for language in OURS:
        counts = sources.subtitle_words(language)
        known[language] = [
            (WordList(counts, 1.0, chance), 0.5),
            (WordList(counts, 0.6, chance), 0.25),
            (Chain(sources.letter_counts(language), chance), 0.25),
        ]
    for language in [*CHAINS, *LISTED]:
        listed = sources.message_words(LOCALES.get(language, language))
        known[language] = []
        if language in CHAINS:
            known[language].append((Chain(sources.letter_counts(language), chance), 0.5))
        if len(listed) >= FEWEST and language not in CHAINS[LATIN_CHAINS:]:
            known[language].append((WordList(listed, 0.8, chance), 0.5))
    return known


def snippets(seed: int, per_language: int, others: int) -> list[tuple[list[str], str]]:
    """Return words and class of snippets: `per_language` for each of OURS, and `others` of all other languages."""
    chance = random.Random(seed)
    known = drawers(chance)
    latin = [*CHAINS[:LATIN_CHAINS], *LISTED]
    made: list[tuple[list[str], str]] = []
    for language in OURS:
        made += [(_snippet(known[language], chance), language) for _ in range(per_language)]
    for place in range(others):
        choice = CHAINS[LATIN_CHAINS:] if place % 10 == 0 else latin
        made.append((_snippet(known[chance.choice(choice)], chance), "other"))
    return made


def _snippet(drawn_from: list[tuple[Drawer, float]], chance: random.Random) -> list[str]:
    """Half of the snippets are drawn from one source, half from all."""
    choices, shares = [drawer for drawer, _ in drawn_from], [share for _, share in drawn_from]
    size = chance.choice(LENGTHS)
    if chance.random() < 0.5:
        drawer = chance.choices(choices, shares)[0]
        return [drawer.word() for _ in range(size)]
    return [chance.choices(choices, shares)[0].word() for _ in range(size)]
