"""Groups of messages that are copies of one another but for small changes, or of one lead: a split that cuts a group in two flatters a model.

Two messages are near copies where the sets of their words have a Jaccard similarity of `ALIKE` or more. The join is exact: words are
sorted, rare ones first, and two sets so alike share one of the first few words of each (prefix filtering, Chaudhuri et al. 2006).
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from math import ceil

from leadmodel_training.text.tables import Presence, is_word

ALIKE = 0.8


def groups(sets: Sequence[Presence], leads: Sequence[str]) -> list[int]:
    """The group of each of n messages, as the place of the group's first message.

    Args:
        sets: The features of each message, of which the words count.
        leads: Who wrote each message.
    """
    parents = list(range(len(sets)))
    first_of_lead: dict[str, int] = {}
    for place, lead in enumerate(leads):
        _join(parents, place, first_of_lead.setdefault(lead, place))
    for one, other in _pairs([frozenset(filter(is_word, names)) for names in sets]):
        _join(parents, one, other)
    return [_root(parents, place) for place in range(len(sets))]


def _root(parents: list[int], place: int) -> int:
    while parents[place] != place:
        parents[place] = place = parents[parents[place]]
    return place


def _join(parents: list[int], one: int, other: int) -> None:
    low, high = sorted((_root(parents, one), _root(parents, other)))
    parents[high] = low


def _pairs(sets: Sequence[frozenset[str]]) -> list[tuple[int, int]]:
    """Pairs of places that are near copies; of equal sets each is paired with the first alone."""
    pairs: list[tuple[int, int]] = []
    first: dict[frozenset[str], int] = {}
    for place, words in enumerate(sets):
        if words and first.setdefault(words, place) != place:
            pairs.append((first[words], place))
    frequency = Counter(word for words in first for word in words)
    index: defaultdict[str, list[frozenset[str]]] = defaultdict(list)
    for words, place in first.items():
        rare = sorted(words, key=lambda word: (frequency[word], word))
        prefix = rare[: len(rare) - ceil(ALIKE * len(rare)) + 1]
        near = {other for word in prefix for other in index[word] if _alike(words, other)}
        pairs += [(first[other], place) for other in near]
        for word in prefix:
            index[word].append(words)
    return pairs


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    shared = len(one & other)
    return shared >= ALIKE * (len(one) + len(other) - shared)
