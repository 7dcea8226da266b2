"""Labelled sentences for training: generated ones with people, word salads without, and chats by others in which nobody is named.

Nothing of a text by others ends in the weights but counts of words; sentences that hold a certain first name are left out.
"""

import csv
import gzip
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import grammar
from lexicon import Lexicon
from sources import LANGUAGES, census, frequencies, german_nouns, towns

from leadmodel_privacy.word_lists import word_set

COUNTRIES = {
    "en": ("en", "en_us", "en_gb", "en_ie", "en_nz", "en_au", "en_ca", "en_in", "en_ng", "en_ke", "en_pk"),
    "de": ("de", "de_de", "de_at", "de_ch", "tr", "tr_tr", "pl", "hr"),
    "fr": ("fr", "fr_fr", "fr_be", "fr_ch", "fr_ca", "fr_qc", "fr_dz", "ar_dz"),
    "es": ("es", "es_es", "es_mx", "es_ar", "es_cl", "es_co", "es_ca"),
    "it": ("it", "it_it"),
    "nl": ("nl", "nl_nl", "nl_be", "tr", "ar_ma"),
    "pt": ("pt", "pt_br", "pt_pt"),
}
SMALL = word_set("van der den de da di du del della von zu la le dos das e y al el bin ben ter ten")
# Companies that bear a surname are no people; L and M stand for surnames.
COMPANIES = (
    *(
        "L AG",
        "L GmbH",
        "L KG",
        "L & M",
        "L und M GmbH",
        "L Ltd",
        "L Inc",
        "L, M and Co",
        "L-M",
        "L Group",
        "L and Sons",
        "L PLC",
        "L LLC",
    ),
    *(
        "L SARL",
        "L SA",
        "L et Cie",
        "L S.A.",
        "L y M SL",
        "L Hermanos",
        "L s.r.l.",
        "L e figli",
        "L SPA",
        "L B.V.",
        "L en Zonen",
        "L Lda",
    ),
    *(
        "L Bank",
        "L Consulting",
        "L Hotel",
        "L Stiftung",
        "Banco L",
        "Grupo L",
        "Gruppo L",
        "Autohaus L",
        "L Motors",
        "Restaurant L",
    ),
)
CORPORA = ("banking77-train.csv.gz", "clinc150.json.gz")


@dataclass(frozen=True)
class Sentence:
    """A text and the places of its names."""

    text: str
    names: tuple[tuple[int, int], ...]


