"""Messages with marked names, and how many of the names a detector finds."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "privacy" / "names"
_MARK = re.compile(r"<([^>]+)>")
Spans = list[tuple[int, int, str]]


@dataclass(frozen=True)
class Chat:
    """A message of a language and the places of its names."""

    language: str
    text: str
    names: tuple[tuple[int, int], ...]

    @property
    def lower(self) -> "Chat":
        """The message in small letters."""
        return Chat(self.language, self.text.lower(), self.names)


def read(file: str) -> Iterator[Chat]:
    r"""The messages of a file of `tests/privacy/names`; `\n` there is the end of a line."""
    for line in (FOLDER / file).read_text().splitlines():
        language, marked = line.replace(r"\n", "\n").split(": ", 1)
        names, removed = [], 0
        for mark in _MARK.finditer(marked):
            start = mark.start() - removed
            names.append((start, start + len(mark[1])))
            removed += 2
        yield Chat(language, _MARK.sub(r"\1", marked), tuple(names))


@dataclass(frozen=True)
class NameScore:
    """Names in messages, names found, spans of names, spans that touch a name, messages altered without reason."""

    names: int
    caught: int
    spans: int
    right: int
    missed: tuple[str, ...]
    wrong: tuple[str, ...]

    @property
    def recall(self) -> float:
        """Share of the names of which nine of ten letters are covered."""
        return self.caught / max(1, self.names)

    @property
    def precision(self) -> float:
        """Share of the spans that touch a name."""
        return self.right / max(1, self.spans)


def score(chats: Iterable[Chat], detect: Callable[[str], Spans]) -> NameScore:
    """What a detector finds of the names."""
    names = caught = spans = right = 0
    missed, wrong = [], []
    for chat in chats:
        found = [span for span in detect(chat.text) if span[2] == "NAME"]
        covered = {i for start, end, _ in found for i in range(start, end)}
        personal = {i for start, end in chat.names for i in range(start, end)}
        for start, end in chat.names:
            letters = [i for i in range(start, end) if chat.text[i].isalpha()]
            names += 1
            if sum(i in covered for i in letters) >= 0.9 * len(letters):
                caught += 1
            else:
                missed.append(f"{chat.text[start:end]} | {chat.text}")
        for start, end, _ in found:
            spans += 1
            if personal.isdisjoint(range(start, end)):
                wrong.append(f"{chat.text[start:end]} | {chat.text}")
            else:
                right += 1
    return NameScore(names, caught, spans, right, tuple(missed), tuple(wrong))
