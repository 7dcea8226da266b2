"""How well spans fit a truth: what share is covered, what share of the spans is right, how many decoys were hit."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from support.privacy_texts import Message

Spans = list[tuple[int, int, str]]


@dataclass
class Score:
    """Counts over many messages."""

    there: Counter[str] = field(default_factory=Counter)
    caught: Counter[str] = field(default_factory=Counter)
    spans: int = 0
    right: int = 0
    decoys: int = 0
    hit: int = 0
    missed: list[tuple[str, str]] = field(default_factory=list)
    wrong: list[tuple[str, str]] = field(default_factory=list)

    def recall(self, entities: Iterable[str] | None = None) -> float:
        """Share of what is there that was caught."""
        wanted = set(self.there if entities is None else entities)
        there = sum(n for entity, n in self.there.items() if entity in wanted)
        return sum(n for entity, n in self.caught.items() if entity in wanted) / max(1, there)

    @property
    def precision(self) -> float:
        """Share of the spans that touch something personal."""
        return self.right / max(1, self.spans)

    @property
    def decoys_hit(self) -> float:
        """Share of the decoys that were altered."""
        return self.hit / max(1, self.decoys)


def score(messages: Iterable[Message], detect: Callable[[str], Spans]) -> Score:
    """What a detector does with messages. Caught: nine of ten letters and digits lie in some span."""
    total = Score()
    for message in messages:
        found = detect(message.text)
        covered = {i for start, end, _ in found for i in range(start, end)}
        for start, end, entity in message.truth:
            marks = [i for i in range(start, end) if message.text[i].isalnum()]
            total.there[entity] += 1
            if sum(i in covered for i in marks) >= 0.9 * len(marks):
                total.caught[entity] += 1
            else:
                total.missed.append((entity, message.text))
        personal = {i for start, end, _ in message.truth for i in range(start, end)}
        for start, end, entity in found:
            total.spans += 1
            if personal.isdisjoint(range(start, end)):
                total.wrong.append((f"{entity} {message.text[start:end]}", message.text))
            else:
                total.right += 1
        for start, end in message.decoys:
            total.decoys += 1
            total.hit += not covered.isdisjoint(range(start, end))
    return total