class People:
    """Writes names of people of a language's countries, sometimes of any country."""

    def __init__(self, lexicon: Lexicon, language: str, chance: random.Random) -> None:
        self._chance = chance
        self._pools: dict[str, list[list[str]]] = {}
        for kind in ("first", "last"):
            near = [
                lexicon.names[country, kind]
                for country in COUNTRIES[language]
                if lexicon.names[country, kind]
            ]
            every = [names for (_, k), names in sorted(lexicon.names.items()) if k == kind and names]
            self._pools[kind] = near * max(1, 2 * len(every) // len(near)) + every
        if language == "en":
            self._pools["first"] += [
                list(census("male.first"))[:400],
                list(census("female.first"))[:800],
            ] * 20
            self._pools["last"] += [list(census("all.last"))[:8000]] * 40

    def part(self, kind: str) -> str:
        """A first name or a surname with its capitals."""
        name = self._chance.choice(self._chance.choice(self._pools[kind]))
        words = name.split()
        return " ".join(w if i + 1 < len(words) and w in SMALL else _capital(w) for i, w in enumerate(words))

    def person(self) -> str:
        """A first name, a whole name, or more rarely a surname or a name with an initial."""
        dice = self._chance.random()
        if dice < 0.46:
            return self.part("first")
        if dice < 0.91:
            return f"{self.part('first')} {self.part('last')}"
        if dice < 0.95:
            return self.part("last")
        if dice < 0.97:
            return f"{self.part('first')} {self.part('last')[0]}"
        return f"{self.part('first')} {self.part('first')} {self.part('last')}"


def _capital(word: str) -> str:
    parts = word.split("-")
    return "-".join(
        part[:2].upper() + part[2:3].upper() + part[3:] if part[1:2] == "'" else part.capitalize()
        for part in parts
    )


def generated(lexicon: Lexicon, language: str, count: int, chance: random.Random) -> Iterator[Sentence]:
    """Sentences of the grammar: four of ten without people, some joined in pairs, some in small letters or capitals."""
    rules = grammar.read(language)
    people = People(lexicon, language, chance)
    places = [name for name, population in towns() if population > 150_000 and name.isascii()]

    def filler(slot: str) -> str | None:
        if slot == "company" and chance.random() < 0.4:
            return (
                chance.choice(COMPANIES).replace("L", people.part("last")).replace("M", people.part("last"))
            )
        if slot == "town":
            return chance.choice(places)
        if slot in {"n", "f", "l"}:
            return people.person() if slot == "n" else people.part("first" if slot == "f" else "last")
        return None

    for _ in range(count):
        pieces: grammar.Marked = []
        for _ in range(1 if chance.random() < 0.7 else 2):
            lists = rules.with_people if chance.random() < 0.6 else rules.without
            sentence = grammar.written(rules, chance.choice(lists), chance, filler)
            pieces += [(chance.choice((" ", ". ", "\n", ", ")), False)] * bool(pieces) + _begun(
                sentence, chance
            )
        yield _cased(_joined(pieces), chance.random())


def _begun(pieces: grammar.Marked, chance: random.Random) -> grammar.Marked:
    """A sentence that begins with a capital, more often than not."""
    first = next(i for i, piece in enumerate(pieces) if piece[0])
    text, is_name = pieces[first]
    if chance.random() < 0.7:
        pieces[first] = text[:1].upper() + text[1:], is_name
    return pieces[first:]


def _joined(pieces: grammar.Marked) -> Sentence:
    text, names = "", []
    for piece, is_name in pieces:
        if is_name:
            names.append((len(text), len(text) + len(piece)))
        text += piece
    return Sentence(" ".join(text.split(" ")), tuple(names))


def _cased(sentence: Sentence, dice: float) -> Sentence:
    """A third in small letters, a few in capitals or title case."""
    text = sentence.text
    changed = (
        text.lower()
        if dice < 0.33
        else text.upper()
        if dice < 0.35
        else text.title()
        if dice < 0.37
        else text
    )
    return Sentence(changed, sentence.names) if len(changed) == len(text) else sentence


def salads(lexicon: Lexicon, language: str, count: int, chance: random.Random) -> Iterator[Sentence]:
    """Ordinary words of a language in no order: what a word is, whatever stands around."""
    counts = frequencies(language)
    words = sorted(word for word in counts if lexicon.words[word].ordinary)
    nouns = (
        sorted({noun for noun in german_nouns() if lexicon.words[noun].ordinary}) if language == "de" else []
    )
    weights = list(accumulate(counts[word] ** 0.4 for word in words))
    for _ in range(count):
        chosen = chance.choices(words, cum_weights=weights, k=chance.randint(4, 10))
        if nouns:
            chosen[1::3] = [chance.choice(nouns).capitalize() for _ in chosen[1::3]]
        if chance.random() < 0.6:
            chosen[0] = chosen[0].capitalize()
        yield _cased(Sentence(" ".join(chosen) + chance.choice(("", ".", "?")), ()), chance.random())


def chats(folder: Path, lexicon: Lexicon) -> Iterator[Sentence]:
    """Messages of the training parts of Banking77 and CLINC150 without certain first names."""
    with gzip.open(folder / CORPORA[0], "rt", encoding="utf-8", newline="") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    with gzip.open(folder / CORPORA[1], "rt", encoding="utf-8") as file:
        document = json.load(file)
    texts += [text for part in ("train", "oos_train") for text, _ in document[part]]
    for text in texts:
        levels = [
            lexicon.words.get(word) for word in text.lower().replace("'s", "").replace("?", " ").split()
        ]
        if not any(level and level.first > 1 and level.ordinary < 2 for level in levels):
            yield Sentence(text, ())


def corpus(lexicon: Lexicon, folder: Path | None, seed: int) -> Iterator[Sentence]:
    """All sentences of the training."""
    chance = random.Random(seed)
    for language in LANGUAGES:
        yield from generated(lexicon, language, 14000 if language == "en" else 9000, chance)
        yield from salads(lexicon, language, 1500, chance)
    if folder:
        yield from chats(folder, lexicon)
