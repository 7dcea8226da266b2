"""Writes sentences with and without names from the grammars in `grammar/`: one file for each language, and shared lists.

A line `list = a|b|c` defines a list, `S ...` a sentence with people, `P ...` a sentence without. `{list}` stands for an entry of a
list; `{n}`, `{f}` and `{l}` stand for a person, a first name and a surname.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "grammar"
_SLOT = re.compile(r"\{(\w+)\}")
_PERSON = frozenset(["n", "f", "l"])
Marked = list[tuple[str, bool]]  # pieces of a text, and whether each piece is a person's name


@dataclass
class Grammar:
    """The lists and sentences of one language."""

    lists: dict[str, list[str]] = field(default_factory=dict)
    with_people: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)


@cache
def read(language: str) -> Grammar:
    """The grammar of a language with the shared lists."""
    grammar = Grammar()
    for file in ("shared", language):
        for line in (FOLDER / f"{file}.txt").read_text(encoding="utf-8").splitlines():
            kind, _, rest = line.partition(" ")
            if kind in {"S", "P"}:
                (grammar.with_people if kind == "S" else grammar.without).append(rest)
            elif line:
                grammar.lists[kind.removesuffix(f".{language}")] = rest.removeprefix("= ").split("|")
    return grammar


def brands() -> Iterator[str]:
    """The companies and products of the sentences."""
    yield from read("en").lists["company"]
    yield from read("en").lists["product"]


def written(
    grammar: Grammar, template: str, chance: random.Random, filler: Callable[[str], str | None]
) -> Marked:
    """A sentence with its slots filled; `filler` writes persons and towns and answers None for a list of the grammar."""
    pieces: Marked = []
    place = 0
    for slot in _SLOT.finditer(template):
        pieces.append((template[place : slot.start()], False))
        place = slot.end()
        if (text := filler(slot[1])) is not None:
            pieces.append((text, slot[1] in _PERSON))
        elif slot[1] in grammar.lists:
            pieces += written(grammar, chance.choice(grammar.lists[slot[1]]), chance, filler)
        else:
            raise ValueError(f"no list {slot[1]!r} for {template!r}")
    return [*pieces, (template[place:], False)]
