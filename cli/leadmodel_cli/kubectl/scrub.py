"""Takes out of a document whatever this project did not write itself: an allow-list of words, not a search for secrets.

A word stays if it stands in the source of the operator or its messages, or is one of the given names or digests; anything else becomes
`▒`. In a text with such a word the numbers go too, for they may belong to it. Lists, booleans and bare numbers stay.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from leadmodel_cli.kubectl.manifest import object_schema

HIDDEN = "▒"
SOURCES = ("leadmodel_operator", "leadmodel_messages", "leadmodel_cli")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PIECES = re.compile(r"[A-Za-z0-9]+|[^A-Za-z0-9]+")
_NUMBER = re.compile(r"[+-]?\d{1,5}(\.\d{1,9})?\+?|\d{1,4}/\d{1,4}")
_FEW_DIGITS = re.compile(r"\d{1,3}")
_EDGES = ".,;:()'\""
_JOINTS = frozenset(" \t\n.,;:()[]{}/=_-+%<>'\"→…≥≤|#*!?@&")


@cache
def known_words() -> frozenset[str]:
    """Every run of letters in the source of LeadModel's programs for a cluster, and every name of a field of a LeadModel."""
    words = set(_fields(object_schema()))
    for package in SOURCES:
        stack = [resources.files(package)]
        while stack:
            place = stack.pop()
            if place.is_dir():
                stack += place.iterdir()
            elif place.name.endswith(".py"):
                words.update(re.findall(r"[A-Za-z]+", place.read_text(encoding="utf-8")))
    return frozenset(words)


def _fields(node: Mapping[str, Any]) -> Iterator[str]:
    for name, below in (node.get("properties") or {}).items():
        yield name
        yield from _fields(below)
    if "items" in node:
        yield from _fields(node["items"])


@dataclass(frozen=True)
class Scrubber:
    """Cleans values. `names` are texts that stay whole: of the LeadModel, its namespace, pods, Jobs and digests."""

    names: frozenset[str]

    @classmethod
    def of(cls, documents: Iterable[Mapping[str, Any]], digests: Iterable[str]) -> "Scrubber":
        """A scrubber that lets the names of these objects stay, and well-formed digests in full and in their short form."""
        names = {str(d["metadata"].get(key)) for d in documents for key in ("name", "namespace")}
        whole = {digest for digest in digests if _DIGEST.fullmatch(digest)}
        short = {digest.removeprefix("sha256:")[:12] for digest in whole}
        return cls(
            frozenset({name for name in names if re.fullmatch(r"[a-z0-9.-]{1,253}", name)} | whole | short)
        )

    def clean(self, value: Any) -> Any:
        """Clean a JSON value throughout, keys included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.clean(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.clean(item) for item in value]
        return value

    def text(self, text: str) -> str:
        """Replace each word of a text that our own sources do not use."""
        if text in self.names or _INSTANT.fullmatch(text):
            return text
        words = [word if self._is_known(word) else HIDDEN for word in text.split()]
        numbers = [bool(_NUMBER.fullmatch(word.strip(_EDGES))) for word in words]
        beside = [
            before or after for before, after in zip([False, *numbers], [*numbers[1:], False], strict=False)
        ]
        for i, word in enumerate(words):
            is_doubtful = HIDDEN in words or beside[i]  # two numbers side by side may be a telephone's
            if is_doubtful and any(sign.isdigit() for sign in word) and word.strip(_EDGES) not in self.names:
                words[i] = HIDDEN
        return " ".join(words)

    def _is_known(self, word: str) -> bool:
        bare = word.strip(_EDGES)
        if bare in self.names or bare.removeprefix("sha256:") in self.names or _NUMBER.fullmatch(bare):
            return True
        pieces = _PIECES.findall(word)
        if not any(piece.isalpha() for piece in pieces):
            return set(word) <= _JOINTS
        return all(p in known_words() or set(p) <= _JOINTS or _FEW_DIGITS.fullmatch(p) for p in pieces)


def by_schema(value: Any, node: Mapping[str, Any]) -> Any:
    """Keep only fields that a schema names; a map with free keys becomes the number of its entries."""
    if isinstance(value, Mapping):
        known = node.get("properties")
        if known is None:
            return f"{len(value)} entries"
        return {name: by_schema(item, known[name]) for name, item in value.items() if name in known}
    if isinstance(value, list):
        return [by_schema(item, node.get("items") or {}) for item in value]
    return value
